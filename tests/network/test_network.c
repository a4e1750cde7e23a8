/* SPDX-License-Identifier: Apache-2.0 */
#include "network/network.h"

#include "base/alloc.h"
#include "network/models.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* -------------------------------------------------------------- arithmetic */

static void the_polynomial_has_its_known_values(void **state) {
  (void)state;
  const encoding_polynomial *s = &encoding_polynomial_sigmoid3;
  assert_int_equal(s->degree, 3);
  assert_true(encoding_polynomial_value(s, 0.0) == 0.5);
  assert_true(fabs(encoding_polynomial_value(s, 1.0) - (0.693)) <= 1e-15);
  assert_true(fabs(encoding_polynomial_value(s, -1.0) - (0.307)) <= 1e-15);
  assert_true(fabs(encoding_polynomial_value(s, 39.0) - (0.5 + 7.683 - 237.276)) <= 1e-10);
  const encoding_polynomial constant_slope = {.degree = 0, .coefficient = {2.5}};
  assert_true(encoding_polynomial_value(&constant_slope, 1e300) == 2.5);
}

static void horner_agrees_with_powers(void **state) {
  (void)state;
  uint64_t seed = 1;
  for (int degree = 1; degree <= ENCODING_MAX_DEGREE; degree++) {
    encoding_polynomial p = {.degree = degree};
    double x = 1.5 * test_uniform(&seed), sum = 0.0, size = 0.0;
    for (int k = 0; k <= degree; k++) {
      p.coefficient[k] = test_uniform(&seed);
      sum += p.coefficient[k] * pow(x, k);
      size += fabs(p.coefficient[k] * pow(x, k));
    }
    assert_true(fabs(encoding_polynomial_value(&p, x) - sum) <= 1e-13 * size);
  }
}

static void dot_products_of_every_length_are_right(void **state) {
  (void)state;
  double a[70], b[70];
  for (size_t i = 0; i < 70; i++) {
    a[i] = (double)i + 1.0;
    b[i] = i % 2 == 0 ? 1.0 : -2.0;
  }
  double sum = 0.0; /* of small integers: exact in any order */
  for (size_t n = 0; n <= 70; n++) {
    assert_true(network_dot(a, b, n) == sum);
    sum += n < 70 ? a[n] * b[n] : 0.0;
  }
}

/* 2 -> 2 -> 1 by hand: W0 = [[1, 2], [3, -1]], b0 = [0.5, -1], square; W1 = [[2, -1]], b1 = [3]. */
static void the_forward_pass_is_the_one_computed_by_hand(void **state) {
  (void)state;
  const size_t widths[] = {2, 2, 1};
  network_model model;
  assert_int_equal(network_init(&model, widths, 2), CKKS_OK);
  assert_int_equal(network_layer_set_weights(&model.layer[0], (double[]){1, 2, 3, -1}), CKKS_OK);
  memcpy(model.layer[0].bias, (double[]){0.5, -1}, 2 * sizeof(double));
  model.layer[0].activation[0].polynomial =
      (encoding_polynomial){.degree = 2, .coefficient = {0, 0, 1}};
  assert_int_equal(network_layer_set_weights(&model.layer[1], (double[]){2, -1}), CKKS_OK);
  model.layer[1].bias[0] = 3;
  model.mean[0] = 10;
  model.deviation[0] = 2;
  /* raw (14, 1) -> scaled (2, 1) -> pre (4.5, 4) -> squares (20.25, 16) -> 27.5 */
  double output = 0;
  network_ranges seen = {.input = 0};
  network_forward_rows(&output, (double[]){14, 1}, 1, &model);
  assert_true(output == 27.5);
  output = 0;
  assert_int_equal(network_forward_ranges(&seen, &output, (double[]){14, 1}, 1, &model), CKKS_OK);
  assert_true(output == 27.5 && seen.input == 2);
  assert_true(seen.activation[0][0] == 4.5 && seen.activation[1][0] == 27.5);
  /* A missing value is the mean: scaled (0, 1) -> pre (2.5, -2) -> (6.25, 4) -> 11.5 */
  network_forward_rows(&output, (double[]){(double)NAN, 1}, 1, &model);
  assert_true(output == 11.5);
  network_clear(&model);
}

