/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals, each by its text: what is needed, what each ring degree allows, what to try. What is
 * to be tried is tried here, and works.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "compile/compile.h"
#include "compile/plans.h"

static void assert_ok(ckks_status status) {
  if (status != CKKS_OK)
    fail_msg("%s", ckks_last_error());
}

static void assert_says(const char *part) {
  if (strstr(ckks_last_error(), part) == NULL)
    fail_msg("\"%s\" is not in: %s", part, ckks_last_error());
}

static void assert_refused(const network_model *model, const compile_options *options,
                           ckks_status expected) {
  plan_plan plan;
  assert_int_equal(compile_model(&plan, model, options), expected);
}

static void assert_compiles(const network_model *model, const compile_options *options) {
  plan_plan plan;
  assert_ok(compile_model(&plan, model, options));
  plan_clear(&plan);
}

/* Equal layers of `width` values; the activation stands behind every layer but the last. */
static void build(network_model *model, size_t width, size_t n_layers,
                  encoding_polynomial activation) {
  size_t widths[NETWORK_MAX_LAYERS + 1];
  uint64_t state = 4;
  for (size_t i = 0; i <= n_layers; i++)
    widths[i] = i == n_layers ? 2 : width;
  assert_ok(network_init(model, widths, n_layers));
  for (size_t l = 0; l < n_layers; l++) {
    network_layer *layer = &model->layer[l];
    assert_ok(test_draw_weights(layer, 1.0 / sqrt((double)layer->n_in), &state));
    if (l + 1 < n_layers)
      layer->activation[0].polynomial = activation;
    layer->activation[0].max_abs = 1.0;
  }
  model->max_abs_input = 2.0;
}

static const encoding_polynomial square = {.degree = 2, .coefficient = {0.0, 0.5, 0.25}};
static const encoding_polynomial seventh = {
    .degree = 7, .coefficient = {0.0, 0.5, 0, 0.01, 0, 0.001, 0, 0.0001}};

/* The default options, where nothing but the given differs. */
static compile_options options_for(double error, ckks_security security, int log2_n) {
  compile_options options = test_options(error, log2_n);
  options.security = security;
  return options;
}

/* Number behind `name`, as strtod reads it. */
static double number_behind(const char *name) {
  const char *at = strstr(ckks_last_error(), name);
  assert_non_null(at);
  return strtod(at + strlen(name), NULL);
}

/* What 2^n is said to allow, or -1. */
static int allowed(int log2_n) {
  char first[32], other[32];
  snprintf(first, sizeof first, "N = 2^%d allows ", log2_n);
  snprintf(other, sizeof other, ", 2^%d ", log2_n);
  if (strstr(ckks_last_error(), first) != NULL)
    return (int)number_behind(first);
  return strstr(ckks_last_error(), other) != NULL ? (int)number_behind(other) : -1;
}

static void test_too_many_levels(void **unused) {
  (void)unused;
  network_model model;
  compile_options options = options_for(1e-3, CKKS_SECURITY_256, 0);
  build(&model, 4, 11, seventh);
  assert_refused(&model, &options, CKKS_ERROR_SECURITY);
  assert_says("the model needs 41 levels; N = 2^14 allows ");
  assert_says(" at 256 bits of security with error 0.001; try ");
  assert_says("an activation of lower degree (that of layer 1 takes 3 levels)");
  assert_says("fewer layers");
  assert_true(allowed(14) < allowed(15) && allowed(15) < allowed(16));
  assert_true(allowed(14) >= 0 && allowed(16) < 41);
  network_clear(&model);
  build(&model, 4, 11, square); /* as it says */
  assert_compiles(&model, &options);
  network_clear(&model);
}

static void test_degree_too_small(void **unused) {
  (void)unused;
  network_model model;
  compile_options options = options_for(1e-3, CKKS_SECURITY_128, 12);
  build(&model, 4, 3, square);
  assert_refused(&model, &options, CKKS_ERROR_SECURITY);
  assert_says("the model needs 5 levels");
  assert_says("at 128 bits");
  assert_true(allowed(12) >= 0 && allowed(12) < 5);
  int log2_n = (int)number_behind("--log2-n ");
  assert_true(log2_n > 12 && allowed(log2_n) >= 5);
  options.log2_n = log2_n;
  assert_compiles(&model, &options);
  network_clear(&model);
}

static void test_less_security(void **unused) {
  (void)unused;
  network_model model;
  compile_options options = options_for(1e-3, CKKS_SECURITY_256, 13);
  build(&model, 4, 3, square);
  assert_refused(&model, &options, CKKS_ERROR_SECURITY);
  assert_says("at 256 bits");
  assert_says("--security 128");
  options.security = CKKS_SECURITY_128;
  assert_compiles(&model, &options);
  network_clear(&model);
}

