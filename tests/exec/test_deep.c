/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks deeper than any modulus, in small rings that hide nothing: the planner places
 * bootstraps, ciphertexts say what the network says in clear, and a value that no bootstrap holds
 * is seen.
 */
#include "exec/world.h"

#include <math.h>

#include "compile/simulate.h"
#include "plan/reading.h"

#define WIDTH 6

/* What passes through a layer is turned, about as long as before, and bent. */
static void fill_layer(network_layer *layer, const encoding_polynomial *bend, uint64_t *state) {
  double dense[16 * 16];
  for (size_t o = 0; o < layer->n_out; o++)
    for (size_t i = 0; i < layer->n_in; i++)
      dense[o * layer->n_in + i] = (o % layer->n_in == i ? 0.9 : 0.0) + 0.12 * test_uniform(state);
  assert_ok(network_layer_set_weights(layer, dense));
  for (size_t o = 0; o < layer->n_out; o++)
    layer->bias[o] = 0.1 * test_uniform(state);
  layer->activation[0].polynomial = *bend;
}

static const encoding_polynomial square = {.degree = 2, .coefficient = {0.0, 0.8, -0.1}};
static const encoding_polynomial cubic = {.degree = 3, .coefficient = {0.0, 1.0, 0.0, -0.1}};
static const encoding_polynomial seventh = {
    .degree = 7, .chebyshev = true, .coefficient = {0.0, 0.75, 0.0, -0.1, 0.0, 0.02, 0.0, -0.004}};

/* Rows within 1 of their mean, which the plan's box has been calibrated on. */
static void make_deep(world *w, size_t n_layers, const encoding_polynomial *bend, uint64_t *state) {
  size_t widths[NETWORK_MAX_LAYERS + 1];
  static const encoding_polynomial identity = {.degree = 1, .coefficient = {0.0, 1.0}};
  memset(w, 0, sizeof *w);
  for (size_t i = 0; i <= n_layers; i++)
    widths[i] = i == n_layers ? 3 : WIDTH;
  assert_ok(network_init(&w->model, widths, n_layers));
  for (size_t i = 0; i < n_layers; i++)
    fill_layer(&w->model.layer[i], i + 1 < n_layers ? bend : &identity, state);
  double *rows = base_alloc_array((size_t)200 * WIDTH, sizeof *rows);
  for (size_t i = 0; i < (size_t)200 * WIDTH; i++)
    rows[i] = test_uniform(state);
  memcpy(w->rows, rows, sizeof(double) * N_ROWS * WIDTH);
  assert_ok(network_calibrate(&w->model, rows, 200));
  base_free(rows);
}

static compile_options deep_options(double error) {
  compile_options options;
  compile_options_default(&options);
  options.security = CKKS_SECURITY_NONE;
  options.log2_n = 11;
  options.throughput = false;
  options.error = error;
  options.bootstrap = COMPILE_BOOTSTRAP_ALWAYS;
  return options;
}

/* As run_messages; the rows that are marked are counted. */
static double run_rows(const world *w, const double *rows, size_t n_rows, size_t *n_marked) {
  uint8_t *sample, *result, *marks;
  size_t n_sample, n_result, n, n_out = w->plan.interface.n_outputs;
  double *outputs, *clear = base_alloc_array(n_rows * n_out, sizeof *clear), worst = 0.0;
  const plan_interface *interface = &w->plan.interface;
  size_t n_outside = 0;
  *n_marked = 0;
  assert_ok(network_forward_rows(clear, rows, n_rows, &w->model));
  assert_ok(client_encrypt(&sample, &n_sample, rows, n_rows, PLAN_LATENCY, &n_outside, w->secret,
                           interface));
  assert_ok(exec_infer(&result, &n_result, sample, n_sample, "sample", w->session));
  assert_ok(client_decrypt_marked(&outputs, &marks, &n, result, n_result, "result", w->secret,
                                  interface));
  for (size_t row = 0; row < n_rows; row++) {
    *n_marked += marks[row] != CLIENT_MARK_NONE;
    for (size_t k = row * n_out; k < (row + 1) * n_out && marks[row] == CLIENT_MARK_NONE; k++)
      worst = fmax(worst, fabs(outputs[k] - clear[k]) / fmax(1.0, fabs(clear[k])));
  }
  base_free(sample);
  base_free(result);
  base_free(outputs);
  base_free(marks);
  base_free(clear);
  return worst;
}

static void assert_runs(size_t n_layers, const encoding_polynomial *bend, double error) {
  uint64_t state = 77 + n_layers;
  world w;
  compile_options options = deep_options(error);
  make_deep(&w, n_layers, bend, &state);
  world_start(&w, &options);
  const plan_interface *interface = &w.plan.interface;
  size_t n_marked;
  double off = run_rows(&w, w.rows, N_ROWS, &n_marked);
  double said = interface->cost[PLAN_LATENCY].predicted_error;
  print_message("%zu layers, depth %d, %u bootstraps: error %.2g, predicted %.2g\n", n_layers,
                interface->depth, interface->n_bootstraps, off, said);
  assert_true(interface->n_bootstraps > 0);
  assert_int_equal(n_marked, 0);
  assert_true(off <= said);
  world_clear(&w);
}