/* One number in each row, at the column of its number modulo n_columns. */
static void set_stripes(network_sparse *weight) {
  assert_int_equal(network_sparse_reserve(weight, weight->n_rows), CKKS_OK);
  for (size_t row = 0; row < weight->n_rows; row++) {
    weight->column[row] = (uint32_t)(row % weight->n_columns);
    weight->value[row] = 1.0;
    weight->start[row + 1] = row + 1;
  }
}

/* Dense its matrices would be 8 and 32 GiB. */
static void the_widest_network_passes(void **state) {
  (void)state;
  enum { WIDE = NETWORK_MAX_WIDTH };
  const size_t widths[] = {ENCODING_MAX_FEATURES, WIDE, WIDE, 3, ENCODING_MAX_CLASSES};
  static double row[ENCODING_MAX_FEATURES], outputs[ENCODING_MAX_CLASSES];
  network_model model;
  assert_int_equal(network_init(&model, widths, 4), CKKS_OK);
  for (size_t l = 0; l < 4; l++)
    set_stripes(&model.layer[l].weight);
  for (size_t i = 0; i < ENCODING_MAX_FEATURES; i++)
    row[i] = (double)i;
  for (size_t i = 0; i < ENCODING_MAX_CLASSES; i++)
    model.layer[3].bias[i] = 0.5 * (double)i;
  assert_int_equal(network_check(&model), CKKS_OK);
  network_forward_rows(outputs, row, 1, &model);
  for (size_t i = 0; i < ENCODING_MAX_CLASSES; i++)
    assert_true(outputs[i] == (double)(i % 3) + 0.5 * (double)i);
  network_clear(&model);
}

static void the_first_of_equal_outputs_wins(void **state) {
  (void)state;
  assert_int_equal(encoding_outputs_argmax((double[]){-3.0}, 1), 0);
  assert_int_equal(encoding_outputs_argmax((double[]){1.0, 2.0, 2.0}, 3), 1);
  assert_int_equal(encoding_outputs_argmax((double[]){-5.0, -7.0, -4.0}, 3), 2);
  assert_int_equal(encoding_outputs_argmax((double[]){0.0, -0.0}, 2), 0);
}

/* ------------------------------------------------------------ calibration */

static void calibration_takes_the_largest_magnitudes(void **state) {
  (void)state;
  const size_t widths[] = {2, 1};
  network_model model;
  assert_int_equal(network_init(&model, widths, 1), CKKS_OK);
  assert_int_equal(network_layer_set_weights(&model.layer[0], (double[]){1, -1}), CKKS_OK);
  model.layer[0].bias[0] = 0.25;
  model.deviation[1] = 4;
  const double rows[] = {1, 8, -3, 4, (double)NAN, -2};
  assert_int_equal(network_calibrate(&model, rows, 3), CKKS_OK);
  assert_true(model.max_abs_input == 3.0); /* scaled: (1, 2), (-3, 1), (0, -0.5) */
  assert_true(model.layer[0].activation[0].max_abs == 3.75); /* -0.75, -3.75, 0.75 */
  /* Again on less: what was there is replaced, not added to. */
  assert_int_equal(network_calibrate(&model, rows, 1), CKKS_OK);
  assert_true(model.max_abs_input == 2.0 && model.layer[0].activation[0].max_abs == 0.75);
  network_clear(&model);
}

/* One row by the definition. */
static void forward_alone(double *outputs, double most[2], const double *scaled,
                          const network_model *model) {
  double in[9], out[9];
  memcpy(in, scaled, model->n_features * sizeof *in);
  for (size_t l = 0; l < model->n_layers; l++) {
    const network_layer *layer = &model->layer[l];
    for (size_t o = 0; o < layer->n_out; o++) {
      double pre = test_dot(&layer->weight, o, in) + layer->bias[o];
      most[l] = fmax(most[l], fabs(pre));
      out[o] = encoding_polynomial_value(&layer->activation[0].polynomial, pre);
    }
    memcpy(in, out, layer->n_out * sizeof *in);
  }
  memcpy(outputs, out, model->n_classes * sizeof *out);
}

