/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight simulate: what encryption would do to a model's predictions, in seconds. */
#include <math.h>

#include "base/alloc.h"
#include "cli/cli.h"
#include "cli/line.h"
#include "cli/metrics.h"
#include "cli/model.h"
#include "cli/out_of_range.h"
#include "cli/packing.h"
#include "cli/rows.h"

typedef struct arguments {
  const char *operand[CLI_MAX_OPERANDS]; /* MODEL DATA */
  const char *label;
  blindsight_compile_options options;
  int packing, out_of_range;
  uint64_t seed, threads;
  bool json;
} arguments;

typedef struct simulation {
  blindsight_model *model;
  blindsight_server *server;
  blindsight_rows *rows;
  blindsight_sorted *sorted; /* which of them would be sent */
  blindsight_rows truth;     /* labels or values of those; both NULL = not known */
  blindsight_packing packing;
  const blindsight_names *names;
  const blindsight_cost *cost;
  blindsight_predictions *clear, *noisy;
  blindsight_metrics *clear_metrics, *noisy_metrics;
  size_t n_answered, n_changed, n_marked, n_spoilt; /* spoilt: by others of their batch */
  double deviation, largest;                        /* of |noisy - clear| / max(unit, |clear|) */
  double unit;                                      /* of outputs: 1, or of a quantity */
  double margin; /* smallest distance of the largest output from the next, over max(1, it) */
} simulation;

static void compare_row(simulation *s, size_t row) {
  size_t n = s->clear->n_outputs, best = s->clear->largest[row];
  if (s->noisy->state[row] != BLINDSIGHT_INSIDE) { /* no answer, and said to be none */
    s->n_marked++;
    s->n_spoilt += s->noisy->state[row] == BLINDSIGHT_SPOILT;
    return;
  }
  const double *clear = s->clear->output + row * n, *noisy = s->noisy->output + row * n;
  s->n_changed += s->noisy->largest[row] != best;
  for (size_t k = 0; k < n; k++) {
    double error = fabs(noisy[k] - clear[k]) / fmax(s->unit, fabs(clear[k]));
    s->deviation += error * error;
    s->largest = fmax(s->largest, error);
    if (best != BLINDSIGHT_NO_LABEL && k != best)
      s->margin = fmin(s->margin, (clear[best] - clear[k]) / fmax(1.0, fabs(clear[best])));
  }
}

/* Of the rows that would be sent. */
static ckks_status take_truth(blindsight_rows *truth, const blindsight_rows *rows,
                              const blindsight_sorted *sorted) {
  size_t n = truth->n_rows = sorted->n_sent;
  if (rows->target != NULL)
    truth->target = base_alloc_array(n, sizeof *truth->target);
  else
    truth->label = base_alloc_array(n, sizeof *truth->label);
  if (!cli_metrics_has_truth(truth))
    return base_fail_memory(n * sizeof *truth->target);
  for (size_t i = 0; i < n; i++)
    if (rows->target != NULL)
      truth->target[i] = rows->target[sorted->number[i]];
    else
      truth->label[i] = rows->label[sorted->number[i]];
  return CKKS_OK;
}

/* As a client would: rows outside the ranges stay, or are moved into them. */
static ckks_status sort_rows(simulation *s, const arguments *a) {
  blindsight_sort_options options;
  blindsight_sort_options_default(&options, sizeof options);
  options.packing = s->packing;
  options.out_of_range = (blindsight_out_of_range)a->out_of_range; /* in the order of the enum */
  BASE_TRY(blindsight_client_sort(&s->sorted, s->rows->value, s->rows->n_rows, &options,
                                  blindsight_server_client(s->server)));
  cli_out_of_range_warn(s->sorted, s->rows, a->operand[1], s->names);
  const blindsight_sorted *sorted = s->sorted;
  if (sorted->n_sent == 0)
    return base_fail(CKKS_ERROR_RANGE, "%s: the model answers for none of the %zu rows",
                     a->operand[1], sorted->n_rows);
  return cli_metrics_has_truth(s->rows) ? take_truth(&s->truth, s->rows, sorted) : CKKS_OK;
}

