/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "cli/demo/demo.h"
#include "cli/demo/demo_child.h"
#include "cli/packing.h"

#define MOST_ARGUMENTS 24

/* A command and its file names, as they will stand on its line. */
typedef struct command {
  const char *argument[MOST_ARGUMENTS];
  char path[6][CLI_DEMO_PATH_BYTES];
  int n, n_paths;
} command;

void cli_demo_path(char path[CLI_DEMO_PATH_BYTES], const cli_demo_story *demo, const char *file) {
  snprintf(path, CLI_DEMO_PATH_BYTES, "%s/%s", demo->options.out, file);
}

/* "<out>/<name of the model><ending>" */
static void model_path(char path[CLI_DEMO_PATH_BYTES], const cli_demo_story *demo,
                       const char *ending) {
  snprintf(path, CLI_DEMO_PATH_BYTES, "%s/%s%s", demo->options.out, demo->name, ending);
}

/* --- commands */

static void say(command *c, const char *word) {
  c->argument[c->n++] = word;
}

static void say_option(command *c, const char *option, const char *value) {
  say(c, option);
  say(c, value);
}

/* "<out>/<folder>/<file>" */
static void say_file(command *c, const cli_demo_story *demo, const char *folder, const char *file) {
  char *path = c->path[c->n_paths++];
  snprintf(path, CLI_DEMO_PATH_BYTES, "%s/%s/%s", demo->options.out, folder, file);
  say(c, path);
}

static void say_model(command *c, const cli_demo_story *demo, const char *ending) {
  char *path = c->path[c->n_paths++];
  model_path(path, demo, ending);
  say(c, path);
}

static ckks_status run(cli_demo_child *child, const command *c, const cli_demo_story *demo,
                       bool visible) {
  char messages[CLI_DEMO_PATH_BYTES];
  cli_demo_path(messages, demo, "messages.txt");
  return cli_demo_child_run(child, c->argument, messages, visible);
}

/* Runs a command that prints nothing of interest; its time in *ms (may be NULL). */
static ckks_status run_quietly(double *ms, const command *c, const cli_demo_story *demo) {
  cli_demo_child child;
  BASE_TRY(run(&child, c, demo, false));
  base_free(child.output);
  if (ms != NULL)
    *ms = child.ms;
  return CKKS_OK;
}

/* Runs a command that prints JSON: *json is the caller's to drop. */
static ckks_status run_json(json_t **json, cli_demo_child *child, const command *c,
                            const cli_demo_story *demo, bool visible) {
  json_error_t error;
  BASE_TRY(run(child, c, demo, visible));
  *json = json_loadb((const char *)child->output, child->n_output, 0, &error);
  base_free(child->output);
  child->output = NULL;
  if (*json == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "%s: its JSON: line %d: %s", c->argument[1], error.line,
                     error.text);
  return CKKS_OK;
}

static double number(const json_t *object, const char *name) {
  return json_number_value(json_object_get(object, name));
}

static ckks_status read_numbers(double *values, size_t n, const json_t *list, const char *name) {
  if (json_array_size(list) != n)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu numbers where %zu are needed", name,
                     json_array_size(list), n);
  for (size_t i = 0; i < n; i++)
    values[i] = json_number_value(json_array_get(list, i));
  return CKKS_OK;
}

/* --- the owner of the model */

static ckks_status read_history(cli_demo_story *demo) {
  const json_t *train = json_object_get(demo->training, "training_loss");
  const json_t *validation = json_object_get(demo->training, "validation_loss");
  size_t n = demo->n_epochs = json_array_size(train);
  demo->train_loss = base_alloc_array(n, sizeof *demo->train_loss);
  demo->validation_loss = base_alloc_array(n, sizeof *demo->validation_loss);
  if (demo->train_loss == NULL || demo->validation_loss == NULL)
    return base_fail_memory(n * sizeof *demo->train_loss);
  BASE_TRY(read_numbers(demo->train_loss, n, train, "training_loss"));
  return read_numbers(demo->validation_loss, n, validation, "validation_loss");
}

/* What the owner of the data could compute without all this: the yardstick. */
static ckks_status evaluate_in_clear(cli_demo_story *demo, const char *validation) {
  blindsight_rows_options options;
  blindsight_rows_options_default(&options, sizeof options);
  options.label = demo->options.label;
  demo->names = blindsight_model_names(demo->model);
  BASE_TRY(blindsight_rows_load(&demo->rows, validation, demo->names, &options));
  demo->n_rows =
      demo->rows->n_rows < CLI_DEMO_MOST_ROWS ? demo->rows->n_rows : (size_t)CLI_DEMO_MOST_ROWS;
  BASE_TRY(
      blindsight_model_predict(&demo->predictions, demo->rows->value, demo->n_rows, demo->model));
  demo->clear = demo->predictions->output;
  return blindsight_metrics_compute(&demo->metrics, demo->clear, demo->rows->label, demo->n_rows,
                                    demo->names);
}

