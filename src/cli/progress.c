/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#define BAR_CELLS 30

/* A log file is no place for a bar, and standard output belongs to results. */
cli_progress cli_progress_begin(void) {
  return (cli_progress){.shown = isatty(STDERR_FILENO) == 1, .last = -1};
}

/* At most a thousand times, and when something else is done: a terminal is slower than an epoch. */
void cli_progress_show(cli_progress *progress, double fraction, const char *stage) {
  int now = (int)(1000.0 * fraction);
  if (!progress->shown || (now == progress->last && stage == progress->stage))
    return;
  progress->last = now;
  progress->stage = stage;
  int full = (int)(BAR_CELLS * fraction);
  fputs("\r[", stderr);
  for (int i = 0; i < BAR_CELLS; i++)
    fputc(i < full ? '#' : '.', stderr);
  fprintf(stderr, "] %3d %%  %s\033[K", now / 10, stage);
  fflush(stderr);
}

void cli_progress_end(cli_progress *progress) {
  if (progress->shown)
    fputs("\r\033[K", stderr);
  progress->shown = false;
}