static void test_squares(void **unused) {
  (void)unused;
  assert_runs(60, &square, 0.05);
}

static void test_cubics(void **unused) {
  (void)unused;
  assert_runs(20, &cubic, 0.05);
}

static void test_bends_of_degree_seven(void **unused) {
  (void)unused;
  assert_runs(12, &seventh, 0.05);
}

/* --- rows that no bootstrap holds */

#define N_FAR 24

/* From inside the box to a million times as far. */
static void fill_far(double *rows, uint64_t *state) {
  for (size_t row = 0; row < N_FAR; row++)
    for (size_t i = 0; i < WIDTH; i++)
      rows[row * WIDTH + i] = exp2((double)row - 3.0) * test_uniform(state);
}

/* Off by more than a twentieth, and nobody says so: that is what may not be. */
static size_t count_wrong(const double *outputs, const double *clear, const bool *marked,
                          size_t n_out) {
  size_t wrong = 0;
  for (size_t row = 0; row < N_FAR; row++)
    for (size_t k = row * n_out; k < (row + 1) * n_out; k++)
      if (!marked[row] && !(fabs(outputs[k] - clear[k]) <= 0.05 * fmax(1.0, fabs(clear[k])))) {
        wrong++;
        break;
      }
  return wrong;
}

static void run_far(double *outputs, bool *marked, const world *w, const double *rows) {
  for (size_t row = 0; row < N_FAR; row++) {
    uint8_t *sample, *result, *marks;
    size_t n_sample, n_result, n, n_outside = 0, n_out = w->plan.interface.n_outputs;
    double *out;
    const plan_interface *interface = &w->plan.interface;
    assert_ok(client_encrypt(&sample, &n_sample, rows + row * WIDTH, 1, PLAN_LATENCY, &n_outside,
                             w->secret, interface));
    assert_ok(exec_infer(&result, &n_result, sample, n_sample, "sample", w->session));
    assert_ok(
        client_decrypt_marked(&out, &marks, &n, result, n_result, "result", w->secret, interface));
    marked[row] = marks[0] != CLIENT_MARK_NONE;
    memcpy(outputs + row * n_out, out, n_out * sizeof *out);
    base_free(sample);
    base_free(result);
    base_free(marks);
    base_free(out);
  }
}

static void assert_no_wrong(size_t n_layers, const encoding_polynomial *bend) {
  uint64_t state = 5 + n_layers;
  double rows[N_FAR * WIDTH], clear[N_FAR * 3], outputs[N_FAR * 3];
  bool marked[N_FAR];
  compile_simulate_fate fates[N_FAR];
  world w;
  size_t n_marked = 0, n_alike = 0;
  compile_options options = deep_options(0.01);
  make_deep(&w, n_layers, bend, &state);
  world_start(&w, &options);
  fill_far(rows, &state);
  assert_ok(network_forward_rows(clear, rows, N_FAR, &w.model));
  run_far(outputs, marked, &w, rows);
  assert_int_equal(count_wrong(outputs, clear, marked, 3), 0);
  assert_ok(compile_simulate_rows(outputs, fates, rows, N_FAR, &w.plan, PLAN_LATENCY, 1, NULL));
  for (size_t row = 0; row < N_FAR; row++) {
    bool simulated = fates[row].mark != COMPILE_SIMULATE_NONE;
    n_marked += marked[row];
    n_alike += simulated == marked[row];
    marked[row] = simulated;
  }
  assert_int_equal(count_wrong(outputs, clear, marked, 3), 0);
  print_message("%zu of %d rows marked, %zu alike in simulation\n", n_marked, N_FAR, n_alike);
  assert_true(n_marked >= N_FAR / 4 && n_marked <= N_FAR - 3);
  assert_true(n_alike >= N_FAR - 2); /* rows at the edge may go either way */
  world_clear(&w);
}

static void test_what_no_bootstrap_holds_is_seen(void **unused) {
  (void)unused;
  assert_no_wrong(9, &square);
  assert_no_wrong(6, &cubic);
}

/* What the canary of a row `far` times as large as an ordinary one holds, over its limit. */
static double canary_at(const world *w, double far) {
  const plan_interface *interface = &w->plan.interface;
  const plan_layout *layout = &interface->layout[PLAN_LATENCY];
  size_t slots = (size_t)1 << (interface->literal.log2_n - 1);
  double *in = base_alloc_array(slots, sizeof *in), *out = base_alloc_array(slots, sizeof *out);
  double row[WIDTH];
  for (size_t i = 0; i < WIDTH; i++)
    row[i] = far * w->rows[i];
  plan_pack_row(in, slots, row, interface);
  assert_ok(plan_reading_run(&out, (const double *const *)&in, &w->plan.program[PLAN_LATENCY],
                             w->plan.vector, slots, NULL));
  double canary = fabs(out[interface->n_outputs]) / layout->canary;
  base_free(in);
  base_free(out);
  return canary;
}

/* Nearly linear, so that a value that is far is far at every bootstrap: the sine falls short by the
 * cube of it, the guard sees the square of that. */
