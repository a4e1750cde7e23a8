/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight predict: keys, encryption, a service elsewhere, decryption, in one command. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "blindsight.h"
#include "cli/cli.h"
#include "cli/metrics.h"
#include "cli/out_of_range.h"
#include "cli/output.h"
#include "cli/packing.h"
#include "cli/predictions.h"
#include "cli/progress.h"
#include "cli/rows.h"

typedef struct arguments {
  const char *data; /* DATA */
  cli_texts images;
  const char *url, *key, *label, *rows;
  blindsight_remote_options remote;
  uint64_t timeout, patience, parallel;
  int packing, jobs, out_of_range;
  bool outputs, csv, json;
} arguments;

typedef struct prediction {
  blindsight_remote *remote;
  const blindsight_client *client;
  const blindsight_names *names;
  const blindsight_connection *connection;
  blindsight_rows *rows;
  blindsight_sorted *sorted;
  blindsight_packing packing;
  blindsight_predictions *predictions;
  blindsight_metrics *metrics; /* of rows that have an answer */
  size_t n_answered;
  cli_progress progress;
} prediction;

static int parse(arguments *a, int argc, char **argv) {
  const cli_option options[] = {
      {"server", 's', CLI_TEXT, &a->url, "URL", "the service, such as https://host:8443", 0, 0,
       true},
      {"key", 0, CLI_TEXT, &a->key, "FILE", "the secret key; made when there is none", 0, 0, true},
      {"model", 0, CLI_TEXT, &a->remote.model, "NAME", "or NAME@VERSION (the only one there is)", 0,
       0, 0},
      {"plan", 0, CLI_TEXT, &a->remote.plan, "HEX", "accept this compiled model only", 0, 0, 0},
      {"token", 0, CLI_TEXT, &a->remote.token, "TOKEN", "who we are ($BLINDSIGHT_TOKEN)", 0, 0, 0},
      {"token-file", 0, CLI_TEXT, &a->remote.token_file, "FILE", "a file that holds the token", 0,
       0, 0},
      {"cacert", 0, CLI_TEXT, &a->remote.cacert, "FILE", "authorities to trust (the system's)", 0,
       0, 0},
      {"cert", 0, CLI_TEXT, &a->remote.cert, "FILE", "our own certificate (PEM)", 0, 0, 0},
      {"cert-key", 0, CLI_TEXT, &a->remote.cert_key, "FILE", "its private key (PEM)", 0, 0, 0},
      {"plain", 0, CLI_FLAG, &a->remote.plain, NULL, "allow http:// to other machines", 0, 0, 0},
      {"timeout", 0, CLI_INTEGER, &a->timeout, "SECONDS", "below a kilobyte a second (60)", 1,
       86400, 0},
      {"patience", 0, CLI_INTEGER, &a->patience, "SECONDS",
       "of pauses for a busy or missing server, in all (120)", 0, 86400, 0},
      {"rows", 0, CLI_TEXT, &a->rows, "LIST", "only these rows, from 0, such as 0,5-9", 0, 0, 0},
      {"image", 0, CLI_TEXTS, &a->images, "FILE.png", "one more image after DATA; may be repeated",
       0, 0, 0},
      {"packing", 0, CLI_CHOICE, &a->packing, CLI_PACKING_CHOICES,
       "auto: throughput for more than 64 rows, where that sends and computes less", 0, 0, 0},
      {"out-of-range", 0, CLI_CHOICE, &a->out_of_range, CLI_OUT_OF_RANGE_CHOICES,
       CLI_OUT_OF_RANGE_TEXT, 0, 0, 0},
      {"parallel", 0, CLI_INTEGER, &a->parallel, "N", "requests in flight at a time (4)", 1,
       BLINDSIGHT_MAX_PARALLEL, 0},
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
  if (a->remote.token != NULL && a->remote.token_file != NULL)
    return cli_options_fail(&command, "--token and --token-file exclude each other");
  a->remote.timeout_s = (unsigned)a->timeout;
  a->remote.patience_s = (unsigned)a->patience;
  a->remote.parallel = (unsigned)a->parallel;
  a->remote.jobs = (blindsight_jobs)a->jobs;                         /* in the order of the enum */
  a->remote.out_of_range = (blindsight_out_of_range)a->out_of_range; /* likewise */
  return code;
}

static int show(void *context, const char *stage, double fraction) {
  cli_progress_show(context, fraction, stage);
  return 0;
}

/* --- the steps */

static ckks_status connect_server(prediction *p, arguments *a) {
  a->remote.progress = show;
  a->remote.context = &p->progress;
  BASE_TRY(blindsight_remote_build(&p->remote, a->url, &a->remote));
  p->client = blindsight_remote_client(p->remote);
  p->names = blindsight_client_names(p->client);
  p->connection = blindsight_remote_connection(p->remote);
  return CKKS_OK;
}

/* To tell what will become of them: the remote does it. Rows that it sends alone go in latency
 * packing, whatever the others do. */
static ckks_status sort_rows(prediction *p, const arguments *a) {
  blindsight_sort_options options;
  blindsight_sort_options_default(&options, sizeof options);
  options.packing = p->packing;
  options.out_of_range = a->remote.out_of_range;
  if (blindsight_client_facts(p->client)->cost[BLINDSIGHT_LATENCY].available)
    options.packing = BLINDSIGHT_LATENCY;
  BASE_TRY(
      blindsight_client_sort(&p->sorted, p->rows->value, p->rows->n_rows, &options, p->client));
  cli_out_of_range_warn(p->sorted, p->rows, a->data, p->names);
  return CKKS_OK;
}

/* Before anything is made or sent. */
static ckks_status read_rows(prediction *p, const arguments *a) {
  BASE_TRY(cli_rows_read(&p->rows, a->data, &a->images, p->names, a->rows, a->label,
                         BLINDSIGHT_MAX_ROWS));
  p->packing = cli_packing_choose(a->packing, p->client, p->rows->n_rows);
  if (!blindsight_client_facts(p->client)->cost[p->packing].available)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s: was not compiled for %s packing",
                     p->connection->model, cli_packing_name(p->packing));
  return sort_rows(p, a);
}

