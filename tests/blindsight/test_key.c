/* SPDX-License-Identifier: Apache-2.0 */
/* The whole way there and back, and what the owner of a key can get wrong-> */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "blindsight/fixture.h"

typedef struct parties {
  blindsight_model *model;
  blindsight_server *server;
  const blindsight_client *client;
  blindsight_session *session;
  ckks_secret_key *secret;
  uint8_t *sample, *result;
  size_t n_sample, n_result;
} parties;

static void parties_build(parties *p, const char *json, blindsight_compile_options options) {
  uint8_t *keys = NULL;
  size_t n_keys = 0;
  *p = (parties){0};
  assert_int_equal(blindsight_model_read_json(&p->model, json, strlen(json), NULL), CKKS_OK);
  assert_int_equal(blindsight_server_compile(&p->server, p->model, &options), CKKS_OK);
  p->client = blindsight_server_client(p->server);
  assert_int_equal(blindsight_client_keygen(&p->secret, &keys, &n_keys, p->client), CKKS_OK);
  assert_int_equal(blindsight_session_build(&p->session, p->server, keys, n_keys, 1), CKKS_OK);
  ckks_bytes_free(keys);
}

static void parties_clear(parties *p) {
  ckks_bytes_free(p->sample);
  ckks_bytes_free(p->result);
  ckks_secret_key_free(p->secret);
  blindsight_session_free(p->session);
  blindsight_server_free(p->server);
  blindsight_model_free(p->model);
}

/* Encrypts and infers; the size of the message never tells what is in it. */
static void parties_infer(parties *p, const double *rows, size_t n_rows, blindsight_packing how) {
  size_t n_outside = 99;
  ckks_bytes_free(p->sample);
  ckks_bytes_free(p->result);
  p->result = NULL;
  assert_int_equal(blindsight_client_encrypt(&p->sample, &p->n_sample, &n_outside, rows, n_rows,
                                             how, p->secret, p->client),
                   CKKS_OK);
  assert_int_equal(n_outside, 0);
  assert_int_equal(
      blindsight_session_infer(&p->result, &p->n_result, p->sample, p->n_sample, p->session),
      CKKS_OK);
}

static void assert_clear_and_encrypted_agree(parties *p, size_t n_rows, blindsight_packing how) {
  blindsight_predictions *clear, *encrypted;
  double bound = blindsight_client_facts(p->client)->cost[how].predicted_error, worst = 0;
  parties_infer(p, test_rows, n_rows, how);
  assert_int_equal(blindsight_model_predict(&clear, test_rows, n_rows, p->model), CKKS_OK);
  assert_int_equal(
      blindsight_client_decrypt(&encrypted, p->result, p->n_result, p->secret, p->client), CKKS_OK);
  assert_int_equal(encrypted->n_rows, n_rows);
  assert_int_equal(encrypted->n_outputs, clear->n_outputs);
  for (size_t i = 0; i < n_rows * clear->n_outputs; i++)
    worst = fmax(worst,
                 fabs(encrypted->output[i] - clear->output[i]) / fmax(1.0, fabs(clear->output[i])));
  assert_true(worst <= bound);
  assert_true(worst > 0);
  assert_memory_equal(encrypted->largest, clear->largest, n_rows * sizeof *clear->largest);
  blindsight_predictions_free(clear);
  blindsight_predictions_free(encrypted);
}

static void encrypted_is_clear_to_within_the_prediction(void **state) {
  (void)state;
  parties p;
  parties_build(&p, test_json, test_options());
  assert_clear_and_encrypted_agree(&p, 1, BLINDSIGHT_LATENCY);
  assert_clear_and_encrypted_agree(&p, TEST_N_ROWS, BLINDSIGHT_LATENCY);
  assert_clear_and_encrypted_agree(&p, TEST_N_ROWS, BLINDSIGHT_THROUGHPUT);
  parties_clear(&p);
}

static void the_last_activation_is_applied_once(void **state) {
  (void)state;
  const char json[] = "{\"features\": [\"a\", \"b\", \"c\"], \"labels\": [\"x\", \"y\"],"
                      " \"name\": \"one\", \"max_abs_input\": 200, \"layers\": [{\"weight\":"
                      " [[0.01, 0.02, -0.01], [0.02, -0.01, 0.03]], \"bias\": [0.5, -0.5],"
                      " \"activation\": {\"polynomial\": [0.1, 1, 0.5]}, \"max_abs\": 8}]}";
  for (int on_server = 0; on_server < 2; on_server++) {
    parties p;
    blindsight_compile_options options = test_options();
    options.last_on_server = on_server;
    options.throughput = false;
    parties_build(&p, json, options);
    assert_int_equal(blindsight_client_facts(p.client)->depth, on_server ? 3 : 1);
    assert_clear_and_encrypted_agree(&p, TEST_N_ROWS, BLINDSIGHT_LATENCY);
    parties_clear(&p);
  }
}

