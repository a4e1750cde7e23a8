/* SPDX-License-Identifier: Apache-2.0 */
/* A plan's clear reading against the model: every slot of every output. */
#ifndef TESTS_COMPILE_CLEAR_CHECKS_H
#define TESTS_COMPILE_CLEAR_CHECKS_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "compile/plans.h"
#include "plan/reading.h"

#define LOG2_N 10
#define MAX_SLOTS ((size_t)1 << 14)

static inline void assert_ok(ckks_status status) {
  if (status != CKKS_OK)
    fail_msg("%s", ckks_last_error());
}

static inline void assert_near(double a, double b, double tolerance) {
  if (!(fabs(a - b) <= tolerance * fmax(1.0, fabs(b))))
    fail_msg("%.17g is not within %g of %.17g", a, tolerance, b);
}

/* A program of a plan on all its slots. */
static inline ckks_status read_clear(double *const *output, const double *const *input,
                                     const plan_plan *plan, plan_packing packing) {
  return plan_reading_run(output, input, &plan->program[packing], plan->vector,
                          (size_t)1 << (plan->interface.literal.log2_n - 1), NULL);
}

/* Every slot of the one result ciphertext must hold output slot % period, or nothing. */
static inline void check_latency(const plan_plan *plan, const network_model *model,
                                 const double *row) {
  const plan_interface *interface = &plan->interface;
  static double input[MAX_SLOTS], output[MAX_SLOTS];
  size_t slots = (size_t)1 << (interface->literal.log2_n - 1);
  double scaled[16], wanted[16];
  const double *inputs[] = {input};
  double *outputs[] = {output};
  plan_pack_scale(scaled, row, interface);
  network_forward_rows(wanted, row, 1, model);
  assert_true(slots <= MAX_SLOTS);
  plan_pack_row(input, slots, scaled, interface);
  assert_ok(read_clear(outputs, inputs, plan, PLAN_LATENCY));
  for (size_t j = 0; j < slots; j++) {
    size_t k = j % interface->layout[PLAN_LATENCY].period;
    if (k < interface->n_outputs)
      assert_near(encoding_polynomial_value(&interface->last, output[j]), wanted[k], 1e-9);
    else
      assert_near(output[j], interface->layout[PLAN_LATENCY].empty, 1e-9);
  }
}

static inline void check_throughput(const plan_plan *plan, const network_model *model,
                                    const double *rows, size_t n_rows) {
  const plan_interface *interface = &plan->interface;
  size_t n = interface->n_features, slots = (size_t)1 << (interface->literal.log2_n - 1);
  double scaled[16 * 8], wanted[16], *inputs[16], *outputs[16];
  for (size_t row = 0; row < n_rows; row++)
    plan_pack_scale(scaled + row * n, rows + row * n, interface);
  for (size_t i = 0; i < n; i++) {
    inputs[i] = base_alloc_array(slots, sizeof(double));
    plan_pack_column(inputs[i], slots, scaled, n_rows, i, interface);
  }
  for (size_t i = 0; i < interface->n_outputs; i++)
    outputs[i] = base_alloc_array(slots, sizeof(double));
  assert_ok(read_clear(outputs, (const double *const *)inputs, plan, PLAN_THROUGHPUT));
  for (size_t row = 0; row < n_rows; row++) {
    network_forward_rows(wanted, rows + row * n, 1, model);
    for (size_t k = 0; k < interface->n_outputs; k++)
      assert_near(encoding_polynomial_value(&interface->last, outputs[k][row]), wanted[k], 1e-9);
  }
  for (size_t i = 0; i < n; i++)
    base_free(inputs[i]);
  for (size_t i = 0; i < interface->n_outputs; i++)
    base_free(outputs[i]);
}

/* The plan from its bytes, which are written the same again. */
static inline void read_back(plan_plan *copy, const plan_plan *plan) {
  base_buffer first, second;
  base_reader reader;
  base_buffer_init(&first, 1 << 26);
  base_buffer_init(&second, 1 << 26);
  plan_bytes_write(&first, plan);
  base_reader_init(&reader, first.bytes, first.n_bytes);
  assert_ok(plan_bytes_read(copy, &reader));
  plan_bytes_write(&second, copy);
  assert_int_equal(first.n_bytes, second.n_bytes);
  assert_memory_equal(first.bytes, second.bytes, first.n_bytes);
  base_buffer_clear(&first);
  base_buffer_clear(&second);
}
#endif
