/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of keys and the paths of their files. */
#ifndef SERVER_KEY_ROW_H
#define SERVER_KEY_ROW_H
#include "server/service.h"

enum {
  SERVER_KEY_FAILED = -2, /* the database did not say (recorded) */
  SERVER_KEY_ABSENT = -1,
  SERVER_KEY_PARTLY = 0,
  SERVER_KEY_WHOLE = 1,
  SERVER_KEY_LEAVING = 2
};
#define SERVER_KEY_PARTIAL_TTL_S 86400

typedef struct server_key_row {
  int state;
  int64_t bytes, created, used;
  char plan[65];
} server_key_row;

/** Path of the file of a whole key. */
void server_key_row_path(char path[4096], const server_service *service, const char *token,
                         const char *id);
void server_key_row_partial_path(char path[4096], const server_service *service, const char *token,
                                 const char *id);
void server_key_row_find(server_key_row *row, server_service *service, const char *token,
                         const char *id);
ckks_status server_key_row_put(server_service *service, const char *token, const char *id,
                               int state, int64_t bytes, const char *plan);
/**
 * A row for an upload, unless the token's keys would then take more than `limit`: decided and
 * written in one statement, so that parallel uploads cannot share the last room.
 */
ckks_status server_key_row_reserve(bool *room, server_service *service, const char *token,
                                   const char *id, int64_t bytes, int64_t limit);
ckks_status server_key_row_mark(server_service *service, const char *token, const char *id,
                                int state);
ckks_status server_key_row_remove(server_service *service, const char *token, const char *id);
#endif
