/* SPDX-License-Identifier: Apache-2.0 */
/* The public half of a compiled model. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "blindsight/fixture.h"

#include <math.h>
#include <sys/stat.h>

static void assert_same_client(const blindsight_client *a, const blindsight_client *b) {
  const blindsight_names *x = blindsight_client_names(a), *y = blindsight_client_names(b);
  assert_string_equal(x->name, y->name);
  assert_int_equal(x->n_features, y->n_features);
  assert_int_equal(x->n_labels, y->n_labels);
  for (size_t i = 0; i < x->n_features; i++)
    assert_string_equal(x->feature[i], y->feature[i]);
  for (size_t i = 0; i < x->n_labels; i++)
    assert_string_equal(x->label[i], y->label[i]);
  assert_memory_equal(ckks_params_hash(blindsight_client_params(a)),
                      ckks_params_hash(blindsight_client_params(b)), CKKS_HASH_BYTES);
}

static void files_keep_a_client(void **state) {
  (void)state;
  blindsight_server *server = test_server();
  blindsight_client *client = NULL;
  struct stat attributes;
  umask(022);
  assert_int_equal(blindsight_client_save(test_path("c"), blindsight_server_client(server)),
                   CKKS_OK);
  assert_int_equal(stat(test_path("c"), &attributes), 0);
  assert_int_equal(attributes.st_mode & 0777, 0644);
  assert_int_equal(blindsight_client_load(&client, test_path("c")), CKKS_OK);
  assert_same_client(client, blindsight_server_client(server));
  const blindsight_names *names = blindsight_client_names(client);
  assert_string_equal(names->name, "example");
  assert_string_equal(names->feature[1], "glucose");
  assert_string_equal(names->label[0], "healthy");
  blindsight_client_free(client);
  blindsight_client_free(NULL);
  blindsight_server_free(server);
}

/* Each figure against what really travels. */
static void facts_are_true(void **state) {
  (void)state;
  blindsight_server *server = test_server();
  const blindsight_client *client = blindsight_server_client(server);
  const blindsight_facts *facts = blindsight_client_facts(client);
  ckks_secret_key *secret = NULL;
  blindsight_session *session = NULL;
  uint8_t *keys = NULL;
  size_t n_keys = 0, slots = ckks_params_slots(blindsight_client_params(client));
  assert_int_equal(blindsight_client_keygen(&secret, &keys, &n_keys, client), CKKS_OK);
  assert_int_equal(blindsight_session_build(&session, server, keys, n_keys, 1), CKKS_OK);
  assert_int_equal(facts->depth, 3);
  assert_true(facts->n_keys > 0);
  assert_true(facts->max_abs_input > 15.9 && facts->max_abs_input < 16.1); /* 4, with headroom */
  assert_int_equal(n_keys, facts->key_bytes);
  assert_int_equal(facts->cost[BLINDSIGHT_LATENCY].rows, 1);
  assert_int_equal(facts->cost[BLINDSIGHT_THROUGHPUT].rows, slots);
  for (int packing = 0; packing < BLINDSIGHT_N_PACKINGS; packing++) {
    const blindsight_cost *cost = &facts->cost[packing];
    uint8_t *sample = NULL, *result = NULL;
    size_t n_sample = 0, n_result = 0;
    double *rows = base_alloc_array(3 * cost->rows, sizeof *rows);
    for (size_t i = 0; i < 3 * cost->rows; i++)
      rows[i] = test_rows[i % 3];
    assert_int_equal(blindsight_client_encrypt(&sample, &n_sample, NULL, rows, cost->rows,
                                               (blindsight_packing)packing, secret, client),
                     CKKS_OK);
    base_free(rows);
    assert_int_equal(blindsight_session_infer(&result, &n_result, sample, n_sample, session),
                     CKKS_OK);
    assert_in_range(n_sample, cost->upload_bytes, cost->upload_bytes + 200);
    assert_in_range(n_result, cost->download_bytes, cost->download_bytes + 200);
    assert_true(cost->available);
    assert_true(cost->predicted_ms > 0 && cost->predicted_ms < 1e4);
    assert_true(cost->predicted_error > 1e-9 && cost->predicted_error <= 1e-4);
    ckks_bytes_free(sample);
    ckks_bytes_free(result);
  }
  ckks_bytes_free(keys);
  ckks_secret_key_free(secret);
  blindsight_session_free(session);
  blindsight_server_free(server);
}

