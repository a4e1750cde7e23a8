/* SPDX-License-Identifier: Apache-2.0 */
#include "train/network.h"

#include "base/alloc.h"
#include "random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define N_FEATURES 7

static double uniform(uint64_t *seed) {
  return (double)(test_random(seed) >> 11) * 0x1p-52 - 1.0;
}

/* Row 0 of a table has that label. */
static double learn(train_network *net, const double *scaled, int label) {
  const train_truth truth = {.label = &label, .n_outputs = net->width[net->n_layers]};
  return train_network_learn(net, scaled, &truth, 0);
}

static double loss_of(train_network *net, const double *scaled, const train_truth *truth) {
  return train_truth_loss(NULL, train_network_outputs(net, scaled), truth, 0);
}

/* A network with random parameters of the size that training gives. */
static void build(train_network *net, const size_t *widths, size_t n_layers, uint64_t seed) {
  static const uint8_t key[RAND_SEED_BYTES] = {9};
  rand_stream stream;
  assert_int_equal(train_network_init(net, widths, n_layers, &encoding_polynomial_sigmoid3, false),
                   CKKS_OK);
  rand_stream_init(&stream, key, seed);
  train_network_randomize(net, &stream);
}

/* Every derivative against the central difference. */
static void assert_gradient(train_network *net, const double *row, const train_truth *truth) {
  for (size_t i = 0; i < net->n_parameters; i++) {
    const double h = 1e-5;
    double kept = net->parameter[i];
    net->parameter[i] = kept + h;
    double above = loss_of(net, row, truth);
    net->parameter[i] = kept - h;
    double below = loss_of(net, row, truth);
    net->parameter[i] = kept;
    assert_true(fabs(net->gradient[i] - (above - below) / (2 * h)) <= 1e-9);
  }
}

/* On networks of one to four layers. */
static void gradients_agree_with_finite_differences(void **state) {
  (void)state;
  static const size_t widths[4][5] = {
      {N_FEATURES, 2}, {N_FEATURES, 5, 3}, {N_FEATURES, 6, 4, 2}, {N_FEATURES, 3, 5, 1, 4}};
  uint64_t seed = 1;
  for (size_t n_layers = 1; n_layers <= 4; n_layers++) {
    train_network net;
    double row[N_FEATURES];
    build(&net, widths[n_layers - 1], n_layers, n_layers);
    size_t n_classes = widths[n_layers - 1][n_layers];
    for (size_t i = 0; i < N_FEATURES; i++)
      row[i] = 3.0 * uniform(&seed);
    for (size_t label = 0; label < n_classes; label++) {
      memset(net.gradient, 0, net.n_parameters * sizeof(double));
      const int number = (int)label;
      const train_truth truth = {.label = &number, .n_outputs = n_classes};
      double loss = learn(&net, row, number);
      assert_true(loss == loss_of(&net, row, &truth));
      assert_gradient(&net, row, &truth);
    }
    train_network_clear(&net);
  }
}

/* Of numbers, whose last layer has no activation; then the numbers get their place back. */
static void a_linear_end_learns_numbers(void **state) {
  (void)state;
  static const size_t widths[] = {N_FEATURES, 5, 1};
  const double target = 17.0;
  const train_truth truth = {.target = &target, .n_outputs = 1, .centre = 10.0, .spread = 4.0};
  double row[N_FEATURES];
  uint64_t seed = 5;
  train_network net;
  build(&net, widths, 2, 3);
  net.linear_end = true;
  for (size_t i = 0; i < N_FEATURES; i++)
    row[i] = uniform(&seed);
  double loss = train_network_learn(&net, row, &truth, 0);
  double error = net.post[1][0] - 1.75;
  assert_true(fabs(loss - 0.5 * error * error) <= 1e-15);
  assert_true(net.post[1][0] == net.pre[1][0]);
  assert_gradient(&net, row, &truth);
  network_model model;
  double out, before = train_network_outputs(&net, row)[0];
  assert_int_equal(network_init(&model, widths, 2), CKKS_OK);
  assert_int_equal(train_network_store(&model, &net, &truth), CKKS_OK);
  assert_int_equal(network_forward_rows(&out, row, 1, &model), CKKS_OK);
  assert_true(fabs(out - (10.0 + 4.0 * before)) <= 1e-12);
  network_clear(&model);
  train_network_clear(&net);
}

static void gradients_add_up_over_rows(void **state) {
  (void)state;
  static const size_t widths[] = {N_FEATURES, 4, 2};
  double a[N_FEATURES], b[N_FEATURES], first[100], second[100];
  uint64_t seed = 2;
  train_network net;
  build(&net, widths, 2, 1);
  assert_int_equal(net.n_parameters, 4 * 8 + 2 * 5);
  for (size_t i = 0; i < N_FEATURES; i++) {
    a[i] = uniform(&seed);
    b[i] = uniform(&seed);
  }
  size_t n_bytes = net.n_parameters * sizeof(double);
  learn(&net, a, 0);
  memcpy(first, net.gradient, n_bytes);
  memset(net.gradient, 0, n_bytes);
  learn(&net, b, 1);
  memcpy(second, net.gradient, n_bytes);
  learn(&net, a, 0);
  for (size_t i = 0; i < net.n_parameters; i++)
    assert_true(fabs(net.gradient[i] - (first[i] + second[i])) <= 1e-15);
  train_network_clear(&net);
}

