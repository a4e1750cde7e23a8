/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Simulated wraps against those of ciphertexts: networks whose values are forced out of the modulus
 * from each stage on, in both packings. The same rows are marked, and the stage is the one that did
 * it.
 */
#include "compile/simulate.h"
#include "exec/ranges.h"

enum { FEATURES = 4, UNITS = 6, OUTPUTS = 2, LAYERS = 3, ROWS = 60, BATCHES = 12, BATCH = 24 };

/* Calibrated on rows within two deviations; all layers bend hardly, but `wild`. */
static void build(world *w, int wild, uint64_t *state) {
  memset(w, 0, sizeof *w);
  compile_options options = test_options(1e-3, 10);
  options.contract = COMPILE_CONTRACT_GUARDED;
  options.headroom = 12.0;
  assert_ok(network_init(&w->model, (const size_t[]){FEATURES, UNITS, UNITS, OUTPUTS}, LAYERS));
  for (int l = 0; l < LAYERS; l++) {
    network_layer *layer = &w->model.layer[l];
    assert_ok(test_draw_weights(layer, 1.0, state));
    layer->activation[0].polynomial = l == wild
                                          ? (encoding_polynomial){3, {0.1, 0.2, 0.1, 0.4}, false}
                                          : (encoding_polynomial){2, {0.0, 1.0, 0.02}, false};
  }
  test_calibrate(&w->model, state);
  world_start(w, &options);
  assert_int_equal(w->plan.interface.contract, PLAN_GUARDED);
}

/* `far` times as far from the mean as the rows of calibration: within twelve times they are in the
 * box. */
static void draw(double *rows, size_t n_rows, double far, const world *w, uint64_t *state) {
  for (size_t i = 0; i < n_rows * FEATURES; i++)
    rows[i] = w->model.mean[i % FEATURES] +
              far * 2.0 * test_uniform(state) * w->model.deviation[i % FEATURES];
}

static void simulate(double *outputs, compile_simulate_fate *fates, const double *rows, size_t n,
                     plan_packing packing, const world *w) {
  assert_ok(compile_simulate_rows(outputs, fates, rows, n, &w->plan, packing, 1, NULL));
}

typedef struct tally {
  size_t rows, marked, same, at_stage, wrapped;
} tally;

/* Values near a limit may be on either side of it, once with this noise and once with that. */
static void alone(tally *t, int stage, const world *w, uint64_t *state) {
  double rows[ROWS * FEATURES], found[ROWS * OUTPUTS], outputs[ROWS * OUTPUTS];
  uint8_t marks[ROWS];
  compile_simulate_fate fates[ROWS];
  for (size_t i = 0; i < ROWS; i++)
    draw(rows + i * FEATURES, 1, i % 3 == 0 ? 1.0 : 8.0, w, state);
  ranges_send(found, marks, rows, ROWS, PLAN_LATENCY, false, w);
  simulate(outputs, fates, rows, ROWS, PLAN_LATENCY, w);
  for (size_t i = 0; i < ROWS; i++) {
    bool marked = marks[i] != CLIENT_MARK_NONE;
    t->rows++;
    t->marked += marked;
    t->wrapped += fates[i].wrapped;
    t->same += marked == (fates[i].mark == COMPILE_SIMULATE_BEYOND);
    t->at_stage += marked && fates[i].stage == stage;
    for (size_t k = 0; k < OUTPUTS && !marked && fates[i].mark == COMPILE_SIMULATE_NONE; k++)
      assert_true(fabs(found[i * OUTPUTS + k] - outputs[i * OUTPUTS + k]) <=
                  RANGES_TOLERANCE * fmax(1.0, fabs(found[i * OUTPUTS + k])));
  }
}

/* More and more rows of each batch are far out: the first are not spoilt, the last are. */
static void together(tally *t, const world *w, uint64_t *state) {
  double rows[BATCH * FEATURES], found[BATCH * OUTPUTS], outputs[BATCH * OUTPUTS];
  uint8_t marks[BATCH];
  compile_simulate_fate fates[BATCH];
  for (size_t batch = 0; batch < BATCHES; batch++) {
    size_t n_far = batch * BATCH / BATCHES;
    draw(rows, BATCH, 1.0, w, state);
    draw(rows, n_far, 3.0 + (double)batch, w, state);
    bool inside = true;
    for (size_t i = 0; i < BATCH; i++)
      inside = inside && plan_box_holds(rows + i * FEATURES, &w->plan.interface, NULL);
    if (!inside)
      continue;
    ranges_send(found, marks, rows, BATCH, PLAN_THROUGHPUT, false, w);
    simulate(outputs, fates, rows, BATCH, PLAN_THROUGHPUT, w);
    bool spoilt = marks[0] == CLIENT_MARK_SPOILT;
    t->rows++;
    t->marked += spoilt;
    t->wrapped += fates[0].wrapped;
    t->same += spoilt == (fates[0].mark == COMPILE_SIMULATE_SPOILT);
    for (size_t i = 1; i < BATCH; i++) /* all of them, or none */
      assert_int_equal(fates[i].mark == COMPILE_SIMULATE_SPOILT,
                       fates[0].mark == COMPILE_SIMULATE_SPOILT);
  }
}

/* Cubic in layer 0 or 1: the map behind it is where values are first too large. */
static void test_the_same_rows(void **unused) {
  (void)unused;
  uint64_t state = 3;
  for (int wild = 0; wild < LAYERS - 1; wild++) {
    tally one = {0}, many = {0};
    for (int round = 0; round < 3; round++) {
      world w;
      build(&w, wild, &state);
      alone(&one, wild + 1, &w, &state);
      together(&many, &w, &state);
      world_clear(&w);
    }
    print_message(
        "layer %d: %zu of %zu rows marked, %zu wrapped, %zu as simulated, %zu at stage %d; "
        "%zu of %zu batches spoilt, %zu wrapped, %zu as simulated\n",
        wild, one.marked, one.rows, one.wrapped, one.same, one.at_stage, wild + 1, many.marked,
        many.rows, many.wrapped, many.same);
    assert_true(one.marked > one.rows / 4 && one.wrapped > 0);
    assert_true(50 * one.same >= 49 * one.rows);
    assert_true(4 * one.at_stage >= 3 * one.marked); /* others leave the band alone, behind it */
    assert_true(many.marked > 0 && many.marked < many.rows && many.wrapped >= many.marked);
    assert_true(10 * many.same >= 9 * many.rows);
  }
}

/* Rows like those of calibration: nothing to be said. */
static void test_nothing_wraps(void **unused) {
  (void)unused;
  uint64_t state = 8;
  world w;
  double rows[ROWS * FEATURES], outputs[ROWS * OUTPUTS];
  compile_simulate_fate fates[ROWS];
  build(&w, 0, &state);
  draw(rows, ROWS, 1.0, &w, &state);
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
    simulate(outputs, fates, rows, ROWS, (plan_packing)packing, &w);
    for (size_t i = 0; i < ROWS; i++)
      assert_true(fates[i].mark == COMPILE_SIMULATE_NONE && !fates[i].wrapped &&
                  fates[i].stage == COMPILE_SIMULATE_NOWHERE);
  }
  world_clear(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_same_rows),
                                     cmocka_unit_test(test_nothing_wraps)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
