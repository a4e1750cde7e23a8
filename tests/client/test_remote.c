/* SPDX-License-Identifier: Apache-2.0 */
/* What a server may say of its models, its client file, keys and results, and what it may not. */
#define _DEFAULT_SOURCE
#include "client/world.h"

/* --- finding the model */

static void test_the_only_model(void **state) {
  static const char list[] = "HTTP/1.1 200 OK\r\nContent-Length: ?\r\n\r\n"
                             "{\"models\": [{\"name\": \"a.b\", \"version\": \"1\"}, "
                             "{\"name\": \"a.b\", \"version\": \"3\"}]}";
  const scripted_line lines[] = {SCRIPTED_LINE("GET /v2/models HTTP", list),
                                 file_line("GET /v2/models/a.b/client HTTP")};
  scripted server;
  client_remote remote;
  (void)state;
  SCRIPTED_START(&server, lines);
  client_http_options options = quick(&server);
  assert_int_equal(client_remote_init(&remote, &options, NULL, NULL), CKKS_OK);
  assert_string_equal(remote.model, "a.b");
  assert_string_equal(remote.version, "3");
  assert_memory_equal(remote.interface.id, world.interface->id, PLAN_ID_BYTES);
  assert_string_equal(remote.interface.name, world.interface->name);
  client_remote_clear(&remote);
  scripted_end(&server);
}

/* What `answer` to the list or to the file makes of it. */
static void expect_refusal(const char *model, const char *plan, scripted_line line,
                           ckks_status status, const char *words) {
  scripted server;
  client_remote remote;
  line.then_close = true;
  scripted_start(&server, &line, 1);
  client_http_options options = quick(&server);
  assert_fails(client_remote_init(&remote, &options, model, plan), status, words);
  assert_null(remote.http);
  assert_null(remote.interface.params);
  scripted_end(&server);
}

static void test_lists_that_do_not_do(void **state) {
  static const struct {
    const char *answer, *words;
    ckks_status status;
  } lists[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: ?\r\n\r\n{}", "no list of models", CKKS_ERROR_FORMAT},
      {"HTTP/1.1 200 OK\r\nContent-Length: ?\r\n\r\n{\"m", "no list of models", CKKS_ERROR_FORMAT},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "no list of models", CKKS_ERROR_FORMAT},
      {"HTTP/1.1 200 OK\r\nContent-Length: ?\r\n\r\n{\"models\": []} ", "has no model",
       CKKS_ERROR_ARGUMENT},
      {"HTTP/1.1 200 OK\r\nContent-Length: ?\r\n\r\n{\"models\": [{\"name\":\"a\"}, "
       "{\"name\":\"b\"}]}",
       "name one of a, b", CKKS_ERROR_ARGUMENT},
      {"HTTP/1.1 200 OK\r\nContent-Length: ?\r\n\r\n{\"models\": [{\"name\":\"../keys/a\"}]}",
       "must be the name of a model", CKKS_ERROR_ARGUMENT},
      {"HTTP/1.1 200 OK\r\nContent-Length: ?\r\n\r\n{\"models\": [5]}", "has no model",
       CKKS_ERROR_ARGUMENT}};
  (void)state;
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
    expect_refusal(NULL, NULL, (scripted_line)SCRIPTED_LINE("GET /v2/models ", lists[i].answer),
                   lists[i].status, lists[i].words);
}

