/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Space that is kept back. A full disk must not take away the means to empty it: a DELETE is
 * written down before it is done. STATE/reserve holds some megabytes that the databases get when
 * nothing else is left; from then on nothing is taken in until there is room for it again.
 */
#ifndef SERVER_RESERVE_H
#define SERVER_RESERVE_H
#include <stdbool.h>

/** Makes the file, or as much of it as a sixteenth of the free space; at once when it was spent and
 * there is room. Whether it is there. */
bool server_reserve_fill(const char *state);
/** Gives the space to the file system. False: there is nothing (left) to give. */
bool server_reserve_spend(void);
/** Whether it was spent, and not filled again. */
bool server_reserve_is_spent(void);
#endif
