/* SPDX-License-Identifier: Apache-2.0 */
/* What libmicrohttpd says, some lines a minute. */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct server_log {
  _Atomic int64_t began_us; /* the present minute; 0 = none yet */
  atomic_uint n_window;     /* lines in it */
  _Atomic uint64_t n_lines; /* since the start */
} server_log;

/** Counts a line; whether it is to be written, and how many of the minute before were not. */
bool server_log_admit(server_log *log, unsigned *n_dropped, int64_t now_us);
/** To standard error, on one line and without control characters. */
void server_log_write(void *log, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
#endif
