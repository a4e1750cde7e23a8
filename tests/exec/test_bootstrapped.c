/* SPDX-License-Identifier: Apache-2.0 */
/* A plan that bootstraps once: its bytes, its check, its reading, its run. */
#include "golden/bootstrapped.h"

#include <math.h>
#include <stdio.h>

#include "base/file.h"
#include "ckks/encode.h"
#include "compile/work.h"
#include "exec/exec.h"
#include "plan/bytes.h"
#include "plan/reading.h"

#define MOST 0.0003 /* of errors: q_0 / S_0 = 2^11 leaves some fifteen bits at this ring degree */

static const ckks_bootstrap_literal literal = {.log2_n = 11,
                                               .log2_slots = 3,
                                               .base_bits = 48,
                                               .n_levels = 5,
                                               .level_bits = 37,
                                               .inner_bits = 49,
                                               .n_stc = 3,
                                               .n_cts = 2,
                                               .n_p = 4,
                                               .p_bits = 49,
                                               .security = CKKS_SECURITY_NONE};

/* --- running it */

typedef struct world {
  plan_plan plan;
  exec_engine *engine;
  exec_session *session;
  ckks_secret_key *secret;
  ckks_evaluation_keys *keys;
  const ckks_params *params;
  ckks_ciphertext *input;
} world;

static void world_encrypt(world *w, const double *values) {
  const plan_layout *layout = &w->plan.interface.layout[PLAN_LATENCY];
  ckks_plaintext *plaintext;
  assert_ok(ckks_plaintext_build(&plaintext, w->params));
  assert_ok(ckks_encode_repeat(plaintext, values, N, layout->input_level, layout->input_scale,
                               w->params));
  assert_ok(ckks_encrypt(w->input, plaintext, w->secret, w->params));
  ckks_plaintext_free(plaintext);
}

static void world_build(world *w, const double *values) {
  memset(w, 0, sizeof *w);
  make_plan(&w->plan, &literal);
  w->params = w->plan.interface.params;
  assert_ok(exec_engine_build(&w->engine, &w->plan, SIZE_MAX));
  assert_ok(ckks_secret_key_generate(&w->secret, w->params));
  assert_ok(ckks_evaluation_keys_generate(&w->keys, w->plan.interface.key, w->plan.interface.n_keys,
                                          w->secret, w->params));
  assert_ok(exec_session_build(&w->session, w->engine, w->keys));
  assert_ok(ckks_ciphertext_build(&w->input, w->params));
  world_encrypt(w, values);
}

static void world_clear(world *w) {
  exec_session_free(w->session);
  exec_engine_free(w->engine);
  ckks_ciphertext_free(w->input);
  ckks_evaluation_keys_free(w->keys);
  ckks_secret_key_free(w->secret);
  plan_clear(&w->plan);
}

static void decrypt(double *values, const ckks_ciphertext *output, const world *w) {
  ckks_plaintext *plaintext;
  assert_ok(ckks_plaintext_build(&plaintext, w->params));
  assert_ok(ckks_decrypt(plaintext, output, w->secret, w->params));
  assert_ok(ckks_decode_real(values, N, plaintext, w->params));
  ckks_plaintext_free(plaintext);
}

/* The program on doubles: what bootstrapping makes of values, the sine included. */
static void read_clear(double *out, const double *values, const plan_plan *plan) {
  assert_ok(plan_reading_run(&out, &values, &plan->program[PLAN_LATENCY], plan->vector, N, NULL));
}

static const double ordinary[N] = {0.5, -1, 2, 3.5, -4, 0.25, 0, -3};

static void test_run_is_what_the_clear_reading_says(void **unused) {
  world w;
  const ckks_ciphertext *output;
  double clear[N], encrypted[N];
  (void)unused;
  world_build(&w, ordinary);
  assert_ok(exec_session_run(&output, &w.input, PLAN_LATENCY, w.session));
  decrypt(encrypted, output, &w);
  read_clear(clear, ordinary, &w.plan);
  for (size_t i = 0; i < N; i++) {
    assert_true(fabs(clear[i] - ordinary[i] * ordinary[i] * weight[i] / 4.0) < MOST);
    assert_true(fabs(encrypted[i] - clear[i]) < MOST);
  }
  world_clear(&w);
}

