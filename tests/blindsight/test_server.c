/* SPDX-License-Identifier: Apache-2.0 */
/* Compiling, server files, sessions. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "base/frame.h"
#include "blindsight/fixture.h"
#include "wire/wire.h"

#include <math.h>
#include <sys/stat.h>

typedef struct keyed {
  blindsight_server *server;
  const blindsight_client *client;
  ckks_secret_key *secret;
  uint8_t *keys, *sample;
  size_t n_keys, n_sample;
} keyed;

static keyed keyed_build(void) {
  keyed k = {.server = test_server()};
  k.client = blindsight_server_client(k.server);
  assert_int_equal(blindsight_client_keygen(&k.secret, &k.keys, &k.n_keys, k.client), CKKS_OK);
  assert_int_equal(blindsight_client_encrypt(&k.sample, &k.n_sample, NULL, test_rows, 2,
                                             BLINDSIGHT_LATENCY, k.secret, k.client),
                   CKKS_OK);
  return k;
}

static void keyed_clear(keyed *k) {
  ckks_bytes_free(k->keys);
  ckks_bytes_free(k->sample);
  ckks_secret_key_free(k->secret);
  blindsight_server_free(k->server);
}

/* What the header says they are. */
static void defaults_are_as_documented(void **state) {
  (void)state;
  blindsight_compile_options options;
  blindsight_compile_options_default(&options, sizeof options);
  assert_true(options.error == 0); /* as the model is */
  assert_int_equal(options.security, CKKS_SECURITY_128);
  assert_int_equal(options.log2_n, 0);
  assert_true(options.latency && options.throughput && !options.last_on_server);
  assert_true(options.headroom == 4);
  assert_int_equal(options.minimise, BLINDSIGHT_MINIMISE_BALANCED);
}

static void options_are_heard(void **state) {
  (void)state;
  blindsight_model *model = test_model();
  blindsight_server *server = NULL;
  blindsight_compile_options options = test_options();
  options.throughput = false;
  options.security = CKKS_SECURITY_192;
  options.error = 1e-3;
  assert_int_equal(blindsight_server_compile(&server, model, &options), CKKS_OK);
  const blindsight_client *client = blindsight_server_client(server);
  const blindsight_facts *facts = blindsight_client_facts(client);
  assert_true(facts->cost[BLINDSIGHT_LATENCY].available);
  assert_false(facts->cost[BLINDSIGHT_THROUGHPUT].available);
  assert_true(facts->cost[BLINDSIGHT_LATENCY].predicted_error <= 1e-3);
  assert_int_equal(ckks_params_get_literal(blindsight_client_params(client))->security, 192);
  blindsight_server_free(server);
  /* None: the defaults. */
  assert_int_equal(blindsight_server_compile(&server, model, NULL), CKKS_OK);
  facts = blindsight_client_facts(blindsight_server_client(server));
  assert_true(facts->cost[BLINDSIGHT_LATENCY].available);
  assert_true(facts->cost[BLINDSIGHT_THROUGHPUT].available);
  assert_true(facts->cost[BLINDSIGHT_LATENCY].predicted_error <= 1e-5);
  const blindsight_compiled *compiled = blindsight_server_compiled(server);
  assert_true(compiled->error == 1e-5 && compiled->usual_error == 0);
  assert_false(compiled->left_out[BLINDSIGHT_LATENCY] || compiled->left_out[BLINDSIGHT_THROUGHPUT]);
  blindsight_server_free(server);
  blindsight_model_free(model);
}

static void options_out_of_range_are_refused(void **state) {
  (void)state;
  blindsight_model *model = test_model();
  blindsight_server *server = (blindsight_server *)1;
  blindsight_compile_options options = test_options();
  options.security = CKKS_SECURITY_NONE;
  assert_fails(blindsight_server_compile(&server, model, &options), CKKS_ERROR_SECURITY,
               "security = 0");
  assert_null(server);
  options.security = (ckks_security)100;
  assert_fails(blindsight_server_compile(&server, model, &options), CKKS_ERROR_SECURITY, "100");
  options = test_options();
  options.minimise = (blindsight_minimise)9;
  assert_fails(blindsight_server_compile(&server, model, &options), CKKS_ERROR_ARGUMENT, "9");
  options = test_options();
  options.error = -1;
  assert_fails(blindsight_server_compile(&server, model, &options), CKKS_ERROR_ARGUMENT, "error");
  options = test_options();
  options.log2_n = 10; /* 26 bits are not enough for three levels */
  assert_int_equal(blindsight_server_compile(&server, model, &options), CKKS_ERROR_SECURITY);
  options = test_options();
  options.latency = options.throughput = false;
  assert_fails(blindsight_server_compile(&server, model, &options), CKKS_ERROR_ARGUMENT, "packing");
  assert_fails(blindsight_server_compile(&server, NULL, NULL), CKKS_ERROR_ARGUMENT, "model");
  assert_fails(blindsight_server_compile(NULL, model, NULL), CKKS_ERROR_ARGUMENT, "out");
  assert_null(server);
  blindsight_model_free(model);
}

