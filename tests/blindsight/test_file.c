/* SPDX-License-Identifier: Apache-2.0 */
/* What files say of themselves, without a key. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "blindsight/fixture.h"

static blindsight_file *load(const char *name) {
  blindsight_file *file = NULL;
  assert_int_equal(blindsight_file_load(&file, test_path(name)), CKKS_OK);
  return file;
}

static void each_kind_says_what_it_is(void **state) {
  (void)state;
  blindsight_server *server = test_server();
  blindsight_model *model = test_model();
  const blindsight_client *client = blindsight_server_client(server);
  ckks_secret_key *secret = NULL;
  uint8_t *keys = NULL, *sample = NULL;
  size_t n_keys = 0, n_sample = 0;
  assert_int_equal(blindsight_client_keygen(&secret, &keys, &n_keys, client), CKKS_OK);
  assert_int_equal(blindsight_client_encrypt(&sample, &n_sample, NULL, test_rows, 3,
                                             BLINDSIGHT_PACKING_AUTO, secret, client),
                   CKKS_OK);
  assert_int_equal(blindsight_model_save(test_path("m"), model), CKKS_OK);
  assert_int_equal(blindsight_server_save(test_path("s"), server), CKKS_OK);
  assert_int_equal(blindsight_client_save(test_path("c"), client), CKKS_OK);
  assert_int_equal(ckks_secret_key_save(test_path("k"), secret, blindsight_client_params(client)),
                   CKKS_OK);
  assert_int_equal(base_file_write(test_path("e"), keys, n_keys, 0644), CKKS_OK);
  assert_int_equal(base_file_write(test_path("x"), sample, n_sample, 0644), CKKS_OK);

  const blindsight_facts *facts = blindsight_client_facts(client);
  blindsight_file *file = load("m");
  assert_null(file->plan_id);
  assert_int_equal(blindsight_model_shape(file->model)->n_layers, 2);
  assert_string_equal(blindsight_model_names(file->model)->label[1], "ill");
  blindsight_file_free(file);
  for (int i = 0; i < 2; i++) { /* of a server only what clients may know */
    file = load(i == 0 ? "s" : "c");
    assert_memory_equal(file->plan_id, facts->id, BLINDSIGHT_HASH_BYTES);
    assert_int_equal(blindsight_client_facts(file->client)->key_bytes, facts->key_bytes);
    assert_null(file->model);
    blindsight_file_free(file);
  }
  file = load("k");
  assert_true(file->is_secret_key);
  assert_true(fabs(file->log2_qp - ckks_params_log2_qp(blindsight_client_params(client))) < 1e-6);
  assert_true(file->log2_qp <= file->log2_qp_limit);
  blindsight_file_free(file);
  file = load("e");
  assert_int_equal(file->n_keys, facts->n_keys);
  assert_int_equal(file->n_bytes, n_keys);
  blindsight_file_free(file);
  file = load("x");
  assert_true(file->is_message && file->packing == BLINDSIGHT_LATENCY);
  assert_int_equal(file->n_rows, 3);
  assert_int_equal(file->n_ciphertexts, 3);
  blindsight_file_free(file);
  assert_fails(blindsight_file_load(&file, test_file("t", "text")), CKKS_ERROR_FORMAT, "t");
  assert_null(file);
  ckks_bytes_free(keys);
  ckks_bytes_free(sample);
  ckks_secret_key_free(secret);
  blindsight_server_free(server);
  blindsight_model_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_kind_says_what_it_is)};
  return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
