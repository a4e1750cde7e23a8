/* SPDX-License-Identifier: Apache-2.0 */
/* The service as a whole: models that come and go, memory that does not come. */
#define _GNU_SOURCE
#include "server/fixture.h"
#include "wire/wire.h"

static test_service t;

static int setup(void **state) {
  (void)state;
  test_setup(&t);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  test_teardown(&t);
  return 0;
}

/* Each allocation of a start may fail: an error, nothing left, and the next start works. */
static void test_memory(void **state) {
  (void)state;
  ckks_status status = CKKS_ERROR_MEMORY;
  long n_failures = 0;
  for (long k = 1; status != CKKS_OK && k < 100000; k += 1 + k / 4) {
    base_alloc_fail_at(k);
    status = server_service_build(&t.service, &t.options);
    base_alloc_fail_at(0);
    n_failures += status != CKKS_OK;
    assert_true(status == CKKS_OK || status == CKKS_ERROR_MEMORY || status == CKKS_ERROR_IO);
    assert_true((status == CKKS_OK) == (t.service != NULL));
  }
  assert_int_equal(status, CKKS_OK);
  assert_true(n_failures > 5);
  test_stop(&t);
  test_start(&t);
  assert_int_equal(test_upload(&t, &t.client[0]), 201);
  test_check_inference(&t);
}

static void path_of(char path[200], const char *name) {
  snprintf(path, 200, "%s/%s", t.models, name);
}

static void write_text(const char *name, const char *text) {
  char path[200];
  path_of(path, name);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static const char *version_of(const char *path) {
  test_reply reply;
  static char version[200];
  assert_int_equal(test_call(&reply, &t, "GET", path, t.client[0].token, "", NULL, 0), 200);
  snprintf(version, sizeof version, "%s", test_header(&reply, "Blindsight-Version"));
  test_reply_clear(&reply);
  return version;
}

static void test_reload(void **state) {
  (void)state;
  char from[200], to[200];
  server_model *held = server_model_set_find(t.service->models, "small", NULL);
  assert_non_null(held);
  /* A bad file among them: all stay as they were. */
  write_text("bad.server", "this is no model");
  assert_int_equal(server_service_reload(t.service), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(ckks_last_error(), "bad.server"));
  test_check_inference(&t);
  path_of(from, "bad.server");
  unlink(from);
  write_text("readme.txt", "not looked at");
  /* Versions: by number, not by letters. */
  static const char *const names[] = {"small@2.server", "small@10.server", "other@a.server"};
  for (size_t i = 0; i < 3; i++) {
    path_of(to, names[i]);
    OK(plan_files_server_write(to, &t.plan));
  }
  OK(server_service_reload(t.service));
  assert_string_equal(version_of("/v2/models/small/client"), "10");
  assert_string_equal(version_of("/v2/models/small/versions/2/client"), "2");
  assert_string_equal(version_of("/v2/models/small/versions/1/client"), "1");
  assert_string_equal(version_of("/v2/models/other/client"), "a");
  test_check_inference(&t); /* keys belong to a plan, not to a version */
  /* Who began with the old model keeps it. */
  assert_string_equal(held->version, "1");
  assert_int_equal(atomic_load(&held->n_holders), 1);
  server_model_release(held);
  path_of(from, "small@2.server");
  unlink(from);
  OK(server_service_reload(t.service));
  assert_int_equal(
      test_status(&t, "GET", "/v2/models/small/versions/2", t.client[0].token, "", NULL, 0), 404);
  /* The same twice, and a name that is none. */
  path_of(to, "small@1.server");
  OK(plan_files_server_write(to, &t.plan));
  assert_int_equal(server_service_reload(t.service), CKKS_ERROR_ARGUMENT);
  unlink(to);
  path_of(to, "sm all.server");
  OK(plan_files_server_write(to, &t.plan));
  assert_int_equal(server_service_reload(t.service), CKKS_ERROR_ARGUMENT);
  unlink(to);
  OK(server_service_reload(t.service));
  test_check_inference(&t);
}

/* What a crash leaves behind in the folders, made by hand. */
static void test_recovery(void **state) {
  (void)state;
  char key[300], partial[300], stray[300];
  const test_client *c = &t.client[0];
  snprintf(key, sizeof key, "%s/keys/%s.%s", t.state, c->row.id, c->id);
  snprintf(partial, sizeof partial, "%s/partial/%s.%s", t.state, c->row.id, c->id);
  snprintf(stray, sizeof stray, "%s/keys/%s.%064d", t.state, c->row.id, 7);
  test_stop(&t);
  /* Renamed, but the row not written any more. */
  server_database *database;
  OK(server_database_build(&database, t.state));
  OK(server_database_run(database, NULL, "UPDATE keys SET state = 0 WHERE id = ?", "s", c->id));
  server_database_free(database);
  FILE *file = fopen(stray, "wb");
  assert_non_null(file);
  fclose(file);
  test_start(&t);
  test_check_inference(&t);
  assert_int_not_equal(access(stray, F_OK), 0);
  test_stop(&t);
  /* Marked for removal, the file still there. */
  OK(server_database_build(&database, t.state));
  OK(server_database_run(database, NULL, "UPDATE keys SET state = 2 WHERE id = ?", "s", c->id));
  server_database_free(database);
  test_start(&t);
  assert_int_not_equal(access(key, F_OK), 0);
  assert_int_equal(test_status(&t, "GET", test_key_path(c), c->token, "", NULL, 0), 404);
  assert_int_equal(test_upload(&t, c), 201);
  test_stop(&t);
  /* The row without its file. */
  assert_int_equal(unlink(key), 0);
  test_start(&t);
  assert_int_equal(test_status(&t, "GET", test_key_path(c), c->token, "", NULL, 0), 404);
  assert_int_equal(test_upload(&t, c), 201);
  assert_int_not_equal(access(partial, F_OK), 0);
  test_check_inference(&t);
}

/* Keys without the public key that hides results are not for a service. */
static void test_unhidden(void **state) {
  (void)state;
  test_reply reply;
  base_buffer buffer;
  char id[65], path[96];
  const test_client *c = &t.client[1];
  size_t n_zero = wire_zero_key_bytes(t.params), n = c->n_keys - BASE_FRAME_OVERHEAD_BYTES - n_zero;
  base_buffer_init(&buffer, c->n_keys);
  base_frame_begin(&buffer, BASE_FRAME_EVALUATION_KEYS, t.params->hash, t.plan.interface.id);
  base_buffer_append(&buffer, c->keys + BASE_FRAME_HEADER_BYTES, n);
  OK(base_frame_end(&buffer));
  test_name_keys(id, buffer.bytes, buffer.n_bytes);
  snprintf(path, sizeof path, "/v2/keys/%s", id);
  assert_int_equal(test_call(&reply, &t, "PUT", path, c->token, "", buffer.bytes, buffer.n_bytes),
                   422);
  assert_string_equal(test_member(&reply, "code"), "key");
  test_reply_clear(&reply);
  base_buffer_clear(&buffer);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory), cmocka_unit_test(test_reload),
                                     cmocka_unit_test(test_recovery),
                                     cmocka_unit_test(test_unhidden)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