/* 21 rows: two batches and five alone; weights with and without zeros, missing values. */
static void many_rows_are_what_each_is_alone(void **state) {
  (void)state;
  enum { ROWS = 21, IN = 9, HIDDEN = 7, OUT = 3 };
  const size_t widths[] = {IN, HIDDEN, OUT};
  double rows[ROWS * IN], outputs[ROWS * OUT], alone[OUT], weight[HIDDEN * IN];
  double most[2] = {0.0, 0.0}, scaled[IN], most_input = 0.0;
  uint64_t seed = 12;
  network_model model;
  assert_int_equal(network_init(&model, widths, 2), CKKS_OK);
  for (size_t i = 0; i < HIDDEN * IN; i++)
    weight[i] = test_random(&seed) % 3 && i >= IN ? 0.0 : test_uniform(&seed);
  assert_int_equal(network_layer_set_weights(&model.layer[0], weight), CKKS_OK);
  assert_int_equal(test_draw_weights(&model.layer[1], 1.0, &seed), CKKS_OK);
  model.layer[0].activation[0].polynomial = encoding_polynomial_sigmoid3;
  model.layer[0].bias[3] = 0.3;
  model.mean[2] = 0.1;
  for (size_t i = 0; i < ROWS * IN; i++)
    rows[i] = i % 17 == 5 ? (double)NAN : 3.0 * test_uniform(&seed);
  assert_int_equal(network_forward_rows(outputs, rows, ROWS, &model), CKKS_OK);
  for (size_t row = 0; row < ROWS; row++) {
    network_forward_scale(scaled, rows + row * IN, &model);
    forward_alone(alone, most, scaled, &model);
    assert_memory_equal(alone, outputs + row * OUT, sizeof alone);
    for (size_t i = 0; i < IN; i++)
      most_input = fmax(most_input, fabs(scaled[i]));
  }
  assert_int_equal(network_calibrate(&model, rows, ROWS), CKKS_OK);
  assert_true(model.max_abs_input == most_input);
  for (size_t l = 0; l < 2; l++)
    assert_true(model.layer[l].activation[0].max_abs == most[l]);
  /* In a batch as alone the row that is too much is named, and nothing changes. */
  for (size_t row = 0; row < ROWS; row += 10) {
    char words[40];
    double good = rows[row * IN];
    rows[row * IN] = 1e300;
    assert_int_equal(network_calibrate(&model, rows, ROWS), CKKS_ERROR_RANGE);
    snprintf(words, sizeof words, "calibration row %zu: layers[", row);
    assert_non_null(strstr(base_last_error(), words));
    rows[row * IN] = good;
  }
  assert_true(model.max_abs_input == most_input);
  network_clear(&model);
}

static void calibrated_is_all_or_nothing(void **state) {
  (void)state;
  network_model model;
  assert_int_equal(test_model_build(&model, 3), CKKS_OK);
  assert_true(network_calibrate_is_done(&model));
  double *ranges[] = {&model.max_abs_input, &model.layer[0].activation[0].max_abs,
                      &model.layer[1].activation[0].max_abs};
  for (size_t i = 0; i < 3; i++) {
    double keep = *ranges[i];
    *ranges[i] = 0.0;
    assert_false(network_calibrate_is_done(&model));
    *ranges[i] = keep;
  }
  network_clear(&model);
}

static void named_polynomials(void **state) {
  (void)state;
  encoding_polynomial p;
  assert_true(encoding_polynomial_named(&p, "sigmoid3"));
  assert_true(encoding_polynomial_value(&p, 2.0) ==
              encoding_polynomial_value(&encoding_polynomial_sigmoid3, 2.0));
  assert_true(encoding_polynomial_named(&p, "square"));
  assert_true(encoding_polynomial_value(&p, -3.0) == 9.0);
  assert_true(encoding_polynomial_named(&p, "identity"));
  assert_true(encoding_polynomial_value(&p, -3.0) == -3.0);
  assert_false(encoding_polynomial_named(&p, "relu"));
}

static void calibration_refuses_what_it_cannot_bound(void **state) {
  (void)state;
  const size_t widths[] = {1, 1, 1};
  network_model model;
  assert_int_equal(network_init(&model, widths, 2), CKKS_OK);
  assert_int_equal(network_layer_set_weights(&model.layer[0], (double[]){1}), CKKS_OK);
  model.layer[0].activation[0].polynomial =
      (encoding_polynomial){.degree = 2, .coefficient = {0, 0, 1}};
  assert_int_equal(network_layer_set_weights(&model.layer[1], (double[]){1}), CKKS_OK);
  model.layer[0].activation[0].max_abs = 7;
  assert_int_equal(network_calibrate(&model, (double[]){1, 1e200, 1}, 3), CKKS_ERROR_RANGE);
  assert_non_null(strstr(base_last_error(), "row 1"));
  assert_non_null(strstr(base_last_error(), "layers[1]"));
  assert_true(model.layer[0].activation[0].max_abs == 7); /* untouched */
  assert_int_equal(network_calibrate(&model, NULL, 0), CKKS_ERROR_ARGUMENT);
  network_clear(&model);
}

