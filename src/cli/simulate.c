/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight simulate: what encryption would do to a model's predictions, in seconds. */
#include <math.h>

#include "cli/cli.h"
#include "cli/metrics.h"
#include "cli/model.h"
#include "cli/packing.h"
#include "cli/rows.h"

typedef struct arguments {
  const char *operand[CLI_MAX_OPERANDS]; /* MODEL DATA */
  const char *label;
  blindsight_compile_options options;
  int packing;
  uint64_t seed, threads;
  bool json;
} arguments;

typedef struct simulation {
  blindsight_model *model;
  blindsight_server *server;
  blindsight_rows *rows;
  blindsight_packing packing;
  const blindsight_names *names;
  const blindsight_cost *cost;
  blindsight_predictions *clear, *noisy;
  blindsight_metrics *clear_metrics, *noisy_metrics;
  size_t n_changed;
  double deviation, largest; /* of |noisy - clear| / max(1, |clear|) */
  double margin; /* smallest distance of the largest output from the next, over max(1, it) */
} simulation;

static void compare_row(simulation *s, size_t row) {
  size_t n = s->clear->n_outputs, best = s->clear->largest[row];
  const double *clear = s->clear->output + row * n, *noisy = s->noisy->output + row * n;
  s->n_changed += s->noisy->largest[row] != best;
  for (size_t k = 0; k < n; k++) {
    double error = fabs(noisy[k] - clear[k]) / fmax(1.0, fabs(clear[k]));
    s->deviation += error * error;
    s->largest = fmax(s->largest, error);
    if (best != BLINDSIGHT_NO_LABEL && k != best)
      s->margin = fmin(s->margin, (clear[best] - clear[k]) / fmax(1.0, fabs(clear[best])));
  }
}

/* Outputs in clear, and once more as ciphertexts would have them. */
static ckks_status run_rows(simulation *s, const arguments *a) {
  const blindsight_rows *rows = s->rows;
  BASE_TRY(blindsight_model_predict(&s->clear, rows->value, rows->n_rows, s->model));
  BASE_TRY(blindsight_server_simulate(&s->noisy, rows->value, rows->n_rows, s->packing, a->seed,
                                      (int)a->threads, s->server));
  for (size_t row = 0; row < rows->n_rows; row++)
    compare_row(s, row);
  s->deviation = sqrt(s->deviation / (double)(rows->n_rows * s->clear->n_outputs));
  return CKKS_OK;
}

static ckks_status simulate(simulation *s, const arguments *a) {
  BASE_TRY(cli_model_load(&s->model, a->operand[0]));
  s->names = blindsight_model_names(s->model);
  BASE_TRY(
      cli_rows_read(&s->rows, a->operand[1], NULL, s->names, NULL, a->label, BLINDSIGHT_MAX_ROWS));
  ckks_status status = blindsight_server_compile(&s->server, s->model, &a->options);
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", a->operand[0]);
  const blindsight_facts *facts = blindsight_client_facts(blindsight_server_client(s->server));
  s->packing = a->packing == 0 && facts->cost[BLINDSIGHT_LATENCY].available ? BLINDSIGHT_LATENCY
                                                                            : BLINDSIGHT_THROUGHPUT;
  s->cost = &facts->cost[s->packing];
  s->margin = (double)INFINITY;
  BASE_TRY(run_rows(s, a));
  const int *label = s->rows->label;
  size_t n = s->rows->n_rows;
  if (label == NULL)
    return CKKS_OK;
  BASE_TRY(cli_metrics_compute(&s->clear_metrics, s->clear->output, label, n, s->names));
  return cli_metrics_compute(&s->noisy_metrics, s->noisy->output, label, n, s->names);
}

static ckks_status print_json(const simulation *s) {
  json_t *object = json_pack("{s:I, s:s, s:I, s:o, s:o, s:o, s:o}", "rows",
                             (json_int_t)s->rows->n_rows, "packing", cli_packing_name(s->packing),
                             "changed_predictions", (json_int_t)s->n_changed, "predicted_error",
                             cli_print_number(s->cost->predicted_error), "deviation",
                             cli_print_number(s->deviation), "largest_error",
                             cli_print_number(s->largest), "margin", cli_print_number(s->margin));
  if (s->rows->label != NULL) {
    json_object_set_new(object, "clear", cli_metrics_json(s->clear_metrics));
    json_object_set_new(object, "simulated", cli_metrics_json(s->noisy_metrics));
  }
  return cli_print_json(object);
}

static void print_report(const simulation *s) {
  cli_print_field(stdout, "rows", "%zu, %s packing", s->rows->n_rows, cli_packing_name(s->packing));
  cli_print_field(stdout, "error", "deviation %.2g, largest %.2g of max(1, |output|)", s->deviation,
                  s->largest);
  cli_print_field(stdout, "plan", "error below %.2g", s->cost->predicted_error);
  if (s->names->kind == BLINDSIGHT_CLASSES)
    cli_print_field(stdout, "predictions", "%zu of %zu change", s->n_changed, s->rows->n_rows);
  if (isfinite(s->margin) && s->deviation > 0.0)
    cli_print_field(stdout, "margin", "the closest decision is %.3g deviations wide",
                    s->margin / s->deviation);
  if (s->rows->label == NULL)
    return;
  cli_print_field(stdout, "accuracy", "%.6f in clear, %.6f simulated", s->clear_metrics->accuracy,
                  s->noisy_metrics->accuracy);
  cli_print_field(stdout, "loss", "%.6f in clear, %.6f simulated", s->clear_metrics->loss,
                  s->noisy_metrics->loss);
}

static void simulation_clear(simulation *s) {
  blindsight_predictions_free(s->clear);
  blindsight_predictions_free(s->noisy);
  blindsight_metrics_free(s->clear_metrics);
  blindsight_metrics_free(s->noisy_metrics);
  blindsight_rows_free(s->rows);
  blindsight_server_free(s->server);
  blindsight_model_free(s->model);
}

int cli_simulate(int argc, char **argv) {
  arguments a = {.seed = 1, .threads = 1};
  blindsight_compile_options_default(&a.options, sizeof a.options);
  const cli_option options[] = {
      {"label", 0, CLI_TEXT, &a.label, "COLUMN",
       "the column that holds the true classes; for images, an idx file", 0, 0, 0},
      {"error", 0, CLI_NUMBER, &a.options.error, "X",
       "largest error of an output (as the model is)", 1e-9, 1, 0},
      {"headroom", 0, CLI_NUMBER, &a.options.headroom, "X",
       "room above the ranges that were seen (4)", 1, 1e6, 0},
      {"packing", 0, CLI_CHOICE, &a.packing, "latency|throughput",
       "of single rows, or of many in one ciphertext (latency)", 0, 0, 0},
      {"seed", 0, CLI_INTEGER, &a.seed, "N", "of the errors (1)", 0, UINT32_MAX, 0},
      {"threads", 0, CLI_INTEGER, &a.threads, "N",
       "threads that share the rows; the figures stay the same (1)", 1, BLINDSIGHT_MAX_THREADS, 0},
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
