/* SPDX-License-Identifier: Apache-2.0 */
/* Where results go, and that nothing is left half-written when the user interrupts. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H
#include "base/status.h"

/** A file that the command names, which stays the caller's text: the checks below know the
 * first 64. NULL forgets all. */
void cli_output_note(const char *path);
/**
 * Before the work begins: CKKS_ERROR_IO when `path`, which was noted, cannot be written because it
 * is a folder, or its folder is not there or not writable; also when it holds a secret key, which
 * no result may replace, or when another noted file is the same one. "-" is standard output.
 */
ckks_status cli_output_check(const char *path);
/** The same of a path that was not noted, such as a name that was made of another. */
ckks_status cli_output_check_made(const char *path);
/**
 * CKKS_ERROR_IO where something is that is no file: for those of a pair, which are written with
 * signals held. A pipe would be waited for, and nobody could interrupt that.
 */
ckks_status cli_output_check_file(const char *path);
/** Whether a file is or will be there: no standard output, no pipe and no device. */
bool cli_output_is_file(const char *path);
/** "<stem><ending>" in a new string (base_free); NULL when out of memory. */
char *cli_output_name(const char *stem, const char *ending);

/** From now on Ctrl-C, a hang-up and SIGTERM remove what is half-written, and end the program. */
void cli_output_guard(void);
/** They wait while files that belong together are written ... */
void cli_output_hold(void);
/** ... and act now. */
void cli_output_release(void);
#endif
