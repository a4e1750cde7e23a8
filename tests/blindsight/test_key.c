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
  ckks_bytes_free(p.sample);
  assert_fails(blindsight_client_encrypt(&p.sample, &p.n_sample, NULL, rows, 2, BLINDSIGHT_LATENCY,
                                         p.secret, p.client),
               CKKS_ERROR_RANGE, "row 1: \"glucose\" is 639.5; this model answers for");
  parties_clear(&p);
}

/* What becomes of rows before they are encrypted, and of their answers: by their own numbers. */
typedef struct wanted {
  blindsight_packing packing;
  blindsight_out_of_range out_of_range;
  blindsight_state state[4];
} wanted;

static const double mixed_rows[] = {25, 100, 22, 60, 999, 40, 47, NAN, 28, 33, (double)INFINITY,
                                    31};

static void assert_sorted(parties *p, const wanted *w, const blindsight_predictions *clear) {
  blindsight_sorted *sorted;
  blindsight_predictions *found;
  blindsight_sort_options options;
  size_t n_outside, n_sent = 0;
  blindsight_sort_options_default(&options, sizeof options);
  assert_int_equal(options.out_of_range, BLINDSIGHT_REFUSE);
  options.packing = w->packing;
  options.out_of_range = w->out_of_range;
  assert_int_equal(blindsight_client_sort(&sorted, mixed_rows, 4, &options, p->client), CKKS_OK);
  assert_memory_equal(sorted->state, w->state, sizeof w->state);
  assert_int_equal(sorted->outlier[1].feature, 1);
  assert_true(sorted->outlier[1].value == 999 && sorted->outlier[1].high < 999);
  for (size_t i = 0; i < 4; i++)
    if (w->state[i] != BLINDSIGHT_REFUSED)
      assert_int_equal(sorted->number[n_sent++], i);
  assert_int_equal(sorted->n_sent, n_sent);
  if (w->state[1] == BLINDSIGHT_CLIPPED)
    assert_true(sorted->value[4] == sorted->outlier[1].high);
  ckks_bytes_free(p->sample);
  ckks_bytes_free(p->result);
  assert_int_equal(
      blindsight_client_encrypt(&p->sample, &p->n_sample, sorted->n_outside > 0 ? &n_outside : NULL,
                                sorted->value, n_sent, sorted->packing, p->secret, p->client),
      CKKS_OK);
  assert_int_equal(
      blindsight_session_infer(&p->result, &p->n_result, p->sample, p->n_sample, p->session),
      CKKS_OK);
  assert_int_equal(blindsight_client_decrypt(&found, p->result, p->n_result, p->secret, p->client),
                   CKKS_OK);
  assert_int_equal(found->n_rows, n_sent);
  if (n_sent < 4)
    assert_fails(blindsight_predictions_spread(found, sorted->state, 1), CKKS_ERROR_MISMATCH,
                 "other rows");
  assert_int_equal(blindsight_predictions_spread(found, sorted->state, 4), CKKS_OK);
  assert_int_equal(found->n_rows, 4);
  for (size_t i = 0; i < 4; i++) {
    if (w->state[i] == BLINDSIGHT_REFUSED) {
      assert_true(isnan(found->output[2 * i]) && found->largest[i] == BLINDSIGHT_NO_LABEL);
      assert_int_equal(found->state[i], BLINDSIGHT_REFUSED);
    } else if (w->state[i] == BLINDSIGHT_INSIDE) {
      assert_int_equal(found->state[i], BLINDSIGHT_INSIDE);
      assert_true(fabs(found->output[2 * i] - clear->output[2 * i]) < 1e-3);
    } else { /* the answer's own mark is worse than that of its row */
      assert_true(found->state[i] == w->state[i] || found->state[i] == BLINDSIGHT_BEYOND);
    }
  }
  blindsight_predictions_free(found);
  blindsight_sorted_free(sorted);
}

#define IN BLINDSIGHT_INSIDE
#define OUT BLINDSIGHT_OUTSIDE
#define NO BLINDSIGHT_REFUSED

static void rows_are_sorted_before_they_are_sent(void **state) {
  static const wanted cases[] = {
      {BLINDSIGHT_LATENCY, BLINDSIGHT_REFUSE, {IN, NO, IN, NO}},
      {BLINDSIGHT_LATENCY, BLINDSIGHT_CLIP, {IN, BLINDSIGHT_CLIPPED, IN, BLINDSIGHT_CLIPPED}},
      {BLINDSIGHT_LATENCY, BLINDSIGHT_MARK, {IN, OUT, IN, NO}}, /* no ciphertext holds infinity */
      {BLINDSIGHT_PACKING_AUTO, BLINDSIGHT_MARK, {IN, OUT, IN, NO}},
      {BLINDSIGHT_THROUGHPUT, BLINDSIGHT_REFUSE, {IN, NO, IN, NO}},
      {BLINDSIGHT_THROUGHPUT, BLINDSIGHT_CLIP, {IN, BLINDSIGHT_CLIPPED, IN, BLINDSIGHT_CLIPPED}},
      {BLINDSIGHT_THROUGHPUT, BLINDSIGHT_MARK, {IN, NO, IN, NO}}}; /* it could spoil the others */
  static const double inside[] = {25, 100, 22, 60, 180, 40, 47, NAN, 28, 33, 95, 31};
  parties p;
  blindsight_predictions *clear;
  blindsight_sorted *sorted = (blindsight_sorted *)1;
  blindsight_sort_options options;
  (void)state;
  parties_build(&p, test_json, test_options());
  assert_int_equal(blindsight_model_predict(&clear, inside, 4, p.model), CKKS_OK);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_sorted(&p, &cases[i], clear);
  blindsight_sort_options_default(&options, sizeof options);
  options.packing = (blindsight_packing)3;
  assert_fails(blindsight_client_sort(&sorted, inside, 4, &options, p.client), CKKS_ERROR_ARGUMENT,
               "packing = 3");
  assert_null(sorted);
  options.packing = BLINDSIGHT_LATENCY;
  options.out_of_range = (blindsight_out_of_range)3;
  assert_fails(blindsight_client_sort(&sorted, inside, 4, &options, p.client), CKKS_ERROR_ARGUMENT,
               "out_of_range = 3");
  assert_fails(blindsight_client_sort(&sorted, inside, 0, NULL, p.client), CKKS_ERROR_ARGUMENT,
               "n_rows");
  assert_string_equal(blindsight_state_name(BLINDSIGHT_SPOILT), "spoilt");
  assert_null(blindsight_state_name((blindsight_state)6));
  assert_survives_failing_memory(blindsight_client_sort(&sorted, mixed_rows, 4, NULL, p.client),
                                 assert_null(sorted));
  blindsight_sorted_free(sorted);
  blindsight_predictions_free(clear);
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
      cmocka_unit_test(rows_are_sorted_before_they_are_sent),
      cmocka_unit_test(only_the_key_decrypts),
      cmocka_unit_test(what_is_wrong_is_named),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