static void assert_same_outputs(const keyed *k, const uint8_t *a, size_t n_a, const uint8_t *b,
                                size_t n_b) {
  blindsight_predictions *first, *second;
  assert_int_equal(blindsight_client_decrypt(&first, a, n_a, k->secret, k->client), CKKS_OK);
  assert_int_equal(blindsight_client_decrypt(&second, b, n_b, k->secret, k->client), CKKS_OK);
  assert_int_equal(first->n_rows, second->n_rows);
  for (size_t i = 0; i < first->n_rows * first->n_outputs; i++)
    assert_true(fabs(first->output[i] - second->output[i]) < 2e-4);
  blindsight_predictions_free(first);
  blindsight_predictions_free(second);
}

/* A loaded server takes the keys and samples of the compiled one, on any number of threads. */
static void files_keep_a_server(void **state) {
  (void)state;
  keyed k = keyed_build();
  blindsight_server *loaded = NULL;
  blindsight_session *session = NULL, *again = NULL;
  uint8_t *result = NULL, *result_again = NULL;
  size_t n_result = 0, n_again = 0;
  struct stat attributes;
  assert_int_equal(blindsight_server_save(test_path("s"), k.server), CKKS_OK);
  assert_int_equal(stat(test_path("s"), &attributes), 0);
  assert_int_equal(attributes.st_mode & 0777, 0600);
  assert_int_equal(blindsight_server_load(&loaded, test_path("s")), CKKS_OK);
  assert_true(blindsight_server_compiled(loaded)->error == 0); /* a file does not say */
  assert_true(blindsight_server_compiled(k.server)->error == 1e-4);
  assert_int_equal(blindsight_session_build(&session, k.server, k.keys, k.n_keys, 1), CKKS_OK);
  assert_int_equal(blindsight_session_build(&again, loaded, k.keys, k.n_keys, 3), CKKS_OK);
  assert_int_equal(blindsight_session_infer(&result, &n_result, k.sample, k.n_sample, session),
                   CKKS_OK);
  assert_int_equal(blindsight_session_infer(&result_again, &n_again, k.sample, k.n_sample, again),
                   CKKS_OK);
  assert_int_equal(n_result, n_again);
  /* Hidden: the bytes are never the same, what they say is. */
  assert_memory_not_equal(result, result_again, n_result);
  assert_same_outputs(&k, result, n_result, result_again, n_again);
  ckks_bytes_free(result);
  ckks_bytes_free(result_again);
  blindsight_session_free(session);
  blindsight_session_free(again);
  blindsight_server_free(loaded);
  keyed_clear(&k);
}

/* What was made ready, in a file: for a server that has prepared nothing, on several threads. */
static void files_keep_a_session(void **state) {
  (void)state;
  keyed k = keyed_build();
  blindsight_server *loaded = NULL;
  blindsight_session *session = NULL, *again = NULL, *none = (blindsight_session *)1;
  uint8_t *result = NULL, *result_again = NULL;
  size_t n_result = 0, n_again = 0;
  assert_int_equal(blindsight_server_save(test_path("s"), k.server), CKKS_OK);
  assert_int_equal(blindsight_server_load(&loaded, test_path("s")), CKKS_OK);
  assert_int_equal(blindsight_session_build(&session, k.server, k.keys, k.n_keys, 1), CKKS_OK);
  assert_int_equal(blindsight_session_save(test_path("session"), session), CKKS_OK);
  assert_int_equal(blindsight_session_load(&again, loaded, test_path("session"), 2), CKKS_OK);
  assert_int_equal(unlink(test_path("session")), 0); /* the map stays */
  assert_int_equal(blindsight_session_infer(&result, &n_result, k.sample, k.n_sample, session),
                   CKKS_OK);
  assert_int_equal(blindsight_session_infer(&result_again, &n_again, k.sample, k.n_sample, again),
                   CKKS_OK);
  assert_same_outputs(&k, result, n_result, result_again, n_again);
  assert_int_equal(blindsight_session_save(test_path("twice"), again), CKKS_OK);
  assert_fails(blindsight_session_load(&none, loaded, test_path("session"), 1), CKKS_ERROR_IO,
               "session");
  assert_null(none);
  assert_fails(blindsight_session_load(&none, loaded, test_path("s"), 1), CKKS_ERROR_FORMAT,
               "not a stored session");
  assert_fails(blindsight_session_load(&none, loaded, test_path("twice"), 0), CKKS_ERROR_ARGUMENT,
               "n_threads = 0");
  assert_fails(blindsight_session_load(NULL, loaded, test_path("twice"), 1), CKKS_ERROR_ARGUMENT,
               "out");
  assert_fails(blindsight_session_load(&none, NULL, test_path("twice"), 1), CKKS_ERROR_ARGUMENT,
               "server");
  assert_fails(blindsight_session_load(&none, loaded, NULL, 1), CKKS_ERROR_ARGUMENT, "path");
  assert_fails(blindsight_session_save(NULL, session), CKKS_ERROR_ARGUMENT, "path");
  assert_fails(blindsight_session_save(test_path("twice"), NULL), CKKS_ERROR_ARGUMENT, "session");
  ckks_bytes_free(result);
  ckks_bytes_free(result_again);
  blindsight_session_free(session);
  blindsight_session_free(again);
  blindsight_server_free(loaded);
  keyed_clear(&k);
}

