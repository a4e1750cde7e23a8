/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "random.h"
#include "train/train.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Of all weights of the model that the defaults give on data/wdbc.csv. */
#define WDBC_BITS 0xc3fbd35f24eff9abU

typedef struct world {
  table_data data;
  train_options options;
  network_model model;
  train_history history;
} world;

static void build(world *w, const char *text) {
  const table_options options = {.label = "y", .texts = true};
  *w = (world){0};
  assert_int_equal(table_data_parse(&w->data, text, strlen(text), "table", &options), CKKS_OK);
  train_options_default(&w->options);
  w->options.kind = TRAIN_TREES;
}

static void fit(world *w) {
  network_clear(&w->model);
  train_history_clear(&w->history);
  if (train_fit(&w->model, &w->history, &w->data, &w->options) != CKKS_OK)
    fail_msg("%s", base_last_error());
  assert_int_equal(network_check(&w->model), CKKS_OK);
}

static void clear(world *w) {
  network_clear(&w->model);
  train_history_clear(&w->history);
  table_data_clear(&w->data);
}

static double output(const world *w, const double *row, size_t k) {
  double out[8];
  assert_true(w->model.n_classes <= 8);
  assert_int_equal(network_forward_rows(out, row, 1, &w->model), CKKS_OK);
  return out[k];
}

static const double *row_of(const world *w, size_t row) {
  return w->data.value + row * w->data.n_features;
}

/* Numbers with three features, of which the first two matter, together; some values missing. */
static void build_numbers(world *w, size_t n_rows, uint64_t seed, bool missing) {
  size_t n_text = 100 * (n_rows + 1), n = 0;
  char *text = malloc(n_text);
  n += (size_t)snprintf(text + n, n_text - n, "a,b,c,y\n");
  for (size_t r = 0; r < n_rows; r++) {
    double x[3];
    for (int i = 0; i < 3; i++)
      x[i] = (double)(test_random(&seed) >> 11) * 0x1p-53;
    bool lost = missing && test_random(&seed) % 4 == 0;
    double y = 1000.0 + 50.0 * x[0] * x[1] + (lost ? 20.0 : 0.0);
    n +=
        (size_t)snprintf(text + n, n_text - n, lost ? "%.5f,,%.5f,%.7f\n" : "%.5f,%.5f,%.5f,%.7f\n",
                         x[0], lost ? x[2] : x[1], lost ? y : x[2], y);
  }
  build(w, text);
  free(text);
}

/* -------------------------------------------------------------- by hand */

/*
 * Ten rows, of which eight are learnt: one split, at the step, and the means of both sides, without
 * a penalty and without shrinking.
 */
static void one_split_gives_the_means_of_its_sides(void **state) {
  (void)state;
  world w;
  build(&w, "x,z,y\n1,5,1.5\n2,3,2.5\n3,9,1.5\n4,1,2.5\n5,7,11.5\n6,2,12.5\n7,8,11.5\n8,4,12.5\n"
            "2.5,6,2.5\n7.5,0,11.5\n");
  w.options.n_trees = 1;
  w.options.max_depth = 1;
  w.options.min_rows = 1;
  w.options.l2 = 0.0;
  w.options.shrinkage = 1.0;
  fit(&w);
  double sum[2] = {0, 0};
  size_t n[2] = {0, 0};
  for (size_t i = 0; i < w.history.n_train; i++) {
    size_t row = w.history.train[i], side = row_of(&w, row)[0] > 4.5;
    sum[side] += w.data.target[row];
    n[side]++;
  }
  assert_int_equal(n[0] + n[1], 8);
  for (size_t row = 0; row < 10; row++) {
    size_t side = row_of(&w, row)[0] > 4.5;
    assert_true(fabs(output(&w, row_of(&w, row), 0) - sum[side] / (double)n[side]) <= 1e-9);
  }
  assert_int_equal(w.history.n_leaves, 2);
  assert_true(w.history.weight[0] == 1.0 && w.history.weight[1] == 0.0);
  assert_int_equal(w.model.input.feature[1].n_values, 0); /* not looked at: not told */
  clear(&w);
}

