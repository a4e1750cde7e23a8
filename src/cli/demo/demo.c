/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight demo: the whole story, from a table to predictions on encrypted rows. */
#define _POSIX_C_SOURCE 200809L
#include "cli/demo/demo.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/page/report.h"
#include "cli/print.h"

#define INFER_PROGRAM "blindsight-infer"
#define MOST_REPORT_BYTES ((size_t)64 << 20)

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static int parse(cli_demo_options *o, int argc, char **argv) {
  const cli_option options[] = {
      {"out", 'o', CLI_TEXT, &o->out, "DIR", "write all files here (build/demo)", 0, 0, 0},
      {"data", 0, CLI_TEXT, &o->data, "CSV", "the table (data/wdbc.csv)", 0, 0, 0},
      {"label", 0, CLI_TEXT, &o->label, "COLUMN", "the column with the classes (diagnosis)", 0, 0,
       0},
      {"clients", 0, CLI_INTEGER, &o->n_clients, "N", "private clients (10)", 1,
       CLI_DEMO_MAX_CLIENTS, 0},
      {"seed", 0, CLI_INTEGER, &o->seed, "N", "of the training (15)", 0, 0x1p53, 0},
      {"json", 0, CLI_FLAG, &o->json, NULL, "print the report as JSON", 0, 0, 0}};
  const cli_command command = {
      "demo", "",
      "Trains a model, compiles it, and lets private clients and a server that never decrypts\n"
      "play through inference on encrypted rows, each as a process of its own. Compares every\n"
      "output with the one in clear, and writes report.json and report.html.",
      options, sizeof options / sizeof options[0]};
  int code = cli_options_parse(NULL, &command, argc, argv);
  if (code < 0 && strlen(o->out) > CLI_DEMO_MAX_OUT_BYTES)
    return cli_options_fail(&command, "--out: is longer than %d bytes", CLI_DEMO_MAX_OUT_BYTES);
  return code;
}

/* --- before the first step: whatever could go wrong later is said now */

/* This program itself, and its sibling that infers. */
static ckks_status find_programs(cli_demo_story *demo) {
  ssize_t n = readlink("/proc/self/exe", demo->program, sizeof demo->program - 1);
  if (n < 0)
    return base_fail(CKKS_ERROR_IO, "/proc/self/exe: cannot read: %s", strerror(errno));
  demo->program[n] = '\0';
  const char *slash = strrchr(demo->program, '/');
  int folder = slash != NULL ? (int)(slash - demo->program) : 0;
  int length = snprintf(demo->infer_program, sizeof demo->infer_program, "%.*s/" INFER_PROGRAM,
                        folder, demo->program);
  if (length >= (int)sizeof demo->infer_program || access(demo->infer_program, X_OK) != 0)
    return base_fail(CKKS_ERROR_IO, "%s: is needed beside this program: %s", demo->infer_program,
                     strerror(errno));
  return CKKS_OK;
}

/* The model is called as its data, without folder and ending. */
static void set_name(cli_demo_story *demo) {
  const char *slash = strrchr(demo->options.data, '/');
  const char *start = slash != NULL ? slash + 1 : demo->options.data;
  size_t n = strcspn(start, ".");
  n = n < sizeof demo->name - 1 ? n : sizeof demo->name - 1;
  memcpy(demo->name, n > 0 ? start : "model", n > 0 ? n : strlen("model"));
}

/* Makes a folder and those above it. */
static ckks_status make_folders(const char *path) {
  char part[CLI_DEMO_MAX_OUT_BYTES + 1];
  size_t n = strlen(path);
  for (size_t i = 1; i <= n; i++)
    if (path[i] == '/' || path[i] == '\0') {
      memcpy(part, path, i);
      part[i] = '\0';
      if (mkdir(part, 0755) != 0 && errno != EEXIST)
        return base_fail(CKKS_ERROR_IO, "%s: cannot make this folder: %s", part, strerror(errno));
    }
  return CKKS_OK;
}

static ckks_status prepare(cli_demo_story *demo) {
  char path[CLI_DEMO_PATH_BYTES];
  if (access(demo->options.data, R_OK) != 0)
    return base_fail(CKKS_ERROR_IO, "%s: cannot read: %s", demo->options.data, strerror(errno));
  BASE_TRY(find_programs(demo));
  BASE_TRY(make_folders(demo->options.out));
  cli_demo_path(path, demo, "report.json");
  BASE_TRY(cli_output_check(path));
  cli_demo_path(path, demo, "messages.txt");
  BASE_TRY(base_file_write(path, "", 0, 0600)); /* of this run alone */
  set_name(demo);
  demo->clients = base_alloc_array((size_t)demo->options.n_clients, sizeof *demo->clients);
  return demo->clients != NULL ? CKKS_OK
                               : base_fail_memory(demo->options.n_clients * sizeof *demo->clients);
}

