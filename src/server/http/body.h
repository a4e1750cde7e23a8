/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies: small ones in memory, large ones on disk. */
#ifndef SERVER_BODY_H
#define SERVER_BODY_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct server_body {
  uint8_t *memory;
  int fd; /* -1 = none */
  uint64_t n_bytes, n_expected;
  const uint8_t *map;   /* after server_body_map */
  atomic_size_t *taken; /* what all bodies hold of memory */
  int error;            /* errno of the first write that failed */
} server_body;

/**
 * Room for n bytes: in memory when they are few and bodies do not hold too much of it yet
 * (*taken), else in an unnamed file in the state folder; errno in body->error.
 */
bool server_body_open(server_body *body, atomic_size_t *taken, const char *state,
                      uint64_t n_expected);
void server_body_write(server_body *body, const void *bytes, size_t n_bytes);
bool server_body_map(server_body *body);
void server_body_close(server_body *body);
#endif
