/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed bodies (Content-Encoding: gzip, deflate), inflated as they come. */
#ifndef SERVER_INFLATE_H
#define SERVER_INFLATE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct server_inflate server_inflate;
/** Called with what was inflated; false = enough. */
typedef bool (*server_inflate_sink)(void *context, const void *bytes, size_t n_bytes);

/** NULL when out of memory. */
server_inflate *server_inflate_build(void);
void server_inflate_free(server_inflate *inflate); /**< NULL allowed */
/** Hands on what the bytes hold, in pieces of 64 kB. False: damaged, or the sink had enough. */
bool server_inflate_feed(server_inflate *inflate, const void *bytes, size_t n_bytes,
                         server_inflate_sink sink, void *context);
/** Whether the stream has come to its end. */
bool server_inflate_is_whole(const server_inflate *inflate);
#endif
