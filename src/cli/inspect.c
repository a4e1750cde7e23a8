/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight inspect: what a file is. Never shows a secret, not even a weight. */
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"
#include "ckks/params_bytes.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/plan_report.h"
#include "network/files.h"
#include "plan/files.h"

#define MAX_BYTES ((size_t)1 << 32)

/* A file under inspection: facts go to `json` when it is there, else to standard output. */
typedef struct inspection {
  const char *path;
  const uint8_t *bytes;
  size_t n_bytes;
  base_frame frame;
  base_reader payload;
  json_t *json;
} inspection;

/* Each fact has one name, in the table and in JSON. */
static void say_number(inspection *in, const char *name, uint64_t value) {
  if (in->json != NULL)
    json_object_set_new(in->json, name, json_integer((json_int_t)value));
  else
    cli_print_field(stdout, name, "%llu", (unsigned long long)value);
}

static void say_text(inspection *in, const char *name, const char *text) {
  if (in->json != NULL)
    json_object_set_new(in->json, name, json_string(text));
  else
    cli_print_field(stdout, name, "%s", text);
}

/* The digest was right: whoever wrote the file wrote it short. */
static ckks_status short_payload(const inspection *in) {
  return base_fail(CKKS_ERROR_FORMAT, "%s: the payload is too short", in->path);
}

/* --- what each kind says */

static ckks_status say_params(inspection *in) {
  ckks_params_literal literal;
  ckks_status status = ckks_params_bytes_read(&literal, &in->payload);
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", in->path);
  if (in->json != NULL)
    json_object_set_new(in->json, "params", cli_plan_report_params_json(&literal));
  else
    cli_plan_report_params(stdout, &literal);
  return CKKS_OK;
}

/* The parameters stand in front of the key, which is not looked at. */
static ckks_status say_secret_key(inspection *in) {
  uint8_t *bytes;
  size_t n_bytes;
  BASE_TRY(say_params(in));
  if (strcmp(in->path, "-") != 0 &&
      base_file_read_private(&bytes, &n_bytes, in->path, MAX_BYTES) == CKKS_OK) {
    base_wipe(bytes, n_bytes);
    base_free(bytes);
  } else {
    cli_print_warning("%s", base_last_error());
  }
  return CKKS_OK;
}

static ckks_status say_ciphertext(inspection *in) {
  unsigned parts = base_reader_u8(&in->payload), level = base_reader_u8(&in->payload);
  unsigned seeded = base_reader_u8(&in->payload);
  (void)base_reader_u8(&in->payload);
  double scale = base_reader_f64(&in->payload);
  if (in->payload.failed)
    return short_payload(in);
  say_number(in, "parts", parts);
  say_number(in, "level", level);
  say_text(in, "seeded", seeded ? "yes" : "no");
  if (in->json != NULL)
    json_object_set_new(in->json, "scale", cli_print_number(scale));
  else
    cli_print_field(stdout, "scale", "%.17g", scale);
  return CKKS_OK;
}

/* What each key does follows behind; the client file lists them as well. */
static ckks_status say_evaluation_keys(inspection *in) {
  uint32_t n = base_reader_u32(&in->payload);
  if (in->payload.failed)
    return short_payload(in);
  say_number(in, "keys", n);
  return CKKS_OK;
}

/* Samples and results begin alike (wire/sample.c, wire/result.c). */
static ckks_status say_message(inspection *in) {
  unsigned packing = base_reader_u8(&in->payload);
  (void)base_reader_view(&in->payload, 3);
  uint32_t n_rows = base_reader_u32(&in->payload), n = base_reader_u32(&in->payload);
  if (in->payload.failed || packing >= PLAN_N_PACKINGS)
    return base_fail(CKKS_ERROR_FORMAT, "%s: its header is not one of a %s", in->path,
                     base_frame_kind_name(in->frame.kind));
  say_text(in, "packing", cli_plan_report_packing((plan_packing)packing));
  say_number(in, "rows", n_rows);
  say_number(in, "ciphertexts", n);
  return CKKS_OK;
}

/* One line, and where units differ one more for each activation. */
static void say_layer(inspection *in, const char *name, const network_layer *layer) {
  char text[96];
  const network_activation *first = &layer->activation[0];
  bool several = layer->n_activations > 1;
  if (several)
    snprintf(text, sizeof text, "%zu to %zu, %zu polynomials", layer->n_in, layer->n_out,
             layer->n_activations);
  else
    snprintf(text, sizeof text, "%zu to %zu, polynomial of degree %d, values to %.3g", layer->n_in,
             layer->n_out, first->polynomial.degree, first->max_abs);
  say_text(in, name, text);
  for (size_t a = 0; several && a < layer->n_activations; a++) {
    char part[64];
    size_t n = 0;
    for (size_t o = 0; o < layer->n_out; o++)
      n += layer->activation_of[o] == a;
    snprintf(part, sizeof part, "%s.%zu", name, a);
    snprintf(text, sizeof text, "%zu units, degree %d, values to %.3g", n,
             layer->activation[a].polynomial.degree, layer->activation[a].max_abs);
    say_text(in, part, text);
  }
}