/* Outputs in clear, and once more as ciphertexts would have them. */
static ckks_status run_rows(simulation *s, const arguments *a) {
  const blindsight_sorted *sorted = s->sorted;
  BASE_TRY(blindsight_model_predict(&s->clear, sorted->value, sorted->n_sent, s->model));
  BASE_TRY(blindsight_server_simulate(&s->noisy, sorted->value, sorted->n_sent, s->packing, a->seed,
                                      (int)a->threads, s->server));
  for (size_t row = 0; row < sorted->n_sent; row++)
    compare_row(s, row);
  size_t n = (sorted->n_sent - s->n_marked) * s->clear->n_outputs;
  s->deviation = n > 0 ? sqrt(s->deviation / (double)n) : 0.0;
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
  s->unit = facts->output_unit;
  BASE_TRY(sort_rows(s, a));
  BASE_TRY(run_rows(s, a));
  if (!cli_metrics_has_truth(&s->truth))
    return CKKS_OK;
  BASE_TRY(cli_metrics_compute(&s->clear_metrics, s->clear->output, &s->truth, s->names));
  return cli_metrics_answered(&s->noisy_metrics, &s->n_answered, s->noisy, &s->truth, s->names);
}

/* --- what is told */

/* Of each row without an answer: what became of it, and where its values first were too large. */
static json_t *marked_json(const simulation *s) {
  json_t *list = json_array();
  for (size_t i = 0; i < s->noisy->n_rows; i++) {
    if (s->noisy->state[i] == BLINDSIGHT_INSIDE)
      continue;
    size_t stage = s->noisy->stage[i];
    json_array_append_new(
        list,
        json_pack("{s:I, s:s, s:o}", "row", (json_int_t)s->sorted->number[i], "state",
                  blindsight_state_name(s->noisy->state[i]), "stage",
                  stage != BLINDSIGHT_NO_STAGE ? json_integer((json_int_t)stage) : json_null()));
  }
  return list;
}

static ckks_status print_json(const simulation *s) {
  json_t *object = json_pack("{s:I, s:s, s:I, s:o, s:o, s:o, s:o}", "rows",
                             (json_int_t)s->rows->n_rows, "packing", cli_packing_name(s->packing),
                             "changed_predictions", (json_int_t)s->n_changed, "predicted_error",
                             cli_print_number(s->cost->predicted_error), "deviation",
                             cli_print_number(s->deviation), "largest_error",
                             cli_print_number(s->largest), "margin", cli_print_number(s->margin));
  json_object_set_new(object, "out_of_range", cli_out_of_range_json(s->sorted, s->rows, s->names));
  json_object_set_new(object, "no_answer", marked_json(s));
  if (s->clear_metrics != NULL)
    json_object_set_new(object, "clear", cli_metrics_json(s->clear_metrics));
  if (s->noisy_metrics != NULL)
    json_object_set_new(object, "simulated", cli_metrics_json(s->noisy_metrics));
  return cli_print_json(object);
}

/* Rows whose own values are too large, by stage; a batch has spoilt ones besides. */
static void print_marked(const simulation *s) {
  const blindsight_account *account = blindsight_server_account(s->server, s->packing);
  if (s->sorted->n_sent < s->rows->n_rows)
    cli_print_field(stdout, "refused", "%zu of %zu rows, which stay here",
                    s->rows->n_rows - s->sorted->n_sent, s->rows->n_rows);
  if (s->n_marked == 0)
    return;
  cli_print_field(stdout, "no answer",
                  "%zu rows, and said to have none; %zu of them are of a spoilt batch", s->n_marked,
                  s->n_spoilt);
  for (size_t stage = 0; stage < account->n_stages; stage++)
    for (size_t i = 0; i < s->noisy->n_rows; i++)
      if (s->noisy->state[i] != BLINDSIGHT_INSIDE && s->noisy->stage[i] == stage)
        cli_print_field(stdout, "too large", "row %zu, from stage %zu of %zu on",
                        s->sorted->number[i], stage, account->n_stages - 2);
}

