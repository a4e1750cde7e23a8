/* SPDX-License-Identifier: Apache-2.0 */
/* What libmicrohttpd has to say goes to the log line by line, some lines a minute: it has a word
 * for every request that is none, and strangers can send many. */
#include "server/http/log.h"

#include <stdio.h>

#include "server/store/clock.h"

#define WINDOW_US 60000000
#define LINES 10

bool server_log_admit(server_log *log, unsigned *n_dropped, int64_t now_us) {
  int64_t began = atomic_load(&log->began_us);
  *n_dropped = 0;
  atomic_fetch_add(&log->n_lines, 1);
  if ((began == 0 || now_us - began >= WINDOW_US) &&
      atomic_compare_exchange_strong(&log->began_us, &began, now_us)) {
    unsigned n = atomic_exchange(&log->n_window, 0);
    *n_dropped = n > LINES ? n - LINES : 0;
  }
  return atomic_fetch_add(&log->n_window, 1) < LINES;
}

/* One line of text, whatever was sent to us. */
static void clean(char *line) {
  for (char *at = line; *at != '\0'; at++)
    if (*at < ' ' || *at > '~')
      *at = at[1] == '\0' ? '\0' : '?';
}

__attribute__((format(printf, 2, 0))) void server_log_write(void *context, const char *format,
                                                            va_list arguments) {
  char line[200];
  unsigned n_dropped;
  if (!server_log_admit(context, &n_dropped, server_clock_us()))
    return;
  vsnprintf(line, sizeof line, format, arguments);
  clean(line);
  if (n_dropped > 0)
    fprintf(stderr, "blindsight: %u more lines like these were left out\n", n_dropped);
  fprintf(stderr, "blindsight: %s\n", line);
}
