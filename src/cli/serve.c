/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight serve: the service in the foreground, until a signal. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/web.h"
#include "server/server.h"

#define DRAIN_S 30

typedef struct arguments {
  server_options options;
  const char *listen;
  uint64_t workers, queue, cache_mb, weights_mb, max_key_mb, max_body_mb, bodies_mb, jobs, jobs_mb;
  uint64_t audit_mb, audit_file_mb, audit_days;
  uint64_t key_days, job_hours, idle, grace, least_rate, connections, connections_each;
  char address[64];
  char web[CLI_WEB_MAX_PATH];
} arguments;

static void set_defaults(arguments *a) {
  server_service_defaults(&a->options);
  *a = (arguments){.options = a->options,
                   .listen = "127.0.0.1:8080",
                   .queue = a->options.n_queue,
                   .cache_mb = a->options.cache_bytes >> 20,
                   .weights_mb = a->options.weights_bytes >> 20,
                   .max_key_mb = a->options.max_key_bytes >> 20,
                   .max_body_mb = a->options.max_body_bytes >> 20,
                   .bodies_mb = a->options.bodies_bytes >> 20,
                   .jobs = a->options.n_jobs,
                   .jobs_mb = a->options.jobs_bytes >> 20,
                   .key_days = a->options.key_ttl_s / 86400,
                   .job_hours = a->options.job_ttl_s / 3600,
                   .audit_mb = a->options.audit_bytes >> 20,
                   .audit_file_mb = a->options.audit_file_bytes >> 20,
                   .audit_days = a->options.audit_file_s / 86400,
                   .idle = a->options.idle_s,
                   .grace = a->options.grace_s,
                   .least_rate = a->options.least_bytes_s,
                   .connections = a->options.n_connections,
                   .connections_each = a->options.n_connections_each};
}

/* ADDRESS:PORT; an IPv6 address in brackets. */
static int parse_listen(arguments *a, const cli_command *command) {
  const char *colon = strrchr(a->listen, ':'), *first = a->listen;
  char *end;
  unsigned long port = colon != NULL ? strtoul(colon + 1, &end, 10) : 0;
  size_t n = colon != NULL ? (size_t)(colon - first) : 0;
  if (n >= 2 && first[0] == '[' && first[n - 1] == ']') {
    first++;
    n -= 2;
  }
  if (colon == NULL || n == 0 || n >= sizeof a->address || colon[1] < '0' || colon[1] > '9' ||
      *end != '\0' || port > 65535)
    return cli_options_fail(command, "--listen %s: must be ADDRESS:PORT, such as 127.0.0.1:8080",
                            a->listen);
  snprintf(a->address, sizeof a->address, "%.*s", (int)n, first);
  a->options.address = a->address;
  a->options.port = (uint16_t)port;
  return -1;
}

static void take_numbers(arguments *a) {
  server_options *o = &a->options;
  o->n_workers = (int)a->workers;
  o->n_queue = a->queue;
  o->cache_bytes = a->cache_mb << 20;
  o->weights_bytes = a->weights_mb << 20;
  o->max_key_bytes = a->max_key_mb << 20;
  o->max_body_bytes = a->max_body_mb << 20;
  o->bodies_bytes = a->bodies_mb << 20;
  o->n_jobs = a->jobs;
  o->jobs_bytes = a->jobs_mb << 20;
  o->key_ttl_s = (unsigned)(a->key_days * 86400);
  o->job_ttl_s = (unsigned)(a->job_hours * 3600);
  o->audit_bytes = a->audit_mb << 20;
  o->audit_file_bytes = a->audit_file_mb << 20;
  o->audit_file_s = (unsigned)(a->audit_days * 86400);
  o->idle_s = (unsigned)a->idle;
  o->grace_s = (unsigned)a->grace;
  o->least_bytes_s = (unsigned)a->least_rate;
  o->n_connections = a->connections;
  o->n_connections_each = a->connections_each;
}

