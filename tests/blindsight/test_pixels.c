/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an image's bytes are to a network in ONNX: divided by 255, unless its own first nodes take
 * them as they are. What it computes is what the graph says, whoever scales.
 */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "blindsight/fixture.h"

#include "onnx/builder.h"

enum { SIDE = 4, PIXELS = SIDE * SIDE };

typedef struct prelude {
  const char *node[2]; /* from "x" to "n" */
  double c, d;         /* its constants */
  int element;         /* ONNX's type of the input: 1 = float, 2 = bytes */
  bool own;            /* it takes bytes */
  double shift, scale; /* what it does to what it is given */
} prelude;

/* A convolution of one weight 2, then a sum of all pixels. */
static void write_network(const prelude *p) {
  builder b;
  double ones[PIXELS], two = 2.0;
  for (int i = 0; i < PIXELS; i++)
    ones[i] = 1.0;
  builder_init(&b, 13);
  builder_port_of(&b, 11, "x", "1,1,4,4", p->element);
  builder_floats(&b, "c", "1", &p->c, 1);
  builder_floats(&b, "d", "1", &p->d, 1);
  builder_floats(&b, "w", "1,1,1,1", &two, 1);
  builder_floats(&b, "ones", "16,1", ones, PIXELS);
  for (int i = 0; i < 2 && p->node[i] != NULL; i++)
    builder_node(&b, p->node[i], p->element == 2 && i == 0 ? "to=1" : NULL, NULL);
  builder_node(&b, p->node[0] != NULL ? "Conv:n,w:y" : "Conv:x,w:y", NULL);
  builder_node(&b, "Flatten:y:f", NULL);
  builder_node(&b, "MatMul:f,ones:sum", NULL);
  builder_output(&b, "sum");
  base_buffer file = builder_file(&b);
  assert_int_equal(base_file_write(test_path("net.onnx"), file.bytes, file.n_bytes, 0600), CKKS_OK);
  base_buffer_clear(&file);
  builder_clear(&b);
}

static double predict(const blindsight_model *model, double *sum) {
  double row[PIXELS], output;
  blindsight_predictions *p = NULL;
  *sum = 0.0;
  for (int i = 0; i < PIXELS; i++)
    *sum += row[i] = 17.0 * i - 3.0 * (i % 3);
  assert_int_equal(blindsight_model_predict(&p, row, 1, model), CKKS_OK);
  output = p->output[0];
  blindsight_predictions_free(p);
  return output;
}

static void check(const prelude *p) {
  blindsight_model *model = NULL;
  blindsight_import *report = NULL;
  double sum, unit = p->own ? 1.0 : 1.0 / 255.0;
  write_network(p);
  assert_int_equal(blindsight_model_import(&model, &report, test_path("net.onnx"), NULL), CKKS_OK);
  assert_true(report->pixels);
  assert_int_equal(report->own_bytes, p->own);
  assert_int_equal(report->bytes, !p->own);
  double output = predict(model, &sum);
  double want = 2.0 * p->scale * (sum * unit - PIXELS * p->shift);
  if (fabs(output - want) > 1e-5 * fmax(1.0, fabs(want)))
    fail_msg("%s: %g where the graph says %g", p->node[0] ? p->node[0] : "none", output, want);
  blindsight_import_free(report);
  blindsight_model_free(model);
}

static void bytes_are_what_the_graph_takes_them_for(void **state) {
  (void)state;
  static const prelude cases[] = {
      {{NULL}, 0.0, 0.0, 1, false, 0.0, 1.0},
      {{"Sub:x,c:n"}, 125.0, 0.0, 1, true, 125.0, 1.0},
      {{"Div:x,c:n"}, 255.0, 0.0, 1, true, 0.0, 1.0 / 255.0},
      {{"Mul:x,c:n"}, 1.0 / 255.0, 0.0, 1, true, 0.0, 1.0 / 255.0},
      {{"Sub:x,c:m", "Div:m,d:n"}, 116.3, 57.1, 1, true, 116.3, 1.0 / 57.1},
      {{"Div:x,c:m", "Sub:m,d:n"}, 127.5, 1.0, 1, true, 127.5, 1.0 / 127.5},
      {{"Sub:x,c:m", "Div:m,d:n"}, 0.1307, 0.3081, 1, false, 0.1307, 1.0 / 0.3081},
      {{"Mul:x,c:m", "Sub:m,d:n"}, 2.0, 1.0, 1, false, 0.5, 2.0},
      {{"Cast:x:n"}, 0.0, 0.0, 2, true, 0.0, 1.0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    check(&cases[i]);
}

/* In between nobody guesses. */
static void what_does_not_tell_is_asked_for(void **state) {
  (void)state;
  static const prelude between = {{"Div:x,c:n"}, 8.0, 0.0, 1, false, 0.0, 0.125};
  blindsight_import_options options;
  blindsight_model *model = NULL;
  double sum, one = 1.0;
  write_network(&between);
  blindsight_import_options_default(&options, sizeof options);
  assert_int_equal(blindsight_model_import(&model, NULL, test_path("net.onnx"), &options),
                   CKKS_ERROR_ARGUMENT);
  assert_non_null(strstr(ckks_last_error(), "--deviation 255"));
  options.deviation = &one;
  options.n_deviation = 1;
  assert_int_equal(blindsight_model_import(&model, NULL, test_path("net.onnx"), &options), CKKS_OK);
  double output = predict(model, &sum);
  assert_true(fabs(output - 2.0 * 0.125 * sum) < 1e-5 * fabs(output));
  blindsight_model_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(bytes_are_what_the_graph_takes_them_for),
                                     cmocka_unit_test(what_does_not_tell_is_asked_for)};
  return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
