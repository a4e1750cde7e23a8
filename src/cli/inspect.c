/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight inspect: what a file is. Never shows a secret, not even a weight. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/packing.h"
#include "cli/plan_report.h"

#include <string.h>

#define MAX_BYTES ((size_t)1 << 32)

/* A file under inspection: facts go to `json` when it is there, else to standard output. */
typedef struct inspection {
  const char *path;
  const blindsight_file *file;
  json_t *json;
} inspection;

/* Each fact has one name, in the table and, its blanks underlined, in JSON. */
static void set(inspection *in, const char *name, json_t *value) {
  char key[32];
  snprintf(key, sizeof key, "%s", name);
  for (char *at = key; *at != '\0'; at++)
    if (*at == ' ')
      *at = '_';
  json_object_set_new(in->json, key, value);
}

static void say_number(inspection *in, const char *name, uint64_t value) {
  if (in->json != NULL)
    set(in, name, json_integer((json_int_t)value));
  else
    cli_print_field(stdout, name, "%llu", (unsigned long long)value);
}

static void say_text(inspection *in, const char *name, const char *text) {
  if (in->json != NULL)
    set(in, name, json_string(text));
  else
    cli_print_field(stdout, name, "%s", text);
}

static void say_real(inspection *in, const char *name, double value) {
  if (in->json != NULL)
    set(in, name, cli_print_number(value));
  else
    cli_print_field(stdout, name, "%.17g", value);
}

/* --- what each kind says */

static void say_params(inspection *in) {
  const blindsight_file *file = in->file;
  if (in->json != NULL)
    json_object_set_new(
        in->json, "params",
        cli_plan_report_params_json(file->params, file->log2_qp, file->log2_qp_limit));
  else
    cli_plan_report_params(stdout, file->params, file->log2_qp, file->log2_qp_limit);
}

/* Whether others may read it; the key itself is not looked at. */
static void check_secret_key(const inspection *in) {
  uint8_t *bytes;
  size_t n_bytes;
  if (strcmp(in->path, "-") != 0 &&
      base_file_read_private(&bytes, &n_bytes, in->path, MAX_BYTES) == CKKS_OK) {
    base_wipe(bytes, n_bytes);
    base_free(bytes);
  } else {
    cli_print_warning("%s", base_last_error());
  }
}

static void say_ciphertext(inspection *in) {
  say_number(in, "parts", (uint64_t)in->file->n_parts);
  say_number(in, "level", (uint64_t)in->file->level);
  if (in->json != NULL)
    set(in, "seeded", json_boolean(in->file->is_seeded));
  else
    say_text(in, "seeded", in->file->is_seeded ? "yes" : "no");
  say_real(in, "scale", in->file->scale);
}

static void say_message(inspection *in) {
  say_text(in, "packing", cli_packing_name(in->file->packing));
  say_number(in, "rows", in->file->n_rows);
  say_number(in, "ciphertexts", in->file->n_ciphertexts);
}

/* One line, and where units differ one more for each activation. */
static void say_layer(inspection *in, const char *name, const blindsight_layer *layer) {
  char text[96];
  const blindsight_units_of *first = &layer->activation[0];
  bool several = layer->n_activations > 1;
  if (several)
    snprintf(text, sizeof text, "%zu to %zu, %zu polynomials", layer->n_in, layer->n_out,
             layer->n_activations);
  else
    snprintf(text, sizeof text, "%zu to %zu, polynomial of degree %d, values to %.3g", layer->n_in,
             layer->n_out, first->degree, first->max_abs);
  say_text(in, name, text);
  for (size_t a = 0; several && a < layer->n_activations; a++) {
    char part[64];
    const blindsight_units_of *units = &layer->activation[a];
    snprintf(part, sizeof part, "%s.%zu", name, a);
    snprintf(text, sizeof text, "%zu units, degree %d, values to %.3g", units->n_units,
             units->degree, units->max_abs);
    say_text(in, part, text);
  }
}

