/* SPDX-License-Identifier: Apache-2.0 */
/* No answer is wrong without a word: rows inside, at and beyond what plans answer for. */
#include "exec/ranges.h"

#define ROWS 48

static void build(world *w, int round, compile_contract contract, uint64_t *state) {
  memset(w, 0, sizeof *w);
  compile_options options = test_options(1e-3, 10);
  options.contract = contract;
  options.last_on_server = round % 4 == 3;
  assert_ok(round % 3 == 2 ? test_mixed_network(&w->model, TEST_ANYTHING, state)
                           : test_network(&w->model, state));
  test_calibrate(&w->model, state);
  world_start(w, &options);
}

/* Rows of all kinds, many together. */
static void draw_all(double *rows, size_t n_rows, const world *w, uint64_t *state) {
  for (size_t i = 0; i < n_rows; i++)
    ranges_draw(rows + i * w->model.n_features, (ranges_kind)(i % RANGES_N_KINDS), w, state);
}

static void run_contract(compile_contract contract, plan_contract expected) {
  uint64_t state = 77 + (uint64_t)contract;
  ranges_count count = {0};
  int n_expected = 0;
  for (int round = 0; round < 12; round++) {
    world w;
    double rows[ROWS * 16];
    build(&w, round, contract, &state);
    n_expected += w.plan.interface.contract == expected;
    draw_all(rows, ROWS, &w, &state);
    for (int packing = 0; packing < PLAN_N_PACKINGS; packing++)
      if (w.plan.interface.layout[packing].available)
        for (int policy = CLIENT_ROWS_REFUSE; policy <= CLIENT_ROWS_MARK; policy++)
          ranges_run(&count, rows, ROWS, (client_rows_policy)policy, (plan_packing)packing, &w);
    world_clear(&w);
  }
  print_message("%zu rows: %zu right (to %.1e), %zu marked, %zu refused, %zu wrong\n", count.rows,
                count.right, count.largest, count.marked, count.refused, count.wrong);
  assert_true(n_expected > 6);
  assert_int_equal(count.wrong, 0);
  assert_true(count.right > count.rows / 5 && count.refused > count.rows / 20);
}

static void test_certified(void **unused) {
  (void)unused;
  run_contract(COMPILE_CONTRACT_AUTO, PLAN_CERTIFIED);
}

static void test_guarded(void **unused) {
  (void)unused;
  run_contract(COMPILE_CONTRACT_GUARDED, PLAN_GUARDED);
}

/* A row that is inside the box of a certified plan is answered, wherever it is. */
static void test_certified_answers(void **unused) {
  (void)unused;
  uint64_t state = 5;
  int n_certified = 0;
  for (int round = 0; round < 6; round++) {
    world w;
    ranges_count count = {0};
    double rows[ROWS * 16];
    build(&w, round, COMPILE_CONTRACT_AUTO, &state);
    if (w.plan.interface.contract != PLAN_CERTIFIED) {
      world_clear(&w);
      continue;
    }
    n_certified++;
    for (size_t i = 0; i < ROWS; i++)
      ranges_draw(rows + i * w.model.n_features, (ranges_kind)(i % RANGES_BEYOND), &w, &state);
    for (int packing = 0; packing < PLAN_N_PACKINGS; packing++)
      if (w.plan.interface.layout[packing].available)
        ranges_run(&count, rows, ROWS, CLIENT_ROWS_REFUSE, (plan_packing)packing, &w);
    assert_int_equal(count.right, count.rows);
    world_clear(&w);
  }
  assert_true(n_certified > 2);
}

/* 4 -> 6 -> 2, cubics; calibrated on small rows, with a box in which values grow a thousandfold. */
static void build_cubic(world *w, uint64_t *state) {
  static const size_t widths[] = {4, 6, 2};
  memset(w, 0, sizeof *w);
  compile_options options = test_options(1e-3, 10);
  options.contract = COMPILE_CONTRACT_GUARDED;
  options.headroom = 12.0;
  assert_ok(network_init(&w->model, widths, 2));
  for (size_t l = 0; l < 2; l++)
    assert_ok(test_draw_weights(&w->model.layer[l], 1.0, state));
  w->model.layer[0].activation[0].polynomial =
      (encoding_polynomial){3, {0.1, 0.5, 0.1, 0.3}, false};
  test_calibrate(&w->model, state);
  world_start(w, &options);
}

/* Rows that wrap spoil their batch: all are marked, and each by itself is right or marked. */
static void test_a_batch_that_wraps(void **unused) {
  (void)unused;
  enum { MANY = 300 };
  static double rows[MANY * 16], outputs[MANY * 16];
  uint8_t marks[MANY];
  uint64_t state = 21;
  size_t n_spoilt = 0, n_beyond = 0;
  for (int round = 0; round < 4; round++) {
    world w;
    ranges_count count = {0};
    build_cubic(&w, &state);
    for (size_t i = 0; i < MANY; i++)
      ranges_draw(rows + i * 4, i % 3 == 1 ? RANGES_SEEN : RANGES_JOINT, &w, &state);
    ranges_send(outputs, marks, rows, MANY, PLAN_THROUGHPUT, false, &w);
    bool spoilt = marks[0] == CLIENT_MARK_SPOILT;
    for (size_t i = 0; i < MANY; i++) {
      assert_true((marks[i] == CLIENT_MARK_SPOILT) == spoilt);
      assert_true(!spoilt || isnan(outputs[2 * i]));
    }
    n_spoilt += spoilt;
    ranges_send(outputs, marks, rows, 30, PLAN_LATENCY, false, &w);
    ranges_judge(&count, outputs, marks, rows, 30, false, &w);
    assert_int_equal(count.wrong, 0);
    assert_true(count.right >= 10); /* those that had been spoilt by others, at least */
    n_beyond += count.marked;
    world_clear(&w);
  }
  print_message("%zu of 4 batches spoilt, %zu of 120 rows beyond\n", n_spoilt, n_beyond);
  assert_true(n_spoilt > 0 && n_beyond > 0);
}

/* What is outside goes in no batch, and alone only when the caller asks for it. */
static void test_outside_is_refused(void **unused) {
  (void)unused;
  uint64_t state = 3;
  world w;
  double rows[2 * 16];
  size_t n = 0, n_outside = 0;
  uint8_t *sample = NULL;
  build_cubic(&w, &state);
  const plan_interface *interface = &w.plan.interface;
  ranges_draw(rows, RANGES_SEEN, &w, &state);
  ranges_draw(rows + 4, RANGES_SEEN, &w, &state);
  rows[4 + 2] = interface->high[2] * 1.5 + 1.0;
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
    assert_int_equal(
        client_encrypt(&sample, &n, rows, 2, (plan_packing)packing, NULL, w.secret, interface),
        CKKS_ERROR_RANGE);
    assert_non_null(strstr(ckks_last_error(), "row 1: \"x2\" is "));
    assert_null(sample);
  }
  assert_int_equal(
      client_encrypt(&sample, &n, rows, 2, PLAN_THROUGHPUT, &n_outside, w.secret, interface),
      CKKS_ERROR_RANGE);
  assert_ok(client_encrypt(&sample, &n, rows, 2, PLAN_LATENCY, &n_outside, w.secret, interface));
  assert_int_equal(n_outside, 1);
  base_free(sample);
  world_clear(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_certified), cmocka_unit_test(test_guarded),
      cmocka_unit_test(test_certified_answers), cmocka_unit_test(test_a_batch_that_wraps),
      cmocka_unit_test(test_outside_is_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
