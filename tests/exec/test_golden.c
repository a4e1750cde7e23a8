/* SPDX-License-Identifier: Apache-2.0 */
/* The committed files of a compiled model still mean what they meant; bad ones are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/file.h"
#include "client/client.h"
#include "exec/exec.h"
#include "force.h"
#include "golden/bare.h"
#include "golden/plan.h"
#include "network/files.h"
#include "plan/files.h"
#include "secret/secret.h"
#include "wire/sample.h"

#include <math.h>
#include <stdio.h>

typedef struct file {
  uint8_t *bytes;
  size_t n;
} file;

static void assert_ok(ckks_status status) {
  if (status != CKKS_OK)
    fail_msg("%s", ckks_last_error());
}

static file load(const char *name) {
  char path[256];
  file f;
  snprintf(path, sizeof path, "tests/golden/%s", name);
  assert_ok(base_file_read(&f.bytes, &f.n, path, (size_t)1 << 24));
  return f;
}

/* The two sides as the files describe them. */
typedef struct sides {
  network_model model;
  plan_plan plan;
  plan_interface interface;
  exec_engine *engine;
  ckks_secret_key *secret;
  ckks_evaluation_keys *keys;
  exec_session *session;
} sides;

static int sides_build(void **state) {
  static sides s;
  file model = load("plan.model"), server = load("plan.server"), client = load("plan.client");
  file key = load("plan.key"), keys = load("plan.keys");
  assert_ok(network_files_parse(&s.model, model.bytes, model.n, "plan.model"));
  assert_ok(plan_files_server_parse(&s.plan, server.bytes, server.n, "plan.server"));
  assert_ok(plan_files_client_parse(&s.interface, client.bytes, client.n, "plan.client"));
  assert_ok(exec_engine_build(&s.engine, &s.plan, EXEC_WEIGHTS_BYTES));
  assert_ok(secret_file_read(&s.secret, key.bytes, key.n, "plan.key", s.interface.params));
  assert_ok(bare_keys(&s.keys, keys.bytes, keys.n, s.engine));
  assert_ok(exec_session_build(&s.session, s.engine, s.keys));
  base_free(model.bytes);
  base_free(server.bytes);
  base_free(client.bytes);
  base_free(key.bytes);
  base_free(keys.bytes);
  *state = &s;
  return 0;
}

static int sides_clear(void **state) {
  sides *s = *state;
  exec_session_free(s->session);
  ckks_evaluation_keys_free(s->keys);
  ckks_secret_key_free(s->secret);
  exec_engine_free(s->engine);
  plan_interface_clear(&s->interface);
  plan_clear(&s->plan);
  network_clear(&s->model);
  return 0;
}

static void expect_outputs(const sides *s, const file *result) {
  double *outputs = NULL, clear[2];
  size_t n_rows = 0;
  assert_ok(client_decrypt(&outputs, &n_rows, result->bytes, result->n, "plan.result", s->secret,
                           &s->interface));
  assert_int_equal(n_rows, GOLDEN_PLAN_ROWS);
  for (size_t row = 0; row < n_rows; row++) {
    network_forward_rows(clear, golden_rows + 3 * row, 1, &s->model);
    for (size_t k = 0; k < 2; k++)
      assert_true(fabs(outputs[2 * row + k] - clear[k]) <= GOLDEN_PLAN_ERROR);
  }
  base_free(outputs);
}

static void test_result_decrypts(void **state) {
  file result = load("plan.result");
  expect_outputs(*state, &result);
  base_free(result.bytes);
}

/* Evaluation is deterministic: the same sample and keys give the same result, byte for byte. */
static void test_sample_evaluates(void **state) {
  sides *s = *state;
  file sample = load("plan.sample"), golden = load("plan.result"), result;
  assert_ok(bare_infer(&result.bytes, &result.n, sample.bytes, sample.n, s->session));
  expect_outputs(s, &result);
  assert_int_equal(result.n, golden.n);
  assert_memory_equal(result.bytes, golden.bytes, golden.n);
  base_free(sample.bytes);
  base_free(golden.bytes);
  base_free(result.bytes);
}

/* The golden keys have no public key: whoever holds messages only gets no result for them. */
static void test_keys_are_refused(void **state) {
  const sides *s = *state;
  file keys = load("plan.keys"), sample = load("plan.sample"), result;
  ckks_evaluation_keys *read = NULL;
  assert_int_equal(exec_keys_read(&read, keys.bytes, keys.n, "plan.keys", s->engine, NULL),
                   CKKS_ERROR_KEY);
  assert_non_null(strstr(ckks_last_error(), "plan.keys: there is no public key"));
  assert_null(read);
  assert_int_equal(
      exec_infer(&result.bytes, &result.n, sample.bytes, sample.n, "plan.sample", s->session),
      CKKS_ERROR_KEY);
  assert_null(result.bytes);
  base_free(keys.bytes);
  base_free(sample.bytes);
}