static json_t *layer_json(const blindsight_layer *layer) {
  json_t *activations = json_array();
  for (size_t a = 0; a < layer->n_activations; a++) {
    const blindsight_units_of *units = &layer->activation[a];
    json_array_append_new(
        activations, json_pack("{s:I, s:i, s:o}", "units", (json_int_t)units->n_units, "degree",
                               units->degree, "max_abs", cli_print_number(units->max_abs)));
  }
  return json_pack("{s:I, s:I, s:I, s:o}", "inputs", (json_int_t)layer->n_in, "outputs",
                   (json_int_t)layer->n_out, "weights", (json_int_t)layer->n_weights, "activations",
                   activations);
}

static void say_layers(inspection *in, const blindsight_shape *shape) {
  json_t *layers = in->json != NULL ? json_array() : NULL;
  for (size_t l = 0; l < shape->n_layers; l++) {
    char name[32];
    snprintf(name, sizeof name, "layer %zu", l);
    if (in->json != NULL)
      json_array_append_new(layers, layer_json(&shape->layer[l]));
    else
      say_layer(in, name, &shape->layer[l]);
  }
  if (in->json != NULL)
    set(in, "layers", layers);
}

/* Shape and names: what the model is, not what it has learnt. */
static void say_model(inspection *in) {
  const blindsight_names *names = blindsight_model_names(in->file->model);
  const blindsight_shape *shape = blindsight_model_shape(in->file->model);
  say_text(in, "name", names->name);
  say_number(in, "features", names->n_features);
  say_layers(in, shape);
  if (in->json != NULL)
    json_object_set_new(in->json, "labels", cli_print_texts(names->label, names->n_labels));
  for (size_t i = 0; in->json == NULL && i < names->n_labels; i++)
    say_text(in, i == 0 ? "labels" : "", names->label[i]);
}

/* What clients may know, of a server file as well. */
static void say_client(inspection *in) {
  if (in->json != NULL)
    json_object_set_new(in->json, "plan", cli_plan_report_json(in->file->client));
  else
    cli_plan_report_print(stdout, in->file->client);
}

/* --- the command */

static void say_hash(inspection *in, const char *name, const uint8_t *hash) {
  char text[20];
  if (hash != NULL)
    say_text(in, name, cli_print_hash(text, hash));
}

static void say_file(inspection *in) {
  const blindsight_file *file = in->file;
  say_text(in, "kind", file->kind);
  say_number(in, "bytes", file->n_bytes);
  say_hash(in, "params hash", file->params_hash);
  say_hash(in, "plan id", file->plan_id);
  if (file->params != NULL)
    say_params(in);
  if (file->is_secret_key)
    check_secret_key(in);
  if (file->n_parts > 0)
    say_ciphertext(in);
  if (file->n_keys > 0)
    say_number(in, "keys", file->n_keys);
  if (file->is_message)
    say_message(in);
  if (file->model != NULL)
    say_model(in);
  if (file->client != NULL)
    say_client(in);
}

static ckks_status inspect(const char *path, bool json) {
  blindsight_file *file;
  BASE_TRY(blindsight_file_load(&file, path));
  inspection in = {.path = path, .file = file};
  ckks_status status = CKKS_OK;
  if (json && (in.json = json_object()) == NULL)
    status = base_fail(CKKS_ERROR_MEMORY, "no memory left for the JSON output");
  if (status == CKKS_OK)
    say_file(&in);
  if (status == CKKS_OK && json)
    status = cli_print_json(json_incref(in.json));
  json_decref(in.json);
  blindsight_file_free(file);
  return status;
}

int cli_inspect(int argc, char **argv) {
  const char *path = NULL;
  bool json = false;
  const cli_option options[] = {{"json", 0, CLI_FLAG, &json, NULL, "print JSON", 0, 0, 0}};
  const cli_command command = {"inspect", "FILE",
                               "Says what a file is: kind, hashes, parameters, sizes, labels; "
                               "never a secret.",
                               options, 1};
  int code = cli_options_parse(&path, &command, argc, argv);
  return code >= 0 ? code : cli_print_status(inspect(path, json));
}
