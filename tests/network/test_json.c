/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/file.h"
#include "network/models.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A whole model in short: 2 -> 1 -> 2; single quotes stand for double ones. */
static const char good[] =
    "{'name':'m','features':['a','b'],'scaler':{'mean':[1,2],'deviation':[3,4]},"
    "'max_abs_input':5,'labels':['no','yes'],'layers':["
    "{'weight':[[0.5,-1e-3]],'bias':[7],'activation':'sigmoid3','max_abs':8},"
    "{'weight':[[1],[2]],'bias':[0,-0.25],'activation':{'polynomial':[1,0,2]}}]}";

static ckks_status read_quoted(network_model *model, const char *text) {
  char quoted[4096];
  size_t n = strlen(text);
  assert_true(n < sizeof quoted);
  for (size_t i = 0; i < n; i++)
    quoted[i] = text[i] == '\'' ? '"' : text[i];
  return network_json_read(model, quoted, n, "m.json");
}

/* The good model with the first `from` replaced by `to`. */
static ckks_status read_changed(network_model *model, const char *from, const char *to) {
  char text[4096];
  const char *at = strstr(good, from);
  assert_non_null(at);
  snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
  return read_quoted(model, text);
}

static void refuse(const char *from, const char *to, const char *words) {
  network_model model;
  assert_int_equal(read_changed(&model, from, to), CKKS_ERROR_FORMAT);
  if (strstr(base_last_error(), words) == NULL)
    fail_msg("\"%s\" does not contain \"%s\"", base_last_error(), words);
  assert_int_equal(strncmp(base_last_error(), "m.json: ", 8), 0);
  assert_null(model.layer);
}

/* The model as text (base_free), which reads as the same model and is written the same again. */
static char *round_trip(const network_model *model) {
  network_model read;
  char *text, *again;
  assert_int_equal(network_json_write(&text, model), CKKS_OK);
  assert_int_equal(network_json_read(&read, text, strlen(text), "written"), CKKS_OK);
  assert_true(test_same_model(model, &read));
  assert_int_equal(network_json_write(&again, &read), CKKS_OK);
  assert_string_equal(text, again);
  base_free(again);
  network_clear(&read);
  return text;
}

/* ------------------------------------------------------------------- good */

/* What outputs mean is read, written where it is not the usual, and refused where it is none. */
static void meanings_are_read_and_written(void **state) {
  (void)state;
  network_model m, again;
  char *text;
  assert_int_equal(read_quoted(&m, good), CKKS_OK);
  assert_true(encoding_meaning_is_default(&m.meaning, 2));
  assert_int_equal(network_json_write(&text, &m), CKKS_OK);
  assert_null(strstr(text, "outputs"));
  base_free(text);
  network_clear(&m);
  assert_int_equal(read_changed(&m, "'max_abs_input':5",
                                "'fitted_error':0.25,'outputs':{'kind':'labels','end':'sigmoid',"
                                "'missing':'refuse'}"),
                   CKKS_OK);
  assert_true(m.meaning.kind == ENCODING_LABELS && m.meaning.end == ENCODING_END_SIGMOID &&
              m.meaning.complete && m.fitted_error == 0.25);
  assert_int_equal(network_json_write(&text, &m), CKKS_OK);
  assert_int_equal(network_json_read(&again, text, strlen(text), "again"), CKKS_OK);
  assert_memory_equal(&again.meaning, &m.meaning, sizeof m.meaning);
  assert_true(again.fitted_error == 0.25);
  base_free(text);
  network_clear(&m);
  network_clear(&again);
  refuse("'max_abs_input':5", "'outputs':{'kind':'class'}", "\"class\" is not classes, values");
  refuse("'max_abs_input':5", "'outputs':{'end':'argmax'}", "\"argmax\" is not one of none");
  refuse("'max_abs_input':5", "'outputs':{'missing':'0'}", "\"0\" is not mean or refuse");
  refuse("'max_abs_input':5", "'outputs':{'ends':'none'}", "outputs.ends");
  refuse("'max_abs_input':5", "'outputs':'classes'", "outputs: ");
  refuse("'max_abs_input':5", "'fitted_error':-1", "fitted_error: -1");
}

