/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, and what each used. */
#define _GNU_SOURCE
#include "server/fixture.h"

#include <sqlite3.h>

static char folder[64], state_folder[80];

static int setup(void **state) {
  (void)state;
  snprintf(folder, sizeof folder, "/tmp/blindsight-test-XXXXXX");
  assert_non_null(mkdtemp(folder));
  snprintf(state_folder, sizeof state_folder, "%s/state", folder);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  test_remove(folder);
  return 0;
}

static void make(char text[SERVER_TOKEN_CHARS], server_token *row, const char *name) {
  const server_limits limits = {1000, 20, 30, 0};
  OK(server_token_create(text, row, state_folder, name, &limits));
}

static void test_check(void **state) {
  (void)state;
  server_database *database;
  server_token row, found;
  char text[SERVER_TOKEN_CHARS], wrong[SERVER_TOKEN_CHARS];
  make(text, &row, "ward 7");
  assert_int_equal(strlen(text), SERVER_TOKEN_CHARS - 1);
  OK(server_database_build(&database, state_folder));
  OK(server_token_check(&found, text, database));
  assert_string_equal(found.id, row.id);
  assert_string_equal(found.name, "ward 7");
  assert_int_equal(found.limits.max_key_bytes, 1000);
  assert_int_equal(found.limits.requests_per_minute, 20);
  assert_int_equal(found.limits.predictions_per_day, 30);
  /* One digit off, anywhere; another case; cut; longer. */
  for (size_t i = 0; i < strlen(text); i++) {
    memcpy(wrong, text, sizeof wrong);
    wrong[i] = wrong[i] == 'a' ? 'b' : 'a';
    assert_int_equal(server_token_check(&found, wrong, database), CKKS_ERROR_KEY);
    assert_string_equal(found.id, "");
  }
  memcpy(wrong, text, sizeof wrong);
  *strrchr(wrong, '_') = '-';
  assert_int_equal(server_token_check(&found, wrong, database), CKKS_ERROR_KEY);
  assert_int_equal(server_token_check(&found, "", database), CKKS_ERROR_KEY);
  memcpy(wrong, text, sizeof wrong);
  wrong[SERVER_TOKEN_CHARS - 2] = '\0';
  assert_int_equal(server_token_check(&found, wrong, database), CKKS_ERROR_KEY);
  OK(server_token_revoke(state_folder, row.id)); /* by another handle, seen at once */
  assert_int_equal(server_token_check(&found, text, database), CKKS_ERROR_KEY);
  assert_int_equal(server_token_revoke(state_folder, row.id), CKKS_ERROR_ARGUMENT);
  assert_int_equal(server_token_revoke(state_folder, "nobody"), CKKS_ERROR_ARGUMENT);
  server_database_free(database);
}

/* What is stored gives nobody a token. */
static void test_stored(void **state) {
  (void)state;
  server_token row;
  char text[SERVER_TOKEN_CHARS], path[128];
  make(text, &row, "");
  snprintf(path, sizeof path, "%s/blindsight.db", state_folder);
  for (int i = 0; i < 2; i++) {
    FILE *file = fopen(path, "rb");
    char *bytes = calloc(1 << 20, 1);
    size_t n = file != NULL ? fread(bytes, 1, 1 << 20, file) : 0;
    assert_null(memmem(bytes, n, text + 21, 16));
    assert_null(memmem(bytes, n, text + 60, 16));
    free(bytes);
    if (file != NULL)
      fclose(file);
    strcat(path, "-wal");
  }
}

static void test_list(void **state) {
  (void)state;
  server_token *tokens, row;
  char text[2][SERVER_TOKEN_CHARS];
  size_t n, before;
  OK(server_token_list(&tokens, &before, state_folder));
  base_free(tokens);
  make(text[0], &row, "one");
  make(text[1], &row, "two");
  assert_string_not_equal(text[0], text[1]);
  OK(server_token_list(&tokens, &n, state_folder));
  assert_int_equal(n, before + 2);
  base_free(tokens);
  char long_name[100];
  const server_limits limits = {0};
  memset(long_name, 'x', sizeof long_name);
  long_name[99] = '\0';
  assert_int_equal(server_token_create(text[0], &row, state_folder, long_name, &limits),
                   CKKS_ERROR_ARGUMENT);
  assert_int_equal(server_token_create(text[0], &row, state_folder, "a\nb", &limits),
                   CKKS_ERROR_ARGUMENT);
  assert_int_equal(server_token_list(&tokens, &n, "/proc/nowhere"), CKKS_ERROR_IO);
  assert_null(tokens);
}

