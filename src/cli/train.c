/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight train: from a table to a model. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "blindsight.h"
#include "cli/cli.h"
#include "cli/metrics.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/train_report.h"
#include "cli/train_validation.h"

typedef struct arguments {
  const char *data, *label, *hidden, *activation, *output, *validation;
  cli_texts drop, categories;
  uint64_t epochs, batch, seed, split_seed, trees, depth, min_rows, bins, patience;
  double rate, decay, frac, l2, rows, columns; /* rate: NaN = what suits the model */
  int model, task, edges;
  bool json;
} arguments;

typedef struct training {
  const arguments *arguments;
  blindsight_train_options options;
  size_t hidden[BLINDSIGHT_MAX_LAYERS];
  double activation[BLINDSIGHT_MAX_POWERS + 1];
  blindsight_model *model;
  blindsight_training *done;
  blindsight_predictions *predictions; /* of the validation rows */
  blindsight_metrics *metrics;
  cli_progress progress;
} training;

static int parse(arguments *a, int argc, char **argv) {
  const cli_option options[] = {
      {"label", 0, CLI_TEXT, &a->label, "COLUMN", "the column that is to be predicted", 0, 0, true},
      {"output", 'o', CLI_TEXT, &a->output, "FILE", "write the model here", 0, 0, true},
      {"model", 0, CLI_CHOICE, &a->model, "network|linear|trees", "what is trained (network)", 0, 0,
       0},
      {"task", 0, CLI_CHOICE, &a->task, "auto|classes|regression",
       "what the label is (auto: many numbers, or fractions, are a quantity)", 0, 0, 0},
      {"drop", 0, CLI_TEXTS, &a->drop, "COLUMNS", "ignore them: a,b (may be repeated)", 0, 0, 0},
      {"categories", 0, CLI_TEXTS, &a->categories, "COLUMNS",
       "codes, not quantities, though they are numbers: a,b (may be repeated)", 0, 0, 0},
      {"hidden", 0, CLI_TEXT, &a->hidden, "WIDTHS",
       "network: hidden layers: 16, or 16,8, or none (16)", 0, 0, 0},
      {"activation", 0, CLI_TEXT, &a->activation, "NAME",
       "network: sigmoid3, square, identity or c0,c1,... (sigmoid3)", 0, 0, 0},
      {"epochs", 0, CLI_INTEGER, &a->epochs, "N", "network: passes over the data (250)", 1, 1e6, 0},
      {"batch", 0, CLI_INTEGER, &a->batch, "N", "network: rows a step (64)", 1, 1 << 20, 0},
      {"rate", 0, CLI_NUMBER, &a->rate, "X", "learning rate (network: 0.0005; trees: 0.1)", 1e-12,
       1e3, 0},
      {"decay", 0, CLI_NUMBER, &a->decay, "X", "network: weight decay (1e-5)", 0, 1e3, 0},
      {"l2", 0, CLI_NUMBER, &a->l2, "X", "linear, trees: penalty of squared weights, leaves (1)", 0,
       1e12, 0},
      {"trees", 0, CLI_INTEGER, &a->trees, "N", "trees: how many, of each class (100)", 1, 10000,
       0},
      {"depth", 0, CLI_INTEGER, &a->depth, "N", "trees: splits on a way (4)", 1, 12, 0},
      {"min-rows", 0, CLI_INTEGER, &a->min_rows, "N", "trees: rows of a leaf (20)", 1, 1 << 20, 0},
      {"bins", 0, CLI_INTEGER, &a->bins, "N", "trees: of each feature (255)", 2, 255, 0},
      {"sample-rows", 0, CLI_NUMBER, &a->rows, "X", "trees: part of the rows that each sees (1)",
       1e-6, 1, 0},
      {"sample-columns", 0, CLI_NUMBER, &a->columns, "X",
       "trees: part of the features that each sees (1)", 1e-6, 1, 0},
      {"patience", 0, CLI_INTEGER, &a->patience, "N",
       "trees: stop after N without progress on rows kept apart (0: never)", 0, 10000, 0},
      {"edges", 0, CLI_CHOICE, &a->edges, "quantiles|exact",
       "trees: clients are told the edges in use among other bins, or random ones", 0, 0, 0},
      {"seed", 0, CLI_INTEGER, &a->seed, "N", "of all that is random (15)", 0, 0x1p53, 0},
      {"split-seed", 0, CLI_INTEGER, &a->split_seed, "N", "of the split (42)", 0, UINT32_MAX, 0},
      {"frac", 0, CLI_NUMBER, &a->frac, "X", "share of the rows to train on (0.8)", 0, 1, 0},
      {"validation", 0, CLI_TEXT, &a->validation, "FILE", "write the other rows here, as CSV", 0, 0,
       0},
      {"json", 0, CLI_FLAG, &a->json, NULL, "print the report as JSON", 0, 0, 0}};
  const cli_command command = {
      "train", "DATA.csv",
      "Trains a model on a table with a header line: a network whose activations are polynomials,\n"
      "a linear or logistic regression, or boosted trees. Reports how it does on the rows that\n"
      "were kept back.",
      options, sizeof options / sizeof options[0]};
  return cli_options_parse(&a->data, &command, argc, argv);
}