static void test_client_files_that_do_not_do(void **state) {
  const char path[] = "GET /v2/models/m/versions/2/client ";
  scripted_line good = file_line(path);
  (void)state;
  /* Another file than the tag says: damaged on the way, or exchanged. */
  uint8_t *damaged = base_alloc(world.n_file);
  memcpy(damaged, world.file, world.n_file);
  damaged[world.n_file / 2] ^= 1;
  scripted_line line = good;
  line.body = damaged;
  expect_refusal("m@2", NULL, line, CKKS_ERROR_FORMAT, "not the one that its tag names");
  /* No tag; a tag that fits damaged bytes: the frame's own digest tells. */
  char head[512], id[CLIENT_REMOTE_ID_CHARS + 1];
  snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", world.n_file);
  line = good;
  line.answer = head;
  expect_refusal("m@2", NULL, line, CKKS_ERROR_FORMAT, "not the one that its tag names");
  client_remote_key_id(id, damaged, world.n_file);
  snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nETag: \"%s\"\r\nContent-Length: %zu\r\n\r\n", id,
           world.n_file);
  line.body = damaged;
  expect_refusal("m@2", NULL, line, CKKS_ERROR_FORMAT, "client file: ");
  base_free(damaged);
  expect_refusal("m@2", "0123456789abcdef0", good, CKKS_ERROR_MISMATCH, "not the one asked for");
  expect_refusal("m@2", "0123456789abcde", good, CKKS_ERROR_ARGUMENT, "16 to 64 hex digits");
  expect_refusal("m@2", NULL, (scripted_line)SCRIPTED_LINE(path, no_key), CKKS_ERROR_IO,
                 "HTTP 404");
}

static void test_names(void **state) {
  static const char *const bad[] = {"", "@1", "a@", "a/b", "a b", "a@1@2", "a?b", "%2e"};
  char long_name[CLIENT_REMOTE_NAME_BYTES + 1];
  client_remote remote;
  client_http_options options;
  (void)state;
  client_http_options_default(&options);
  options.url = "http://127.0.0.1:1";
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_fails(client_remote_init(&remote, &options, bad[i], NULL), CKKS_ERROR_ARGUMENT,
                 "must be the name of a model");
  memset(long_name, 'a', sizeof long_name - 1);
  long_name[sizeof long_name - 1] = '\0';
  assert_fails(client_remote_init(&remote, &options, long_name, NULL), CKKS_ERROR_ARGUMENT,
               "must be the name of a model");
}

/* --- keys and inference */

static void test_an_upload_that_breaks(void **state) {
  char part[160], wrong[160];
  snprintf(part, sizeof part,
           "HTTP/1.1 200 OK\r\nUpload-Offset: 1000\r\nUpload-Complete: ?0\r\n\r\n");
  snprintf(wrong, sizeof wrong,
           "HTTP/1.1 409 No\r\nUpload-Offset: 2000\r\nContent-Length: 0\r\n\r\n");
  const scripted_line lines[] = {
      file_line("GET "),
      SCRIPTED_LINE(world.head_of_key, no_key),
      {.expect = world.put, .hang_up = 1000}, /* the connection ends in the middle */
      SCRIPTED_LINE(world.head_of_key, part),
      SCRIPTED_LINE(world.put, wrong), /* somebody else went on meanwhile */
      SCRIPTED_LINE(world.head_of_key,
                    "HTTP/1.1 200 OK\r\nUpload-Offset: 2000\r\nUpload-Complete: ?0\r\n\r\n"),
      SCRIPTED_LINE(world.put, stored)};
  scripted server;
  client_remote remote;
  uint64_t sent;
  char range[96];
  (void)state;
  START(&server, &remote, lines);
  assert_int_equal(client_remote_upload(&remote, world.keys, world.n_keys, &sent), CKKS_OK);
  assert_int_equal(sent, world.n_keys);
  snprintf(range, sizeof range, "Content-Range: bytes 1000-%zu/%zu\r\n", world.n_keys - 1,
           world.n_keys);
  assert_non_null(strstr(server.head[4], range));
  assert_int_equal(server.n_body[6], world.n_keys - 2000);
  assert_memory_equal(server.last_body, world.keys + 2000, world.n_keys - 2000);
  client_remote_clear(&remote);
  scripted_end(&server);
}