/* A row whose loss is not finite leaves the gradient as it was. */
static void infinite_rows_are_not_learnt(void **state) {
  (void)state;
  static const size_t widths[] = {1, 2};
  train_network net;
  build(&net, widths, 1, 1);
  assert_true(isnan(learn(&net, (double[]){1e200}, 0)));
  for (size_t i = 0; i < net.n_parameters; i++)
    assert_true(net.gradient[i] == 0.0);
  train_network_clear(&net);
}

/* Two steps of Adam on one parameter by the paper's formulas. */
static void steps_are_those_of_the_paper(void **state) {
  (void)state;
  static const size_t widths[] = {1, 1};
  train_network net;
  const double rate = 0.01, decay = 0.1, gradients[] = {3.0, -1.0};
  double theta = 0.5, m = 0.0, v = 0.0;
  build(&net, widths, 1, 1);
  net.parameter[0] = theta;
  for (int t = 1; t <= 2; t++) {
    net.gradient[0] = 4 * gradients[t - 1]; /* the sum over a batch of 4 */
    double g = gradients[t - 1] + decay * theta;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    theta -= rate * (m / (1 - pow(0.9, t))) / (sqrt(v / (1 - pow(0.999, t))) + 1e-8);
    train_network_step(&net, 4, rate, decay);
    assert_true(fabs(net.parameter[0] - theta) <= 1e-15);
    assert_true(net.gradient[0] == 0.0);
    if (t == 1) /* the first step is the rate itself, whatever the gradient */
      assert_true(fabs(0.5 - net.parameter[0] - rate) <= 1e-9);
  }
  train_network_clear(&net);
}

static void initial_parameters_fill_their_interval(void **state) {
  (void)state;
  static const size_t widths[] = {100, 64, 16};
  train_network net;
  build(&net, widths, 2, 5);
  for (size_t l = 0; l < 2; l++) {
    double bound = 1.0 / sqrt((double)widths[l]), least = 1.0, most = -1.0, sum = 0.0;
    size_t n = widths[l + 1] * (widths[l] + 1);
    for (size_t i = 0; i < n; i++) {
      double w = net.parameter[net.weight_at[l] + i];
      least = fmin(least, w);
      most = fmax(most, w);
      sum += w;
    }
    assert_true(least >= -bound && least < -0.98 * bound);
    assert_true(most < bound && most > 0.98 * bound);
    /* Standard deviation of the mean is bound/sqrt(3n); five of them. */
    assert_true(fabs(sum / (double)n) < 5 * bound / sqrt(3.0 * (double)n));
  }
  /* The biases are drawn too, and another stream gives others. */
  assert_true(net.parameter[net.bias_at[0]] != 0.0);
  train_network other;
  build(&other, widths, 2, 6);
  assert_true(net.parameter[0] != other.parameter[0]);
  train_network_clear(&other);
  train_network_clear(&net);
}

static void a_stored_model_computes_the_same(void **state) {
  (void)state;
  static const size_t widths[] = {N_FEATURES, 5, 3};
  uint64_t seed = 4;
  train_network net;
  network_model model;
  double row[N_FEATURES], outputs[3];
  build(&net, widths, 2, 1);
  assert_int_equal(network_init(&model, widths, 2), CKKS_OK);
  assert_int_equal(train_network_store(&model, &net, NULL), CKKS_OK);
  assert_int_equal(network_check(&model), CKKS_OK);
  for (int round = 0; round < 100; round++) {
    for (size_t i = 0; i < N_FEATURES; i++)
      row[i] = 4.0 * uniform(&seed);
    train_network_outputs(&net, row);
    network_forward_rows(outputs, row, 1, &model);
    assert_memory_equal(outputs, net.post[1], sizeof outputs); /* to the bit */
  }
  network_clear(&model);
  train_network_clear(&net);
}

static void a_failing_allocation_leaves_nothing(void **state) {
  (void)state;
  static const size_t widths[] = {3, 2};
  train_network net;
  base_alloc_fail_at(1);
  assert_int_equal(train_network_init(&net, widths, 1, &encoding_polynomial_sigmoid3, false),
                   CKKS_ERROR_MEMORY);
  base_alloc_fail_at(0);
  train_network_clear(&net);
  train_network_clear(&net);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gradients_agree_with_finite_differences),
      cmocka_unit_test(gradients_add_up_over_rows),
      cmocka_unit_test(a_linear_end_learns_numbers),
      cmocka_unit_test(infinite_rows_are_not_learnt),
      cmocka_unit_test(steps_are_those_of_the_paper),
      cmocka_unit_test(initial_parameters_fill_their_interval),
      cmocka_unit_test(a_stored_model_computes_the_same),
      cmocka_unit_test(a_failing_allocation_leaves_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