static void values_beyond_the_range_are_counted(void **state) {
  (void)state;
  parties p;
  size_t n_outside = 0;
  const double rows[] = {33, 121, 32, 33, 121 + 17 * 30.5, 32 - 17 * 6.9};
  parties_build(&p, test_json, test_options());
  assert_int_equal(blindsight_client_encrypt(&p.sample, &p.n_sample, &n_outside, rows, 2,
                                             BLINDSIGHT_LATENCY, p.secret, p.client),
                   CKKS_OK);
  assert_int_equal(n_outside, 1); /* a row */
  assert_fails(blindsight_client_encrypt(&p.sample, &p.n_sample, NULL, rows, 2, BLINDSIGHT_LATENCY,
                                         p.secret, p.client),
               CKKS_ERROR_RANGE, "row 1: \"glucose\" is 639.5; this model answers for");
  parties_clear(&p);
}

/* A key that is not the one the sample was made with gives numbers, but not the outputs. */
static void only_the_key_decrypts(void **state) {
  (void)state;
  parties p;
  ckks_secret_key *other = NULL, *loaded = NULL;
  uint8_t *keys = NULL;
  size_t n_keys = 0;
  blindsight_predictions *right, *wrong = NULL, *again;
  parties_build(&p, test_json, test_options());
  parties_infer(&p, test_rows, 1, BLINDSIGHT_LATENCY);
  const ckks_params *params = blindsight_client_params(p.client);
  assert_int_equal(blindsight_client_keygen(&other, &keys, &n_keys, p.client), CKKS_OK);
  assert_int_equal(ckks_secret_key_save(test_path("key"), p.secret, params), CKKS_OK);
  assert_int_equal(ckks_secret_key_load(&loaded, test_path("key"), params), CKKS_OK);
  assert_int_equal(blindsight_client_decrypt(&right, p.result, p.n_result, p.secret, p.client),
                   CKKS_OK);
  assert_int_equal(blindsight_client_decrypt(&wrong, p.result, p.n_result, other, p.client),
                   CKKS_ERROR_MISMATCH);
  assert_non_null(strstr(ckks_last_error(), "another secret key"));
  assert_int_equal(blindsight_client_decrypt(&again, p.result, p.n_result, loaded, p.client),
                   CKKS_OK);
  assert_memory_equal(right->output, again->output, 2 * sizeof(double));
  blindsight_predictions_free(right);
  blindsight_predictions_free(again);
  ckks_bytes_free(keys);
  ckks_secret_key_free(other);
  ckks_secret_key_free(loaded);
  parties_clear(&p);
}