/* Far beyond its range a value folds back, and the reading says to what. */
static void test_values_that_fold_back(void **unused) {
  static const double far[N] = {60, -200, 700, 1e3, -3e3, 5e3, 9e3, 1};
  world w;
  const ckks_ciphertext *output;
  double clear[N], encrypted[N];
  (void)unused;
  world_build(&w, far);
  assert_ok(exec_session_run(&output, &w.input, PLAN_LATENCY, w.session));
  decrypt(encrypted, output, &w);
  read_clear(clear, far, &w.plan);
  for (size_t i = 0; i < N; i++)
    if (fabs(encrypted[i] - clear[i]) > 1e-3 * fmax(1.0, fabs(clear[i])))
      fail_msg("%g became %.6f, the clear reading says %.6f", far[i], encrypted[i], clear[i]);
  assert_true(fabs(clear[5] - far[5] * far[5] * weight[5] / 4.0) > 1.0);
  world_clear(&w);
}

static void test_threads_change_no_bit(void **unused) {
  world w;
  const ckks_ciphertext *output;
  base_threads *threads;
  (void)unused;
  world_build(&w, ordinary);
  assert_ok(exec_session_run(&output, &w.input, PLAN_LATENCY, w.session));
  size_t n_bytes = w.params->ring.n * sizeof(ring_word);
  ring_word *alone = base_alloc(n_bytes);
  memcpy(alone, ring_poly_limb(&output->part[0], 0), n_bytes);
  assert_ok(base_threads_build(&threads, 3));
  assert_ok(exec_session_set_threads(w.session, threads));
  assert_ok(exec_session_run(&output, &w.input, PLAN_LATENCY, w.session));
  assert_memory_equal(alone, ring_poly_limb(&output->part[0], 0), n_bytes);
  assert_ok(exec_session_set_threads(w.session, NULL));
  base_threads_free(threads);
  base_free(alone);
  world_clear(&w);
}

/* What is foretold is what is counted, to the word. */
static void test_counts(void **unused) {
  world w;
  const ckks_ciphertext *output;
  compile_work work;
  ckks_bootstrapper *outline;
  (void)unused;
  world_build(&w, ordinary);
  ckks_evaluator *ev = exec_session_evaluator(w.session);
  ev->counters = (eval_counters){0};
  assert_ok(exec_session_run(&output, &w.input, PLAN_LATENCY, w.session));
  const plan_interface *interface = &w.plan.interface;
  assert_ok(eval_bootstrap_outline(&outline, &literal, w.params));
  compile_work_program(&work, &w.plan, &w.plan.program[PLAN_LATENCY], &interface->literal,
                       interface->key, interface->n_keys, SIZE_MAX, outline);
  assert_int_equal(work.ntt, ev->counters.ntt);
  assert_int_equal(work.mac_words, ev->counters.mac_words);
  assert_int_equal(work.convert_words, ev->counters.convert_words);
  assert_int_equal(work.permute_words, ev->counters.permute_words);
  assert_int_equal(work.switches, ev->counters.switches);
  ckks_bootstrapper_free(outline);
  world_clear(&w);
}

static void test_no_memory_at_any_moment(void **unused) {
  plan_plan plan;
  exec_engine *engine;
  (void)unused;
  make_plan(&plan, &literal);
  for (long k = 1;; k += 7) {
    base_alloc_fail_at(k);
    ckks_status status = exec_engine_build(&engine, &plan, SIZE_MAX);
    base_alloc_fail_at(0);
    if (status == CKKS_OK)
      break;
    assert_int_equal(status, CKKS_ERROR_MEMORY);
    assert_null(engine);
  }
  exec_engine_free(engine);
  plan_clear(&plan);
}

/* --- bytes and checks */

static ckks_status read_back(plan_plan *out, const base_buffer *buffer) {
  base_reader reader;
  base_reader_init(&reader, buffer->bytes, buffer->n_bytes);
  return plan_bytes_read(out, &reader);
}

static void write_bytes(base_buffer *buffer, const plan_plan *plan) {
  base_buffer_init(buffer, PLAN_FILES_MAX_SERVER_BYTES);
  plan_bytes_write(buffer, plan);
  assert_ok(base_buffer_status(buffer));
}

static void test_bytes_and_back(void **unused) {
  plan_plan plan, copy;
  base_buffer buffer, again;
  (void)unused;
  make_plan(&plan, &literal);
  write_bytes(&buffer, &plan);
  assert_ok(read_back(&copy, &buffer));
  assert_int_equal(copy.interface.depth, 300);
  assert_int_equal(copy.interface.n_bootstraps, 1);
  assert_memory_equal(&copy.interface.bootstrap, &literal, sizeof literal);
  write_bytes(&again, &copy);
  assert_int_equal(again.n_bytes, buffer.n_bytes);
  assert_memory_equal(again.bytes, buffer.bytes, buffer.n_bytes);
  assert_ok(plan_interface_build(&copy.interface)); /* the primes and scales of the literal's own */
  assert_memory_equal(copy.interface.params->hash, plan.interface.params->hash, CKKS_HASH_BYTES);
  base_buffer_clear(&buffer);
  base_buffer_clear(&again);
  plan_clear(&copy);
  plan_clear(&plan);
}

