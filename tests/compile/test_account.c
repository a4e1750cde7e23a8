/* SPDX-License-Identifier: Apache-2.0 */
/* Stage by stage: what is said of the parts of a plan adds up to what is said of the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "compile/account.h"
#include "compile/compile.h"
#include "compile/plans.h"

static void assert_ok(ckks_status status) {
  if (status != CKKS_OK)
    fail_msg("%s", ckks_last_error());
}

static void assert_close(double a, double b) {
  if (!(fabs(a - b) <= 1e-9 * fabs(b)))
    fail_msg("%.17g is not %.17g", a, b);
}

/* Every operation belongs to one stage, levels fall from the input's to 0, sums are totals. */
static void check_account(const plan_plan *plan, plan_packing packing) {
  const plan_account *account = &plan->account[packing];
  const plan_program *program = &plan->program[packing];
  const plan_cost *cost = &plan->interface.cost[packing];
  const plan_part *last = &account->part[account->n_parts - 1];
  double ms = 0.0, square = 0.0;
  int n_switches = 0, next = 0, level = plan->interface.layout[packing].input_level;
  assert_int_equal(account->n_parts, program->n_stages + 2);
  for (int i = 0; i < account->n_parts; i++) {
    const plan_part *part = &account->part[i];
    assert_int_equal(part->level_in, level);
    assert_true(part->level_out <= level);
    assert_true(part->error >= 0.0 && part->ms >= 0.0);
    assert_true(part->n_hoisted + part->n_single <= part->n_switches);
    if (i > 0) {
      assert_int_equal(part->first, next);
      next = part->end;
    }
    level = part->level_out;
    ms += part->ms;
    square += part->error * part->error;
    n_switches += part->n_switches;
  }
  assert_int_equal(level, 0);
  assert_int_equal(next, program->n_ops);
  assert_int_equal(n_switches, cost->n_switches);
  assert_close(ms, cost->predicted_ms);
  assert_close(sqrt(square), cost->predicted_error);
  assert_true(account->part[0].error > 0.0 && last->error > 0.0);
  assert_true(account->part[0].ms == 0.0 && last->ms == 0.0);
}

static void test_sums(void **unused) {
  (void)unused;
  uint64_t state = 2;
  for (int round = 0; round < 40; round++) {
    network_model model;
    plan_plan plan;
    compile_options options = test_options(round % 2 ? 1e-3 : 1e-5, 10);
    options.minimise = (blindsight_minimise)(round % 4);
    options.last_on_server = round % 3 == 0;
    assert_ok(test_network(&model, &state));
    test_calibrate(&model, &state);
    assert_ok(compile_model(&plan, &model, &options));
    for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
      if (plan.interface.layout[packing].available)
        check_account(&plan, (plan_packing)packing);
      else
        assert_int_equal(plan.account[packing].n_parts, 0);
    }
    plan_clear(&plan);
    network_clear(&model);
  }
}

/* 6 -> 8 (square) -> 3: shapes, degrees, factors; and a file says nothing of them. */
static void test_stages(void **unused) {
  (void)unused;
  static const size_t widths[] = {6, 8, 3};
  uint64_t state = 5;
  network_model model;
  plan_plan plan, copy;
  compile_options options = test_options(1e-3, 10);
  assert_ok(network_init(&model, widths, 2));
  for (size_t l = 0; l < 2; l++)
    assert_ok(test_draw_weights(&model.layer[l], 0.5, &state));
  model.layer[0].activation[0].polynomial =
      (encoding_polynomial){.degree = 2, .coefficient = {0.0, 0.0, 1.0}};
  test_calibrate(&model, &state);
  assert_ok(compile_model(&plan, &model, &options));
  const plan_part *latency = plan.account[PLAN_LATENCY].part + 1;
  const plan_part *throughput = plan.account[PLAN_THROUGHPUT].part + 1;
  assert_int_equal(plan.account[PLAN_LATENCY].n_parts, 4);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(latency[i].n_in, widths[i]);
    assert_int_equal(latency[i].n_out, widths[i + 1]);
    assert_int_equal(latency[i].degree, i == 0 ? 2 : 1);
    assert_int_equal(throughput[i].degree, i == 0 ? 2 : 1);
    assert_int_equal(throughput[i].n_weights, widths[i] * widths[i + 1]);
    assert_int_equal(throughput[i].n_factors, widths[i] * widths[i + 1]);
    assert_true(latency[i].n_factors >= 1 && latency[i].n_factors <= latency[i].n_weights);
    assert_true(latency[i].stride >= 1 && latency[i].plaintext_bytes > 0);
    assert_int_equal(throughput[i].plaintext_bytes, 0);
  }
  assert_int_equal(throughput[0].n_switches, 8); /* squares */
  assert_int_equal(throughput[1].n_switches, 0);
  base_buffer buffer;
  base_reader reader;
  base_buffer_init(&buffer, 1 << 26);
  plan_bytes_write(&buffer, &plan);
  base_reader_init(&reader, buffer.bytes, buffer.n_bytes);
  assert_ok(plan_bytes_read(&copy, &reader));
  assert_int_equal(copy.account[PLAN_LATENCY].n_parts, 0);
  base_buffer_clear(&buffer);
  plan_clear(&copy);
  plan_clear(&plan);
  network_clear(&model);
}

static void test_steps(void **unused) {
  (void)unused;
  int32_t term[] = {0, 0, 1, 0, 0, 8, 1, 8, 2, 16};
  plan_op op = {.kind = PLAN_OP_DIAGONALS, .n_terms = 5, .term = term};
  assert_int_equal(compile_account_steps(&op, 2, 0), 2);
  assert_int_equal(compile_account_steps(&op, 2, 1), 2);
  op.n_terms = 10;
  assert_int_equal(compile_account_steps(&op, 1, 0), 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sums), cmocka_unit_test(test_stages),
                                     cmocka_unit_test(test_steps)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
