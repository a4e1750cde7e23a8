/* SPDX-License-Identifier: Apache-2.0 */
/* How far work has got, on terminals, in one line of the terminal's width. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H
#include <stdbool.h>
#include <stdint.h>

/** A bar on standard error, on terminals only; elsewhere a line when a server is waited for. */
typedef struct cli_progress {
  bool shown;
  int last;          /**< per mille */
  const char *stage; /**< shown last */
  char waited[200];  /**< why a server was waited for, when that was shown last */
  int64_t since;     /**< when that began, in seconds; 0 = it did not */
} cli_progress;
cli_progress cli_progress_begin(void);
/** fraction 0 to 1; `stage` stands behind the bar, and is another one when its address is. */
void cli_progress_show(cli_progress *progress, double fraction, const char *stage);
void cli_progress_end(cli_progress *progress);
#endif
