/* SPDX-License-Identifier: Apache-2.0 */
/* How far work has got, on terminals. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H
#include <stdbool.h>

/** A bar on standard error, on terminals only. */
typedef struct cli_progress {
  bool shown;
  int last;          /**< per mille */
  const char *stage; /**< shown last */
} cli_progress;
cli_progress cli_progress_begin(void);
/** fraction 0 to 1; `stage` stands behind the bar, and is another one when its address is. */
void cli_progress_show(cli_progress *progress, double fraction, const char *stage);
void cli_progress_end(cli_progress *progress);
#endif