static void what_is_wrong_is_named(void **state) {
  (void)state;
  parties p, q;
  uint8_t *sample = (uint8_t *)1, *keys = (uint8_t *)1;
  size_t n = 5, outside = 5;
  ckks_secret_key *key = (ckks_secret_key *)1;
  blindsight_predictions *out = (blindsight_predictions *)1;
  blindsight_compile_options options = test_options();
  parties_build(&p, test_json, options);
  options.throughput = false;
  options.error = 1e-3;
  parties_build(&q, test_json, options);
  parties_infer(&p, test_rows, 1, BLINDSIGHT_LATENCY);
  const double infinite[] = {1, (double)INFINITY, 2};
#define ENCRYPT(rows, n_rows, how, secret, client)                                                 \
  blindsight_client_encrypt(&sample, &n, &outside, rows, n_rows, how, secret, client)
  assert_fails(ENCRYPT(NULL, 1, BLINDSIGHT_LATENCY, p.secret, p.client), CKKS_ERROR_ARGUMENT,
               "rows");
  assert_null(sample);
  assert_int_equal(n, 0);
  assert_int_equal(outside, 0);
  assert_fails(ENCRYPT(test_rows, 0, BLINDSIGHT_LATENCY, p.secret, p.client), CKKS_ERROR_ARGUMENT,
               "n_rows");
  assert_fails(ENCRYPT(test_rows, 1, (blindsight_packing)3, p.secret, p.client),
               CKKS_ERROR_ARGUMENT, "packing = 3");
  assert_fails(ENCRYPT(test_rows, 1, BLINDSIGHT_THROUGHPUT, q.secret, q.client),
               CKKS_ERROR_ARGUMENT, "throughput");
  assert_fails(ENCRYPT(test_rows, 1, BLINDSIGHT_LATENCY, NULL, p.client), CKKS_ERROR_ARGUMENT,
               "secret");
  assert_fails(ENCRYPT(test_rows, 1, BLINDSIGHT_LATENCY, p.secret, NULL), CKKS_ERROR_ARGUMENT,
               "client");
  assert_fails(ENCRYPT(infinite, 1, BLINDSIGHT_LATENCY, p.secret, p.client), CKKS_ERROR_RANGE,
               "row 0: \"glucose\"");
  assert_fails(ENCRYPT(test_rows, 1, BLINDSIGHT_LATENCY, q.secret, p.client), CKKS_ERROR_MISMATCH,
               "secret key");
#undef ENCRYPT
  assert_fails(blindsight_client_encrypt(NULL, &n, NULL, test_rows, 1, BLINDSIGHT_LATENCY, p.secret,
                                         p.client),
               CKKS_ERROR_ARGUMENT, "sample");
  assert_fails(blindsight_client_encrypt(&sample, NULL, NULL, test_rows, 1, BLINDSIGHT_LATENCY,
                                         p.secret, p.client),
               CKKS_ERROR_ARGUMENT, "n_bytes");
  assert_fails(blindsight_client_keygen(&key, &keys, &n, NULL), CKKS_ERROR_ARGUMENT, "client");
  assert_null(key);
  assert_null(keys);
  assert_fails(blindsight_client_keygen(NULL, &keys, &n, p.client), CKKS_ERROR_ARGUMENT, "secret");
  assert_fails(blindsight_client_keygen(&key, NULL, &n, p.client), CKKS_ERROR_ARGUMENT, "keys");
  assert_fails(blindsight_client_keygen(&key, &keys, NULL, p.client), CKKS_ERROR_ARGUMENT, "n_byt");
#define DECRYPT(bytes, n_bytes, secret, client)                                                    \
  blindsight_client_decrypt(&out, bytes, n_bytes, secret, client)
  assert_fails(DECRYPT(p.sample, p.n_sample, p.secret, p.client), CKKS_ERROR_FORMAT, "sample");
  assert_null(out);
  assert_fails(DECRYPT(p.result, p.n_result - 1, p.secret, p.client), CKKS_ERROR_FORMAT, "result");
  assert_fails(DECRYPT(p.result, p.n_result, q.secret, p.client), CKKS_ERROR_MISMATCH, "secret");
  assert_fails(DECRYPT(p.result, p.n_result, q.secret, q.client), CKKS_ERROR_MISMATCH, "result");
  assert_fails(DECRYPT(NULL, 0, p.secret, p.client), CKKS_ERROR_ARGUMENT, "result");
  assert_fails(DECRYPT(p.result, 1, NULL, p.client), CKKS_ERROR_ARGUMENT, "secret");
  assert_fails(DECRYPT(p.result, 1, p.secret, NULL), CKKS_ERROR_ARGUMENT, "client");
#undef DECRYPT
  assert_fails(blindsight_client_decrypt(NULL, p.result, 1, p.secret, p.client),
               CKKS_ERROR_ARGUMENT, "out");
  parties_clear(&p);
  parties_clear(&q);
}

static void allocations_may_fail(void **state) {
  (void)state;
  parties p;
  ckks_secret_key *secret = NULL;
  uint8_t *keys = NULL, *sample = NULL;
  size_t n_keys = 0, n_sample = 0;
  blindsight_predictions *out = NULL;
  parties_build(&p, test_json, test_options());
  parties_infer(&p, test_rows, 2, BLINDSIGHT_THROUGHPUT);
  assert_survives_failing_memory(blindsight_client_keygen(&secret, &keys, &n_keys, p.client), {
    assert_null(secret);
    assert_null(keys);
  });
  assert_survives_failing_memory(blindsight_client_encrypt(&sample, &n_sample, NULL, test_rows, 2,
                                                           BLINDSIGHT_LATENCY, secret, p.client),
                                 assert_null(sample));
  assert_survives_failing_memory(
      blindsight_client_decrypt(&out, p.result, p.n_result, p.secret, p.client), assert_null(out));
  blindsight_predictions_free(out);
  ckks_bytes_free(keys);
  ckks_bytes_free(sample);
  ckks_secret_key_free(secret);
  parties_clear(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(encrypted_is_clear_to_within_the_prediction),
      cmocka_unit_test(the_last_activation_is_applied_once),
      cmocka_unit_test(values_beyond_the_range_are_counted),
      cmocka_unit_test(only_the_key_decrypts),
      cmocka_unit_test(what_is_wrong_is_named),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
