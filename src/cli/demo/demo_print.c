/* SPDX-License-Identifier: Apache-2.0 */
/* The demonstration on a terminal, within 100 columns. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/demo/demo.h"
#include "cli/metrics.h"
#include "cli/packing.h"

#define MARGIN "   "
#define NAME_WIDTH 19
/* Outputs of models with more classes are too many for a line: the largest stands for them. */
#define MOST_SHOWN 2

static void heading(int number, const char *text) {
  bool bold = isatty(STDOUT_FILENO) == 1;
  printf("\n%s%d  %s%s\n\n", bold ? "\033[1m" : "", number, text, bold ? "\033[0m" : "");
  fflush(stdout);
}

static void name(const char *text) {
  fputs(MARGIN, stdout);
  cli_print_cell(stdout, text, NAME_WIDTH);
}

void cli_demo_print_title(const cli_demo_story *demo) {
  bool bold = isatty(STDOUT_FILENO) == 1;
  printf("%sBlindsight: a server that predicts without seeing%s\n\n", bold ? "\033[1m" : "",
         bold ? "\033[0m" : "");
  printf(MARGIN "Every step is a command of its own, run as a process of its own; they exchange\n");
  printf(MARGIN "files in %s and nothing else.\n", demo->options.out);
  heading(1, "The owner of the model trains it, in clear");
  printf(MARGIN "blindsight train %s --label %s\n\n", demo->options.data, demo->options.label);
  fflush(stdout);
}

/* --- training */

static void print_losses(const cli_demo_story *demo) {
  enum { COLUMNS = 6 };
  size_t epoch[COLUMNS], n = demo->n_epochs;
  for (size_t i = 0; i < COLUMNS; i++)
    epoch[i] = i == 0 ? 1 : i * n / (COLUMNS - 1);
  name("epoch");
  for (size_t i = 0; i < COLUMNS; i++)
    printf("%9zu", epoch[i]);
  printf("\n");
  name("training loss");
  for (size_t i = 0; i < COLUMNS; i++)
    printf("%9.4f", demo->train_loss[epoch[i] > 0 ? epoch[i] - 1 : 0]);
  printf("\n");
  name("validation loss");
  for (size_t i = 0; i < COLUMNS; i++)
    printf("%9.4f", demo->validation_loss[epoch[i] > 0 ? epoch[i] - 1 : 0]);
  printf("\n\n");
}

static void print_confusion(const cli_demo_story *demo, const blindsight_metrics *m) {
  enum { MOST_CLASSES = 6 };
  if (m->n_classes > MOST_CLASSES)
    return;
  for (size_t i = 0; i < m->n_classes; i++) {
    name(i == 0 ? "confusion" : "");
    cli_print_cell(stdout, demo->names->label[i], 12);
    printf("predicted as");
    for (size_t j = 0; j < m->n_classes; j++)
      printf("  %s: %zu", demo->names->label[j], m->confusion[i * m->n_classes + j]);
    printf("\n");
  }
}

void cli_demo_print_training(const cli_demo_story *demo) {
  const blindsight_metrics *m = demo->metrics;
  const blindsight_shape *model = blindsight_model_shape(demo->model);
  print_losses(demo);
  name("network");
  printf("%zu features", demo->names->n_features);
  for (size_t i = 0; i < model->n_layers; i++)
    printf(" -> %zu", model->layer[i].n_out);
  printf(" classes, trained on %.0f rows in %.2f s\n",
         json_number_value(json_object_get(demo->training, "training_rows")), demo->train_ms / 1e3);
  name("validation");
  printf("%zu rows: accuracy %.6f, F1 %.6f", demo->n_rows, m->accuracy, m->f1);
  if (!isnan(m->auc))
    printf(", AUC %.6f", m->auc);
  printf("\n");
  print_confusion(demo, m);
  heading(2, "The owner compiles it: parameters are chosen, not guessed");
}

/* --- the plan */

void cli_demo_print_plan(const cli_demo_story *demo) {
  const blindsight_facts *f = demo->facts;
  const ckks_params_literal *p = demo->params;
  char bytes[16];
  printf(MARGIN "blindsight compile %s.model -o %s\n\n", demo->name, demo->name);
  name("security");
  printf("%d bits: log2(QP) = %.1f, at most %.0f at N = 2^%d\n", (int)p->security, demo->log2_qp,
         demo->log2_qp_limit, p->log2_n);
  name("moduli");
  for (int i = 0; i < p->n_q; i++)
    printf("%s%d", i > 0 ? " + " : "Q of ", p->q_bits[i]);
  for (int i = 0; i < p->n_p; i++)
    printf("%s%d", i > 0 ? " + " : " bits, P of ", p->p_bits[i]);
  printf(" bits\n");
  name("depth");
  printf("%d, and %d key switches a row; the client applies the last polynomial\n", f->depth,
         f->cost[BLINDSIGHT_LATENCY].n_switches);
  name("keys of a client");
  printf("%zu, %s together\n", f->n_keys, cli_print_bytes(bytes, f->key_bytes));
  name("predicted");
  printf("%.3g ms a row, errors below %.2g (chosen in %.2f s)\n",
         f->cost[BLINDSIGHT_LATENCY].predicted_ms, f->cost[BLINDSIGHT_LATENCY].predicted_error,
         demo->compile_ms / 1e3);
}

/* --- private clients */

/* As cli_print_cell to the right, but what is too long is cut. */
static void cut_cell(const char *text, int width) {
  char part[4 * 32 + 1];
  size_t n = 0;
  for (int i = 0; text[n] != '\0' && i < width && n + 4 < sizeof part; i++)
    do
      n++;
    while (((unsigned char)text[n] & 0xc0) == 0x80);
  memcpy(part, text, n);
  part[n] = '\0';
  cli_print_cell(stdout, part, width);
}

