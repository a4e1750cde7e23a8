/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Bearer tokens. A token holds 256 random bits, so nothing can be guessed: one BLAKE2b keyed
 * with a salt of its own is as safe to store as a slow password hash, and costs a request a
 * microsecond instead of a tenth of a second that a stranger could make us spend.
 */
#include "server/store/token.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/wipe.h"
#include "rand/rand.h"

#define SECRET_CHARS 64
#define ID_CHARS 16
#define SALT_BYTES 16
#define HASH_BYTES 32
#define PREFIX "bst_"

void server_token_defaults(server_limits *limits) {
  *limits = (server_limits){.max_key_bytes = (uint64_t)256 << 20,
                            .requests_per_minute = 6000,
                            .predictions_per_day = 10000,
                            .scopes = SERVER_SCOPE_INFER};
}

static void hash_secret(uint8_t hash[HASH_BYTES], const char *secret, const uint8_t *salt) {
  (void)crypto_generichash(hash, HASH_BYTES, (const uint8_t *)secret, SECRET_CHARS, salt,
                           SALT_BYTES);
}

static ckks_status insert(server_database *database, const server_token *token, const uint8_t *salt,
                          const uint8_t *hash) {
  server_database_lock(database);
  ckks_status status = server_database_run(
      database, NULL,
      "INSERT INTO tokens(id, name, salt, hash, created, max_key_bytes, requests_per_minute,"
      " predictions_per_day, scopes) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
      "ssbbiiiii", token->id, token->name, salt, SALT_BYTES, hash, HASH_BYTES, token->created,
      (int64_t)token->limits.max_key_bytes, (int64_t)token->limits.requests_per_minute,
      (int64_t)token->limits.predictions_per_day, (int64_t)token->limits.scopes);
  server_database_unlock(database);
  return status;
}

ckks_status server_token_create(char text[SERVER_TOKEN_CHARS], server_token *out, const char *state,
                                const char *name, const server_limits *limits) {
  uint8_t random[8 + 32 + SALT_BYTES], hash[HASH_BYTES];
  char secret[SECRET_CHARS + 1];
  server_database *database;
  if (strlen(name) >= sizeof out->name || !base_is_text(name, strlen(name)))
    return base_fail(CKKS_ERROR_ARGUMENT, "a token's name is at most %zu bytes of text",
                     sizeof out->name - 1);
  if (sodium_init() < 0)
    return base_fail(CKKS_ERROR_ENTROPY, "libsodium cannot start");
  BASE_TRY(rand_entropy(random, sizeof random));
  *out = (server_token){.created = (int64_t)time(NULL), .limits = *limits};
  if (out->limits.scopes == 0)
    out->limits.scopes = SERVER_SCOPE_INFER;
  snprintf(out->name, sizeof out->name, "%s", name);
  sodium_bin2hex(out->id, sizeof out->id, random, 8);
  sodium_bin2hex(secret, sizeof secret, random + 8, 32);
  hash_secret(hash, secret, random + 40);
  ckks_status status = server_database_build(&database, state);
  if (status == CKKS_OK) {
    status = insert(database, out, random + 40, hash);
    server_database_free(database);
  }
  if (status == CKKS_OK)
    snprintf(text, SERVER_TOKEN_CHARS, PREFIX "%s_%s", out->id, secret);
  base_wipe(random, sizeof random);
  base_wipe(secret, sizeof secret);
  return status;
}

/* Columns id, name, created, revoked and the limits. */
static void read_row(server_token *token, sqlite3_stmt *row) {
  snprintf(token->id, sizeof token->id, "%s", (const char *)sqlite3_column_text(row, 0));
  snprintf(token->name, sizeof token->name, "%s", (const char *)sqlite3_column_text(row, 1));
  token->created = sqlite3_column_int64(row, 2);
  token->revoked = sqlite3_column_int64(row, 3);
  token->limits.max_key_bytes = (uint64_t)sqlite3_column_int64(row, 4);
  token->limits.requests_per_minute = (uint64_t)sqlite3_column_int64(row, 5);
  token->limits.predictions_per_day = (uint64_t)sqlite3_column_int64(row, 6);
  token->limits.scopes = (unsigned)sqlite3_column_int(row, 7);
}