/* --- the story; with --json it is told by report.json alone */

static ckks_status play_clients(cli_demo_story *demo) {
  bool told = !demo->options.json;
  if (told)
    cli_demo_print_clients_begin(demo);
  for (size_t i = 0; i < demo->options.n_clients; i++) {
    BASE_TRY(cli_demo_run_client(demo, i));
    if (told)
      cli_demo_print_client(demo, i);
  }
  return CKKS_OK;
}

static ckks_status play(cli_demo_story *demo) {
  bool told = !demo->options.json;
  double start = now_ms();
  if (told)
    cli_demo_print_title(demo);
  BASE_TRY(cli_demo_train(demo));
  if (told)
    cli_demo_print_training(demo);
  BASE_TRY(cli_demo_compile(demo));
  if (told)
    cli_demo_print_plan(demo);
  BASE_TRY(play_clients(demo));
  if (told)
    cli_demo_print_passes_begin(demo);
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++)
    BASE_TRY(cli_demo_run_pass(demo, (blindsight_packing)p));
  demo->total_ms = now_ms() - start;
  if (told) {
    cli_demo_print_passes(demo);
    cli_demo_print_costs(demo);
  }
  return CKKS_OK;
}

static int append(const char *text, size_t n, void *buffer) {
  base_buffer_append(buffer, text, n);
  return 0;
}

static ckks_status write_json(const cli_demo_story *demo) {
  char path[CLI_DEMO_PATH_BYTES];
  base_buffer text;
  base_buffer_init(&text, MOST_REPORT_BYTES);
  json_t *json = cli_demo_json(demo);
  int failed = json_dump_callback(json, append, &text, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
  base_buffer_u8(&text, '\n');
  json_decref(json);
  ckks_status status = base_buffer_status(&text);
  if (status == CKKS_OK && failed != 0)
    status = base_fail(CKKS_ERROR_MEMORY, "no memory left for report.json");
  cli_demo_path(path, demo, "report.json");
  if (status == CKKS_OK)
    status = base_file_write(path, text.bytes, text.n_bytes, 0644);
  if (status == CKKS_OK && demo->options.json)
    status = base_file_write("-", text.bytes, text.n_bytes, 0644);
  base_buffer_clear(&text);
  return status;
}

static ckks_status run(cli_demo_story *demo) {
  BASE_TRY(prepare(demo));
  BASE_TRY(play(demo));
  /* The reports of a story that broke, too: they show where. */
  BASE_TRY(write_json(demo));
  BASE_TRY(cli_report_write(demo));
  BASE_TRY(cli_demo_check(demo));
  if (!demo->options.json)
    cli_demo_print_end(demo);
  return CKKS_OK;
}

static void clear(cli_demo_story *demo) {
  for (size_t i = 0; demo->clients != NULL && i < demo->options.n_clients; i++)
    base_free(demo->clients[i].outputs);
  base_free(demo->clients);
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++) {
    base_free(demo->pass[p].outputs);
    base_free(demo->pass[p].error);
    blindsight_metrics_free(demo->pass[p].metrics);
  }
  blindsight_predictions_free(demo->predictions);
  base_free(demo->train_loss);
  base_free(demo->validation_loss);
  blindsight_metrics_free(demo->metrics);
  blindsight_rows_free(demo->rows);
  blindsight_client_free(demo->client);
  blindsight_model_free(demo->model);
  json_decref(demo->training);
  json_decref(demo->compilation);
  base_free(demo);
}

int cli_demo(int argc, char **argv) {
  blindsight_train_options training;
  blindsight_train_options_default(&training, sizeof training);
  cli_demo_options options = {.out = "build/demo",
                              .data = "data/wdbc.csv",
                              .label = "diagnosis",
                              .n_clients = 10,
                              .seed = training.seed};
  int code = parse(&options, argc, argv);
  if (code >= 0)
    return code;
  cli_demo_story *demo = base_alloc(sizeof *demo);
  if (demo == NULL)
    return cli_print_status(base_fail_memory(sizeof *demo));
  demo->options = options;
  ckks_status status = run(demo);
  clear(demo);
  return cli_print_status(status);
}