static bool take(server_usage *usage, const char *token, uint64_t n, uint64_t per_day) {
  bool granted;
  OK(server_usage_take(&granted, usage, token, n, per_day));
  return granted;
}

static void test_predictions(void **state) {
  (void)state;
  static const char token[] = "00ff00ff00ff00ff", other[] = "00aa00ff00ff00ff";
  server_database *database;
  server_usage *usage;
  OK(server_database_build(&database, state_folder));
  OK(server_usage_build(&usage, database));
  assert_true(take(usage, token, 100, 150));
  assert_false(take(usage, token, 51, 150));
  assert_true(take(usage, token, 30, 150));
  assert_true(take(usage, other, 150, 150));
  assert_false(take(usage, other, 1, 150));
  server_usage_return(usage, token, 30);
  assert_true(take(usage, token, 50, 150));
  assert_false(take(usage, token, 1, 150));
  assert_true(take(usage, token, 1, 151)); /* a limit that was raised */
  assert_false(take(usage, token, UINT64_MAX, 151));
  server_usage_free(usage); /* writes down what was really used */
  OK(server_usage_build(&usage, database));
  assert_false(take(usage, token, 1, 151));
  assert_true(take(usage, token, 1, 152));
  server_usage_free(usage);
  server_database_free(database);
}

/* After a crash what was reserved counts as used: never more than the limit is given. */
static void test_crash(void **state) {
  (void)state;
  static const char token[] = "1234123412341234";
  server_database *database;
  server_usage *crashed, *usage;
  OK(server_database_build(&database, state_folder));
  OK(server_usage_build(&crashed, database));
  assert_true(take(crashed, token, 10, 1000));
  OK(server_usage_build(&usage, database));
  uint64_t left = 0;
  while (take(usage, token, 1, 1000))
    left++;
  assert_true(left <= 990);
  assert_true(left >= 900); /* and little is lost */
  server_usage_free(usage);
  server_usage_free(crashed);
  server_database_free(database);
}

static void test_bucket(void **state) {
  (void)state;
  server_usage *usage;
  unsigned retry;
  OK(server_usage_build(&usage, NULL));
  for (int i = 0; i < 60; i++)
    assert_true(server_usage_request(usage, "ab00000000000000", 60, &retry));
  assert_false(server_usage_request(usage, "ab00000000000000", 60, &retry));
  assert_in_range(retry, 1, 2);
  assert_true(server_usage_request(usage, "ab00000000000001", 60, &retry));
  assert_false(server_usage_request(usage, "ab00000000000002", 0, &retry));
  server_usage_free(usage);
}

/* A store of a version that knew no scopes: its tokens are for inference. */
static void test_former_store(void **state) {
  (void)state;
  char path[128], text[SERVER_TOKEN_CHARS];
  sqlite3 *handle;
  server_token row, *all;
  size_t n;
  const server_limits limits = {1, 2, 3, SERVER_SCOPE_ADMIN};
  snprintf(path, sizeof path, "%s/blindsight.db", folder);
  OK(server_token_create(text, &row, folder, "former", &limits));
  assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
  assert_int_equal(sqlite3_exec(handle, "ALTER TABLE tokens DROP COLUMN scopes", NULL, NULL, NULL),
                   SQLITE_OK);
  sqlite3_close(handle);
  OK(server_token_list(&all, &n, folder));
  assert_true(n > 0);
  for (size_t i = 0; i < n; i++)
    assert_int_equal(all[i].limits.scopes, SERVER_SCOPE_INFER);
  base_free(all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_check),       cmocka_unit_test(test_stored),
      cmocka_unit_test(test_list),        cmocka_unit_test(test_predictions),
      cmocka_unit_test(test_crash),       cmocka_unit_test(test_bucket),
      cmocka_unit_test(test_former_store)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
