/* SPDX-License-Identifier: Apache-2.0 */
/* The line of a terminal that says what goes on, on standard error; elsewhere there is none. */
#ifndef CLI_LINE_H
#define CLI_LINE_H
#include <stddef.h>

/** Characters that the terminal has in a line now; 80 where that is not known. */
size_t cli_line_columns(void);
/** The bytes of the first n characters of a UTF-8 text. */
int cli_line_bytes(const char *text, size_t n);

#define CLI_LINE_BAR_CELLS 30
#define CLI_LINE_BAR_BYTES 16 /**< around its cells */
/** "[###...]  50 %  ", of so many cells; out has CLI_LINE_BAR_BYTES more, and one. */
void cli_line_bar(char *out, size_t cells, double fraction);

/**
 * For work that cannot say how far it is: from its second second on, the line says how long `what`
 * has taken, until cli_line_waited, which everything in cli/print.h that prints results calls. One
 * at a time. Messages of cli_print_error and _warning come in lines of their own meanwhile.
 */
void cli_line_wait(const char *what);
/** For work that turns out to know: the line has a bar from its next second on, and what is done
 * instead of `what`. Nothing where nothing is waited for. */
void cli_line_far(double fraction, const char *stage);
void cli_line_waited(void);
/** Takes away what the line says, for whoever prints now. */
void cli_line_clear(void);
#endif