/* The literal, or the operation, does not fit: written so, none of it is read again. */
static void assert_refused(void (*spoil)(plan_plan *), const char *words) {
  plan_plan plan, copy;
  base_buffer buffer;
  make_plan(&plan, &literal);
  spoil(&plan);
  write_bytes(&buffer, &plan);
  assert_int_equal(read_back(&copy, &buffer), CKKS_ERROR_FORMAT);
  if (strstr(ckks_last_error(), words) == NULL)
    fail_msg("'%s' where '%s' was expected", ckks_last_error(), words);
  base_buffer_clear(&buffer);
  plan_clear(&plan);
}

static void other_levels(plan_plan *plan) {
  plan->interface.bootstrap.n_levels = 6;
}
static void other_scale(plan_plan *plan) {
  plan->interface.bootstrap.level_bits = 35;
}
static void no_stages(plan_plan *plan) {
  plan->interface.bootstrap.n_stc = 0;
}
static void other_slots(plan_plan *plan) {
  plan->program[PLAN_LATENCY].op[1].index = 4;
}
static void other_level(plan_plan *plan) {
  plan->program[PLAN_LATENCY].op[1].level = 4;
}
static void other_range(plan_plan *plan) {
  plan->program[PLAN_LATENCY].op[1].factor *= 1.001;
}
static void no_range(plan_plan *plan) {
  plan->program[PLAN_LATENCY].op[1].factor = 0.0;
}
static void no_literal(plan_plan *plan) {
  plan->interface.bootstrap = (ckks_bootstrap_literal){0};
  plan->interface.depth = 3;
}
static void no_literal_no_sparse(plan_plan *plan) {
  no_literal(plan);
  size_t n = 0;
  for (size_t i = 0; i < plan->interface.n_keys; i++)
    if (plan->interface.key[i].galois % 2 == 1)
      plan->interface.key[n++] = plan->interface.key[i];
  plan->interface.n_keys = n;
}
static void too_deep(plan_plan *plan) {
  plan->interface.depth = 65536;
}

static void test_refusals(void **unused) {
  (void)unused;
  assert_refused(other_levels, "primes are not those");
  assert_refused(other_scale, "primes are not those");
  assert_refused(no_stages, "n_stc");
  assert_refused(other_slots, "of other slots");
  assert_refused(other_level, "to another level");
  assert_refused(other_range, "scales that do not meet");
  assert_refused(no_range, "scales that do not meet");
  assert_refused(no_literal, "keys");
  assert_refused(no_literal_no_sparse, "not made for it");
  assert_refused(too_deep, "bootstrapping");
}

/* Files at 128 bits mean what they meant, and are what is written today. */
static void assert_golden(const char *name, const uint8_t *bytes, size_t n) {
  char path[64];
  uint8_t *kept;
  size_t n_kept;
  snprintf(path, sizeof path, "tests/golden/bootstrapped.%s", name);
  assert_ok(base_file_read(&kept, &n_kept, path, (size_t)1 << 20));
  assert_int_equal(n, n_kept);
  assert_memory_equal(bytes, kept, n);
  base_free(kept);
}

static void test_golden(void **unused) {
  plan_plan plan, read;
  plan_interface client;
  ckks_bootstrap_literal set;
  uint8_t *server_bytes, *client_bytes;
  size_t n_server, n_client;
  (void)unused;
  assert_ok(ckks_bootstrap_literal_choose(&set, CKKS_BOOTSTRAP_N15));
  set.log2_slots = 3;
  make_plan(&plan, &set);
  assert_ok(plan_files_server_bytes(&server_bytes, &n_server, &plan));
  assert_ok(plan_files_client_bytes(&client_bytes, &n_client, &plan.interface));
  assert_golden("server", server_bytes, n_server);
  assert_golden("client", client_bytes, n_client);
  assert_ok(plan_files_server_parse(&read, server_bytes, n_server, "server"));
  assert_ok(plan_files_client_parse(&client, client_bytes, n_client, "client"));
  assert_memory_equal(&client.bootstrap, &set, sizeof set);
  assert_int_equal(client.n_keys, plan.interface.n_keys);
  plan_interface_clear(&client);
  plan_clear(&read);
  plan_clear(&plan);
  base_free(server_bytes);
  base_free(client_bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_run_is_what_the_clear_reading_says),
      cmocka_unit_test(test_values_that_fold_back),
      cmocka_unit_test(test_threads_change_no_bit),
      cmocka_unit_test(test_counts),
      cmocka_unit_test(test_no_memory_at_any_moment),
      cmocka_unit_test(test_bytes_and_back),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_golden),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
