/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight_remote_*: a service that is played by a script; the real one is in tests/e2e. */
#define _DEFAULT_SOURCE
#include "base/digest.h"
#include "blindsight/fixture.h"
#include "client/scripted.h"

/* A server's half, its client file as bytes, and the answer that carries it. */
static struct {
  blindsight_server *server;
  uint8_t *file;
  size_t n_file;
  char head[256];
} world;

static int make_world(void **state) {
  uint8_t digest[BASE_DIGEST_BYTES];
  char tag[2 * BASE_DIGEST_BYTES + 1];
  if (test_folder_make(state) != 0)
    return 1;
  world.server = test_server();
  const char *path = test_path("test.client");
  assert_int_equal(blindsight_client_save(path, blindsight_server_client(world.server)), CKKS_OK);
  assert_int_equal(base_file_read(&world.file, &world.n_file, path, 1 << 24), CKKS_OK);
  base_digest(digest, world.file, world.n_file);
  for (int i = 0; i < BASE_DIGEST_BYTES; i++)
    snprintf(tag + 2 * i, 3, "%02x", digest[i]);
  snprintf(world.head, sizeof world.head,
           "HTTP/1.1 200 OK\r\nETag: \"%s\"\r\nContent-Length: %zu\r\n\r\n", tag, world.n_file);
  return 0;
}

static int clear_world(void **state) {
  base_free(world.file);
  blindsight_server_free(world.server);
  return test_folder_remove(state);
}

static scripted_line file_line(void) {
  return (scripted_line){.expect = "GET /v2/models/m/client ",
                         .answer = world.head,
                         .body = world.file,
                         .n_body = world.n_file};
}

static const char no_key[] = "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n";
static const char stored[] = "HTTP/1.1 201 Yes\r\nContent-Length: 0\r\n\r\n";

static blindsight_remote_options quick(void) {
  blindsight_remote_options options;
  blindsight_remote_options_default(&options, sizeof options);
  options.model = "m";
  options.token = "t";
  options.patience_s = 0;
  return options;
}

static void test_defaults(void **state) {
  blindsight_remote_options options;
  (void)state;
  memset(&options, 0xff, sizeof options);
  blindsight_remote_options_default(&options, sizeof options);
  assert_int_equal(options.timeout_s, 60);
  assert_int_equal(options.patience_s, 120);
  assert_int_equal(options.parallel, 4);
  assert_int_equal(options.jobs, BLINDSIGHT_JOBS_AUTO);
  assert_int_equal(options.out_of_range, BLINDSIGHT_REFUSE);
  assert_null(options.model);
  assert_null(options.token);
  assert_false(options.plain);
  assert_true(options.progress == NULL);
}

static void test_arguments(void **state) {
  blindsight_remote *remote = (blindsight_remote *)&world;
  blindsight_remote_options options = quick();
  blindsight_predictions *predictions;
  (void)state;
  assert_fails(blindsight_remote_build(NULL, "http://127.0.0.1:1", &options), CKKS_ERROR_ARGUMENT,
               "out is NULL");
  assert_fails(blindsight_remote_build(&remote, NULL, &options), CKKS_ERROR_ARGUMENT,
               "url is NULL");
  assert_null(remote);
  options.timeout_s = 0;
  assert_fails(blindsight_remote_build(&remote, "http://127.0.0.1:1", &options),
               CKKS_ERROR_ARGUMENT, "timeout_s = 0");
  options = quick();
  options.parallel = 65;
  assert_fails(blindsight_remote_build(&remote, "http://127.0.0.1:1", &options),
               CKKS_ERROR_ARGUMENT, "parallel = 65: must be 1 to 64");
  options = quick();
  options.jobs = (blindsight_jobs)3;
  assert_fails(blindsight_remote_build(&remote, "http://127.0.0.1:1", &options),
               CKKS_ERROR_ARGUMENT, "jobs = 3: is none of blindsight_jobs");
  options = quick();
  options.out_of_range = (blindsight_out_of_range)3;
  assert_fails(blindsight_remote_build(&remote, "http://127.0.0.1:1", &options),
               CKKS_ERROR_ARGUMENT, "out_of_range = 3: is none of blindsight_out_of_range");
  options = quick();
  assert_fails(blindsight_remote_build(&remote, "http://127.0.0.1:1", &options), CKKS_ERROR_IO,
               "127.0.0.1:1");
  assert_null(remote);
  assert_fails(blindsight_remote_use_key(NULL, "a"), CKKS_ERROR_ARGUMENT, "remote is NULL");
  assert_fails(blindsight_remote_predict(NULL, test_rows, 1, BLINDSIGHT_PACKING_AUTO, remote),
               CKKS_ERROR_ARGUMENT, "out is NULL");
  assert_fails(blindsight_remote_predict(&predictions, test_rows, 1, BLINDSIGHT_PACKING_AUTO, NULL),
               CKKS_ERROR_ARGUMENT, "remote is NULL");
  assert_fails(blindsight_remote_forget_keys(NULL), CKKS_ERROR_ARGUMENT, "remote is NULL");
  blindsight_remote_free(NULL);
}