static void test_uploads_that_need_little(void **state) {
  char whole[160];
  snprintf(whole, sizeof whole,
           "HTTP/1.1 200 OK\r\nUpload-Offset: %zu\r\nUpload-Complete: ?0\r\n\r\n", world.n_keys);
  const scripted_line lines[] = {
      file_line("GET "),
      /* there already */
      SCRIPTED_LINE(world.head_of_key,
                    "HTTP/1.1 200 OK\r\nUpload-Offset: 9\r\nUpload-Complete: ?1\r\n\r\n"),
      /* all there, not yet put together */
      SCRIPTED_LINE(world.head_of_key, whole), SCRIPTED_LINE(world.put, stored),
      /* an earlier part was damaged */
      SCRIPTED_LINE(world.head_of_key, whole),
      SCRIPTED_LINE(world.put, "HTTP/1.1 422 No\r\nContent-Length: 0\r\n\r\n"),
      SCRIPTED_LINE(world.head_of_key, no_key), SCRIPTED_LINE(world.put, stored),
      /* no such luck */
      SCRIPTED_LINE(world.head_of_key, no_key),
      SCRIPTED_LINE(world.put,
                    "HTTP/1.1 422 No\r\nContent-Length: ?\r\n\r\n{\"message\": \"bad\"}"),
      SCRIPTED_LINE(world.head_of_key, "HTTP/1.1 401 Who\r\n\r\n")};
  scripted server;
  client_remote remote;
  uint64_t sent;
  (void)state;
  START(&server, &remote, lines);
  assert_int_equal(client_remote_upload(&remote, world.keys, world.n_keys, &sent), CKKS_OK);
  assert_int_equal(sent, 0);
  assert_int_equal(client_remote_upload(&remote, world.keys, world.n_keys, &sent), CKKS_OK);
  assert_int_equal(sent, 0);
  assert_non_null(strstr(server.head[3], "Content-Range: bytes */"));
  assert_int_equal(server.n_body[3], 0);
  assert_int_equal(client_remote_upload(&remote, world.keys, world.n_keys, &sent), CKKS_OK);
  assert_int_equal(sent, world.n_keys);
  assert_int_equal(server.n_body[7], world.n_keys);
  assert_fails(client_remote_upload(&remote, world.keys, world.n_keys, &sent), CKKS_ERROR_MISMATCH,
               "evaluation keys: ");
  assert_fails(client_remote_upload(&remote, world.keys, world.n_keys, NULL), CKKS_ERROR_IO,
               "a valid token is needed");
  client_remote_clear(&remote);
  scripted_end(&server);
}