static ckks_status list(server_token **out, size_t *n, server_database *database) {
  base_buffer rows;
  base_buffer_init(&rows, (size_t)1 << 28);
  sqlite3_stmt *statement =
      server_database_query(database,
                            "SELECT id, name, created, revoked, max_key_bytes, requests_per_minute,"
                            " predictions_per_day, scopes FROM tokens ORDER BY created, id",
                            "");
  int more = -1;
  while (statement != NULL && (more = server_database_step(database, statement)) > 0) {
    server_token token = {0};
    read_row(&token, statement);
    base_buffer_append(&rows, &token, sizeof token);
  }
  ckks_status status = more == 0 ? base_buffer_status(&rows) : CKKS_ERROR_IO;
  if (status != CKKS_OK) {
    base_buffer_clear(&rows);
    return status;
  }
  *n = rows.n_bytes / sizeof **out;
  *out = (server_token *)(void *)rows.bytes; /* base_alloc aligns */
  return CKKS_OK;
}

ckks_status server_token_list(server_token **out, size_t *n, const char *state) {
  server_database *database;
  *out = NULL;
  *n = 0;
  BASE_TRY(server_database_build(&database, state));
  ckks_status status = list(out, n, database);
  server_database_free(database);
  return status;
}

ckks_status server_token_revoke(const char *state, const char *id) {
  server_database *database;
  int n = 0;
  BASE_TRY(server_database_build(&database, state));
  ckks_status status = server_database_run(
      database, &n, "UPDATE tokens SET revoked = ? WHERE id = ? AND revoked = 0", "is",
      (int64_t)time(NULL), id);
  server_database_free(database);
  if (status == CKKS_OK && n == 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "there is no token %s, or it was revoked before", id);
  return status;
}

/* bst_ID_SECRET in lower-case hex. */
static bool split(char id[ID_CHARS + 1], const char **secret, const char *text) {
  static const char hex[] = "0123456789abcdef";
  size_t n_prefix = sizeof PREFIX - 1;
  if (strlen(text) != SERVER_TOKEN_CHARS - 1 || strncmp(text, PREFIX, n_prefix) != 0)
    return false;
  const char *at = text + n_prefix;
  *secret = at + ID_CHARS + 1;
  if (strspn(at, hex) != ID_CHARS || at[ID_CHARS] != '_' || strspn(*secret, hex) != SECRET_CHARS)
    return false;
  memcpy(id, at, ID_CHARS);
  id[ID_CHARS] = '\0';
  return true;
}

ckks_status server_token_check(server_token *out, const char *text, server_database *database) {
  char id[ID_CHARS + 1];
  const char *secret;
  uint8_t hash[HASH_BYTES];
  bool good = false;
  *out = (server_token){0};
  if (!split(id, &secret, text))
    return base_fail(CKKS_ERROR_KEY, "this is not a token");
  server_database_lock(database);
  sqlite3_stmt *row =
      server_database_query(database,
                            "SELECT id, name, created, revoked, max_key_bytes, requests_per_minute,"
                            " predictions_per_day, scopes, salt, hash FROM tokens WHERE id = ?",
                            "s", id);
  int found = row != NULL ? server_database_step(database, row) : -1;
  if (found > 0) {
    read_row(out, row);
    if (sqlite3_column_bytes(row, 8) == SALT_BYTES && sqlite3_column_bytes(row, 9) == HASH_BYTES) {
      hash_secret(hash, secret, sqlite3_column_blob(row, 8));
      good = base_equal(hash, sqlite3_column_blob(row, 9), HASH_BYTES) && out->revoked == 0;
    }
    sqlite3_reset(row);
  }
  server_database_unlock(database);
  if (good)
    return CKKS_OK;
  *out = (server_token){0};
  /* One answer for unknown, revoked and wrong: nothing to learn. */
  return found < 0 ? CKKS_ERROR_IO : base_fail(CKKS_ERROR_KEY, "the token is not valid");
}