static void test_model_is_the_model(void **state) {
  const sides *s = *state;
  network_model expected;
  uint8_t *bytes = NULL;
  size_t n = 0;
  file golden = load("plan.model");
  assert_ok(golden_model(&expected));
  assert_ok(network_files_bytes(&bytes, &n, &expected));
  assert_int_equal(n, golden.n);
  assert_memory_equal(bytes, golden.bytes, n);
  assert_memory_equal(s->plan.interface.id, s->interface.id, PLAN_ID_BYTES);
  base_free(bytes);
  base_free(golden.bytes);
  network_clear(&expected);
}

static void refuse_sample(const sides *s, const char *name, const char *words) {
  file f = load(name);
  wire_sample sample;
  assert_int_equal(wire_sample_read(&sample, f.bytes, f.n, name, &s->interface), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(ckks_last_error(), name));
  assert_non_null(strstr(ckks_last_error(), words));
  assert_null(sample.ciphertext);
  base_free(f.bytes);
}

static void refuse_result(const sides *s, const char *name, const char *words) {
  file f = load(name);
  wire_result result;
  assert_int_equal(wire_result_read(&result, f.bytes, f.n, name, &s->interface), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(ckks_last_error(), words));
  assert_null(result.sparse);
  base_free(f.bytes);
}

/* What is peeked at is what is read; bytes that say nothing are one row. */
static void test_peeks(void **state) {
  const sides *s = *state;
  file f = load("plan.sample");
  wire_sample sample;
  uint8_t id[32];
  assert_ok(wire_sample_read(&sample, f.bytes, f.n, "s", &s->interface));
  assert_int_equal(wire_head_peek_rows(f.bytes, f.n), sample.n_rows);
  assert_int_equal(wire_head_peek_packing(f.bytes, f.n), sample.packing);
  base_frame_peek_plan(id, f.bytes);
  assert_memory_equal(id, s->interface.id, sizeof id);
  assert_int_equal(wire_head_peek_rows(f.bytes, 100), 1);
  assert_int_equal(wire_head_peek_rows(NULL, 0), 1);
  f.bytes[BASE_FRAME_HEADER_BYTES + 6] = 0xff; /* more rows than a message holds */
  assert_int_equal(wire_head_peek_rows(f.bytes, f.n), 1);
  wire_sample_clear(&sample);
  base_free(f.bytes);
}

static void test_bad_messages(void **state) {
  refuse_sample(*state, "bad_sample_packing.bin", "header");
  refuse_sample(*state, "bad_sample_fold.bin", "fold");
  refuse_sample(*state, "bad_sample_rows.bin", "rows");
  refuse_result(*state, "bad_result_packing.bin", "header");
  refuse_result(*state, "bad_result_rows.bin", "rows");
}

static void test_bad_files(void **state) {
  (void)state;
  plan_interface interface;
  plan_plan plan;
  network_model model;
  file client = load("bad_client_log2_n.bin"), server = load("bad_server_log2_n.bin");
  file layers = load("bad_model_layers.bin");
  assert_int_equal(plan_files_client_parse(&interface, client.bytes, client.n, "c"),
                   CKKS_ERROR_FORMAT);
  assert_non_null(strstr(ckks_last_error(), "log2_n"));
  assert_int_equal(plan_files_server_parse(&plan, server.bytes, server.n, "s"), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(ckks_last_error(), "log2_n"));
  assert_int_equal(network_files_parse(&model, layers.bytes, layers.n, "m"), CKKS_ERROR_FORMAT);
  base_free(client.bytes);
  base_free(server.bytes);
  base_free(layers.bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_model_is_the_model),
                                     cmocka_unit_test(test_result_decrypts),
                                     cmocka_unit_test(test_sample_evaluates),
                                     cmocka_unit_test(test_keys_are_refused),
                                     cmocka_unit_test(test_peeks),
                                     cmocka_unit_test(test_bad_messages),
                                     cmocka_unit_test(test_bad_files)};
  int failed = 0;
  for (int i = 0; ring_kernel_at(i); i++) { /* the same bytes on every kernel table */
    const ring_kernel *kernel = ring_kernel_at(i);
    if (kernel->kind != RING_F64)
      continue;
    if (!ring_kernel_usable(kernel)) {
      printf("SKIP %s: not on this CPU\n", kernel->name);
      continue;
    }
    ring_kernel_force(kernel);
    failed += cmocka_run_group_tests_name(kernel->name, tests, sides_build, sides_clear);
  }
  return failed;
}
