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

/* ------------------------------------------------------------------- report */

static void print_input(FILE *out, const blindsight_import *report, size_t n_features,
                        const blindsight_import_options *options) {
  bool said = options->n_mean > 0 || options->n_deviation > 0;
  const char *scaling = said ? "scaled by --mean and --deviation" : "as they are";
  if (report->pixels)
    cli_print_field(out, "input", "an image of %zu x %zu x %zu pixels: %s", report->image[0],
                    report->image[1], report->image[2],
                    report->bytes       ? "bytes, divided by 255"
                    : report->own_bytes ? "bytes, as they are: the network normalises them itself"
                                        : scaling);
  else
    cli_print_field(out, "input", "%zu values of a table, %s%s", n_features, scaling,
                    report->scaled ? "; the client does the network's own scaling" : "");
  if (!report->pixels && report->image[0] > 0)
    cli_print_field(out, "", "(--input image takes them for pixels: bytes, divided by 255)");
  if (report->batch > 0)
    cli_print_field(out, "batch", "it was exported for %zu rows at a time; here for one",
                    report->batch);
}

static void print_composite(FILE *out, const blindsight_fit *a, const blindsight_composed *c) {
  char degrees[40] = "";
  for (int i = 0; i < c->n_parts; i++) {
    size_t n = strlen(degrees);
    snprintf(degrees + n, sizeof degrees - n, "%s%d", i > 0 ? ", " : "", c->degree[i]);
  }
  cli_print_field(out, "",
                  "becomes a composite of degrees %s (%d levels) on %.4g to %.4g%s:", degrees,
                  c->levels, a->low, a->high, a->each ? ", less in most channels" : "");
  cli_print_field(out, "",
                  "off by %.2g at most, %.2g in the mean, of its largest value; its sign is",
                  a->max_error, a->rms_error);
  cli_print_field(out, "", "none nearer to 0 than %.2g of the range", c->gap);
}

static void print_activation(FILE *out, const blindsight_fit *a, const blindsight_composed *c) {
  cli_print_field(out, "activation", "%s", a->node);
  if (c->n_parts > 0) {
    print_composite(out, a, c);
    return;
  }
  if (a->exact) {
    cli_print_field(out, "", "is a polynomial of degree %d; sees %.4g to %.4g with margin",
                    a->degree, a->low, a->high);
    return;
  }
  cli_print_field(out, "", "becomes one of degree %d on %.4g to %.4g%s: off by %.2g", a->degree,
                  a->low, a->high, a->each ? ", less in most channels" : "", a->max_error);
  cli_print_field(out, "", "at most, %.2g in the mean, of its largest value", a->rms_error);
}

/* What a label is, and what becomes of the scores. */
static void print_outputs(FILE *out, const blindsight_names *names,
                          const blindsight_import *report) {
  static const char *const what[] = {"classes, of which the largest is predicted",
                                     "values: nothing is predicted beyond them",
                                     "labels, each by itself: none is the prediction"};
  cli_print_field(out, "outputs", "%zu %s", names->n_labels, what[names->kind]);
  if (names->kind == BLINDSIGHT_CLASSES && !report->labelled)
    cli_print_field(out, "", "(the file does not name them)");
  if (report->left != NULL)
    cli_print_field(out, "", "%s is the client's: it applies %s exactly", report->left, names->end);
  if (!report->pixels)
    cli_print_field(out, "missing", "%s",
                    names->complete ? "values are refused: the network says nothing of their mean"
                                    : "values count as the mean");
}

static void print_comparison(FILE *out, const blindsight_names *names, const blindsight_import *r) {
  bool fitted = false;
  for (size_t i = 0; i < r->n_activations; i++)
    fitted = fitted || !r->activation[i].exact;
  if (!fitted) {
    cli_print_field(out, "calibration", "%zu rows; nothing was approximated", r->n_rows);
    return;
  }
  cli_print_field(out, "calibration",
                  "%zu rows; outputs%s are off by at most %.2g %% of their range", r->n_rows,
                  r->left != NULL ? " before that" : "", 100.0 * r->difference);
  if (names->kind != BLINDSIGHT_VALUES)
    cli_print_field(out, "", "%zu rows get another prediction", r->n_changed);
}

static void warn_missed(const blindsight_import *r, const blindsight_import_options *options) {
  if (options->error > 0.0 || r->difference <= options->output_error)
    return;
  cli_print_warning(
      "outputs are off by %.2g %% of their range where --output-error asks for %g %%, "
      "with degrees up to %d",
      100.0 * r->difference, 100.0 * options->output_error, r->max_degree);
  if (r->better_degree > 0 && r->better < r->difference)
    cli_print_warning("--max-degree %d would bring %.2g %%, for a level more at each activation; a "
                      "smaller --margin helps as well",
                      r->better_degree, 100.0 * r->better);
}

void cli_model_print_import(FILE *out, const blindsight_import *report,
                            const blindsight_model *model,
                            const blindsight_import_options *options) {
  const blindsight_names *names = blindsight_model_names(model);
  print_input(out, report, names->n_features, options);
  print_outputs(out, names, report);
  for (size_t i = 0; i < report->n_activations; i++)
    print_activation(out, &report->activation[i], &report->composed[i]);
  if (report->n_carried > 0)
    cli_print_field(out, "carried", "%zu values past activations that they skip",
                    report->n_carried);
  if (report->n_rows == 0)
    return;
  print_comparison(out, names, report);
  warn_missed(report, options);
}

static json_t *composite_json(const blindsight_composed *c) {
  json_t *degrees = json_array();
  for (int i = 0; i < c->n_parts; i++)
    json_array_append_new(degrees, json_integer(c->degree[i]));
  return json_pack("{s:o, s:i, s:o}", "degrees", degrees, "levels", c->levels, "gap",
                   cli_print_number(c->gap));
}

static json_t *activation_json(const blindsight_fit *fit, const blindsight_composed *c) {
  json_t *object = json_pack(
      "{s:s, s:i, s:b, s:o, s:o, s:o, s:o}", "node", fit->node, "degree", fit->degree, "exact",
      fit->exact, "low", cli_print_number(fit->low), "high", cli_print_number(fit->high),
      "max_error", cli_print_number(fit->max_error), "rms_error", cli_print_number(fit->rms_error));
  if (c->n_parts > 0)
    json_object_set_new(object, "composite", composite_json(c));
  return object;
}

json_t *cli_model_import_json(const blindsight_import *report) {
  json_t *activations = json_array();
  for (size_t i = 0; i < report->n_activations; i++)
    json_array_append_new(activations,
                          activation_json(&report->activation[i], &report->composed[i]));
  return json_pack("{s:o, s:I, s:I, s:I, s:o, s:b}", "activations", activations, "carried",
                   (json_int_t)report->n_carried, "rows", (json_int_t)report->n_rows, "changed",
                   (json_int_t)report->n_changed, "difference",
                   cli_print_number(report->difference), "image", report->pixels);
}
