/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/model.h"

#include <string.h>

#include "base/status.h"
#include "cli/print.h"

bool cli_model_is_network(const char *path) {
  size_t n = strlen(path);
  return n >= 5 && strcmp(path + n - 5, ".onnx") == 0;
}

ckks_status cli_model_load(blindsight_model **out, const char *path) {
  if (cli_model_is_network(path))
    return base_fail(
        CKKS_ERROR_ARGUMENT,
        "%s: a network, not a model; make one of it: blindsight import %s -o NAME.model", path,
        path);
  return blindsight_model_load(out, path);
}

void cli_model_print_import(FILE *out, const blindsight_import *report) {
  for (size_t i = 0; i < report->n_activations; i++) {
    const blindsight_fit *a = &report->activation[i];
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
  if (report->dropped != NULL)
    cli_print_field(out, "left out", "%s at the end: the largest output stays the largest",
                    report->dropped);
  if (report->n_rows > 0)
    cli_print_field(out, "calibration",
                    "%zu rows; the polynomials change the prediction of %zu, outputs by up to "
                    "%.2g of the largest",
                    report->n_rows, report->n_changed, report->difference);
}
