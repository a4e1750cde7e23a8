/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight predict: keys, encryption, a service elsewhere, decryption, in one command. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "cli/chosen.h"
#include "cli/cli.h"
#include "cli/metrics.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/plan_report.h"
#include "cli/predictions.h"
#include "client/remote.h"
#include "client/store.h"

typedef struct arguments {
  const char *data; /* DATA */
  cli_texts images;
  const char *model, *key, *plan, *token, *token_file, *label, *rows;
  client_http_options http;
  uint64_t timeout, patience, parallel;
  int packing, jobs;
  bool outputs, csv, json;
} arguments;

typedef struct prediction {
  client_remote remote;
  client_store store;
  char *token;
  cli_chosen rows;
  double *outputs;
  train_metrics metrics;
  plan_packing packing;
  cli_progress progress;
  uint64_t n_sent; /* bytes of keys */
} prediction;

static int parse(arguments *a, int argc, char **argv) {
  const cli_option options[] = {
      {"server", 's', CLI_TEXT, &a->http.url, "URL", "the service, such as https://host:8443", 0, 0,
       true},
      {"key", 0, CLI_TEXT, &a->key, "FILE", "the secret key; made when there is none", 0, 0, true},
      {"model", 0, CLI_TEXT, &a->model, "NAME", "or NAME@VERSION (the only one there is)", 0, 0, 0},
      {"plan", 0, CLI_TEXT, &a->plan, "HEX", "accept this compiled model only", 0, 0, 0},
      {"token", 0, CLI_TEXT, &a->token, "TOKEN", "who we are ($BLINDSIGHT_TOKEN)", 0, 0, 0},
      {"token-file", 0, CLI_TEXT, &a->token_file, "FILE", "a file that holds the token", 0, 0, 0},
      {"cacert", 0, CLI_TEXT, &a->http.cacert, "FILE", "authorities to trust (the system's)", 0, 0,
       0},
      {"cert", 0, CLI_TEXT, &a->http.cert, "FILE", "our own certificate (PEM)", 0, 0, 0},
      {"cert-key", 0, CLI_TEXT, &a->http.cert_key, "FILE", "its private key (PEM)", 0, 0, 0},
      {"plain", 0, CLI_FLAG, &a->http.plain, NULL, "allow http:// to other machines", 0, 0, 0},
      {"timeout", 0, CLI_INTEGER, &a->timeout, "SECONDS", "without a byte moving (60)", 1, 86400,
       0},
      {"patience", 0, CLI_INTEGER, &a->patience, "SECONDS",
       "of pauses for a busy or missing server, in all (120)", 0, 86400, 0},
      {"rows", 0, CLI_TEXT, &a->rows, "LIST", "only these rows, from 0, such as 0,5-9", 0, 0, 0},
      {"image", 0, CLI_TEXTS, &a->images, "FILE.png", "one more image after DATA; may be repeated",
       0, 0, 0},
      {"packing", 0, CLI_CHOICE, &a->packing, "auto|latency|throughput",
       "auto: throughput for more than 64 rows", 0, 0, 0},
      {"parallel", 0, CLI_INTEGER, &a->parallel, "N", "requests in flight at a time (4)", 1,
       CLIENT_REMOTE_MOST_PARALLEL, 0},
      {"jobs", 0, CLI_CHOICE, &a->jobs, "auto|never|always",
       "requests that are answered later; auto: batches, in throughput packing", 0, 0, 0},
      {"label", 0, CLI_TEXT, &a->label, "COLUMN", "true labels, to say how many are right", 0, 0,
       0},
      {"outputs", 0, CLI_FLAG, &a->outputs, NULL, "show the outputs, not the label alone", 0, 0, 0},
      {"csv", 0, CLI_FLAG, &a->csv, NULL, "print CSV", 0, 0, 0},
      {"json", 0, CLI_FLAG, &a->json, NULL, "print JSON", 0, 0, 0}};
  const cli_command command = {
      "predict", "DATA",
      "Predicts rows of a table, or images, by a model on a server that sees none of them: makes "
      "keys when\n"
      "there are none, sends those that the server needs once, encrypts, decrypts.",
      options, sizeof options / sizeof options[0]};
  int code = cli_options_parse(&a->data, &command, argc, argv);
  if (code >= 0)
    return code;
  if (a->csv && a->json)
    return cli_options_fail(&command, "--csv and --json exclude each other");
  if (a->token != NULL && a->token_file != NULL)
    return cli_options_fail(&command, "--token and --token-file exclude each other");
  a->http.timeout_s = (unsigned)a->timeout;
  a->http.patience_s = (unsigned)a->patience;
  return code;
}

static int show(void *context, const char *stage, double fraction) {
  cli_progress_show(context, fraction, stage);
  return 0;
}

/* --- the steps */

static ckks_status connect_server(prediction *p, arguments *a) {
  BASE_TRY(client_http_token(&p->token, a->token, a->token_file));
  a->http.token = p->token;
  a->http.progress = show;
  a->http.context = &p->progress;
  BASE_TRY(client_remote_init(&p->remote, &a->http, a->model, a->plan));
  p->remote.n_parallel = (unsigned)a->parallel;
  p->remote.jobs = a->jobs == 0   ? CLIENT_REMOTE_JOBS_AUTO
                   : a->jobs == 1 ? CLIENT_REMOTE_JOBS_NEVER
                                  : CLIENT_REMOTE_JOBS_ALWAYS;
  return CKKS_OK;
}