static void every_field_arrives(void **state) {
  (void)state;
  network_model m;
  assert_int_equal(read_quoted(&m, good), CKKS_OK);
  assert_string_equal(m.name, "m");
  assert_int_equal(m.n_features, 2);
  assert_string_equal(m.feature[1], "b");
  assert_true(m.mean[0] == 1 && m.mean[1] == 2 && m.deviation[0] == 3 && m.deviation[1] == 4);
  assert_true(m.max_abs_input == 5);
  assert_int_equal(m.n_classes, 2);
  assert_string_equal(m.label[1], "yes");
  assert_int_equal(m.n_layers, 2);
  assert_true(m.layer[0].n_in == 2 && m.layer[0].n_out == 1);
  assert_true(m.layer[0].weight.value[0] == 0.5 && m.layer[0].weight.value[1] == -1e-3);
  assert_true(m.layer[0].bias[0] == 7 && m.layer[0].activation[0].max_abs == 8);
  assert_int_equal(m.layer[0].activation[0].polynomial.degree, 3);
  assert_true(m.layer[0].activation[0].polynomial.coefficient[3] == -0.004);
  assert_true(m.layer[1].n_in == 1 && m.layer[1].n_out == 2);
  assert_true(m.layer[1].weight.value[1] == 2 && m.layer[1].bias[1] == -0.25);
  assert_int_equal(m.layer[1].activation[0].polynomial.degree, 2);
  assert_true(m.layer[1].activation[0].polynomial.coefficient[0] == 1);
  assert_true(m.layer[1].activation[0].polynomial.coefficient[1] == 0);
  assert_true(m.layer[1].activation[0].polynomial.coefficient[2] == 2);
  assert_true(m.layer[1].activation[0].max_abs == 0);
  network_clear(&m);
}

static void optional_fields_have_their_defaults(void **state) {
  (void)state;
  network_model m;
  assert_int_equal(read_changed(&m, "'scaler':{'mean':[1,2],'deviation':[3,4]},", ""), CKKS_OK);
  assert_true(m.mean[1] == 0.0 && m.deviation[1] == 1.0);
  network_clear(&m);
  assert_int_equal(read_changed(&m, "'max_abs_input':5,", ""), CKKS_OK);
  assert_true(m.max_abs_input == 0.0);
  network_clear(&m);
  assert_int_equal(read_changed(&m, "'sigmoid3'", "'square'"), CKKS_OK);
  assert_true(encoding_polynomial_value(&m.layer[0].activation[0].polynomial, 3.0) == 9.0);
  network_clear(&m);
  assert_int_equal(read_changed(&m, "'sigmoid3'", "'identity'"), CKKS_OK);
  assert_true(encoding_polynomial_value(&m.layer[0].activation[0].polynomial, 3.0) == 3.0);
  network_clear(&m);
}

static void what_is_written_is_read_bit_for_bit(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 50; seed++) {
    network_model model;
    assert_int_equal(test_model_build(&model, seed), CKKS_OK);
    model.layer[0].weight.value[0] = 5e-324;
    model.layer[0].weight.value[1] = -1.7976931348623157e308;
    model.layer[0].weight.value[2] = 123456789012345678.0;
    base_free(round_trip(&model));
    network_clear(&model);
  }
}

/* The good model with two units in its first layer, an activation for each. */
static const char *const several = "'weight':[[0.5,-1e-3],[1,2]],'bias':[7,8],"
                                   "'activation':['sigmoid3','identity'],'activation_of':[1,0],"
                                   "'max_abs':[8,9]},{'weight':[[1,2],[3,4]]";
static const char *const single = "'weight':[[0.5,-1e-3]],'bias':[7],'activation':'sigmoid3',"
                                  "'max_abs':8},{'weight':[[1],[2]]";