/* Two classes, one split, one Newton step from the share of the second: -G / (H + l2) by hand. */
static void a_leaf_of_two_classes_is_a_newton_step(void **state) {
  (void)state;
  world w;
  build(&w, "x,y\n1,n\n2,n\n3,n\n4,n\n5,y\n6,y\n7,y\n8,y\n2.5,n\n6.5,y\n");
  w.options.n_trees = 1;
  w.options.max_depth = 1;
  w.options.min_rows = 1;
  w.options.l2 = 0.5;
  w.options.shrinkage = 0.25;
  fit(&w);
  double n_low = 0, n_high = 0;
  for (size_t i = 0; i < 8; i++)
    *(row_of(&w, w.history.train[i])[0] < 4.5 ? &n_low : &n_high) += 1;
  double p = n_high / 8, start = log(n_high / n_low), h = p * (1 - p);
  double low = start - 0.25 * n_low * p / (n_low * h + 0.5);
  double high = start + 0.25 * n_high * (1 - p) / (n_high * h + 0.5);
  assert_true(output(&w, (double[]){1}, 0) == 0.0);
  assert_true(fabs(output(&w, (double[]){1}, 1) - low) <= 1e-9);
  assert_true(fabs(output(&w, (double[]){8}, 1) - high) <= 1e-9);
  assert_int_equal(w.model.meaning.end, ENCODING_END_SOFTMAX);
  clear(&w);
}

/* -------------------------------------------------------------- learning */

/* What was noted while it learnt is what the model does. */
static void the_model_is_what_was_measured(void **state) {
  (void)state;
  world w;
  build_numbers(&w, 400, 7, true);
  fit(&w);
  double sum = 0.0;
  for (size_t i = 0; i < w.history.n_validation; i++) {
    size_t row = w.history.validation[i];
    double error = output(&w, row_of(&w, row), 0) - w.data.target[row];
    sum += error * error;
  }
  int last = w.history.n_epochs - 1;
  assert_int_equal(last, 99);
  assert_true(fabs(sum / (double)w.history.n_validation - w.history.validation_loss[last]) <= 1e-6);
  assert_true(w.history.validation_accuracy[last] > 0.7); /* R2 */
  assert_true(w.history.train_loss[last] < 0.3 * w.history.train_loss[0]);
  assert_true(w.history.weight[0] + w.history.weight[1] > 0.9);
  clear(&w);
}

/* Missing ones say something here, and it is found; where none was missing they count as small. */
static void missing_values_go_where_they_belong(void **state) {
  (void)state;
  world w;
  build_numbers(&w, 600, 8, true);
  fit(&w);
  double there = output(&w, (double[]){0.1, 0.5, 0.5}, 0);
  double lost = output(&w, (double[]){0.1, (double)NAN, 0.5}, 0);
  assert_true(there < 1008.0 && lost > 1015.0);
  clear(&w);
  build_numbers(&w, 600, 8, false);
  fit(&w);
  assert_true(output(&w, (double[]){0.5, (double)NAN, 0.5}, 0) ==
              output(&w, (double[]){0.5, -1.0, 0.5}, 0));
  clear(&w);
}

static void several_classes_have_a_tree_each(void **state) {
  (void)state;
  char text[20000];
  size_t n = (size_t)snprintf(text, sizeof text, "a,b,y\n");
  uint64_t seed = 3;
  for (int r = 0; r < 300; r++) {
    double a = (double)(test_random(&seed) % 1000) / 100, b = (double)(test_random(&seed) % 1000);
    n += (size_t)snprintf(text + n, sizeof text - n, "%g,%g,k%d\n", a, b,
                          a < 3     ? 0
                          : b < 500 ? 1
                                    : 2);
  }
  world w;
  build(&w, text);
  w.options.n_trees = 30;
  fit(&w);
  assert_int_equal(w.model.n_classes, 3);
  assert_true(w.history.validation_accuracy[29] > 0.95);
  clear(&w);
}