/* Before anything is made or sent. */
static ckks_status read_rows(prediction *p, const arguments *a) {
  const plan_interface *interface = &p->remote.interface;
  BASE_TRY(cli_chosen_read(&p->rows, a->data, &a->images, interface, a->rows, a->label,
                           TABLE_DATA_MAX_ROWS));
  p->packing = a->packing == 0   ? plan_pack_choose(interface, p->rows.n_rows)
               : a->packing == 1 ? PLAN_LATENCY
                                 : PLAN_THROUGHPUT;
  if (!interface->layout[p->packing].available)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s: was not compiled for %s packing", p->remote.model,
                     cli_plan_report_packing(p->packing));
  return CKKS_OK;
}

/* Both files or none: an interruption waits. */
static ckks_status open_keys(prediction *p, const arguments *a) {
  if (access(a->key, F_OK) != 0)
    BASE_TRY(cli_output_check(a->key));
  cli_output_hold();
  ckks_status status = client_store_open(&p->store, a->key, p->remote.model, &p->remote.interface);
  cli_output_release();
  return status;
}

static ckks_status predict_rows(prediction *p) {
  const plan_interface *interface = &p->remote.interface;
  p->outputs = base_alloc_array(p->rows.n_rows * interface->n_outputs, sizeof *p->outputs);
  if (p->outputs == NULL)
    return base_fail_memory(p->rows.n_rows * interface->n_outputs * sizeof *p->outputs);
  BASE_TRY(client_remote_predict(p->outputs, p->rows.value, p->rows.n_rows, p->packing,
                                 p->store.secret, &p->remote));
  if (p->rows.label == NULL)
    return CKKS_OK;
  return cli_metrics_compute(&p->metrics, p->outputs, p->rows.label, p->rows.n_rows,
                             interface->n_outputs, &interface->meaning);
}

/* --- what is told */

/* On standard error: predictions alone are the result. */
static void report_keys(const prediction *p, const arguments *a) {
  char bytes[16];
  if (p->store.made_secret)
    cli_print_field(stderr, "secret", "%s: new; keep it, show it to nobody", a->key);
  if (p->store.made_keys)
    cli_print_field(stderr, "evaluation", "%s, %s: new", p->store.keys_path,
                    cli_print_bytes(bytes, p->store.n_keys));
  if (p->n_sent > 0)
    cli_print_field(stderr, "sent", "%s of keys, once", cli_print_bytes(bytes, (size_t)p->n_sent));
}

static ckks_status report_json(const prediction *p, const cli_predictions *predictions) {
  char plan[2 * PLAN_ID_BYTES + 1];
  for (int i = 0; i < PLAN_ID_BYTES; i++)
    snprintf(plan + 2 * i, 3, "%02x", p->remote.interface.id[i]);
  json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s}", "model", p->remote.model, "version",
                             p->remote.version, "plan", plan, "key", p->remote.key_id, "packing",
                             cli_plan_report_packing(p->packing));
  if (p->metrics.confusion != NULL)
    json_object_set_new(object, "metrics", cli_metrics_json(&p->metrics));
  json_object_set_new(object, "predictions", cli_predictions_json(predictions));
  return cli_print_json(object);
}

static ckks_status report(const prediction *p, const arguments *a) {
  const plan_interface *interface = &p->remote.interface;
  const cli_predictions predictions = {p->outputs,       p->rows.n_rows, interface->n_outputs,
                                       interface->label, a->outputs,     interface->meaning.kind};
  if (a->json)
    return report_json(p, &predictions);
  BASE_TRY(cli_predictions_print(&predictions, false, a->csv));
  if (p->metrics.confusion != NULL) {
    FILE *out = a->csv ? stderr : stdout;
    cli_print_field(out, "rows", "%zu", p->rows.n_rows);
    cli_metrics_print(out, &p->metrics, interface->label);
  }
  return CKKS_OK;
}

/* --- the command */

static ckks_status predict(prediction *p, arguments *a) {
  BASE_TRY(connect_server(p, a));
  BASE_TRY(read_rows(p, a));
  BASE_TRY(cli_chosen_warn(&p->rows, a->data, &p->remote.interface));
  BASE_TRY(open_keys(p, a));
  p->progress = cli_progress_begin();
  ckks_status status = client_remote_upload(&p->remote, p->store.keys, p->store.n_keys, &p->n_sent);
  if (status == CKKS_OK)
    status = predict_rows(p);
  cli_progress_end(&p->progress);
  report_keys(p, a);
  BASE_TRY(status);
  return report(p, a);
}

int cli_predict(int argc, char **argv) {
  arguments a = {.parallel = CLIENT_REMOTE_USUAL_PARALLEL};
  client_http_options_default(&a.http);
  a.timeout = a.http.timeout_s;
  a.patience = a.http.patience_s;
  int code = parse(&a, argc, argv);
  if (code >= 0)
    return code;
  prediction p = {0};
  ckks_status status = predict(&p, &a);
  if (p.outputs != NULL)
    base_wipe(p.outputs, p.rows.n_rows * p.remote.interface.n_outputs * sizeof *p.outputs);
  base_free(p.outputs);
  cli_chosen_clear(&p.rows, &p.remote.interface);
  train_metrics_clear(&p.metrics);
  if (p.token != NULL)
    base_wipe(p.token, strlen(p.token));
  base_free(p.token);
  client_store_clear(&p.store);
  client_remote_clear(&p.remote);
  return cli_print_status(status);
}