/* Legal chains, but none precise enough: a larger error is named, and it can be had. */
static void test_error_too_small(void **unused) {
  (void)unused;
  network_model model;
  compile_options options = options_for(1e-6, CKKS_SECURITY_128, 13);
  build(&model, 4, 3, square);
  assert_refused(&model, &options, CKKS_ERROR_RANGE);
  assert_says("the model needs 5 levels; N = 2^13 allows 4");
  assert_says("with error 1e-06");
  options.error = number_behind("--error ");
  assert_true(options.error > 1e-6 && options.error < 0.1);
  assert_compiles(&model, &options);
  network_clear(&model);
}

static void test_error_out_of_reach(void **unused) {
  (void)unused;
  network_model model;
  compile_options options = options_for(1e-9, CKKS_SECURITY_128, 0);
  build(&model, 4, 2, encoding_polynomial_sigmoid3);
  assert_refused(&model, &options, CKKS_ERROR_RANGE);
  assert_says("error 1e-09 is out of reach: with primes of at most 48 bits the smallest is ");
  assert_true(number_behind("the smallest is ") > 1e-9);
  options.error = number_behind("--error ");
  assert_compiles(&model, &options);
  network_clear(&model);
}

static void test_last_on_server(void **unused) {
  (void)unused;
  network_model model;
  compile_options options = options_for(1e-5, CKKS_SECURITY_192, 13);
  build(&model, 4, 2, encoding_polynomial_sigmoid3);
  model.layer[1].activation[0].polynomial = encoding_polynomial_sigmoid3;
  options.last_on_server = true;
  assert_refused(&model, &options, CKKS_ERROR_SECURITY);
  assert_says("--last client (2 levels less)");
  options.last_on_server = false;
  assert_compiles(&model, &options);
  network_clear(&model);
}

static void test_outputs_too_large(void **unused) {
  (void)unused;
  network_model model;
  compile_options options = options_for(1e-3, CKKS_SECURITY_128, 0);
  build(&model, 4, 2, square);
  options.contract = COMPILE_CONTRACT_GUARDED; /* these weights prove that it never gets there */
  model.layer[1].activation[0].max_abs = 1e9;
  assert_refused(&model, &options, CKKS_ERROR_RANGE);
  assert_says("the last map's outputs can reach 1e+09, with headroom 4");
  assert_says("--calibrate");
  model.layer[1].activation[0].max_abs = 1.0;
  options.headroom = 1e6;
  assert_refused(&model, &options, CKKS_ERROR_RANGE);
  assert_says("a smaller --headroom");
  network_clear(&model);
}

static void test_too_wide(void **unused) {
  (void)unused;
  static const size_t deep[] = {4, 600, 2}, many[] = {600, 4, 2}, widest[] = {4, 3000, 2};
  network_model model;
  compile_options options = options_for(1e-1, CKKS_SECURITY_NONE, 10);
  options.throughput = false;
  assert_ok(network_init(&model, deep, 2));
  model.layer[0].activation[0].polynomial = square;
  assert_compiles(&model, &options); /* in two ciphertexts */
  network_clear(&model);
  assert_ok(network_init(&model, many, 2));
  model.layer[0].activation[0].polynomial = square;
  assert_refused(&model, &options, CKKS_ERROR_ARGUMENT);
  assert_says("600 inputs are too many: latency packing gives them 1024 slots, N = 2^10 has 512; "
              "try --log2-n 11 or --packing throughput");
  options.log2_n = 11;
  assert_compiles(&model, &options);
  options.log2_n = 10;
  options.throughput = true; /* one value a ciphertext fits any ring */
  assert_compiles(&model, &options);
  network_clear(&model);
  assert_ok(network_init(&model, widest, 2));
  model.layer[0].activation[0].polynomial = square;
  options.log2_n = 13;
  options.latency = false;
  assert_refused(&model, &options, CKKS_ERROR_ARGUMENT);
  assert_says("a layer 3000 wide; throughput packing holds at most 2048 values; try --packing "
              "latency");
  options.latency = true; /* and throughput packing is left out */
  assert_compiles(&model, &options);
  network_clear(&model);
}

static void test_allocation_failures(void **unused) {
  (void)unused;
  network_model model;
  plan_plan plan;
  compile_options options = options_for(1e-2, CKKS_SECURITY_128, 11);
  build(&model, 2, 2, square);
  long before = base_alloc_count();
  assert_refused(&model, &options, CKKS_ERROR_SECURITY);
  long n = base_alloc_count() - before;
  for (long k = 1; k <= n; k += 1 + n / 50) {
    base_alloc_fail_at(k);
    ckks_status status = compile_model(&plan, &model, &options);
    base_alloc_fail_at(0);
    assert_int_equal(status, CKKS_ERROR_MEMORY);
  }
  network_clear(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_too_many_levels),    cmocka_unit_test(test_degree_too_small),
      cmocka_unit_test(test_less_security),      cmocka_unit_test(test_error_too_small),
      cmocka_unit_test(test_error_out_of_reach), cmocka_unit_test(test_last_on_server),
      cmocka_unit_test(test_outputs_too_large),  cmocka_unit_test(test_too_wide),
      cmocka_unit_test(test_allocation_failures)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
