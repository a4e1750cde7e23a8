/* SPDX-License-Identifier: Apache-2.0 */
/* Stages compute what the network computes, whatever was folded into what, and no value of theirs
 * is larger than the range that they say, which is what a plan's modulus must hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compile/plans.h"
#include "compile/stage.h"

#define MAX_WIDTH 16

/* The polynomial of a kind, as the header of stages has it. */
static double activate(const compile_stage *stage, size_t unit, double v) {
  size_t a = compile_stage_activation(stage, unit);
  switch (stage->kind) {
  case COMPILE_STAGE_CUBIC:
    return v * v * v + stage->linear[a] * v;
  case COMPILE_STAGE_SQUARES:
    return (v * v + stage->linear[a]) * (v * v + stage->linear[a]);
  case COMPILE_STAGE_SQUARE:
    return v * v;
  case COMPILE_STAGE_GENERAL:
    return encoding_polynomial_value(&stage->polynomial[a], v);
  case COMPILE_STAGE_LAST:
    break;
  }
  return v;
}

/* `values` come and go; `most[i][a]`, when not NULL, collects the largest |v|. */
static void run_stages(double *values, double (*most)[NETWORK_MAX_ACTIVATIONS],
                       const compile_stages *stages) {
  for (size_t i = 0; i < stages->n_stages; i++) {
    const compile_stage *stage = &stages->stage[i];
    bool last = i + 1 == stages->n_stages;
    double next[MAX_WIDTH];
    assert_true(stage->n_out <= MAX_WIDTH);
    for (size_t row = 0; row < stage->n_out; row++) {
      double v = stage->bias[row];
      for (size_t k = stage->map.start[row]; k < stage->map.start[row + 1]; k++)
        v += stage->map.value[k] * values[stage->map.column[k]];
      size_t a = compile_stage_activation(stage, row);
      if (most)
        most[i][a] = fmax(most[i][a], fabs(v));
      next[row] = last ? v : activate(stage, row, v);
    }
    memcpy(values, next, sizeof next);
  }
}

static void assert_same(const compile_stages *stages, const network_model *model, uint64_t *state) {
  const compile_stage *last = &stages->stage[stages->n_stages - 1];
  for (int sample = 0; sample < 20; sample++) {
    double row[MAX_WIDTH], values[MAX_WIDTH], expected[MAX_WIDTH];
    for (size_t i = 0; i < model->n_features; i++) {
      values[i] = test_uniform(state);
      row[i] = values[i] * model->deviation[i] + model->mean[i];
    }
    assert_int_equal(network_forward_rows(expected, row, 1, model), CKKS_OK);
    run_stages(values, NULL, stages);
    for (size_t i = 0; i < last->n_out; i++) {
      double out = values[i];
      /* What the server leaves to do is the client's. */
      if (last->kind != COMPILE_STAGE_LAST && last->n_activations > 1)
        out = activate(last, i, out);
      out = encoding_polynomial_value(&stages->last, out);
      if (fabs(out - expected[i]) > 1e-9 * (1 + fabs(expected[i])))
        fail_msg("output %zu is %g, not %g", i, out, expected[i]);
    }
  }
}

/* One activation a layer; the client has the last one. */
static void stages_are_the_network(void **unused) {
  (void)unused;
  uint64_t state = 11;
  for (int round = 0; round < 40; round++) {
    network_model model;
    compile_stages *stages = base_alloc(sizeof *stages);
    assert_int_equal(test_network(&model, &state), CKKS_OK);
    /* A straight line with a constant, and a line without a slope. */
    if (round % 4 == 1)
      model.layer[0].activation[0].polynomial =
          (encoding_polynomial){.degree = 1, .coefficient = {0.7, -2.0}};
    if (round % 8 == 2)
      model.layer[0].activation[0].polynomial =
          (encoding_polynomial){.degree = 1, .coefficient = {0.7, 0.0}};
    assert_int_equal(compile_stages_build(stages, &model, false, false), CKKS_OK);
    assert_same(stages, &model, &state);
    compile_stages_clear(stages);
    base_free(stages);
    network_clear(&model);
  }
}

/*
 * Without calibration: at the corners of the box of inputs each unit of the first stage reaches
 * its bound (which needs the bias), and no value of any stage passes its own.
 */
static void ranges_hold(void **unused) {
  (void)unused;
  uint64_t state = 12;
  for (int round = 0; round < 60; round++) {
    network_model model;
    compile_stages *stages = base_alloc(sizeof *stages);
    double most[NETWORK_MAX_LAYERS][NETWORK_MAX_ACTIVATIONS] = {{0.0}};
    assert_int_equal(test_network(&model, &state), CKKS_OK);
    for (size_t l = 0; l < model.n_layers; l++)
      for (size_t i = 0; i < model.layer[l].n_out; i++)
        model.layer[l].bias[i] = 2.0 + 3.0 * test_uniform(&state);
    model.max_abs_input = 1.5;
    for (size_t l = 0; l < model.n_layers; l++)
      model.layer[l].activation[0].max_abs = 0.0;
    assert_int_equal(compile_stages_build(stages, &model, false, false), CKKS_OK);
    const compile_stage *first = &stages->stage[0];
    double corners[MAX_WIDTH];
    for (size_t row = 0; row < first->n_out; row++)
      for (int sign = -1; sign <= 1; sign += 2) {
        memset(corners, 0, sizeof corners);
        for (size_t k = first->map.start[row]; k < first->map.start[row + 1]; k++)
          corners[first->map.column[k]] = first->map.value[k] < 0 ? -sign * stages->max_abs_input
                                                                  : sign * stages->max_abs_input;
        run_stages(corners, most, stages);
      }
    for (int sample = 0; sample < 200; sample++) {
      for (size_t i = 0; i < model.n_features; i++)
        corners[i] = stages->max_abs_input * (test_uniform(&state) < 0 ? -1 : 1);
      run_stages(corners, most, stages);
    }
    for (size_t i = 0; i < stages->n_stages; i++)
      for (size_t a = 0; a < stages->stage[i].n_activations; a++)
        if (most[i][a] > stages->stage[i].range[a] * (1 + 1e-9))
          fail_msg("round %d, stage %zu: %g where at most %g is said", round, i, most[i][a],
                   stages->stage[i].range[a]);
    /* The bound is no larger than shifts make it: each moves it by what it moves values. */
    assert_true(first->range[0] < 4 * most[0][0] + 1e-9);
    compile_stages_clear(stages);
    base_free(stages);
    network_clear(&model);
  }
}

/* Units may stand in any order: the next map follows. */
static void units_move(void **unused) {
  (void)unused;
  uint64_t state = 13;
  for (int round = 0; round < 20; round++) {
    network_model model;
    compile_stages *stages = base_alloc(sizeof *stages);
    assert_int_equal(test_network(&model, &state), CKKS_OK);
    assert_int_equal(compile_stages_build(stages, &model, false, false), CKKS_OK);
    uint32_t to[MAX_WIDTH];
    size_t n = stages->stage[0].n_out;
    for (size_t k = 0; k < n; k++)
      to[k] = (uint32_t)(n - 1 - k);
    if (stages->n_stages >= 2) {
      assert_int_equal(compile_stages_move(stages, 0, to, n), CKKS_OK);
      assert_same(stages, &model, &state);
    }
    compile_stages_clear(stages);
    base_free(stages);
    network_clear(&model);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stages_are_the_network),
      cmocka_unit_test(ranges_hold),
      cmocka_unit_test(units_move),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