/* Both files or none: an interruption waits. */
static ckks_status open_keys(prediction *p, const arguments *a) {
  if (access(a->key, F_OK) != 0)
    BASE_TRY(cli_output_check(a->key));
  cli_output_hold();
  ckks_status status = blindsight_remote_open_key(p->remote, a->key);
  cli_output_release();
  return status;
}

static ckks_status predict_rows(prediction *p) {
  const blindsight_rows *rows = p->rows;
  BASE_TRY(
      blindsight_remote_predict(&p->predictions, rows->value, rows->n_rows, p->packing, p->remote));
  if (!cli_metrics_has_truth(rows))
    return CKKS_OK;
  return cli_metrics_answered(&p->metrics, &p->n_answered, p->predictions, rows, p->names);
}

/* --- what is told */

/* On standard error: predictions alone are the result. */
static void report_keys(const prediction *p, const arguments *a) {
  const blindsight_connection *c = p->connection;
  char bytes[16];
  if (c->made_secret)
    cli_print_field(stderr, "secret", "%s: new; keep it, show it to nobody", a->key);
  if (c->made_keys)
    cli_print_field(stderr, "evaluation", "%s, %s: new", c->keys_path,
                    cli_print_bytes(bytes, c->key_bytes));
  if (c->n_sent > 0)
    cli_print_field(stderr, "sent", "%s of keys, once", cli_print_bytes(bytes, (size_t)c->n_sent));
}

static ckks_status report_json(const prediction *p, const cli_predictions *shown) {
  char plan[2 * BLINDSIGHT_HASH_BYTES + 1];
  for (int i = 0; i < BLINDSIGHT_HASH_BYTES; i++)
    snprintf(plan + 2 * i, 3, "%02x", blindsight_client_facts(p->client)->id[i]);
  json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s}", "model", p->connection->model, "version",
                             p->connection->version, "plan", plan, "key", p->connection->key_id,
                             "packing", cli_packing_name(p->packing));
  if (p->metrics != NULL)
    json_object_set_new(object, "metrics", cli_metrics_json(p->metrics));
  json_object_set_new(object, "out_of_range", cli_out_of_range_json(p->sorted, p->rows, p->names));
  json_object_set_new(object, "predictions", cli_predictions_json(shown));
  return cli_print_json(object);
}

static ckks_status report(const prediction *p, const arguments *a) {
  const cli_predictions shown = {p->predictions, p->names, a->outputs, 0};
  if (a->json)
    return report_json(p, &shown);
  BASE_TRY(cli_predictions_print(&shown, false, a->csv));
  if (p->metrics != NULL) {
    FILE *out = a->csv ? stderr : stdout;
    if (p->n_answered < p->rows->n_rows)
      cli_print_field(out, "rows", "%zu of %zu, which have an answer", p->n_answered,
                      p->rows->n_rows);
    else
      cli_print_field(out, "rows", "%zu", p->rows->n_rows);
    cli_metrics_print(out, p->metrics, p->names->label);
  }
  return CKKS_OK;
}

/* --- the command */

static ckks_status predict(prediction *p, arguments *a) {
  BASE_TRY(connect_server(p, a));
  BASE_TRY(read_rows(p, a));
  BASE_TRY(open_keys(p, a));
  p->progress = cli_progress_begin();
  ckks_status status = blindsight_remote_send_keys(p->remote);
  if (status == CKKS_OK)
    status = predict_rows(p);
  cli_progress_end(&p->progress);
  report_keys(p, a);
  BASE_TRY(status);
  return report(p, a);
}

int cli_predict(int argc, char **argv) {
  arguments a = {0};
  blindsight_remote_options_default(&a.remote, sizeof a.remote);
  a.timeout = a.remote.timeout_s;
  a.patience = a.remote.patience_s;
  a.parallel = a.remote.parallel;
  int code = parse(&a, argc, argv);
  if (code >= 0)
    return code;
  prediction p = {0};
  ckks_status status = predict(&p, &a);
  bool partly = status == CKKS_OK && cli_predictions_lack(p.predictions);
  blindsight_sorted_free(p.sorted);
  blindsight_predictions_free(p.predictions);
  blindsight_metrics_free(p.metrics);
  blindsight_rows_free(p.rows);
  blindsight_remote_free(p.remote);
  return partly ? CLI_PARTLY : cli_print_status(status);
}