ckks_status cli_demo_train(cli_demo_story *demo) {
  char validation[CLI_DEMO_PATH_BYTES], seed[32];
  command c = {.argument = {demo->program, "train"}, .n = 2};
  cli_demo_child child;
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)demo->options.seed);
  cli_demo_path(validation, demo, "validation.csv");
  say_option(&c, "--label", demo->options.label);
  say_option(&c, "--seed", seed);
  say(&c, "--output");
  say_model(&c, demo, ".model");
  say_option(&c, "--validation", validation);
  say(&c, "--json");
  say_option(&c, "--", demo->options.data);
  BASE_TRY(run_json(&demo->training, &child, &c, demo, true));
  demo->train_ms = child.ms;
  BASE_TRY(read_history(demo));
  BASE_TRY(blindsight_model_load(&demo->model, c.path[0]));
  return evaluate_in_clear(demo, validation);
}

ckks_status cli_demo_compile(cli_demo_story *demo) {
  char name[CLI_DEMO_PATH_BYTES], client[CLI_DEMO_PATH_BYTES];
  command c = {.argument = {demo->program, "compile", "--json"}, .n = 3};
  cli_demo_child child;
  model_path(name, demo, "");
  model_path(client, demo, ".client");
  say_option(&c, "--output", name);
  say(&c, "--");
  say_model(&c, demo, ".model");
  BASE_TRY(run_json(&demo->compilation, &child, &c, demo, false));
  demo->compile_ms = child.ms;
  BASE_TRY(blindsight_client_load(&demo->client, client));
  const ckks_params *params = blindsight_client_params(demo->client);
  demo->facts = blindsight_client_facts(demo->client);
  demo->params = ckks_params_get_literal(params);
  demo->log2_qp = ckks_params_log2_qp(params);
  demo->log2_qp_limit = ckks_params_log2_qp_limit(params);
  return CKKS_OK;
}

/* --- clients: keygen, encrypt, then the server, then decrypt */

static ckks_status make_folder(const char *folder, const cli_demo_story *demo) {
  char path[CLI_DEMO_PATH_BYTES];
  cli_demo_path(path, demo, folder);
  if (mkdir(path, 0700) != 0 && errno != EEXIST)
    return base_fail(CKKS_ERROR_IO, "%s: cannot make this folder: %s", path, strerror(errno));
  return CKKS_OK;
}

static ckks_status generate_keys(cli_demo_costs *costs, const char *folder,
                                 const cli_demo_story *demo) {
  command c = {.argument = {demo->program, "keygen", "--force", "--output"}, .n = 4};
  BASE_TRY(make_folder(folder, demo));
  say_file(&c, demo, folder, "client");
  say(&c, "--");
  say_model(&c, demo, ".client");
  return run_quietly(&costs->keygen_ms, &c, demo);
}

static ckks_status encrypt(cli_demo_costs *costs, const char *folder, const char *rows,
                           blindsight_packing packing, const cli_demo_story *demo) {
  char validation[CLI_DEMO_PATH_BYTES];
  command c = {.argument = {demo->program, "encrypt"}, .n = 2};
  cli_demo_path(validation, demo, "validation.csv");
  say_option(&c, "--rows", rows);
  say_option(&c, "--packing", cli_packing_name(packing));
  say(&c, "--key");
  say_file(&c, demo, folder, "client.key");
  say(&c, "--output");
  say_file(&c, demo, folder, "sample");
  say(&c, "--");
  say_model(&c, demo, ".client");
  say(&c, validation);
  return run_quietly(&costs->encrypt_ms, &c, demo);
}

/* The server's side: blindsight-infer, which holds no code for secret keys. */
static ckks_status infer(cli_demo_costs *costs, const char *folder, const cli_demo_story *demo) {
  command c = {.argument = {demo->infer_program, "--json", "--keys"}, .n = 3};
  cli_demo_child child;
  json_t *json;
  say_file(&c, demo, folder, "client.keys");
  say(&c, "--output");
  say_file(&c, demo, folder, "result");
  say(&c, "--");
  say_model(&c, demo, ".server");
  say_file(&c, demo, folder, "sample");
  BASE_TRY(run_json(&json, &child, &c, demo, false));
  costs->load_keys_ms = number(json, "load_keys_ms");
  costs->infer_ms = number(json, "evaluate_ms");
  costs->row_ms = number(json, "row_ms");
  costs->key_bytes = (size_t)number(json, "key_bytes");
  costs->sample_bytes = (size_t)number(json, "sample_bytes");
  costs->result_bytes = (size_t)number(json, "result_bytes");
  costs->peak_rss_bytes = child.peak_rss_bytes;
  json_decref(json);
  return CKKS_OK;
}