static void wrong_files_are_refused(void **state) {
  (void)state;
  blindsight_model *model = test_model();
  blindsight_server *server = (blindsight_server *)1;
  assert_int_equal(blindsight_model_save(test_path("m"), model), CKKS_OK);
  assert_fails(blindsight_server_load(&server, test_path("m")), CKKS_ERROR_FORMAT, "model file");
  assert_null(server);
  assert_fails(blindsight_server_load(&server, test_path("none")), CKKS_ERROR_IO, "none");
  assert_fails(blindsight_server_load(&server, NULL), CKKS_ERROR_ARGUMENT, "path");
  assert_fails(blindsight_server_load(NULL, "x"), CKKS_ERROR_ARGUMENT, "out");
  assert_null(server);
  server = test_server();
  assert_fails(blindsight_server_save(NULL, server), CKKS_ERROR_ARGUMENT, "path");
  assert_fails(blindsight_server_save("x", NULL), CKKS_ERROR_ARGUMENT, "server");
  assert_fails(blindsight_server_save(test_path("no/where"), server), CKKS_ERROR_IO, "no/where");
  blindsight_server_free(server);
  blindsight_server_free(NULL);
  blindsight_model_free(model);
}

static void wrong_keys_are_refused(void **state) {
  (void)state;
  keyed k = keyed_build();
  blindsight_session *session = (blindsight_session *)1;
  assert_fails(blindsight_session_build(&session, k.server, k.keys, k.n_keys - 1, 1),
               CKKS_ERROR_FORMAT, "evaluation keys");
  assert_null(session);
  assert_fails(blindsight_session_build(&session, k.server, k.sample, k.n_sample, 1),
               CKKS_ERROR_FORMAT, "sample");
  k.keys[k.n_keys / 2] ^= 1;
  assert_fails(blindsight_session_build(&session, k.server, k.keys, k.n_keys, 1), CKKS_ERROR_FORMAT,
               "evaluation keys");
  k.keys[k.n_keys / 2] ^= 1;
  assert_fails(blindsight_session_build(&session, k.server, NULL, 0, 1), CKKS_ERROR_ARGUMENT,
               "keys");
  assert_fails(blindsight_session_build(&session, NULL, k.keys, 1, 1), CKKS_ERROR_ARGUMENT,
               "server");
  assert_fails(blindsight_session_build(NULL, k.server, k.keys, 1, 1), CKKS_ERROR_ARGUMENT, "out");
  assert_fails(blindsight_session_build(&session, k.server, k.keys, k.n_keys, 0),
               CKKS_ERROR_ARGUMENT, "n_threads = 0");
  assert_fails(blindsight_session_build(&session, k.server, k.keys, k.n_keys, 257),
               CKKS_ERROR_ARGUMENT, "n_threads = 257");
  /* Without the public key behind them: nothing could be hidden. */
  base_buffer cut;
  size_t n_zero = wire_zero_key_bytes(blindsight_client_params(blindsight_server_client(k.server)));
  base_buffer_init(&cut, k.n_keys);
  base_buffer_append(&cut, k.keys, k.n_keys - n_zero - BASE_DIGEST_BYTES);
  assert_int_equal(base_frame_end(&cut), CKKS_OK);
  assert_fails(blindsight_session_build(&session, k.server, cut.bytes, cut.n_bytes, 1),
               CKKS_ERROR_KEY, "no public key");
  assert_null(session);
  base_buffer_clear(&cut);
  /* Keys for another model. */
  blindsight_model *model = test_model();
  blindsight_server *other = NULL;
  blindsight_compile_options options = test_options();
  options.error = 1e-3;
  assert_int_equal(blindsight_server_compile(&other, model, &options), CKKS_OK);
  assert_int_equal(blindsight_session_build(&session, other, k.keys, k.n_keys, 1),
                   CKKS_ERROR_MISMATCH);
  assert_null(session);
  blindsight_server_free(other);
  blindsight_model_free(model);
  blindsight_session_free(NULL);
  keyed_clear(&k);
}

