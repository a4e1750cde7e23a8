/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plan foretells of its error holds for ciphertexts: predicted_error for rows like those of
 * calibration, unlike_error for rows anywhere in the box, at its corners, and where units of the
 * first layer are largest.
 */
#include <stdio.h>

#include "exec/ranges.h"
#include "exec/wild.h"

enum { MOST_FEATURES = 16, BATCH = 240, SINGLE = 6 };

static void draw(double *rows, size_t n, ranges_kind kind, const world *w, uint64_t *state) {
  for (size_t i = 0; i < n; i++)
    ranges_draw(rows + i * w->model.n_features,
                kind == RANGES_SEEN ? kind : (ranges_kind)(RANGES_INSIDE + i % 3), w, state);
}

static double measure(ranges_kind kind, plan_packing packing, const world *w, uint64_t *state) {
  static double rows[BATCH * MOST_FEATURES];
  ranges_count count = {0};
  size_t n = packing == PLAN_LATENCY ? SINGLE : BATCH;
  double *outputs = base_alloc_array(n * w->plan.interface.n_outputs, sizeof *outputs);
  uint8_t *marks = base_alloc(n);
  assert_non_null(outputs);
  assert_non_null(marks);
  draw(rows, n, kind, w, state);
  ranges_send(outputs, marks, rows, n, packing, false, w);
  ranges_judge(&count, outputs, marks, rows, n, false, w);
  base_free(outputs);
  base_free(marks);
  return count.wrong ? (double)INFINITY : count.largest;
}

/* What is wrong must not be foretold to be right: at most, an answer is off by what was said. */
static void compare(const world *w, const char *name, uint64_t *state) {
  const plan_interface *interface = &w->plan.interface;
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
    if (!interface->layout[packing].available)
      continue;
    double foretold = interface->cost[packing].predicted_error;
    double unlike = w->plan.unlike_error[packing];
    double like = measure(RANGES_SEEN, (plan_packing)packing, w, state);
    double other = measure(RANGES_INSIDE, (plan_packing)packing, w, state);
    if (getenv("FORETOLD_ROUNDS") != NULL)
      print_message("%s %s: like calibration %.1e of %.1e (%.3f), unlike %.1e of %.1e (%.3f)\n",
                    name, packing == PLAN_LATENCY ? "latency" : "throughput", like, foretold,
                    like / foretold, other, unlike, other / unlike);
    assert_true(like <= foretold);
    assert_true(isnan(unlike) || other <= unlike || unlike > RANGES_TOLERANCE);
  }
}

static bool run_network(network_model *model, const compile_options *options, const char *name,
                        uint64_t *state) {
  world w = {.model = *model};
  test_calibrate(&w.model, state);
  bool made = compile_model(&w.plan, &w.model, options) == CKKS_OK;
  plan_clear(&w.plan);
  if (made) {
    world_start(&w, options);
    for (int packing = 0; packing < PLAN_N_PACKINGS; packing++)
      if (w.plan.interface.layout[packing].available)
        assert_true(w.plan.interface.cost[packing].predicted_error <= options->error);
    compare(&w, name, state);
  }
  world_clear(&w);
  return made;
}

static bool run_round(uint64_t seed, int round) {
  network_model model;
  char name[32];
  uint64_t state = seed + 1000U * (uint64_t)round;
  compile_options options = test_options(round % 3 ? 1e-3 : 1e-5, 10);
  options.last_on_server = round % 4 == 0;
  snprintf(name, sizeof name, "%d", round);
  assert_ok(round % 2 ? wild_network(&model, &state) : test_network(&model, &state));
  return run_network(&model, &options, name, &state);
}

/* Up to 41 times the error foretold, when it was that of one point of an output's range. */
static void networks_that_were_off_by_more(void **unused) {
  (void)unused;
  static const int rounds[] = {3, 69, 79, 123, 141};
  int made = 0; /* the others are refused now: primes of 48 bits do not reach 1e-5 */
  for (size_t i = 0; i < sizeof rounds / sizeof *rounds; i++)
    made += run_round(2, rounds[i]);
  assert_true(made >= 2);
}

/* Rows of the box were off by 10 % where no more was asked for than 1e-3 of others. */
static void networks_that_were_wrong_inside_the_box(void **unused) {
  (void)unused;
  assert_true(run_round(2, 73));
  run_round(2, 95);
}

/* FORETOLD_ROUNDS and FORETOLD_SEED: a longer search, or another. */
static void any_networks(void **unused) {
  (void)unused;
  const char *more = getenv("FORETOLD_ROUNDS"), *seed = getenv("FORETOLD_SEED");
  int rounds = more != NULL ? atoi(more) : 24, made = 0;
  uint64_t state = seed != NULL ? (uint64_t)atoll(seed) : 7;
  for (int round = 0; round < rounds; round++)
    made += run_round(state, round);
  assert_true(made > rounds / 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(networks_that_were_off_by_more),
                                     cmocka_unit_test(networks_that_were_wrong_inside_the_box),
                                     cmocka_unit_test(any_networks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