/* Texts, of which two in five belong together, and one is missing at times: the network of leaves
 * says of every row what the trees said while they were grown. */
static void categories_are_asked_for(void **state) {
  (void)state;
  static const char *const city[] = {"Rome", "Oslo", "Paris", "Bern", "Rye", ""};
  char text[40000];
  size_t n = (size_t)snprintf(text, sizeof text, "a,city,y\n"), n_right = 0;
  uint64_t seed = 6;
  for (int r = 0; r < 600; r++) {
    size_t c = test_random(&seed) % 6;
    int a = (int)(test_random(&seed) % 100);
    bool yes = (c == 0 || c == 3 || c == 5) != (a > 60);
    n += (size_t)snprintf(text + n, sizeof text - n, "%d,%s,%s\n", a, city[c], yes ? "yes" : "no");
  }
  world w;
  build(&w, text);
  for (int exact = 0; exact < 2; exact++) {
    w.options.exact_edges = exact;
    fit(&w);
    n_right = 0;
    for (size_t i = 0; i < w.history.n_validation; i++) {
      size_t row = w.history.validation[i];
      n_right += (output(&w, row_of(&w, row), 1) > 0.0) == (w.data.label[row] == 1);
    }
    double accuracy = (double)n_right / (double)w.history.n_validation;
    assert_true(accuracy == w.history.validation_accuracy[99] && accuracy > 0.95);
    assert_true(w.history.weight[0] > 0.1 && w.history.weight[1] > 0.1);
    /* One condition for all that is asked of the city. */
    assert_true(w.model.layer[0].activation[0].polynomial.degree <= 2);
  }
  clear(&w);
}

static uint64_t bits_of(const network_model *model) {
  uint64_t mixed = 1;
  for (size_t l = 0; l < model->n_layers; l++) {
    const network_layer *layer = &model->layer[l];
    for (size_t i = 0; i < layer->weight.start[layer->n_out]; i++) {
      uint64_t bits;
      memcpy(&bits, &layer->weight.value[i], 8);
      mixed = (mixed ^ bits ^ layer->weight.column[i]) * 0x100000001b3U;
      mixed ^= mixed >> 29;
    }
  }
  return mixed;
}

/* The same seed, the same trees, here and on every other machine. */
static void the_seed_decides(void **state) {
  (void)state;
  world w;
  build_numbers(&w, 400, 9, true);
  w.options.row_part = 0.5;
  w.options.feature_part = 0.67;
  fit(&w);
  uint64_t once = bits_of(&w.model);
  fit(&w);
  assert_true(bits_of(&w.model) == once);
  w.options.seed++;
  fit(&w);
  assert_true(bits_of(&w.model) != once);
  clear(&w);
}

static void the_reference_table_has_known_bits(void **state) {
  (void)state;
  const table_options read = {.label = "diagnosis"};
  world w = {0};
  if (table_data_read(&w.data, "data/wdbc.csv", &read) != CKKS_OK) {
    print_message("data/wdbc.csv is not here: run from the repository's root\n");
    skip();
  }
  train_options_default(&w.options);
  w.options.kind = TRAIN_TREES;
  fit(&w);
  assert_int_equal(w.history.n_leaves, 719);
  assert_true(w.history.validation_accuracy[99] > 0.947);
  assert_true(w.model.input.n_inputs < 2048);
  if (bits_of(&w.model) != WDBC_BITS)
    fail_msg("bits 0x%llxU", (unsigned long long)bits_of(&w.model));
  w.options.exact_edges = true;
  fit(&w);
  assert_true(w.model.input.n_inputs < 600); /* twice the thresholds in use */
  assert_true(w.history.validation_accuracy[99] > 0.947);
  clear(&w);
}