static void test_the_canary_holds_what_bootstraps_are_off_by(void **unused) {
  static const encoding_polynomial almost = {.degree = 3, .coefficient = {0.0, 1.0, 0.0, -1e-3}};
  uint64_t state = 8;
  world w;
  compile_options options = deep_options(0.01);
  (void)unused;
  make_deep(&w, 12, &almost, &state);
  assert_ok(compile_model(&w.plan, &w.model, &options));
  assert_true(canary_at(&w, 1.0) < 0.01);
  assert_true(canary_at(&w, 2.0) < 0.5);
  assert_true(canary_at(&w, 16.0) > 2.0);
  assert_true(canary_at(&w, 100.0) > 1e20);
  plan_clear(&w.plan);
  network_clear(&w.model);
}

/* --- choosing */

/* As a user has it: nothing asked for, and what is too deep simply works, at an error of its own.
 */
static void test_nothing_asked_for(void **unused) {
  uint64_t state = 3;
  world w;
  compile_options options = deep_options(0.0);
  (void)unused;
  options.bootstrap = COMPILE_BOOTSTRAP_AUTO;
  make_deep(&w, 40, &square, &state); /* more levels than a chain has primes */
  assert_ok(compile_model(&w.plan, &w.model, &options));
  assert_true(plan_bootstraps(&w.plan.interface) && w.plan.interface.n_bootstraps > 0);
  assert_true(w.plan.error >= 1e-5 && w.plan.error <= 0.05);
  assert_true(w.plan.interface.cost[PLAN_LATENCY].predicted_error <= w.plan.error);
  assert_true(w.plan.other.sought && !w.plan.other.found);
  assert_true(w.plan.account[PLAN_LATENCY].n_parts == 42);
  plan_clear(&w.plan);
  options.bootstrap = COMPILE_BOOTSTRAP_NEVER;
  assert_int_not_equal(compile_model(&w.plan, &w.model, &options), CKKS_OK);
  options.bootstrap = COMPILE_BOOTSTRAP_AUTO;
  options.contract = COMPILE_CONTRACT_CERTIFIED; /* which no bootstrap can be */
  assert_int_not_equal(compile_model(&w.plan, &w.model, &options), CKKS_OK);
  network_clear(&w.model);
}

/* A layer of two ciphertexts stands where levels end: going there would cost two bootstraps. */
static void make_wide(network_model *model, uint64_t *state) {
  static const size_t widths[] = {6, 6, 6, 1500, 6, 6, 6, 6, 6, 3};
  const size_t n_layers = sizeof widths / sizeof *widths - 1;
  double *rows = base_alloc_array((size_t)100 * 6, sizeof *rows);
  assert_ok(network_init(model, widths, n_layers));
  for (size_t l = 0; l < n_layers; l++) {
    network_layer *layer = &model->layer[l];
    assert_ok(test_draw_weights(layer, 1.5 / sqrt((double)layer->n_in), state));
    if (l + 1 < n_layers)
      layer->activation[0].polynomial = square;
  }
  for (size_t i = 0; i < (size_t)100 * 6; i++)
    rows[i] = test_uniform(state);
  assert_ok(network_calibrate(model, rows, 100));
  base_free(rows);
}

static void test_the_path_goes_around_wide_layers(void **unused) {
  uint64_t state = 6;
  plan_plan plan;
  network_model model;
  compile_options options = deep_options(0.05);
  (void)unused;
  make_wide(&model, &state);
  assert_ok(compile_model(&plan, &model, &options));
  const plan_account *account = &plan.account[PLAN_LATENCY];
  int n = 0;
  for (int i = 0; i < account->n_parts; i++) {
    n += account->part[i].n_bootstraps;
    assert_true(account->part[i].n_bootstraps <= 1);
  }
  assert_int_equal(account->part[3].n_bootstraps, 0); /* the input stands before the first */
  assert_int_equal(account->part[3].n_out, 1500);
  assert_true(n >= 2 && n == (int)plan.interface.n_bootstraps);
  plan_clear(&plan);
  network_clear(&model);
}

static void test_no_memory_at_any_moment(void **unused) {
  uint64_t state = 4;
  world w;
  compile_options options = deep_options(0.05);
  (void)unused;
  make_deep(&w, 5, &cubic, &state);
  for (long k = 1;; k += 1 + k / 3) {
    base_alloc_fail_at(k);
    ckks_status status = compile_model(&w.plan, &w.model, &options);
    base_alloc_fail_at(0);
    if (status == CKKS_OK)
      break;
    assert_int_equal(status, CKKS_ERROR_MEMORY);
  }
  plan_clear(&w.plan);
  network_clear(&w.model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_squares),
      cmocka_unit_test(test_cubics),
      cmocka_unit_test(test_bends_of_degree_seven),
      cmocka_unit_test(test_what_no_bootstrap_holds_is_seen),
      cmocka_unit_test(test_the_canary_holds_what_bootstraps_are_off_by),
      cmocka_unit_test(test_nothing_asked_for),
      cmocka_unit_test(test_the_path_goes_around_wide_layers),
      cmocka_unit_test(test_no_memory_at_any_moment),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