static ckks_status read_outputs(double *outputs, size_t n_rows, const json_t *rows,
                                const cli_demo_story *demo) {
  size_t n_outputs = demo->names->n_labels;
  if (json_array_size(rows) != n_rows)
    return base_fail(CKKS_ERROR_FORMAT, "decrypt: %zu rows where %zu were sent",
                     json_array_size(rows), n_rows);
  for (size_t i = 0; i < n_rows; i++)
    BASE_TRY(read_numbers(outputs + i * n_outputs, n_outputs,
                          json_object_get(json_array_get(rows, i), "outputs"), "outputs"));
  return CKKS_OK;
}

static ckks_status decrypt(double *outputs, cli_demo_costs *costs, const char *folder,
                           size_t n_rows, const cli_demo_story *demo) {
  command c = {.argument = {demo->program, "decrypt", "--outputs", "--json", "--key"}, .n = 5};
  cli_demo_child child;
  json_t *json;
  say_file(&c, demo, folder, "client.key");
  say(&c, "--");
  say_model(&c, demo, ".client");
  say_file(&c, demo, folder, "result");
  BASE_TRY(run_json(&json, &child, &c, demo, false));
  costs->decrypt_ms = child.ms;
  ckks_status status = read_outputs(outputs, n_rows, json, demo);
  json_decref(json);
  return status;
}

static void count(cli_demo_story *demo, double max_error, size_t n_flips) {
  if (isnan(max_error) || max_error > demo->max_error)
    demo->max_error = max_error;
  demo->n_flips += n_flips;
}

ckks_status cli_demo_run_client(cli_demo_story *demo, size_t index) {
  cli_demo_client *client = &demo->clients[index];
  size_t n_outputs = demo->names->n_labels, n_flips;
  char folder[32], row[32];
  /* Spread over the rows, which some tables have sorted. */
  client->row = index * demo->n_rows / (size_t)demo->options.n_clients;
  client->outputs = base_alloc_array(n_outputs, sizeof *client->outputs);
  if (client->outputs == NULL)
    return base_fail_memory(n_outputs * sizeof *client->outputs);
  snprintf(folder, sizeof folder, "client%02zu", index + 1);
  snprintf(row, sizeof row, "%zu", client->row);
  BASE_TRY(generate_keys(&client->costs, folder, demo));
  BASE_TRY(encrypt(&client->costs, folder, row, BLINDSIGHT_LATENCY, demo));
  BASE_TRY(infer(&client->costs, folder, demo));
  BASE_TRY(decrypt(client->outputs, &client->costs, folder, 1, demo));
  cli_demo_compare(NULL, &client->error, &n_flips, client->outputs,
                   cli_demo_clear(demo, client->row), 1, n_outputs);
  count(demo, client->error, n_flips);
  return CKKS_OK;
}

ckks_status cli_demo_run_pass(cli_demo_story *demo, blindsight_packing packing) {
  cli_demo_pass *pass = &demo->pass[packing];
  const char *folder = packing == BLINDSIGHT_LATENCY ? "rows" : "batch";
  size_t n_outputs = demo->names->n_labels, n = demo->n_rows * n_outputs;
  char rows[32];
  pass->outputs = base_alloc_array(n, sizeof *pass->outputs);
  pass->error = base_alloc_array(n, sizeof *pass->error);
  if (pass->outputs == NULL || pass->error == NULL)
    return base_fail_memory(n * sizeof *pass->outputs);
  snprintf(rows, sizeof rows, "0-%zu", demo->n_rows - 1);
  BASE_TRY(generate_keys(&pass->costs, folder, demo));
  BASE_TRY(encrypt(&pass->costs, folder, rows, packing, demo));
  BASE_TRY(infer(&pass->costs, folder, demo));
  BASE_TRY(decrypt(pass->outputs, &pass->costs, folder, demo->n_rows, demo));
  cli_demo_compare(pass->error, &pass->max_error, &pass->n_flips, pass->outputs, demo->clear,
                   demo->n_rows, n_outputs);
  count(demo, pass->max_error, pass->n_flips);
  return blindsight_metrics_compute(&pass->metrics, pass->outputs, demo->rows->label, demo->n_rows,
                                    demo->names);
}
