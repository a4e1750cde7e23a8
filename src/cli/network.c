/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/network.h"

#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"
#include "cli/print.h"
#include "network/files.h"
#include "plan/files.h"
#include "table/rows.h"

#define BYTE_PIXELS 255.0

void cli_network_options_default(cli_network_options *options) {
  *options = (cli_network_options){0};
  onnx_import_options_default(&options->import);
  options->import.deviation = 0.0;
}

bool cli_network_is(const char *path) {
  size_t n = strlen(path);
  return n >= 5 && strcmp(path + n - 5, ".onnx") == 0;
}

/* Columns in the order of the table are the network's inputs, and lend them their names. */
static ckks_status name_columns(network_model *model, const table_data *data) {
  for (size_t i = 0; data->feature != NULL && i < model->n_features; i++)
    BASE_TRY(encoding_names_set(&model->feature[i], data->feature[i]));
  return network_check(model);
}

typedef struct reading {
  uint8_t *bytes;
  size_t n_bytes, n_features, image[3];
  table_data data;
} reading;

static ckks_status read_rows(reading *r, const char *path, const cli_network_options *options) {
  BASE_TRY(onnx_import_input(&r->n_features, r->image, r->bytes, r->n_bytes, path));
  if (options->calibrate == NULL)
    return CKKS_OK;
  BASE_TRY(table_rows_read_any(&r->data, options->calibrate, options->label, r->image));
  if (r->data.n_features == r->n_features)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_FORMAT, "%s: %zu columns where the network takes %zu%s",
                   options->calibrate, r->data.n_features, r->n_features,
                   options->label == NULL ? " (--label leaves one out)" : "");
}

static ckks_status read_network(network_model *model, onnx_import_report *report, reading *r,
                                const char *path, const cli_network_options *options) {
  onnx_import_options import = options->import;
  BASE_TRY(base_file_read(&r->bytes, &r->n_bytes, path, ONNX_MAX_FILE_BYTES));
  BASE_TRY(read_rows(r, path, options));
  if (import.deviation == 0.0)
    import.deviation = r->image[0] > 0 ? BYTE_PIXELS : 1.0;
  BASE_TRY(onnx_import_model(model, report, r->bytes, r->n_bytes, path, r->data.value,
                             r->data.n_rows, &import));
  return name_columns(model, &r->data);
}

ckks_status cli_network_model(network_model *model, const char *path) {
  if (cli_network_is(path))
    return base_fail(
        CKKS_ERROR_ARGUMENT,
        "%s: a network, not a model; make one of it: blindsight import %s -o NAME.model", path,
        path);
  return network_files_read(model, path);
}

ckks_status cli_network_read(network_model *model, onnx_import_report *report, const char *path,
                             const cli_network_options *options) {
  reading r = {0};
  *model = (network_model){0};
  ckks_status status = read_network(model, report, &r, path, options);
  if (r.bytes != NULL)
    base_wipe(r.bytes, r.n_bytes);
  base_free(r.bytes);
  table_data_clear(&r.data);
  if (status != CKKS_OK)
    network_clear(model);
  return status;
}

void cli_network_print(FILE *out, const onnx_import_report *report) {
  for (int i = 0; i < report->n_activations; i++) {
    const onnx_import_activation *a = &report->activation[i];
    cli_print_field(out, "activation", "%s", a->node);
    if (a->exact)
      cli_print_field(out, "", "is a polynomial of degree %d; sees %.4g to %.4g with margin",
                      a->degree, a->low, a->high);
    else
      cli_print_field(out, "",
                      "becomes one of degree %d on %.4g to %.4g: off by %.2g at most, %.2g in "
                      "the mean, of its largest value",
                      a->degree, a->low, a->high, a->max_error, a->rms_error);
  }
  if (report->n_carried > 0)
    cli_print_field(out, "carried", "%zu values past activations that they skip",
                    report->n_carried);
  if (report->dropped[0] != '\0')
    cli_print_field(out, "left out", "%s at the end: the largest output stays the largest",
                    report->dropped);
  if (report->n_rows > 0)
    cli_print_field(out, "calibration",
                    "%zu rows; the polynomials change the prediction of %zu, outputs by up to "
                    "%.2g of the largest",
                    report->n_rows, report->n_changed, report->difference);
}