static void units_may_have_their_own(void **state) {
  (void)state;
  network_model m;
  assert_int_equal(read_changed(&m, single, several), CKKS_OK);
  const network_layer *layer = &m.layer[0];
  assert_int_equal(layer->n_activations, 2);
  assert_int_equal(layer->activation[0].polynomial.degree, 3);
  assert_int_equal(layer->activation[1].polynomial.degree, 1);
  assert_true(layer->activation[0].max_abs == 8 && layer->activation[1].max_abs == 9);
  assert_true(layer->activation_of[0] == 1 && layer->activation_of[1] == 0);
  assert_ptr_equal(network_layer_activation(layer, 0), &layer->activation[1]);
  assert_int_equal(m.layer[1].n_activations, 1);
  network_clear(&m);
  for (uint64_t seed = 1; seed <= 20; seed++) {
    network_model model;
    assert_int_equal(test_model_build_mixed(&model, seed), CKKS_OK);
    char *text = round_trip(&model);
    assert_non_null(strstr(text, "\"activation\": [\"sigmoid3\", \"identity\", {\"polynomial\""));
    assert_non_null(strstr(text, "\"activation_of\": [0, 2, 1, 0],"));
    assert_non_null(strstr(text, "\"max_abs\": [2.5, 40, 1.25]"));
    base_free(text);
    network_clear(&model);
  }
}

/* `several` with the first `from` replaced by `to`. */
static void refuse_several(const char *from, const char *to, const char *words) {
  char text[512];
  const char *at = strstr(several, from);
  assert_non_null(at);
  snprintf(text, sizeof text, "%.*s%s%s", (int)(at - several), several, to, at + strlen(from));
  refuse(single, text, words);
}

static void wrong_units_are_named_by_path(void **state) {
  (void)state;
  refuse_several("'activation_of':[1,0],", "", "layers[0].activation_of: missing");
  refuse_several("[1,0]", "[1]", "layers[0].activation_of: 1 numbers where 2 are needed");
  refuse_several("[1,0]", "1", "layers[0].activation_of: a number where an array is needed");
  refuse_several("[1,0]", "[1,'0']", "layers[0].activation_of[1]: a string where a number");
  refuse_several("[1,0]", "[1,0.5]",
                 "layers[0].activation_of[1]: 0.5 where a whole number 0 to 15");
  refuse_several("[1,0]", "[1,-1]", "layers[0].activation_of[1]: -1 where a whole number");
  refuse_several("[1,0]", "[1,1e300]", "layers[0].activation_of[1]: 1e+300 where a whole number");
  refuse_several("[1,0]", "[1,2]", "layers[0].activation_of[1]: 2 where there are 2 activations");
  refuse_several("[1,0]", "[0,0]", "layers[0].activation_of: no unit has activation 1");
  refuse_several("[8,9]", "8", "layers[0].max_abs: a number where an array is needed");
  refuse_several("[8,9]", "[8]", "layers[0].max_abs: 1 numbers where 2 are needed");
  refuse_several("[8,9]", "[8,-9]", "layers[0].max_abs[1]: -9 where a finite number >= 0");
  refuse_several("['sigmoid3','identity']", "['sigmoid3']",
                 "layers[0].activation: 1 activations where 2 to 16 are allowed");
  refuse_several("'identity'", "{'polynomial':[1,2,0]}",
                 "layers[0].activation[1].polynomial[2]: the leading coefficient is 0");
  refuse_several("'identity'", "'relu'", "layers[0].activation[1]: \"relu\" is not one of");
  refuse_several("'identity'", "7", "layers[0].activation[1]: a number where a name or");
  refuse("'activation':'sigmoid3'", "'activation':'sigmoid3','activation_of':[0]",
         "layers[0].activation_of: there is one activation, not a list");
}