/* Noise to be learnt by heart: the rows kept apart say when to stop, and later trees go. */
static void patience_ends_before_noise_is_learnt(void **state) {
  (void)state;
  world w;
  build_numbers(&w, 500, 10, false);
  uint64_t seed = 4;
  for (size_t r = 0; r < w.data.n_rows; r++)
    w.data.target[r] += 40.0 * ((double)(test_random(&seed) >> 11) * 0x1p-53 - 0.5);
  w.options.n_trees = 400;
  w.options.patience = 10;
  fit(&w);
  assert_true(w.history.n_epochs < 400);
  assert_int_equal(w.history.n_epochs, (int)w.history.n_kept + 10);
  size_t row = w.history.validation[0];
  double early = output(&w, row_of(&w, row), 0);
  size_t n_kept = w.history.n_kept;
  w.options.n_trees = (int)n_kept; /* as many and no more: the same model */
  fit(&w);
  assert_int_equal(w.history.n_kept, n_kept);
  assert_true(output(&w, row_of(&w, row), 0) == early);
  clear(&w);
}

/* -------------------------------------------------------------- refusals */

static void refuse(world *w, ckks_status status, const char *words) {
  assert_int_equal(train_fit(&w->model, &w->history, &w->data, &w->options), status);
  if (strstr(base_last_error(), words) == NULL)
    fail_msg("\"%s\" does not contain \"%s\"", base_last_error(), words);
  assert_null(w->model.layer);
  assert_null(w->history.train);
}

static void what_cannot_be_is_refused(void **state) {
  (void)state;
  world w;
  build_numbers(&w, 60, 11, false);
  const train_options usual = w.options;
  w.options.max_depth = 13;
  refuse(&w, CKKS_ERROR_ARGUMENT, "max_depth: 13 where 1 to 12");
  w.options = usual;
  w.options.n_bins = 256;
  refuse(&w, CKKS_ERROR_ARGUMENT, "n_bins: 256 where 2 to 255");
  w.options = usual;
  w.options.l2 = (double)NAN;
  refuse(&w, CKKS_ERROR_ARGUMENT, "l2: nan");
  w.options = usual;
  w.options.min_rows = 50; /* more than half of the rows that are learnt */
  refuse(&w, CKKS_ERROR_ARGUMENT, "no split lowers the loss with 50 rows");
  w.options = usual;
  for (size_t r = 0; r < w.data.n_rows; r++)
    w.data.target[r] = 7.0;
  refuse(&w, CKKS_ERROR_ARGUMENT, "is 7 in every training row");
  clear(&w);
}

static void allocations_may_fail(void **state) {
  (void)state;
  world w;
  build_numbers(&w, 60, 12, true);
  w.options.n_trees = 2;
  w.options.patience = 1;
  ckks_status status = CKKS_ERROR_MEMORY;
  for (unsigned long k = 1; status != CKKS_OK; k++) {
    base_alloc_fail_at(k);
    status = train_fit(&w.model, &w.history, &w.data, &w.options);
    base_alloc_fail_at(0);
    assert_true(status == CKKS_OK || status == CKKS_ERROR_MEMORY);
    assert_true(k < 1000);
  }
  clear(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(one_split_gives_the_means_of_its_sides),
                                     cmocka_unit_test(a_leaf_of_two_classes_is_a_newton_step),
                                     cmocka_unit_test(the_model_is_what_was_measured),
                                     cmocka_unit_test(missing_values_go_where_they_belong),
                                     cmocka_unit_test(several_classes_have_a_tree_each),
                                     cmocka_unit_test(categories_are_asked_for),
                                     cmocka_unit_test(the_seed_decides),
                                     cmocka_unit_test(the_reference_table_has_known_bits),
                                     cmocka_unit_test(patience_ends_before_noise_is_learnt),
                                     cmocka_unit_test(what_cannot_be_is_refused),
                                     cmocka_unit_test(allocations_may_fail)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
