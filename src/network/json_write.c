/* SPDX-License-Identifier: Apache-2.0 */
/* docs/model-json.md, written: what json.c reads back bit for bit. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "network/json_input.h"
#include "network/network.h"

/* One line, so that a weight matrix looks like one. */
static void write_numbers(base_buffer *out, const double *numbers, size_t n) {
  base_buffer_printf(out, "[");
  for (size_t i = 0; i < n; i++) {
    base_buffer_printf(out, i == 0 ? "" : ", ");
    base_buffer_decimal(out, numbers[i]);
  }
  base_buffer_printf(out, "]");
}

/* A quarter of the numbers and their columns take about half of what all of them would. */
static void write_row(base_buffer *out, const network_sparse *weight, size_t row) {
  size_t at = weight->start[row], n = weight->start[row + 1] - at;
  if (n >= (weight->n_columns + 3) / 4) {
    for (size_t i = 0; i < weight->n_columns; i++) {
      bool there = n > 0 && weight->column[at] == i;
      base_buffer_printf(out, i == 0 ? "[" : ", ");
      base_buffer_decimal(out, there ? weight->value[at] : 0.0);
      at += there;
      n -= there;
    }
    base_buffer_printf(out, "]");
    return;
  }
  base_buffer_printf(out, "{\"columns\": [");
  for (size_t k = 0; k < n; k++)
    base_buffer_printf(out, k == 0 ? "%u" : ", %u", (unsigned)weight->column[at + k]);
  base_buffer_printf(out, "], \"values\": ");
  write_numbers(out, weight->value + at, n);
  base_buffer_printf(out, "}");
}

/* Checked names hold no control characters: only two bytes need an escape. */
static void write_text(base_buffer *out, const char *text) {
  base_buffer_u8(out, '"');
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\')
      base_buffer_u8(out, '\\');
    base_buffer_u8(out, (uint8_t)*text);
  }
  base_buffer_u8(out, '"');
}

static void write_texts(base_buffer *out, char *const *texts, size_t n) {
  base_buffer_printf(out, "[");
  for (size_t i = 0; i < n; i++) {
    base_buffer_printf(out, i == 0 ? "" : ", ");
    write_text(out, texts[i]);
  }
  base_buffer_printf(out, "]");
}

/* By its name where it has one: easier to read, and exact. */
static void write_polynomial(base_buffer *out, const encoding_polynomial *polynomial) {
  const char *name = encoding_polynomial_name(polynomial);
  if (name != NULL) {
    write_text(out, name);
    return;
  }
  base_buffer_printf(out, polynomial->chebyshev ? "{\"chebyshev\": " : "{\"polynomial\": ");
  write_numbers(out, polynomial->coefficient, (size_t)polynomial->degree + 1);
  base_buffer_printf(out, "}");
}

static void write_activations(base_buffer *out, const network_layer *layer) {
  for (size_t a = 0; a < layer->n_activations; a++) {
    base_buffer_printf(out, a == 0 ? "[" : ", ");
    write_polynomial(out, &layer->activation[a].polynomial);
  }
  base_buffer_printf(out, "],\n      \"activation_of\": ");
  for (size_t o = 0; o < layer->n_out; o++)
    base_buffer_printf(out, o == 0 ? "[%u" : ", %u", (unsigned)layer->activation_of[o]);
  base_buffer_printf(out, "]");
}

static void write_ranges(base_buffer *out, const network_layer *layer) {
  double max_abs[NETWORK_MAX_ACTIVATIONS];
  for (size_t a = 0; a < layer->n_activations; a++)
    max_abs[a] = layer->activation[a].max_abs;
  write_numbers(out, max_abs, layer->n_activations);
}