/* Shape and names: what the model is, not what it has learnt. */
static ckks_status say_model(inspection *in) {
  network_model model;
  BASE_TRY(network_files_parse(&model, in->bytes, in->n_bytes, in->path));
  say_text(in, "name", model.name);
  say_number(in, "features", model.n_features);
  for (size_t l = 0; l < model.n_layers; l++) {
    char name[32];
    snprintf(name, sizeof name, "layer %zu", l);
    say_layer(in, name, &model.layer[l]);
  }
  if (in->json != NULL)
    json_object_set_new(in->json, "labels", cli_print_texts(model.label, model.n_classes));
  for (size_t i = 0; in->json == NULL && i < model.n_classes; i++)
    say_text(in, i == 0 ? "labels" : "", model.label[i]);
  network_clear(&model);
  return CKKS_OK;
}

/* The server file is checked whole, but only what clients may know is said. */
static void say_interface(inspection *in, const plan_interface *interface) {
  if (in->json != NULL)
    json_object_set_new(in->json, "plan", cli_plan_report_json(interface));
  else
    cli_plan_report_print(stdout, interface);
}

static ckks_status say_server(inspection *in) {
  plan_plan plan;
  BASE_TRY(plan_files_server_parse(&plan, in->bytes, in->n_bytes, in->path));
  say_interface(in, &plan.interface);
  plan_clear(&plan);
  return CKKS_OK;
}

static ckks_status say_client(inspection *in) {
  plan_interface interface;
  BASE_TRY(plan_files_client_parse(&interface, in->bytes, in->n_bytes, in->path));
  say_interface(in, &interface);
  plan_interface_clear(&interface);
  return CKKS_OK;
}

static ckks_status say_details(inspection *in) {
  switch (in->frame.kind) {
  case BASE_FRAME_PARAMS:
    return say_params(in);
  case BASE_FRAME_SECRET_KEY:
    return say_secret_key(in);
  case BASE_FRAME_CIPHERTEXT:
    return say_ciphertext(in);
  case BASE_FRAME_EVALUATION_KEYS:
    return say_evaluation_keys(in);
  case BASE_FRAME_SAMPLE:
  case BASE_FRAME_RESULT:
    return say_message(in);
  case BASE_FRAME_MODEL:
    return say_model(in);
  case BASE_FRAME_SERVER:
    return say_server(in);
  case BASE_FRAME_CLIENT:
    return say_client(in);
  case BASE_FRAME_PUBLIC_KEY:
    break;
  }
  return CKKS_OK;
}

/* --- the command */

/* A hash of zeros stands for none: not every kind belongs to parameters or to a plan. */
static void say_hash(inspection *in, const char *name, const uint8_t *hash) {
  static const uint8_t none[32];
  char text[20];
  if (memcmp(hash, none, sizeof none) != 0)
    say_text(in, name, cli_print_hash(text, hash));
}

static ckks_status inspect_bytes(inspection *in) {
  BASE_TRY(base_frame_read(&in->frame, in->bytes, in->n_bytes, 0, base_file_name(in->path)));
  base_reader_init(&in->payload, in->frame.payload, in->frame.n_payload);
  say_text(in, "kind", base_frame_kind_name(in->frame.kind));
  say_number(in, "bytes", in->n_bytes);
  say_hash(in, "params hash", in->frame.params_hash);
  say_hash(in, "plan id", in->frame.plan_id);
  return say_details(in);
}

/* The bytes may be a secret key or weights: they are wiped whatever became of them. */
static ckks_status inspect(const char *path, bool json) {
  uint8_t *bytes;
  inspection in = {.path = path};
  BASE_TRY(base_file_read(&bytes, &in.n_bytes, path, MAX_BYTES));
  in.bytes = bytes;
  ckks_status status = CKKS_OK;
  if (json && (in.json = json_object()) == NULL)
    status = base_fail(CKKS_ERROR_MEMORY, "no memory left for the JSON output");
  if (status == CKKS_OK)
    status = inspect_bytes(&in);
  if (status == CKKS_OK && json)
    status = cli_print_json(json_incref(in.json));
  json_decref(in.json);
  base_wipe(bytes, in.n_bytes);
  base_free(bytes);
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