static void written_models_are_for_people_too(void **state) {
  (void)state;
  network_model m;
  char *text;
  assert_int_equal(read_quoted(&m, good), CKKS_OK);
  assert_int_equal(network_json_write(&text, &m), CKKS_OK);
  assert_non_null(strstr(text, "\"activation\": \"sigmoid3\""));
  assert_non_null(strstr(text, "\"activation\": {\"polynomial\": [1, 0, 2]}"));
  assert_non_null(strstr(text, "        [0.5, -0.001]\n"));
  base_free(text);
  m.deviation[0] = -1;
  assert_int_equal(network_json_write(&text, &m), CKKS_ERROR_FORMAT); /* checked before */
  assert_null(text);
  network_clear(&m);
}

/* The example of docs/model-json.md, taken out of the page itself. */
static void the_documented_example_is_a_model(void **state) {
  (void)state;
  uint8_t *page;
  size_t n_bytes;
  network_model m;
  if (base_file_read(&page, &n_bytes, "docs/model-json.md", 1 << 20) != CKKS_OK) {
    print_message("docs/model-json.md is not here: run from the repository's root\n");
    skip();
  }
  const char *start = strstr((const char *)page, "```json\n") + 8;
  const char *end = strstr(start, "```");
  assert_int_equal(network_json_read(&m, start, (size_t)(end - start), "example"), CKKS_OK);
  assert_int_equal(m.n_features, 3);
  assert_int_equal(m.n_layers, 2);
  assert_string_equal(m.label[1], "ill");
  network_clear(&m);
  /* The layer further down, as the only one of a model. */
  char text[1024];
  start = strstr(end + 3, "```json\n") + 8;
  end = strstr(start, "```");
  snprintf(text, sizeof text,
           "{\"name\":\"m\",\"features\":[\"a\",\"b\",\"c\"],\"labels\":[\"x\",\"y\",\"z\"],"
           "\"layers\":[%.*s]}",
           (int)(end - start), start);
  assert_int_equal(network_json_read(&m, text, strlen(text), "layer"), CKKS_OK);
  assert_int_equal(m.layer[0].n_activations, 2);
  double outputs[3];
  network_forward_rows(outputs, (double[]){1, 7, 3}, 1, &m);
  assert_true(outputs[2] == 7); /* handed on as it is */
  network_clear(&m);
  /* Its two rows, one with all numbers and one with those that are not 0. */
  start = strstr(end + 3, "```json\n") + 8;
  end = strstr(start, "```");
  snprintf(text, sizeof text,
           "{\"name\":\"m\",\"features\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\"],"
           "\"labels\":[\"x\",\"y\"],\"layers\":[{\"weight\":%.*s,\"bias\":[0,0],"
           "\"activation\":\"identity\"}]}",
           (int)(end - start), start);
  assert_int_equal(network_json_read(&m, text, strlen(text), "rows"), CKKS_OK);
  const network_sparse *w = &m.layer[0].weight;
  assert_true(w->start[1] == 1 && w->start[2] == 2);
  assert_true(w->column[0] == 5 && w->column[1] == 5 && w->value[0] == 1.5 && w->value[1] == 1.5);
  base_free(page);
  network_clear(&m);
}

/* -------------------------------------------------------------------- bad */

static void shapes_are_named_by_path(void **state) {
  (void)state;
  refuse("[[1],[2]]", "[[1],[2,3]]", "layers[1].weight[1]: 2 numbers where 1 are needed");
  refuse("[[0.5,-1e-3]]", "[[0.5]]", "layers[0].weight[0]: 1 numbers where 2 are needed");
  refuse("[[0.5,-1e-3]]", "[]", "layers[0].weight: 0 rows where 1 to 65536 are allowed");
  refuse("[[0.5,-1e-3]]", "[0.5,1]", "layers[0].weight[0]: a number where an array is needed");
  refuse("'bias':[7]", "'bias':[7,8]", "layers[0].bias: 2 numbers where 1 are needed");
  refuse("'mean':[1,2]", "'mean':[1]", "scaler.mean: 1 numbers where 2 are needed");
  refuse("[3,4]", "[3,4,5]", "scaler.deviation: 3 numbers where 2 are needed");
  refuse("['no','yes']", "['no']", "labels: 1 names for the outputs of the last layer where 2");
  refuse("['a','b']", "[]", "features: 0 names where 1 to 16384 are allowed");
  refuse("[1,0,2]", "[1]", "layers[1].activation.polynomial: 1 coefficients where 2 to 32");
}