static void write_layer(base_buffer *out, const network_layer *layer) {
  base_buffer_printf(out, "    {\n      \"weight\": [\n");
  for (size_t o = 0; o < layer->n_out; o++) {
    base_buffer_printf(out, "        ");
    write_row(out, &layer->weight, o);
    base_buffer_printf(out, o + 1 < layer->n_out ? ",\n" : "\n");
  }
  base_buffer_printf(out, "      ],\n      \"bias\": ");
  write_numbers(out, layer->bias, layer->n_out);
  base_buffer_printf(out, ",\n      \"activation\": ");
  if (layer->n_activations > 1)
    write_activations(out, layer);
  else
    write_polynomial(out, &layer->activation[0].polynomial);
  base_buffer_printf(out, ",\n      \"max_abs\": ");
  if (layer->n_activations > 1)
    write_ranges(out, layer);
  else
    base_buffer_decimal(out, layer->activation[0].max_abs);
  if (layer->image[0] > 0)
    base_buffer_printf(out, ",\n      \"image\": [%zu, %zu, %zu]", layer->image[0], layer->image[1],
                       layer->image[2]);
  base_buffer_printf(out, "\n    }");
}

/* Only where it is not what every model has. */
static void write_meaning(base_buffer *out, const network_model *model) {
  const encoding_meaning *meaning = &model->meaning;
  if (!encoding_meaning_is_default(meaning, model->n_classes))
    base_buffer_printf(
        out, ",\n  \"outputs\": {\"kind\": \"%s\", \"end\": \"%s\", \"missing\": \"%s\"}",
        encoding_meaning_kind_name(meaning->kind), encoding_meaning_end_name(meaning->end),
        meaning->complete ? "refuse" : "mean");
  if (model->fitted_error > 0.0) {
    base_buffer_printf(out, ",\n  \"fitted_error\": ");
    base_buffer_decimal(out, model->fitted_error);
  }
}

static void write_model(base_buffer *out, const network_model *model) {
  base_buffer_printf(out, "{\n  \"name\": ");
  write_text(out, model->name);
  base_buffer_printf(out, ",\n  \"features\": ");
  write_texts(out, model->feature, model->n_features);
  base_buffer_printf(out, ",\n  \"scaler\": {\n    \"mean\": ");
  write_numbers(out, model->mean, model->n_features);
  base_buffer_printf(out, ",\n    \"deviation\": ");
  write_numbers(out, model->deviation, model->n_features);
  base_buffer_printf(out, "\n  },\n  \"max_abs_input\": ");
  base_buffer_decimal(out, model->max_abs_input);
  if (model->low != NULL) {
    base_buffer_printf(out, ",\n  \"input_range\": {\n    \"low\": ");
    write_numbers(out, model->low, model->n_features);
    base_buffer_printf(out, ",\n    \"high\": ");
    write_numbers(out, model->high, model->n_features);
    base_buffer_printf(out, "\n  }");
  }
  if (model->input.feature != NULL) {
    base_buffer_printf(out, ",\n  \"encoding\": ");
    network_json_write_input(out, &model->input);
  }
  base_buffer_printf(out, ",\n  \"labels\": ");
  write_texts(out, model->label, model->n_classes);
  write_meaning(out, model);
  base_buffer_printf(out, ",\n  \"layers\": [\n");
  for (size_t l = 0; l < model->n_layers; l++) {
    write_layer(out, &model->layer[l]);
    base_buffer_printf(out, l + 1 < model->n_layers ? ",\n" : "\n");
  }
  base_buffer_printf(out, "  ]\n}\n");
}

/* Checked first, so that nothing is ever written that could not be read back. */
ckks_status network_json_write(char **text, const network_model *model) {
  base_buffer out;
  *text = NULL;
  BASE_TRY(network_check(model));
  base_buffer_init(&out, NETWORK_JSON_MAX_BYTES);
  write_model(&out, model);
  ckks_status status = base_buffer_status(&out);
  if (status == CKKS_OK) {
    base_buffer_u8(&out, 0);
    status = base_buffer_status(&out);
  }
  if (status == CKKS_OK)
    *text = base_strdup((const char *)out.bytes);
  if (status == CKKS_OK && *text == NULL)
    status = base_fail_memory(out.n_bytes);
  base_buffer_clear(&out);
  return status;
}
