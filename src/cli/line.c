/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "cli/line.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#define USUAL_COLUMNS 80
#define LEAST_COLUMNS 20
#define MAX_LINE 512
#define AROUND_TIME 11 /* "[1234 s] ", and the last column free */

/* As wide as the terminal is now; a line that were longer would not be taken back. */
size_t cli_line_columns(void) {
  struct winsize size;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return USUAL_COLUMNS;
  return size.ws_col < LEAST_COLUMNS ? LEAST_COLUMNS : size.ws_col;
}

int cli_line_bytes(const char *text, size_t n) {
  size_t i = 0;
  for (; text[i] != '\0'; i++)
    if (((unsigned char)text[i] & 0xC0) != 0x80 && n-- == 0)
      break;
  return (int)i;
}

/* --- work that cannot say how far it is */

static struct {
  volatile sig_atomic_t seconds; /* 0: nothing is waited for */
  volatile sig_atomic_t shown;
  volatile sig_atomic_t n; /* of the line, behind "\r[1234 s] " */
  char text[MAX_LINE];
} waiting;

/* A handler may call write(), and little else. */
static void tick(int number) {
  char line[MAX_LINE + 16] = "\r[     s] ";
  int s = (int)waiting.seconds;
  (void)number;
  if (s == 0)
    return;
  waiting.seconds = s + 1;
  for (int i = 5; i >= 2 && (s > 0 || i == 5); i--, s /= 10)
    line[i] = (char)('0' + s % 10);
  for (int i = 0; i < waiting.n; i++)
    line[10 + i] = waiting.text[i];
  for (int i = 0; i < 3; i++)
    line[10 + waiting.n + i] = "\033[K"[i];
  ssize_t written = write(STDERR_FILENO, line, 13 + (size_t)waiting.n);
  waiting.shown = written > 0;
}

/* A tick in between shows an empty line. */
static void set_text(const char *text, size_t characters) {
  int n = cli_line_bytes(text, characters);
  waiting.n = 0;
  atomic_signal_fence(memory_order_seq_cst);
  if (n >= MAX_LINE)
    n = 0;
  memcpy(waiting.text, text, (size_t)n);
  atomic_signal_fence(memory_order_seq_cst);
  waiting.n = n;
}

void cli_line_bar(char *out, size_t cells, double fraction) {
  *out++ = '[';
  for (size_t i = 0; i < cells; i++)
    *out++ = (double)i + 1.0 <= fraction * (double)cells ? '#' : '.';
  snprintf(out, CLI_LINE_BAR_BYTES, "] %3d %%  ", (int)(100.0 * fraction));
}

void cli_line_far(double fraction, const char *stage) {
  char text[MAX_LINE];
  if (waiting.seconds == 0)
    return;
  size_t room = cli_line_columns() - AROUND_TIME, cells = room / 3;
  cells = cells < CLI_LINE_BAR_CELLS ? cells : CLI_LINE_BAR_CELLS;
  cli_line_bar(text, cells, fraction);
  size_t n = strlen(text);
  snprintf(text + n, sizeof text - n, "%s", stage);
  set_text(text, room);
}

void cli_line_wait(const char *what) {
  struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
  const struct itimerval second = {{1, 0}, {1, 0}};
  if (isatty(STDERR_FILENO) != 1)
    return;
  set_text(what, cli_line_columns() - AROUND_TIME);
  waiting.seconds = 1;
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &second, NULL);
}

void cli_line_clear(void) {
  if (waiting.shown)
    fputs("\r\033[K", stderr);
  waiting.shown = 0;
}

void cli_line_waited(void) {
  const struct itimerval never = {{0, 0}, {0, 0}};
  if (waiting.seconds == 0)
    return;
  setitimer(ITIMER_REAL, &never, NULL);
  waiting.seconds = 0;
  cli_line_clear();
  fflush(stderr);
}