static void wrong_files_are_refused(void **state) {
  (void)state;
  blindsight_server *server = test_server();
  blindsight_client *client = (blindsight_client *)1;
  assert_int_equal(blindsight_server_save(test_path("s"), server), CKKS_OK);
  assert_fails(blindsight_client_load(&client, test_path("s")), CKKS_ERROR_FORMAT, "server file");
  assert_null(client);
  assert_fails(blindsight_client_load(&client, test_path("none")), CKKS_ERROR_IO, "none");
  assert_fails(blindsight_client_load(&client, test_file("t", "BLINDSGT")), CKKS_ERROR_FORMAT, "t");
  assert_fails(blindsight_client_load(&client, NULL), CKKS_ERROR_ARGUMENT, "path");
  assert_fails(blindsight_client_load(NULL, "x"), CKKS_ERROR_ARGUMENT, "out");
  assert_null(client);
  const blindsight_client *own = blindsight_server_client(server);
  assert_fails(blindsight_client_save(NULL, own), CKKS_ERROR_ARGUMENT, "path");
  assert_fails(blindsight_client_save("x", NULL), CKKS_ERROR_ARGUMENT, "client");
  assert_fails(blindsight_client_save(test_path("no/where"), own), CKKS_ERROR_IO, "no/where");
  blindsight_server_free(server);
}

static void allocations_may_fail(void **state) {
  (void)state;
  blindsight_server *server = test_server();
  blindsight_client *client = NULL;
  const char *path = test_path("f");
  assert_survives_failing_memory(blindsight_client_save(path, blindsight_server_client(server)),
                                 (void)0);
  assert_survives_failing_memory(blindsight_client_load(&client, path), assert_null(client));
  blindsight_client_free(client);
  blindsight_server_free(server);
}

/* What a message says of itself before it is opened; packings that there are; rows that are told to
 * be outside of what the model was measured on. */
static void messages_tell_what_they_are(void **state) {
  (void)state;
  blindsight_server *server = test_server();
  const blindsight_client *client = blindsight_server_client(server);
  size_t n_features = blindsight_client_names(client)->n_features;
  ckks_secret_key *secret = NULL;
  uint8_t *keys = NULL;
  size_t n_keys = 0;
  double rows[16] = {0}, far[16] = {0};
  assert_true(2 * n_features <= 16);
  far[0] = 1e9;
  assert_int_equal(blindsight_client_keygen(&secret, &keys, &n_keys, client), CKKS_OK);
  for (int packing = 0; packing < BLINDSIGHT_N_PACKINGS; packing++) {
    uint8_t *sample = NULL;
    size_t n_sample = 0, n_outside = 9, n_rows = 0;
    blindsight_packing told = (blindsight_packing)7;
    assert_int_equal(blindsight_client_encrypt(&sample, &n_sample, &n_outside, rows, 2,
                                               (blindsight_packing)packing, secret, client),
                     CKKS_OK);
    assert_int_equal(blindsight_message_peek(&told, &n_rows, sample, n_sample), CKKS_OK);
    assert_int_equal(told, packing);
    assert_int_equal(n_rows, 2);
    ckks_bytes_free(sample);
  }
  uint8_t *sample = NULL;
  size_t n_sample = 0, n_outside = 0;
  assert_int_equal(blindsight_client_encrypt(&sample, &n_sample, &n_outside, rows, 1,
                                             (blindsight_packing)77, secret, client),
                   CKKS_ERROR_ARGUMENT);
  assert_null(sample);
  /* Refused, or told: never silent. */
  ckks_status status = blindsight_client_encrypt(&sample, &n_sample, &n_outside, far, 1,
                                                 BLINDSIGHT_LATENCY, secret, client);
  assert_true(status != CKKS_OK || n_outside >= 1);
  ckks_bytes_free(sample);
  sample = NULL;
  far[0] = (double)INFINITY;
  assert_int_not_equal(blindsight_client_encrypt(&sample, &n_sample, &n_outside, far, 1,
                                                 BLINDSIGHT_LATENCY, secret, client),
                       CKKS_OK);
  assert_null(sample);
  ckks_bytes_free(keys);
  ckks_secret_key_free(secret);
  blindsight_server_free(server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages_tell_what_they_are),
      cmocka_unit_test(files_keep_a_client),
      cmocka_unit_test(facts_are_true),
      cmocka_unit_test(wrong_files_are_refused),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