static void test_keys_come_first(void **state) {
  const scripted_line lines[] = {
      file_line(), SCRIPTED_LINE("HEAD /v2/keys/", no_key), SCRIPTED_LINE("PUT /v2/keys/", stored),
      SCRIPTED_LINE("DELETE /v2/keys/", "HTTP/1.1 204 Gone\r\n\r\n"),
      SCRIPTED_LINE("HEAD /v2/keys/", "HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n")};
  scripted server;
  blindsight_remote *remote;
  blindsight_predictions *predictions;
  (void)state;
  SCRIPTED_START(&server, lines);
  blindsight_remote_options options = quick();
  assert_int_equal(blindsight_remote_build(&remote, server.url, &options), CKKS_OK);
  const blindsight_names *names = blindsight_client_names(blindsight_remote_client(remote));
  assert_string_equal(names->name, "example");
  assert_int_equal(names->n_features, 3);
  assert_string_equal(names->label[1], "ill");
  assert_fails(
      blindsight_remote_predict(&predictions, test_rows, 1, BLINDSIGHT_PACKING_AUTO, remote),
      CKKS_ERROR_KEY, "use_key comes first");
  assert_fails(blindsight_remote_forget_keys(remote), CKKS_ERROR_KEY, "use_key comes first");
  assert_fails(blindsight_remote_use_key(remote, NULL), CKKS_ERROR_ARGUMENT, "path is NULL");
  assert_int_equal(blindsight_remote_use_key(remote, test_path("a.key")), CKKS_OK);
  assert_int_equal(access(test_path("a.keys"), F_OK), 0);
  assert_fails(
      blindsight_remote_predict(&predictions, test_rows, 0, BLINDSIGHT_PACKING_AUTO, remote),
      CKKS_ERROR_ARGUMENT, "n_rows = 0");
  /* Rows that no model answers for stay here: the script has no line for them. */
  const double infinite[] = {1, INFINITY, 1, 33, 1e6, 32};
  assert_int_equal(
      blindsight_remote_predict(&predictions, infinite, 2, BLINDSIGHT_PACKING_AUTO, remote),
      CKKS_OK);
  for (int row = 0; row < 2; row++) {
    assert_int_equal(predictions->state[row], BLINDSIGHT_REFUSED);
    assert_true(isnan(predictions->output[2 * row]));
    assert_true(predictions->largest[row] == BLINDSIGHT_NO_LABEL);
  }
  blindsight_predictions_free(predictions);
  assert_int_equal(blindsight_remote_forget_keys(remote), CKKS_OK);
  assert_fails(
      blindsight_remote_predict(&predictions, test_rows, 1, BLINDSIGHT_PACKING_AUTO, remote),
      CKKS_ERROR_KEY, "were not uploaded");
  assert_null(predictions);
  /* A key that could not be brought there is not used. */
  assert_fails(blindsight_remote_use_key(remote, test_path("a.key")), CKKS_ERROR_IO, "HTTP 401");
  assert_fails(
      blindsight_remote_predict(&predictions, test_rows, 1, BLINDSIGHT_PACKING_AUTO, remote),
      CKKS_ERROR_KEY, "use_key comes first");
  blindsight_remote_free(remote);
  scripted_end(&server);
}

static void test_memory_that_fails(void **state) {
  blindsight_remote *remote;
  blindsight_remote_options options = quick();
  (void)state;
  for (long k = 1;; k += 1 + k / 8) {
    const scripted_line line = file_line();
    scripted server;
    scripted_start(&server, &line, 1);
    base_alloc_fail_at(k);
    ckks_status status = blindsight_remote_build(&remote, server.url, &options);
    base_alloc_fail_at(0);
    blindsight_remote_free(remote);
    shutdown(server.listener, SHUT_RDWR);
    close(server.listener);
    pthread_join(server.thread, NULL);
    free(server.last_body);
    if (status == CKKS_OK) {
      assert_true(k > 10);
      break;
    }
    assert_int_equal(status, CKKS_ERROR_MEMORY);
    assert_null(remote);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_defaults), cmocka_unit_test(test_arguments),
      cmocka_unit_test(test_keys_come_first), cmocka_unit_test(test_memory_that_fails)};
  unsetenv("http_proxy");
  unsetenv("all_proxy");
  unsetenv("ALL_PROXY");
  return cmocka_run_group_tests(tests, make_world, clear_world);
}
