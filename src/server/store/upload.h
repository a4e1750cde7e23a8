/* SPDX-License-Identifier: Apache-2.0 */
/* Key files on their way in. */
#ifndef SERVER_UPLOAD_H
#define SERVER_UPLOAD_H
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct server_upload {
  struct server_upload *next;
  char token[17], id[65];
  int fd, error;
  uint64_t at, total;
} server_upload;

/** Uploads under way: one writer a file. */
typedef struct server_uploads {
  pthread_mutex_t lock;
  server_upload *first;
  const char *state;
} server_uploads;

void server_upload_init(server_uploads *uploads, const char *state);
/** NULL: somebody else writes it (errno EBUSY), or the system refused (errno). */
server_upload *server_upload_begin(server_uploads *uploads, const char *token, const char *id);
void server_upload_write(server_upload *upload, const void *bytes, size_t n_bytes);
void server_upload_end(server_uploads *uploads, server_upload *upload);
#endif
