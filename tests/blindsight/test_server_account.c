/* SPDX-License-Identifier: Apache-2.0 */
/* The account and the operations of a plan, its simulation, and units that it is made for. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "base/cpu.h"
#include "blindsight/fixture.h"
#include "compile/units.h"

/* Milliseconds add up, errors by their squares; both are those of the facts. */
static void stages_add_up(void **state) {
  (void)state;
  blindsight_server *server = test_server();
  const blindsight_facts *facts = blindsight_client_facts(blindsight_server_client(server));
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++) {
    const blindsight_account *account = blindsight_server_account(server, (blindsight_packing)p);
    double ms = 0, squares = 0;
    assert_int_equal(account->n_stages, 4); /* the input, two layers, the result */
    for (size_t i = 0; i < account->n_stages; i++) {
      ms += account->stage[i].ms;
      squares += account->stage[i].error * account->stage[i].error;
    }
    assert_true(fabs(ms - facts->cost[p].predicted_ms) < 1e-9 * ms);
    assert_true(fabs(sqrt(squares) - facts->cost[p].predicted_error) < 1e-9);
    assert_int_equal(account->stage[1].n_in, 3);
    assert_int_equal(account->stage[2].n_out, 2);
  }
  assert_null(blindsight_server_account(server, BLINDSIGHT_PACKING_AUTO));
  blindsight_server_free(server);
}

/* A file does not say stages, but still has its operations: down to level 0. */
static void operations_are_told_in_words(void **state) {
  (void)state;
  blindsight_server *server = test_server(), *loaded = NULL;
  char text[BLINDSIGHT_TEXT_BYTES];
  int level = -1, last = -1;
  size_t n = 0;
  assert_int_equal(blindsight_server_save(test_path("s"), server), CKKS_OK);
  assert_int_equal(blindsight_server_load(&loaded, test_path("s")), CKKS_OK);
  assert_int_equal(blindsight_server_account(loaded, BLINDSIGHT_LATENCY)->n_stages, 0);
  for (; blindsight_server_operation(text, &level, loaded, BLINDSIGHT_LATENCY, n); n++) {
    assert_true(strlen(text) > 3);
    last = level;
  }
  assert_true(n > 2);
  assert_int_equal(last, 0);
  assert_string_equal(text, "");
  blindsight_server_free(server);
  blindsight_server_free(loaded);
}

static void simulation_is_near_and_repeatable(void **state) {
  (void)state;
  blindsight_server *server = test_server();
  blindsight_model *model = test_model();
  blindsight_predictions *clear, *once, *again, *other;
  assert_int_equal(blindsight_model_predict(&clear, test_rows, TEST_N_ROWS, model), CKKS_OK);
#define SIMULATE(out, seed, n_threads)                                                             \
  assert_int_equal(blindsight_server_simulate(out, test_rows, TEST_N_ROWS, BLINDSIGHT_THROUGHPUT,  \
                                              seed, n_threads, server),                            \
                   CKKS_OK)
  SIMULATE(&once, 1, 1);
  SIMULATE(&again, 1, 3);
  SIMULATE(&other, 2, 1);
  size_t n_bytes = TEST_N_ROWS * clear->n_outputs * sizeof(double);
  assert_memory_equal(once->output, again->output, n_bytes);
  assert_memory_not_equal(once->output, other->output, n_bytes);
  for (size_t i = 0; i < TEST_N_ROWS * clear->n_outputs; i++)
    assert_true(fabs(once->output[i] - clear->output[i]) < 1e-4 * fmax(1, fabs(clear->output[i])));
  blindsight_predictions_free(clear);
  blindsight_predictions_free(once);
  blindsight_predictions_free(again);
  blindsight_predictions_free(other);
  blindsight_server_free(server);
  blindsight_model_free(model);
}

/* A machine ten times as slow takes ten times as long. */
static void units_are_heard(void **state) {
  (void)state;
  blindsight_model *model = test_model();
  blindsight_server *fast, *slow;
  blindsight_units *units[2];
  blindsight_compile_options options = test_options();
  static const char form[] =
      "{\"cpu\": \"%s\", \"kernel\": \"%s\", \"ntt_butterfly_ns\": %d,"
      " \"mac_word_ns\": %d, \"mac_far_word_ns\": %d, \"convert_word_ns\": %d,"
      " \"permute_word_ns\": %d, \"point_word_ns\": %d, \"sum_word_ns\": %d,"
      " \"sum_far_word_ns\": %d, \"point_far_word_ns\": %d}";
  for (int i = 0; i < 2; i++) {
    char text[512];
    int ns = i == 0 ? 1 : 10;
    snprintf(text, sizeof text, form, base_cpu_get()->name, compile_units_kernel(), ns, ns, ns, ns,
             ns, ns, ns, ns, ns);
    assert_int_equal(blindsight_units_load(&units[i], test_file("u", text)), CKKS_OK);
    assert_true(units[i]->n == 9 && units[i]->unit[8].ns == ns);
  }
  options.log2_n = 13;
  options.units = units[0];
  assert_int_equal(blindsight_server_compile(&fast, model, &options), CKKS_OK);
  options.units = units[1];
  assert_int_equal(blindsight_server_compile(&slow, model, &options), CKKS_OK);
  const blindsight_facts *quick = blindsight_client_facts(blindsight_server_client(fast));
  const blindsight_facts *long_ = blindsight_client_facts(blindsight_server_client(slow));
  assert_true(long_->cost[BLINDSIGHT_LATENCY].predicted_ms >
              5 * quick->cost[BLINDSIGHT_LATENCY].predicted_ms);
  for (int i = 0; i < 2; i++)
    blindsight_units_free(units[i]);
  blindsight_server_free(fast);
  blindsight_server_free(slow);
  blindsight_model_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stages_add_up),
      cmocka_unit_test(operations_are_told_in_words),
      cmocka_unit_test(simulation_is_near_and_repeatable),
      cmocka_unit_test(units_are_heard),
  };
  return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
