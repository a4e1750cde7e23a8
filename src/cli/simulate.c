/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight simulate: what encryption would do to a model's predictions, in seconds. */
#include <math.h>

#include "base/alloc.h"
#include "cli/cli.h"
#include "cli/metrics.h"
#include "cli/network.h"
#include "cli/options.h"
#include "cli/plan_report.h"
#include "compile/compile.h"
#include "compile/simulate.h"
#include "table/rows.h"

typedef struct arguments {
  const char *operand[CLI_MAX_OPERANDS]; /* MODEL DATA */
  const char *label;
  compile_options options;
  int packing;
  uint64_t seed, threads;
  bool json;
} arguments;

typedef struct simulation {
  network_model model;
  plan_plan plan;
  table_data data;
  plan_packing packing;
  base_threads *threads;
  double *clear, *noisy; /* outputs */
  train_metrics clear_metrics, noisy_metrics;
  size_t n_changed;
  double deviation, largest; /* of |noisy - clear| / max(1, |clear|) */
  double margin; /* smallest distance of the largest output from the next, over max(1, it) */
} simulation;

static void compare_row(simulation *s, const double *clear, const double *noisy) {
  size_t n = s->model.n_classes, best = encoding_meaning_predicted(clear, n, s->model.meaning.kind);
  s->n_changed += encoding_meaning_predicted(noisy, n, s->model.meaning.kind) != best;
  for (size_t k = 0; k < n; k++) {
    double error = fabs(noisy[k] - clear[k]) / fmax(1.0, fabs(clear[k]));
    s->deviation += error * error;
    s->largest = fmax(s->largest, error);
    if (best != ENCODING_NOTHING && k != best)
      s->margin = fmin(s->margin, (clear[best] - clear[k]) / fmax(1.0, fabs(clear[best])));
  }
}

/* Outputs in clear, and once more as ciphertexts would have them. */
static ckks_status run_rows(simulation *s, uint64_t seed) {
  size_t n = s->data.n_rows, classes = s->model.n_classes;
  BASE_TRY(cli_metrics_outputs(&s->clear, s->data.value, n, &s->model));
  s->noisy = base_alloc_array(n * classes, sizeof *s->noisy);
  if (s->noisy == NULL)
    return base_fail_memory(n * classes * sizeof *s->noisy);
  BASE_TRY(
      compile_simulate_rows(s->noisy, s->data.value, n, &s->plan, s->packing, seed, s->threads));
  encoding_meaning_finish(s->noisy, n, classes, s->model.meaning.end);
  for (size_t i = 0; i < n; i++)
    compare_row(s, s->clear + i * classes, s->noisy + i * classes);
  s->deviation = sqrt(s->deviation / (double)(n * classes));
  return CKKS_OK;
}

static ckks_status simulate(simulation *s, const arguments *a) {
  BASE_TRY(cli_network_model(&s->model, a->operand[0]));
  BASE_TRY(table_rows_read(&s->data, a->operand[1], NULL, 0,
                           &(table_wanted){s->model.feature, s->model.n_features, a->label,
                                           s->model.label, s->model.n_classes}));
  if (a->label != NULL && s->data.label == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "%s: there is no column \"%.80s\" (label)", a->operand[1],
                     a->label);
  ckks_status status = compile_model(&s->plan, &s->model, &a->options);
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", a->operand[0]);
  s->packing = a->packing == 0 && s->plan.interface.layout[PLAN_LATENCY].available
                   ? PLAN_LATENCY
                   : PLAN_THROUGHPUT;
  s->margin = (double)INFINITY;
  BASE_TRY(base_threads_build(&s->threads, (int)a->threads));
  BASE_TRY(run_rows(s, a->seed));
  size_t n = s->data.n_rows, classes = s->model.n_classes;
  if (s->data.label == NULL)
    return CKKS_OK;
  const encoding_meaning *meaning = &s->model.meaning;
  BASE_TRY(cli_metrics_compute(&s->clear_metrics, s->clear, s->data.label, n, classes, meaning));
  return cli_metrics_compute(&s->noisy_metrics, s->noisy, s->data.label, n, classes, meaning);
}