/* The keys are lost in between: sent again, then the same sample. Then what no result may be. */
static void test_results(void **state) {
  blindsight_session *session = NULL;
  uint8_t *sample = NULL, *result = NULL;
  size_t n_sample, n_result;
  double outputs[2], *clear = NULL;
  char head[96];
  (void)state;
  assert_int_equal(blindsight_session_build(&session, world.server, world.keys, world.n_keys, 1),
                   CKKS_OK);
  assert_int_equal(client_encrypt(&sample, &n_sample, test_rows, 1, PLAN_LATENCY, NULL,
                                  world.secret, world.interface),
                   CKKS_OK);
  assert_int_equal(blindsight_session_infer(&result, &n_result, sample, n_sample, session),
                   CKKS_OK);
  snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", n_result);
  const char infer[] = "POST /v2/models/m/versions/3/infer ";
  const scripted_line answer = {
      .expect = infer, .answer = head, .body = result, .n_body = n_result};
  const scripted_line lines[] = {
      file_line("GET "),
      SCRIPTED_LINE(world.head_of_key, no_key),
      SCRIPTED_LINE(world.put, stored),
      SCRIPTED_LINE(infer, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
      SCRIPTED_LINE(infer, no_key),
      SCRIPTED_LINE(world.head_of_key, no_key),
      SCRIPTED_LINE(world.put, stored),
      answer,
      answer,
      SCRIPTED_LINE(infer, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnone"),
      {.expect = infer,
       .answer = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n",
       .then_close = true}};
  scripted server;
  client_remote remote;
  START(&server, &remote, lines);
  assert_fails(client_remote_predict(outputs, test_rows, 1, PLAN_LATENCY, world.secret, &remote),
               CKKS_ERROR_KEY, "were not uploaded");
  assert_int_equal(client_remote_upload(&remote, world.keys, world.n_keys, NULL), CKKS_OK);
  assert_int_equal(
      client_remote_predict(outputs, test_rows, 1, PLAN_LATENCY, world.secret, &remote), CKKS_OK);
  blindsight_model *model = test_model();
  blindsight_predictions *predictions;
  assert_int_equal(blindsight_model_predict(&predictions, test_rows, 1, model), CKKS_OK);
  clear = predictions->output;
  for (int i = 0; i < 2; i++)
    assert_true(fabs(outputs[i] - clear[i]) <= 1e-4 * fmax(1, fabs(clear[i])));
  blindsight_predictions_free(predictions);
  blindsight_model_free(model);
  /* The bytes as they came; then no result, and too much of it. */
  uint8_t *came;
  size_t n_came;
  assert_int_equal(client_remote_infer(&came, &n_came, sample, n_sample, PLAN_LATENCY, 1, &remote),
                   CKKS_OK);
  assert_int_equal(n_came, n_result);
  assert_memory_equal(came, result, n_result);
  base_free(came);
  assert_fails(client_remote_predict(outputs, test_rows, 1, PLAN_LATENCY, world.secret, &remote),
               CKKS_ERROR_FORMAT, "result: ");
  assert_true(outputs[0] == 0 && outputs[1] == 0);
  assert_fails(client_remote_predict(outputs, test_rows, 1, PLAN_LATENCY, world.secret, &remote),
               CKKS_ERROR_FORMAT, "larger than the limit");
  client_remote_clear(&remote);
  scripted_end(&server);
  base_free(result);
  base_free(sample);
  blindsight_session_free(session);
}

static void test_forgetting(void **state) {
  const scripted_line lines[] = {
      file_line("GET "), SCRIPTED_LINE(world.head_of_key, no_key), SCRIPTED_LINE(world.put, stored),
      SCRIPTED_LINE("DELETE /v2/keys/", "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
      SCRIPTED_LINE("DELETE /v2/keys/", "HTTP/1.1 204 Gone\r\n\r\n")};
  scripted server;
  client_remote remote;
  (void)state;
  START(&server, &remote, lines);
  assert_int_equal(client_remote_upload(&remote, world.keys, world.n_keys, NULL), CKKS_OK);
  assert_int_equal(client_remote_forget(&remote), CKKS_OK);
  assert_string_equal(remote.key_id, "");
  client_remote_clear(&remote);
  scripted_end(&server);
}

/* A server that has more than there is would be sent what lies behind the keys in memory. */
static void test_offsets_beyond_the_end(void **state) {
  static const size_t beyond[] = {1, 4096, (size_t)1 << 40};
  (void)state;
  for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
    char lie[160];
    snprintf(lie, sizeof lie,
             "HTTP/1.1 200 OK\r\nUpload-Offset: %zu\r\nUpload-Complete: ?0\r\n\r\n",
             world.n_keys + beyond[i]);
    const scripted_line lines[] = {file_line("GET "), SCRIPTED_LINE(world.head_of_key, lie),
                                   SCRIPTED_LINE(world.put, stored)};
    scripted server;
    client_remote remote;
    uint64_t sent = 0;
    START(&server, &remote, lines);
    if (client_remote_upload(&remote, world.keys, world.n_keys, &sent) != CKKS_OK)
      fail_msg("%zu beyond: %s", beyond[i], ckks_last_error());
    assert_int_equal(sent, world.n_keys);
    assert_int_equal(server.n_body[2], world.n_keys);
    assert_memory_equal(server.last_body, world.keys, world.n_keys);
    client_remote_clear(&remote);
    scripted_end(&server);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_offsets_beyond_the_end),
                                     cmocka_unit_test(test_the_only_model),
                                     cmocka_unit_test(test_lists_that_do_not_do),
                                     cmocka_unit_test(test_client_files_that_do_not_do),
                                     cmocka_unit_test(test_names),
                                     cmocka_unit_test(test_an_upload_that_breaks),
                                     cmocka_unit_test(test_uploads_that_need_little),
                                     cmocka_unit_test(test_results),
                                     cmocka_unit_test(test_forgetting)};
  unsetenv("http_proxy");
  unsetenv("all_proxy");
  unsetenv("ALL_PROXY");
  return cmocka_run_group_tests(tests, make_world, clear_world);
}