static void types_are_named_by_path(void **state) {
  (void)state;
  refuse("'name':'m'", "'name':7", "name: a number where a string is needed");
  refuse("'name':'m'", "'name':null", "name: null where a string is needed");
  refuse("['a','b']", "['a',[]]", "features[1]: an array where a string is needed");
  refuse("['a','b']", "'a'", "features: a string where an array is needed");
  refuse("[1,2]", "[1,'2']", "scaler.mean[1]: a string where a number is needed");
  refuse("{'mean':[1,2],'deviation':[3,4]}", "[1]", "scaler: an array where an object");
  refuse("-1e-3", "true", "layers[0].weight[0][1]: a truth value where a number");
  refuse("[7]", "[{}]", "layers[0].bias[0]: an object where a number is needed");
  refuse("'max_abs':8", "'max_abs':'8'", "layers[0].max_abs: a string where a number");
  refuse("'sigmoid3'", "3", "layers[0].activation: a number where a name or");
  refuse("[[1],[2]]", "[[1],2]", "layers[1].weight[1]: a number where an array is needed");
  refuse("{'polynomial':[1,0,2]}", "{'polynomial':[1,null]}",
         "layers[1].activation.polynomial[1]: null where a number is needed");
  network_model m;
  assert_int_equal(read_quoted(&m, "[1]"), CKKS_ERROR_FORMAT);
  assert_string_equal(base_last_error(), "m.json: an array where an object is needed");
  assert_int_equal(read_quoted(&m, "{'features':['a'],'labels':['x'],'layers':[7]}"),
                   CKKS_ERROR_FORMAT);
  assert_string_equal(base_last_error(), "m.json: layers[0]: a number where an object is needed");
}

static void missing_and_unknown_fields_are_named(void **state) {
  (void)state;
  refuse("'name':'m',", "", "name: missing");
  refuse("'features':['a','b'],", "", "features: missing");
  refuse("'labels':['no','yes'],", "", "labels: missing");
  refuse("'bias':[7],", "", "layers[0].bias: missing");
  refuse("'weight':[[1],[2]],", "", "layers[1].weight: missing");
  refuse("'activation':'sigmoid3',", "", "layers[0].activation: missing");
  refuse("'mean':[1,2],", "", "scaler.mean: missing");
  refuse("{'polynomial':[1,0,2]}", "{}", "layers[1].activation.polynomial: missing");
  refuse("'name'", "'version':1,'name'", "version: unknown field");
  refuse("'bias':[7]", "'biases':[7]", "layers[0].biases: unknown field");
  refuse("'mean'", "'means':[1,2],'mean'", "scaler.means: unknown field");
  refuse("{'polynomial'", "{'degree':2,'polynomial'", "layers[1].activation.degree: unknown");
}

/* 'w' in place of the first row of the first layer. */
static void refuse_row(const char *w, const char *words) {
  char row[200];
  snprintf(row, sizeof row, "[%s]", w);
  refuse("[[0.5,-1e-3]]", row, words);
}