static ckks_status print_json(const simulation *s) {
  json_t *object = json_pack(
      "{s:I, s:s, s:I, s:o, s:o, s:o, s:o}", "rows", (json_int_t)s->data.n_rows, "packing",
      cli_plan_report_packing(s->packing), "changed_predictions", (json_int_t)s->n_changed,
      "predicted_error", cli_print_number(s->plan.interface.cost[s->packing].predicted_error),
      "deviation", cli_print_number(s->deviation), "largest_error", cli_print_number(s->largest),
      "margin", cli_print_number(s->margin));
  if (s->data.label != NULL) {
    json_object_set_new(object, "clear", cli_metrics_json(&s->clear_metrics));
    json_object_set_new(object, "simulated", cli_metrics_json(&s->noisy_metrics));
  }
  return cli_print_json(object);
}

static void print_report(const simulation *s) {
  const plan_interface *interface = &s->plan.interface;
  cli_print_field(stdout, "rows", "%zu, %s packing", s->data.n_rows,
                  cli_plan_report_packing(s->packing));
  cli_print_field(stdout, "error", "deviation %.2g, largest %.2g of max(1, |output|)", s->deviation,
                  s->largest);
  cli_print_field(stdout, "plan", "error below %.2g", interface->cost[s->packing].predicted_error);
  if (s->model.meaning.kind == ENCODING_CLASSES)
    cli_print_field(stdout, "predictions", "%zu of %zu change", s->n_changed, s->data.n_rows);
  if (isfinite(s->margin) && s->deviation > 0.0)
    cli_print_field(stdout, "margin", "the closest decision is %.3g deviations wide",
                    s->margin / s->deviation);
  if (s->data.label == NULL)
    return;
  cli_print_field(stdout, "accuracy", "%.6f in clear, %.6f simulated", s->clear_metrics.accuracy,
                  s->noisy_metrics.accuracy);
  cli_print_field(stdout, "loss", "%.6f in clear, %.6f simulated", s->clear_metrics.loss,
                  s->noisy_metrics.loss);
}

static void simulation_clear(simulation *s) {
  base_free(s->clear);
  base_free(s->noisy);
  train_metrics_clear(&s->clear_metrics);
  train_metrics_clear(&s->noisy_metrics);
  table_data_clear(&s->data);
  base_threads_free(s->threads);
  plan_clear(&s->plan);
  network_clear(&s->model);
}

int cli_simulate(int argc, char **argv) {
  arguments a = {.seed = 1, .threads = 1};
  compile_options_default(&a.options);
  const cli_option options[] = {
      {"label", 0, CLI_TEXT, &a.label, "COLUMN",
       "the column that holds the true classes; for images, an idx file", 0, 0, 0},
      {"error", 0, CLI_NUMBER, &a.options.error, "X", "largest error of an output (1e-5)", 1e-9, 1,
       0},
      {"headroom", 0, CLI_NUMBER, &a.options.headroom, "X", "room above the ranges that were seen",
       1, 1e6, 0},
      {"packing", 0, CLI_CHOICE, &a.packing, "latency|throughput",
       "of single rows, or of many in one ciphertext (latency)", 0, 0, 0},
      {"seed", 0, CLI_INTEGER, &a.seed, "N", "of the errors (1)", 0, UINT32_MAX, 0},
      {"threads", 0, CLI_INTEGER, &a.threads, "N",
       "threads that share the rows; the figures stay the same (1)", 1, CLI_MAX_THREADS, 0},
      {"json", 0, CLI_FLAG, &a.json, NULL, "print JSON", 0, 0, 0}};
  const cli_command command = {
      "simulate", "MODEL DATA",
      "Compiles a model and runs the plan on rows in clear, with the noise that each operation on\n"
      "ciphertexts would add: how large errors are, how many predictions change, and what that\n"
      "does to the accuracy.",
      options, sizeof options / sizeof options[0]};
  int code = cli_options_parse(a.operand, &command, argc, argv);
  if (code >= 0)
    return code;
  simulation s = {0};
  ckks_status status = simulate(&s, &a);
  if (status == CKKS_OK && a.json)
    status = print_json(&s);
  else if (status == CKKS_OK)
    print_report(&s);
  simulation_clear(&s);
  return cli_print_status(status);
}