static void print_client_head(const cli_demo_story *demo) {
  const blindsight_names *f = demo->names;
  size_t n_pairs = f->n_labels <= MOST_SHOWN ? f->n_labels : 1;
  printf(MARGIN "%-35s", "");
  for (size_t i = 0; i < n_pairs; i++) {
    printf("        ");
    cut_cell(f->n_labels <= MOST_SHOWN ? f->label[i] : "largest output", 19);
  }
  printf("\n" MARGIN "client  row  true      predicted  ");
  for (size_t i = 0; i < n_pairs; i++)
    printf("%14s%13s", "encrypted", "in clear");
  printf("%8s\n", "error");
}

void cli_demo_print_clients_begin(const cli_demo_story *demo) {
  heading(3, "Private clients, each with keys of its own, ask the server");
  printf(MARGIN "client   blindsight keygen, encrypt   -> evaluation keys, sample\n");
  printf(MARGIN "server   blindsight-infer             -> result\n");
  printf(MARGIN "client   blindsight decrypt           -> prediction\n\n");
  print_client_head(demo);
  fflush(stdout);
}

void cli_demo_print_client(const cli_demo_story *demo, size_t index) {
  const cli_demo_client *c = &demo->clients[index];
  const double *clear = cli_demo_clear(demo, c->row);
  size_t n = demo->names->n_labels, largest = blindsight_predictions_largest(clear, n);
  printf(MARGIN "%6zu %4zu  ", index + 1, c->row);
  cut_cell(demo->names->label[demo->rows->label[c->row]], 9);
  putchar(' ');
  cut_cell(cli_demo_label(demo, c->outputs), 9);
  printf("  ");
  for (size_t i = 0; i < n; i++)
    if (n <= MOST_SHOWN || i == largest)
      printf("%14.8f%13.8f", c->outputs[i], clear[i]);
  printf("%8.0e\n", c->error);
  fflush(stdout);
}

/* --- all rows */

void cli_demo_print_passes_begin(const cli_demo_story *demo) {
  char rows[64], text[96];
  snprintf(text, sizeof text, "%s, in clear and under encryption", cli_demo_rows(rows, demo));
  heading(4, text);
}

static void print_pass(const char *title, const blindsight_metrics *m, const cli_demo_pass *pass) {
  fputs(MARGIN, stdout);
  cli_print_cell(stdout, title, 34);
  printf("%10.6f%11.6f", m->accuracy, m->f1);
  if (pass != NULL)
    printf("%9zu%17.1e%13.4g", pass->n_flips, pass->max_error, pass->costs.row_ms);
  printf("\n");
}

void cli_demo_print_passes(const cli_demo_story *demo) {
  printf(MARGIN "%-34s%10s%11s%9s%17s%13s\n", "", "accuracy", "F1", "flips", "largest error",
         "ms a row");
  print_pass("in clear", demo->metrics, NULL);
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++)
    print_pass(p == BLINDSIGHT_LATENCY ? "encrypted, a ciphertext a row" : "encrypted, one batch",
               demo->pass[p].metrics, &demo->pass[p]);
}

/* --- what it cost */

static void print_time(const char *what, double ms, const char *note) {
  name(what);
  printf("%10.1f ms   %s\n", ms, note);
}

static void print_size(const char *what, size_t n_bytes, const char *note) {
  char bytes[16];
  name(what);
  cli_print_cell(stdout, cli_print_bytes(bytes, n_bytes), -13);
  printf("   %s\n", note);
}

void cli_demo_print_costs(const cli_demo_story *demo) {
  const cli_demo_costs *first = &demo->clients[0].costs;
  heading(5, "What it cost (medians over the private clients)");
  print_time("generate keys", cli_demo_median(demo, cli_demo_cost_keygen),
             "once a client; process and files included");
  print_time("encrypt", cli_demo_median(demo, cli_demo_cost_encrypt),
             "each row; process and files included");
  print_time("load keys", cli_demo_median(demo, cli_demo_cost_load_keys),
             "once a client, by the server");
  print_time("infer", cli_demo_median(demo, cli_demo_cost_infer), "each row, on one core");
  print_time("decrypt", cli_demo_median(demo, cli_demo_cost_decrypt),
             "each row; process and files included");
  print_size("evaluation keys", first->key_bytes, "sent once");
  print_size("sample", first->sample_bytes, "sent for each row");
  print_size("result", first->result_bytes, "sent back");
  print_size("memory", cli_demo_peak_rss_bytes(demo),
             "largest resident set of the process that infers");
}

/* Commands write their warnings there. */
static void print_messages(const cli_demo_story *demo) {
  char path[CLI_DEMO_PATH_BYTES];
  struct stat about;
  cli_demo_path(path, demo, "messages.txt");
  if (stat(path, &about) != 0 || about.st_size == 0)
    return;
  name("warnings");
  printf("%s\n", path);
}

void cli_demo_print_end(const cli_demo_story *demo) {
  printf("\n" MARGIN "In every case the prediction under encryption is the one in clear; no output "
         "is\n" MARGIN "further off than %.1e (the limit is %g). %.1f s in all.\n\n",
         demo->max_error, CLI_DEMO_ERROR_LIMIT, demo->total_ms / 1e3);
  name("for people");
  printf("%s/report.html\n", demo->options.out);
  name("for programs");
  printf("%s/report.json\n", demo->options.out);
  print_messages(demo);
}