/* --- options of the trainer */

/* Digits only: strtoul alone would take signs and blanks. */
static ckks_status parse_hidden(training *t, const char *text) {
  t->options.hidden = t->hidden;
  t->options.n_hidden = 0;
  if (strcmp(text, "none") == 0)
    return CKKS_OK;
  for (const char *at = text;; at++) {
    char *end;
    unsigned long width = strtoul(at, &end, 10);
    if (*at < '0' || *at > '9' || width < 1 || width > BLINDSIGHT_MAX_WIDTH)
      return base_fail(CKKS_ERROR_ARGUMENT, "--hidden %s: must be widths 1 to %d such as 16,8",
                       text, BLINDSIGHT_MAX_WIDTH);
    if (t->options.n_hidden == BLINDSIGHT_MAX_LAYERS - 1)
      return base_fail(CKKS_ERROR_ARGUMENT, "--hidden %s: more than %d layers", text,
                       BLINDSIGHT_MAX_LAYERS - 1);
    t->hidden[t->options.n_hidden++] = width;
    at = end;
    if (*at == '\0')
      return CKKS_OK;
    if (*at != ',')
      return base_fail(CKKS_ERROR_ARGUMENT, "--hidden %s: separate widths by commas", text);
  }
}

/* A name, or coefficients, lowest first. */
static ckks_status parse_activation(training *t, const char *text) {
  t->options.activation = t->activation;
  t->options.degree = blindsight_activation(t->activation, text);
  if (t->options.degree > 0)
    return CKKS_OK;
  int n = 0;
  for (const char *at = text;; at++) {
    char *end;
    double value = strtod(at, &end);
    if (end == at || !isfinite(value) || n > BLINDSIGHT_MAX_POWERS)
      break;
    t->activation[n++] = value;
    at = end;
    t->options.degree = n - 1;
    if (*at == '\0' && n >= 2 && value != 0.0)
      return CKKS_OK;
    if (*at != ',')
      break;
  }
  return base_fail(CKKS_ERROR_ARGUMENT,
                   "--activation %s: must be sigmoid3, square, identity or 2 to %d coefficients "
                   "c0,c1,..., the last not 0",
                   text, BLINDSIGHT_MAX_POWERS + 1);
}

/* Never cancels: Ctrl-C ends the program, and nothing is written before the end. */
static int show_progress(void *context, const blindsight_progress *progress) {
  training *t = context;
  char note[80];
  snprintf(note, sizeof note, "loss %.4g, validation %.4g, accuracy %.4f", progress->train_loss,
           progress->validation_loss, progress->validation_accuracy);
  cli_progress_show(&t->progress, (double)progress->epoch / progress->n_epochs, note);
  return 0;
}