static void print_report(const simulation *s) {
  size_t n_answered = s->sorted->n_sent - s->n_marked;
  cli_print_field(stdout, "rows", "%zu, %s packing", s->rows->n_rows, cli_packing_name(s->packing));
  print_marked(s);
  cli_print_field(stdout, "error", "deviation %.2g, largest %.2g of max(%g, |output|)",
                  s->deviation, s->largest, s->unit);
  cli_print_field(stdout, "plan", "error below %.2g", s->cost->predicted_error);
  if (s->names->kind == BLINDSIGHT_CLASSES)
    cli_print_field(stdout, "predictions", "%zu of %zu change", s->n_changed, n_answered);
  if (isfinite(s->margin) && s->deviation > 0.0)
    cli_print_field(stdout, "margin", "the closest decision is %.3g deviations wide",
                    s->margin / s->deviation);
  if (s->noisy_metrics == NULL)
    return;
  if (s->truth.target != NULL) {
    cli_print_field(stdout, "RMSE", "%.6g in clear, %.6g simulated", s->clear_metrics->rmse,
                    s->noisy_metrics->rmse);
    return;
  }
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
  blindsight_sorted_free(s->sorted);
  base_free(s->truth.label);
  base_free(s->truth.target);
  blindsight_rows_free(s->rows);
  blindsight_server_free(s->server);
  blindsight_model_free(s->model);
}

int cli_simulate(int argc, char **argv) {
  arguments a = {.seed = 1, .threads = 1};
  blindsight_compile_options_default(&a.options, sizeof a.options);
  const cli_option options[] = {
      {"label", 0, CLI_TEXT, &a.label, "COLUMN",
       "the column of true classes or values; for images, an idx file", 0, 0, 0},
      {"error", 0, CLI_NUMBER, &a.options.error, "X",
       "largest error of an output, relative if that is above 1 (as the model is)", 1e-9, 1, 0},
      {"headroom", 0, CLI_NUMBER, &a.options.headroom, "X",
       "room above the ranges that were seen (4)", 1, 1e6, 0},
      {"packing", 0, CLI_CHOICE, &a.packing, "latency|throughput",
       "of single rows, or of many in one ciphertext (latency)", 0, 0, 0},
      {"out-of-range", 0, CLI_CHOICE, &a.out_of_range, "refuse|clip", CLI_OUT_OF_RANGE_TEXT, 0, 0,
       0},
      {"seed", 0, CLI_INTEGER, &a.seed, "N", "of the errors (1)", 0, UINT32_MAX, 0},
      {"threads", 0, CLI_INTEGER, &a.threads, "N",
       "threads that share the rows; the figures stay the same (1)", 1, BLINDSIGHT_MAX_THREADS, 0},
      {"json", 0, CLI_FLAG, &a.json, NULL, "print JSON", 0, 0, 0}};
  const cli_command command = {
      "simulate", "MODEL DATA",
      "Compiles a model and runs the plan on rows in clear, with the noise that each operation on\n"
      "ciphertexts would add: how large errors are, how many predictions change, what that does "
      "to\n"
      "the accuracy, and which rows would have no answer, because they are out of range or values\n"
      "become too large for the modulus.",
      options, sizeof options / sizeof options[0]};
  int code = cli_options_parse(a.operand, &command, argc, argv);
  if (code >= 0)
    return code;
  cli_line_wait("simulating");
  simulation s = {0};
  ckks_status status = simulate(&s, &a);
  if (status == CKKS_OK && a.json)
    status = print_json(&s);
  else if (status == CKKS_OK)
    print_report(&s);
  simulation_clear(&s);
  return cli_print_status(status);
}