static void wrong_samples_are_refused(void **state) {
  (void)state;
  keyed k = keyed_build();
  blindsight_session *session = NULL;
  uint8_t *result = (uint8_t *)1;
  size_t n_result = 5;
  assert_int_equal(blindsight_session_build(&session, k.server, k.keys, k.n_keys, 1), CKKS_OK);
  assert_fails(blindsight_session_infer(&result, &n_result, k.sample, 100, session),
               CKKS_ERROR_FORMAT, "sample");
  assert_null(result);
  assert_int_equal(n_result, 0);
  assert_fails(blindsight_session_infer(&result, &n_result, k.keys, k.n_keys, session),
               CKKS_ERROR_FORMAT, "evaluation key");
  k.sample[k.n_sample - 40] ^= 8;
  assert_fails(blindsight_session_infer(&result, &n_result, k.sample, k.n_sample, session),
               CKKS_ERROR_FORMAT, "sample");
  k.sample[k.n_sample - 40] ^= 8;
  assert_fails(blindsight_session_infer(NULL, &n_result, k.sample, 1, session), CKKS_ERROR_ARGUMENT,
               "result");
  assert_fails(blindsight_session_infer(&result, NULL, k.sample, 1, session), CKKS_ERROR_ARGUMENT,
               "n_result");
  assert_fails(blindsight_session_infer(&result, &n_result, NULL, 1, session), CKKS_ERROR_ARGUMENT,
               "sample");
  assert_fails(blindsight_session_infer(&result, &n_result, k.sample, 1, NULL), CKKS_ERROR_ARGUMENT,
               "session");
  /* It still works. */
  assert_int_equal(blindsight_session_infer(&result, &n_result, k.sample, k.n_sample, session),
                   CKKS_OK);
  ckks_bytes_free(result);
  blindsight_session_free(session);
  keyed_clear(&k);
}

/* A sample whose reading lacks memory is read once more, and may find some: a result is as good. */
static void infer_survives(const keyed *k, blindsight_session *session) {
  long before = base_alloc_count(), n_refused = 0;
  uint8_t *result = NULL;
  size_t n_result = 0;
  assert_int_equal(blindsight_session_infer(&result, &n_result, k->sample, k->n_sample, session),
                   CKKS_OK);
  ckks_bytes_free(result);
  long n_allocations = base_alloc_count() - before;
  for (long failing = 1; failing <= n_allocations; failing += 1 + failing / 24) {
    base_alloc_fail_at(failing);
    ckks_status status =
        blindsight_session_infer(&result, &n_result, k->sample, k->n_sample, session);
    base_alloc_fail_at(0);
    assert_true(status == CKKS_OK || status == CKKS_ERROR_MEMORY);
    assert_int_equal(result == NULL, status != CKKS_OK);
    n_refused += status != CKKS_OK;
    ckks_bytes_free(result);
  }
  assert_true(n_refused > 0);
}

static void allocations_may_fail(void **state) {
  (void)state;
  keyed k = keyed_build();
  blindsight_server *server = NULL;
  blindsight_session *session = NULL;
  assert_int_equal(blindsight_server_save(test_path("f"), k.server), CKKS_OK);
  assert_survives_failing_memory(blindsight_server_load(&server, test_path("f")),
                                 assert_null(server));
  assert_survives_failing_memory(blindsight_session_build(&session, server, k.keys, k.n_keys, 2),
                                 assert_null(session));
  infer_survives(&k, session);
  blindsight_session_free(session);
  blindsight_server_free(server);
  blindsight_model *model = test_model();
  blindsight_compile_options options = test_options();
  options.log2_n = 13;
  for (long failing = 1; failing < 200; failing += 1 + failing / 8) {
    base_alloc_fail_at(failing);
    ckks_status status = blindsight_server_compile(&server, model, &options);
    base_alloc_fail_at(0);
    assert_true(status == CKKS_OK || status == CKKS_ERROR_MEMORY);
    assert_int_equal(server == NULL, status != CKKS_OK);
    blindsight_server_free(server);
  }
  blindsight_model_free(model);
  keyed_clear(&k);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults_are_as_documented),
      cmocka_unit_test(options_are_heard),
      cmocka_unit_test(options_out_of_range_are_refused),
      cmocka_unit_test(files_keep_a_server),
      cmocka_unit_test(files_keep_a_session),
      cmocka_unit_test(wrong_files_are_refused),
      cmocka_unit_test(wrong_keys_are_refused),
      cmocka_unit_test(wrong_samples_are_refused),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