/* The parser held the numbers to their ranges; the casts lose nothing. */
static ckks_status set_options(training *t) {
  const arguments *a = t->arguments;
  BASE_TRY(parse_hidden(t, a->hidden));
  BASE_TRY(parse_activation(t, a->activation));
  t->options.label = a->label;
  t->options.learner = (blindsight_learner)a->model;
  t->options.task = (blindsight_task)a->task;
  t->options.l2 = a->l2;
  t->options.n_trees = (int)a->trees;
  t->options.max_depth = (int)a->depth;
  t->options.min_rows = (int)a->min_rows;
  t->options.n_bins = (size_t)a->bins;
  t->options.row_part = a->rows;
  t->options.feature_part = a->columns;
  t->options.patience = (int)a->patience;
  t->options.exact_edges = a->edges == 1;
  t->options.drop = a->drop.text;
  t->options.n_drop = a->drop.n;
  t->options.categories = a->categories.text;
  t->options.n_categories = a->categories.n;
  t->options.n_epochs = (int)a->epochs;
  t->options.batch_size = (int)a->batch;
  if (!isnan(a->rate) && t->options.learner == BLINDSIGHT_TREES)
    t->options.shrinkage = a->rate;
  else if (!isnan(a->rate))
    t->options.learning_rate = a->rate;
  t->options.weight_decay = a->decay;
  t->options.seed = a->seed;
  t->options.split_seed = (uint32_t)a->split_seed;
  t->options.training_part = a->frac;
  t->options.progress = show_progress;
  t->options.context = t;
  return CKKS_OK;
}

static ckks_status measure(training *t) {
  const blindsight_rows *rows = t->done->validation;
  BASE_TRY(blindsight_model_predict(&t->predictions, rows->value, rows->n_rows, t->model));
  return cli_metrics_compute(&t->metrics, t->predictions->output, rows,
                             blindsight_model_names(t->model));
}

/* --- the command */

/* The model is called as its file, without folder and ending. */
static ckks_status set_name(blindsight_model *model, const char *path) {
  const char *slash = strrchr(path, '/'), *start = slash != NULL ? slash + 1 : path;
  char *name = base_strdup(strcmp(path, "-") == 0 ? "model" : start);
  if (name == NULL)
    return base_fail_memory(strlen(start) + 1);
  char *dot = strrchr(name, '.');
  if (dot != NULL && dot != name)
    *dot = '\0';
  ckks_status status = blindsight_model_set_name(model, name);
  base_free(name);
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", path);
}

/* What can be wrong with the outputs is found out before the work, not after it. */
static ckks_status train(training *t) {
  const arguments *a = t->arguments;
  BASE_TRY(set_options(t));
  BASE_TRY(cli_output_check(a->output));
  if (a->validation != NULL)
    BASE_TRY(cli_output_check(a->validation));
  t->progress = cli_progress_begin();
  ckks_status status = blindsight_model_train(&t->model, &t->done, a->data, &t->options);
  cli_progress_end(&t->progress);
  BASE_TRY(status);
  BASE_TRY(measure(t));
  BASE_TRY(set_name(t->model, a->output));
  cli_output_hold();
  /* The model last: where it is, all of it is. */
  if (a->validation != NULL)
    status = cli_train_validation_write(a->validation, t->done->validation,
                                        blindsight_model_names(t->model), a->label);
  if (status == CKKS_OK)
    status = blindsight_model_save(a->output, t->model);
  cli_output_release();
  BASE_TRY(status);
  const cli_train_done trained = {&t->options, t->done, t->model, t->metrics, a->output};
  if (a->json && strcmp(a->output, "-") != 0)
    return cli_train_report_json(&trained);
  cli_train_report_print(&trained);
  return CKKS_OK;
}

int cli_train(int argc, char **argv) {
  training t = {0};
  blindsight_train_options_default(&t.options, sizeof t.options);
  arguments a = {.hidden = "16",
                 .activation = "sigmoid3",
                 .epochs = (uint64_t)t.options.n_epochs,
                 .batch = (uint64_t)t.options.batch_size,
                 .seed = t.options.seed,
                 .split_seed = t.options.split_seed,
                 .rate = (double)NAN,
                 .decay = t.options.weight_decay,
                 .frac = t.options.training_part,
                 .l2 = t.options.l2,
                 .trees = (uint64_t)t.options.n_trees,
                 .depth = (uint64_t)t.options.max_depth,
                 .min_rows = (uint64_t)t.options.min_rows,
                 .bins = 255,
                 .rows = t.options.row_part,
                 .columns = t.options.feature_part};
  int code = parse(&a, argc, argv);
  if (code >= 0)
    return code;
  t.arguments = &a;
  ckks_status status = train(&t);
  blindsight_predictions_free(t.predictions);
  blindsight_metrics_free(t.metrics);
  blindsight_training_free(t.done);
  blindsight_model_free(t.model);
  return cli_print_status(status);
}