static void rows_may_leave_out_zeros(void **state) {
  (void)state;
  network_model m;
  assert_int_equal(
      read_changed(&m, "[[0.5,-1e-3]]", "[{'columns':[1],'values':[2.5]},[0,0],[4,0]]"),
      CKKS_ERROR_FORMAT); /* three rows, one bias */
  assert_int_equal(
      read_changed(&m, "[[0.5,-1e-3]],'bias':[7]",
                   "[{'columns':[1],'values':[2.5]},{'values':[0,3],'columns':[0,1]},[4,0]],"
                   "'bias':[7,8,9]"),
      CKKS_ERROR_FORMAT); /* the next layer has one column */
  assert_non_null(strstr(base_last_error(), "layers[1].weight[0]: 1 numbers where 3 are needed"));
  assert_int_equal(read_changed(&m, "[[0.5,-1e-3]]", "[{'values':[0,3],'columns':[0,1]}]"),
                   CKKS_OK);
  assert_int_equal(m.layer[0].weight.start[1], 1); /* a zero that was written is left out, too */
  assert_true(m.layer[0].weight.column[0] == 1 && m.layer[0].weight.value[0] == 3.0);
  network_clear(&m);
  refuse_row("{'columns':[0]}", "layers[0].weight[0].values: missing");
  refuse_row("{'values':[1]}", "layers[0].weight[0].columns: missing");
  refuse_row("{'values':[1],'columns':[0],'n':2}", "layers[0].weight[0].n: unknown field");
  refuse_row("{'values':[1,2,3],'columns':[0,1,2]}",
             "layers[0].weight[0].values: 3 numbers where 0 to 2 are allowed");
  refuse_row("{'values':[1],'columns':[0,1]}",
             "layers[0].weight[0].columns: 2 columns where 1 are needed");
  refuse_row("{'values':[true],'columns':[0]}",
             "layers[0].weight[0].values[0]: a truth value where a number is needed");
  refuse_row("{'values':[1],'columns':['0']}",
             "layers[0].weight[0].columns[0]: a string where a number is needed");
  refuse_row("{'values':[1],'columns':[2]}",
             "layers[0].weight[0].columns[0]: 2 where a whole number from 0 to 1 is needed");
  refuse_row("{'values':[1],'columns':[-1]}",
             "layers[0].weight[0].columns[0]: -1 where a whole number from 0 to 1 is needed");
  refuse_row("{'values':[1],'columns':[0.5]}", "columns[0]: 0.5 where a whole number");
  refuse_row("{'values':[1,2],'columns':[1,1]}",
             "layers[0].weight[0].columns[1]: 1 where a whole number from 2 to 1 is needed");
}

/* Fewer than a quarter: with columns; a quarter: all of them. */
static void sparse_rows_are_written_with_their_columns(void **state) {
  (void)state;
  static const double weight[16] = {0, 0, 0, 0, 0, 1.5, 0, 0, 0, -2, 0, 0, 0, 0, 0, 3};
  const size_t widths[] = {8, 2};
  network_model m;
  assert_int_equal(network_init(&m, widths, 1), CKKS_OK);
  assert_int_equal(network_layer_set_weights(&m.layer[0], weight), CKKS_OK);
  char *text = round_trip(&m);
  assert_non_null(strstr(text, "        {\"columns\": [5], \"values\": [1.5]},\n"
                               "        [0, -2, 0, 0, 0, 0, 0, 3]\n"));
  base_free(text);
  network_clear(&m);
}

static void values_are_checked(void **state) {
  (void)state;
  refuse("[3,4]", "[3,0]", "scaler.deviation[1]: 0 where a positive number is needed");
  refuse("'max_abs_input':5", "'max_abs_input':-5", "max_abs_input: -5 where");
  refuse("[1,0,2]", "[1,2,0]", "layers[1].activation.polynomial[2]: the leading coefficient");
  refuse("['a','b']", "['a','a']", "features: \"a\" occurs twice");
  refuse("['no','yes']", "['no','']", "labels[1]: empty");
  refuse("'m'", "'a\\u0007'", "name: not printable");
  refuse("'sigmoid3'", "'relu'", "layers[0].activation: \"relu\" is not one of sigmoid3, square");
}

