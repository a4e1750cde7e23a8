/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that were answered before their request had come in whole. */
#ifndef SERVER_LINGER_H
#define SERVER_LINGER_H
#include "base/status.h"

typedef struct server_linger server_linger;
/** Each connection is kept for total_s seconds at most. */
ckks_status server_linger_build(server_linger **out, unsigned total_s);
/** Closes all. NULL allowed. */
void server_linger_free(server_linger *linger);
/** Takes a descriptor of its own; the caller's may be closed. */
void server_linger_add(server_linger *linger, int fd);
#endif