static int parse(arguments *a, int argc, char **argv) {
  const cli_option options[] = {
      {"state", 's', CLI_TEXT, &a->options.state, "FOLDER", "keys, tokens, jobs, audit log", 0, 0,
       true},
      {"listen", 'l', CLI_TEXT, &a->listen, "ADDRESS:PORT", "(127.0.0.1:8080)", 0, 0, 0},
      {"tls-cert", 0, CLI_TEXT, &a->options.tls_cert, "FILE", "certificate chain (PEM)", 0, 0, 0},
      {"tls-key", 0, CLI_TEXT, &a->options.tls_key, "FILE", "its private key (PEM)", 0, 0, 0},
      {"client-ca", 0, CLI_TEXT, &a->options.client_ca, "FILE",
       "ask clients for certificates of this authority (PEM)", 0, 0, 0},
      {"cors", 0, CLI_TEXT, &a->options.cors, "ORIGINS",
       "pages of these origins may ask, such as https://example.org; commas between; \"*\" is all",
       0, 0, 0},
      {"web", 0, CLI_MAYBE, &a->options.web, "[FOLDER]",
       "the page for people, at /; without FOLDER the installed one", 0, 0, 0},
      {"plain", 0, CLI_FLAG, &a->options.plain, NULL,
       "serve other machines without TLS: something in front does it", 0, 0, 0},
      {"workers", 'j', CLI_INTEGER, &a->workers, "N", "evaluations at a time; 0 = one a core (0)",
       0, 1024, 0},
      {"queue", 0, CLI_INTEGER, &a->queue, "N", "requests that may wait (64)", 1, 100000, 0},
      {"cache-mb", 0, CLI_INTEGER, &a->cache_mb, "N",
       "memory of expanded keys (1024; or what the models need)", 1, 1 << 24, 0},
      {"weights-mb", 0, CLI_INTEGER, &a->weights_mb, "N",
       "memory of a model's encoded weights; what is more is encoded when used (1024)", 0, 1 << 20,
       0},
      {"max-key-mb", 0, CLI_INTEGER, &a->max_key_mb, "N",
       "largest key file (256; or what the models need)", 1, 1 << 16, 0},
      {"max-body-mb", 0, CLI_INTEGER, &a->max_body_mb, "N",
       "largest sample (64; or what the models need)", 1, 2047, 0},
      {"bodies-mb", 0, CLI_INTEGER, &a->bodies_mb, "N",
       "samples that a token sends at a time (256; or one sample)", 1, 1 << 16, 0},
      {"jobs", 0, CLI_INTEGER, &a->jobs, "N", "jobs that a token may have (100)", 0, 1e6, 0},
      {"jobs-mb", 0, CLI_INTEGER, &a->jobs_mb, "N",
       "their samples and results on disk, of one token (1024)", 0, 1 << 24, 0},
      {"key-days", 0, CLI_INTEGER, &a->key_days, "N", "keys not used for so long go (30)", 1, 3650,
       0},
      {"job-hours", 0, CLI_INTEGER, &a->job_hours, "N", "results are kept so long (24)", 1, 8760,
       0},
      {"audit-mb", 0, CLI_INTEGER, &a->audit_mb, "N",
       "the audit log at most; then its oldest file goes (1024)", 2, 1 << 24, 0},
      {"audit-file-mb", 0, CLI_INTEGER, &a->audit_file_mb, "N",
       "one file of it; then the next begins (64)", 1, 1 << 16, 0},
      {"audit-days", 0, CLI_INTEGER, &a->audit_days, "N", "or when it is so old (30)", 1, 3650, 0},
      {"idle", 0, CLI_INTEGER, &a->idle, "SECONDS", "then silent connections are closed (60)", 1,
       3600, 0},
      {"grace", 0, CLI_INTEGER, &a->grace, "SECONDS",
       "that a body, or an answer, may take whatever its length (20)", 1, 3600, 0},
      {"least-rate", 0, CLI_INTEGER, &a->least_rate, "BYTES",
       "a second that it must move beyond that (1024)", 1, 1 << 30, 0},
      {"connections", 0, CLI_INTEGER, &a->connections, "N", "in all (1024)", 1, 1 << 16, 0},
      {"connections-each", 0, CLI_INTEGER, &a->connections_each, "N", "from one address (256)", 1,
       1 << 16, 0}};
  const cli_command command = {
      "serve", "MODELS",
      "Serves compiled models: MODELS is a file NAME[@VERSION].server, or a folder of them.\n"
      "Clients need a token (blindsight token), which has a budget of predictions a day. A\n"
      "prediction is as many numbers as the model has outputs; a request counts for all numbers\n"
      "that its answer carries: a row for one prediction, or the few that compile says, a batch\n"
      "for the next power of two of its rows. SIGTERM ends when all requests are answered,\n"
      "SIGHUP reads the models anew.",
      options, sizeof options / sizeof options[0]};
  int code = cli_options_parse(&a->options.models, &command, argc, argv);
  if (code == -1)
    code = parse_listen(a, &command);
  take_numbers(a);
  return code;
}

static void announce(const arguments *a, const server_service *service) {
  const char *scheme = a->options.tls_cert != NULL ? "https" : "http";
  bool v6 = strchr(a->address, ':') != NULL;
  printf("blindsight: serving on %s://%s%s%s:%u\n", scheme, v6 ? "[" : "", a->address,
         v6 ? "]" : "", server_service_port(service));
  if (strncmp(a->address, "127.", 4) == 0 || strcmp(a->address, "::1") == 0)
    printf("blindsight: this machine only; --listen and --tls-cert open it to others\n");
  fflush(stdout);
}

/* A second SIGTERM or SIGINT is not needed: draining has an end. */
static void wait_for_end(server_service *service, const sigset_t *signals) {
  for (;;) {
    int number = 0;
    if (sigwait(signals, &number) != 0)
      continue;
    if (number != SIGHUP)
      break;
    if (server_service_reload(service) == CKKS_OK)
      fprintf(stderr, "blindsight: models read anew\n");
    else
      cli_print_error("the models stay as they were: %s", ckks_last_error());
  }
  fprintf(stderr, "blindsight: draining\n");
  server_service_drain(service, DRAIN_S);
}

int cli_serve(int argc, char **argv) {
  arguments a;
  server_service *service;
  sigset_t signals;
  const struct sigaction ignore = {.sa_handler = SIG_IGN};
  set_defaults(&a);
  int code = parse(&a, argc, argv);
  if (code != -1)
    return code;
  /* Blocked before any thread is made, so that all inherit it and sigwait gets them. */
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  sigaction(SIGPIPE, &ignore, NULL);
  ckks_status status = a.options.web != NULL ? cli_web_folder(a.web, &a.options.web) : CKKS_OK;
  if (status == CKKS_OK)
    status = server_service_build(&service, &a.options);
  if (status != CKKS_OK)
    return cli_print_status(status);
  announce(&a, service);
  wait_for_end(service, &signals);
  server_service_free(service);
  return CLI_OK;
}