static void what_is_no_json_is_refused_with_its_place(void **state) {
  (void)state;
  network_model m;
  refuse("'name':'m'", "'name':'m','name':'n'", "line 1, column ");
  refuse("'max_abs':8", "'max_abs':8,'max_abs':8", "duplicate object key");
  refuse("[7]", "[NaN]", "invalid token");
  refuse("[7]", "[Infinity]", "invalid token");
  refuse("[7]", "[1e999]", "real number overflow");
  refuse("[7]", "[7,]", "line 1");
  refuse("'m'", "'\\u0000'", "line 1");
  refuse("'m'", "'\xff'", "line 1");
  assert_int_equal(network_json_read(&m, "", 0, "empty"), CKKS_ERROR_FORMAT);
  assert_int_equal(network_json_read(&m, "{}\n{}", 5, "two"), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(base_last_error(), "two: line 2"));
  /* A whole number of any length is a double. */
  assert_int_equal(read_changed(&m, "[7]", "[123456789012345678901234567890]"), CKKS_OK);
  assert_true(m.layer[0].bias[0] == 123456789012345678901234567890.0);
  network_clear(&m);
}

static void deep_and_huge_texts_are_refused(void **state) {
  (void)state;
  network_model m;
  size_t n = 100000;
  char *deep = base_alloc(n);
  memset(deep, '[', n);
  assert_int_equal(network_json_read(&m, deep, n, "deep"), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(base_last_error(), "depth"));
  base_free(deep);
  /* The length alone is looked at: nothing behind the pointer is read. */
  assert_int_equal(network_json_read(&m, "{}", ((size_t)64 << 20) + 1, "huge"), CKKS_ERROR_FORMAT);
  assert_string_equal(base_last_error(), "huge: 67108865 bytes where at most 67108864 are allowed");
}

static void every_truncation_is_refused(void **state) {
  (void)state;
  network_model m;
  char text[sizeof good];
  for (size_t n = 0; n + 1 < sizeof good; n++) {
    memcpy(text, good, n);
    text[n] = '\0';
    assert_int_equal(read_quoted(&m, text), CKKS_ERROR_FORMAT);
  }
}

static void failing_allocations_leak_nothing(void **state) {
  (void)state;
  network_model m;
  char *text;
  long k = 1;
  for (;; k++) {
    base_alloc_fail_at(k);
    ckks_status status = read_quoted(&m, good);
    if (status == CKKS_OK)
      break;
    assert_int_equal(status, CKKS_ERROR_MEMORY);
    assert_null(m.layer);
  }
  assert_true(k > 15);
  for (k = 1;; k++) {
    base_alloc_fail_at(k);
    ckks_status status = network_json_write(&text, &m);
    if (status == CKKS_OK)
      break;
    assert_int_equal(status, CKKS_ERROR_MEMORY);
    assert_null(text);
  }
  base_alloc_fail_at(0);
  assert_true(k > 3);
  base_free(text);
  network_clear(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(units_may_have_their_own),
      cmocka_unit_test(wrong_units_are_named_by_path),
      cmocka_unit_test(every_field_arrives),
      cmocka_unit_test(meanings_are_read_and_written),
      cmocka_unit_test(optional_fields_have_their_defaults),
      cmocka_unit_test(what_is_written_is_read_bit_for_bit),
      cmocka_unit_test(written_models_are_for_people_too),
      cmocka_unit_test(the_documented_example_is_a_model),
      cmocka_unit_test(shapes_are_named_by_path),
      cmocka_unit_test(types_are_named_by_path),
      cmocka_unit_test(missing_and_unknown_fields_are_named),
      cmocka_unit_test(values_are_checked),
      cmocka_unit_test(rows_may_leave_out_zeros),
      cmocka_unit_test(sparse_rows_are_written_with_their_columns),
      cmocka_unit_test(what_is_no_json_is_refused_with_its_place),
      cmocka_unit_test(deep_and_huge_texts_are_refused),
      cmocka_unit_test(every_truncation_is_refused),
      cmocka_unit_test(failing_allocations_leak_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
