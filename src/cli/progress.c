/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/line.h"
#include "cli/print.h"

#define WAITING "waiting for the server:"
#define SOON_S 2 /* so long nobody wonders */
/* "[", "] 100 %  " */
#define AROUND_BAR 10

/* A log file is no place for a bar, and standard output belongs to results. */
cli_progress cli_progress_begin(void) {
  return (cli_progress){.shown = isatty(STDERR_FILENO) == 1, .last = -1};
}

static bool is_wait(const char *stage) {
  return strncmp(stage, WAITING, strlen(WAITING)) == 0;
}

/* Without a terminal there is no bar; but that a server is waited for, and why, is worth a line:
 * once it has lasted, and when the reason changes (what follows the semicolon is how long). */
static void show_wait(cli_progress *progress, const char *stage) {
  size_t n = strcspn(stage, ";");
  if (!is_wait(stage) || n >= sizeof progress->waited) {
    progress->since = 0;
    return;
  }
  if (progress->since == 0)
    progress->since = (int64_t)time(NULL);
  if ((int64_t)time(NULL) - progress->since < SOON_S ||
      (strncmp(progress->waited, stage, n) == 0 && progress->waited[n] == '\0'))
    return;
  memcpy(progress->waited, stage, n);
  progress->waited[n] = '\0';
  cli_print_warning("%s", stage);
}

/* Whether the stage is another than that on the screen; texts of waits are made in one place. */
static bool is_news(cli_progress *progress, const char *stage) {
  if (!is_wait(stage))
    return stage != progress->stage;
  bool same = strncmp(progress->waited, stage, sizeof progress->waited - 1) == 0;
  snprintf(progress->waited, sizeof progress->waited, "%s", stage);
  return !same;
}

/* At most a thousand times, and when something else is done: a terminal is slower than an epoch. */
void cli_progress_show(cli_progress *progress, double fraction, const char *stage) {
  int now = (int)(1000.0 * fraction);
  if (!progress->shown) {
    show_wait(progress, stage);
    return;
  }
  bool news = is_news(progress, stage);
  if (now == progress->last && !news)
    return;
  progress->last = now;
  progress->stage = stage;
  /* A third of the line at most for the bar, and the last column free: some terminals go on. */
  char bar[CLI_LINE_BAR_CELLS + CLI_LINE_BAR_BYTES + 1];
  size_t width = cli_line_columns() - 1;
  size_t cells = width / 3 < CLI_LINE_BAR_CELLS ? width / 3 : CLI_LINE_BAR_CELLS;
  cli_line_bar(bar, cells, fraction);
  fprintf(stderr, "\r%s%.*s\033[K", bar, cli_line_bytes(stage, width - cells - AROUND_BAR), stage);
  fflush(stderr);
}

void cli_progress_end(cli_progress *progress) {
  if (progress->shown)
    fputs("\r\033[K", stderr);
  progress->shown = false;
}
