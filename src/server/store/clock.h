/* SPDX-License-Identifier: Apache-2.0 */
/* What time it is. */
#ifndef SERVER_CLOCK_H
#define SERVER_CLOCK_H
#include <stdint.h>

/** Microseconds of a clock that nobody sets back. */
int64_t server_clock_us(void);
/** Milliseconds since 1970, as lines of the audit log have them. */
int64_t server_clock_wall_ms(void);
#endif