/* ------------------------------------------------------------ init, check */

static void a_new_model_has_its_defaults(void **state) {
  (void)state;
  const size_t widths[] = {12, 5, 3};
  network_model model;
  assert_int_equal(network_init(&model, widths, 2), CKKS_OK);
  assert_string_equal(model.name, "model");
  assert_string_equal(model.feature[0], "x0");
  assert_string_equal(model.feature[11], "x11");
  assert_string_equal(model.label[2], "2");
  assert_int_equal(model.n_features, 12);
  assert_int_equal(model.n_classes, 3);
  assert_int_equal(model.layer[1].n_in, 5);
  assert_true(model.mean[11] == 0.0 && model.deviation[11] == 1.0);
  assert_true(model.layer[0].weight.start[5] == 0 && model.max_abs_input == 0.0);
  assert_true(encoding_polynomial_value(&model.layer[1].activation[0].polynomial, 0.7) == 0.7);
  assert_int_equal(network_check(&model), CKKS_OK);
  network_clear(&model);
  network_clear(&model); /* twice is harmless */
}

static void impossible_widths_are_refused(void **state) {
  (void)state;
  static const struct {
    size_t widths[3], n_layers;
    const char *words;
  } cases[] = {
      {{1, 1, 1}, 0, "layers: 0 where 1 to 256"},
      {{1, 1, 1}, 257, "layers: 257"},
      {{0, 1, 1}, 2, "features: 0 where 1 to 16384"},
      {{16385, 1, 1}, 2, "features: 16385"},
      {{1, 0, 1}, 2, "layers[0].weight: 0 rows"},
      {{1, 65537, 1}, 2, "layers[0].weight: 65537 rows where 1 to 65536"},
      {{1, 1, 0}, 2, "labels: 0"},
      {{1, 1, 1025}, 2, "labels: 1025 where 1 to 1024"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    network_model model;
    assert_int_equal(network_init(&model, cases[i].widths, cases[i].n_layers), CKKS_ERROR_ARGUMENT);
    assert_non_null(strstr(base_last_error(), cases[i].words));
    assert_null(model.layer);
  }
}

/* One number is spoilt; the check must name it, and be content when it is mended. */
static void check_names_number(network_model *model, double *field, double bad, const char *words) {
  double good = *field;
  *field = bad;
  assert_int_equal(network_check(model), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(base_last_error(), words));
  *field = good;
  assert_int_equal(network_check(model), CKKS_OK);
}

static void bad_numbers_are_named(void **state) {
  (void)state;
  const double nan = (double)NAN, inf = (double)INFINITY;
  network_model m;
  assert_int_equal(test_model_build(&m, 1), CKKS_OK);
  assert_int_equal(network_check(&m), CKKS_OK);
  check_names_number(&m, &m.mean[2], nan, "scaler.mean[2]: ");
  check_names_number(&m, &m.deviation[1], 0.0, "scaler.deviation[1]: 0 where a positive");
  check_names_number(&m, &m.deviation[1], -1.0, "scaler.deviation[1]: -1");
  check_names_number(&m, &m.deviation[0], nan, "scaler.deviation[0]: ");
  check_names_number(&m, &m.deviation[0], inf, "scaler.deviation[0]: ");
  check_names_number(&m, &m.max_abs_input, -0.5, "max_abs_input: -0.5");
  check_names_number(&m, &m.layer[0].weight.value[3 * 3 + 1], inf,
                     "layers[0].weight[3][1]: not a finite number");
  check_names_number(&m, &m.layer[0].weight.value[2], 0.0,
                     "layers[0].weight[0][2]: a zero is left out of its row");
  check_names_number(&m, &m.layer[1].bias[1], nan, "layers[1].bias[1]: ");
  check_names_number(&m, &m.layer[1].activation[0].max_abs, nan, "layers[1].max_abs: ");
  check_names_number(&m, &m.layer[0].activation[0].polynomial.coefficient[2], inf,
                     "layers[0].activation.polynomial[2]: ");
  check_names_number(&m, &m.layer[0].activation[0].polynomial.coefficient[3], 0.0,
                     "layers[0].activation.polynomial[3]: the leading coefficient is 0");
  network_clear(&m);
}

static void check_names_text(network_model *model, char **field, const char *bad,
                             const char *words) {
  char *good = *field;
  *field = base_strdup(bad);
  assert_int_equal(network_check(model), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(base_last_error(), words));
  base_free(*field);
  *field = good;
  assert_int_equal(network_check(model), CKKS_OK);
}

static void bad_names_are_named(void **state) {
  (void)state;
  char long_name[ENCODING_MAX_NAME_BYTES + 2];
  network_model m;
  memset(long_name, 'n', sizeof long_name);
  long_name[ENCODING_MAX_NAME_BYTES + 1] = '\0';
  assert_int_equal(test_model_build(&m, 1), CKKS_OK);
  check_names_text(&m, &m.name, "", "name: empty");
  check_names_text(&m, &m.name, long_name, "name: 256 bytes where at most 255");
  check_names_text(&m, &m.feature[2], "a\nb", "features[2]: not printable");
  check_names_text(&m, &m.feature[2], "\xc3(", "features[2]: not printable");
  check_names_text(&m, &m.feature[2], "x0", "features: \"x0\" occurs twice");
  check_names_text(&m, &m.label[0], "malignant", "labels: \"malignant\" occurs twice");
  long_name[ENCODING_MAX_NAME_BYTES] = '\0';
  assert_int_equal(encoding_names_set(&m.name, long_name), CKKS_OK);
  assert_int_equal(network_check(&m), CKKS_OK);
  assert_int_equal(encoding_names_check(NULL, "label"), CKKS_ERROR_FORMAT);
  network_clear(&m);
}

static void shapes_that_disagree_are_named(void **state) {
  (void)state;
  network_model m;
  assert_int_equal(test_model_build(&m, 1), CKKS_OK);
  m.layer[1].n_in = 3;
  assert_int_equal(network_check(&m), CKKS_ERROR_FORMAT);
  assert_string_equal(base_last_error(), "layers[1].weight: rows of 3 numbers where 4 are needed");
  m.layer[1].n_in = 4;
  m.layer[1].n_out = 1;
  assert_int_equal(network_check(&m), CKKS_ERROR_FORMAT);
  assert_string_equal(base_last_error(), "layers[1].weight: 2 x 4 where 1 x 4 is needed");
  m.layer[1].weight.n_rows = 1;
  assert_int_equal(network_check(&m), CKKS_ERROR_FORMAT);
  assert_string_equal(base_last_error(), "labels: 2 names where the last layer has 1 outputs");
  m.layer[1].n_out = m.layer[1].weight.n_rows = 2;
  m.layer[0].weight.column[4] = 0; /* of row 1, as the one before it */
  assert_int_equal(network_check(&m), CKKS_ERROR_FORMAT);
  assert_string_equal(base_last_error(), "layers[0].weight[1]: column 0 where they ascend to 2");
  m.layer[0].weight.column[4] = 3;
  assert_int_equal(network_check(&m), CKKS_ERROR_FORMAT);
  assert_string_equal(base_last_error(), "layers[0].weight[1]: column 3 where they ascend to 2");
  m.layer[0].weight.column[4] = 1;
  m.layer[0].activation[0].polynomial.degree = 32;
  assert_int_equal(network_check(&m), CKKS_ERROR_FORMAT);
  assert_string_equal(base_last_error(),
                      "layers[0].activation: degree 32 where 1 to 31 is allowed");
  m.layer[0].activation[0].polynomial.degree = 3;
  m.n_layers = 0;
  assert_int_equal(network_check(&m), CKKS_ERROR_FORMAT);
  m.n_layers = 2;
  assert_int_equal(network_check(&m), CKKS_OK);
  network_clear(&m);
}

static void failing_allocations_leak_nothing(void **state) {
  (void)state;
  network_model m;
  long k = 1;
  for (;; k++) {
    base_alloc_fail_at(k);
    ckks_status status = test_model_build(&m, 3);
    if (status == CKKS_OK)
      break;
    assert_int_equal(status, CKKS_ERROR_MEMORY);
    assert_null(m.layer);
  }
  base_alloc_fail_at(0);
  assert_true(k > 15); /* the loop has met every one of them */
  base_alloc_fail_at(1);
  assert_int_equal(encoding_names_set(&m.name, "other"), CKKS_ERROR_MEMORY);
  assert_string_equal(m.name, "example"); /* kept */
  base_alloc_fail_at(1);
  assert_int_equal(network_check(&m), CKKS_ERROR_MEMORY);
  base_alloc_fail_at(0);
  network_clear(&m);
}

/* 2 inputs -> 2 units -> 1: ways of |2 * 3| and |1 * 3| to x0, of |-1 * 1| to x1. */
static void weights_are_shared_out_among_features(void **state) {
  (void)state;
  network_model m;
  double part[3];
  size_t used[3];
  assert_int_equal(network_init(&m, (const size_t[]){3, 2, 1}, 2), CKKS_OK);
  assert_int_equal(network_weight_parts(part, used, &m), CKKS_OK);
  assert_true(part[0] == 0.0 && used[0] == 0);
  assert_int_equal(network_layer_set_weights(&m.layer[0], (double[]){2, 0, 0, 0, -1, 0}), CKKS_OK);
  assert_int_equal(network_layer_set_weights(&m.layer[1], (double[]){-3, 1}), CKKS_OK);
  assert_int_equal(network_weight_parts(part, used, &m), CKKS_OK);
  assert_true(fabs(part[0] - 6.0 / 7.0) < 1e-15 && fabs(part[1] - 1.0 / 7.0) < 1e-15);
  assert_true(part[2] == 0.0 && used[0] == 1 && used[1] == 1 && used[2] == 0);
  base_alloc_fail_at(1);
  assert_int_equal(network_weight_parts(part, used, &m), CKKS_ERROR_MEMORY);
  base_alloc_fail_at(0);
  network_clear(&m);
}

/* Bits of one feature are added up. */
static void bits_count_for_their_feature(void **state) {
  (void)state;
  network_model m;
  encoding_input input;
  double edges[] = {0, 1}, part[2];
  size_t used[2];
  assert_int_equal(encoding_input_init(&input, 2), CKKS_OK);
  input.feature[0].kind = ENCODING_BINS;
  input.feature[0].n_values = 2;
  input.feature[0].edge = base_alloc_array(2, sizeof(double));
  assert_non_null(input.feature[0].edge);
  memcpy(input.feature[0].edge, edges, sizeof edges);
  assert_int_equal(encoding_input_finish(&input), CKKS_OK);
  assert_int_equal(network_init_encoded(&m, &input, (const size_t[]){1}, 1), CKKS_OK);
  assert_int_equal(network_layer_set_weights(&m.layer[0], (double[]){1, 0, -3}), CKKS_OK);
  assert_int_equal(network_weight_parts(part, used, &m), CKKS_OK);
  assert_true(part[0] == 0.25 && part[1] == 0.75 && used[0] == 1 && used[1] == 1);
  encoding_input_clear(&input);
  network_clear(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(weights_are_shared_out_among_features),
      cmocka_unit_test(bits_count_for_their_feature),
      cmocka_unit_test(the_polynomial_has_its_known_values),
      cmocka_unit_test(horner_agrees_with_powers),
      cmocka_unit_test(dot_products_of_every_length_are_right),
      cmocka_unit_test(the_forward_pass_is_the_one_computed_by_hand),
      cmocka_unit_test(the_widest_network_passes),
      cmocka_unit_test(the_first_of_equal_outputs_wins),
      cmocka_unit_test(calibration_takes_the_largest_magnitudes),
      cmocka_unit_test(many_rows_are_what_each_is_alone),
      cmocka_unit_test(calibrated_is_all_or_nothing),
      cmocka_unit_test(named_polynomials),
      cmocka_unit_test(calibration_refuses_what_it_cannot_bound),
      cmocka_unit_test(a_new_model_has_its_defaults),
      cmocka_unit_test(impossible_widths_are_refused),
      cmocka_unit_test(bad_numbers_are_named),
      cmocka_unit_test(bad_names_are_named),
      cmocka_unit_test(shapes_that_disagree_are_named),
      cmocka_unit_test(failing_allocations_leak_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
