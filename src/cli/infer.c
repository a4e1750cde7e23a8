/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight infer, and the program blindsight-infer: what the server does, on files. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/alloc.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/plan_report.h"
#include "exec/exec.h"
#include "model/files.h"
#include "wire/sample.h"

#define MAX_KEY_BYTES ((size_t)1 << 32)
#define MAX_THREADS 256

typedef struct arguments {
  const char *operand[CLI_MAX_OPERANDS]; /* SERVER SAMPLE */
  const char *keys, *output;
  uint64_t threads;
  bool json;
} arguments;

/* One thread's share: a session, what it last computed, and how that went. */
typedef struct worker {
  exec_session *session;
  const ckks_ciphertext **output;
  ckks_status status;
  char message[512]; /* last errors belong to their thread */
} worker;

typedef struct inference {
  model_plan plan;
  exec_engine *engine;
  ckks_evaluation_keys *keys;
  base_threads *threads;
  worker *workers;
  size_t n_workers;
  wire_sample sample;
  size_t n_inputs, n_outputs; /* ciphertexts of one run */
  size_t first;               /* run of worker 0 in this round */
  size_t key_bytes, sample_bytes, result_bytes;
  double load_ms, evaluate_ms, total_ms;
} inference;

static int parse(arguments *a, int argc, char **argv) {
  const cli_option options[] = {
      {"keys", 0, CLI_TEXT, &a->keys, "FILE", "the client's evaluation keys", 0, 0, true},
      {"output", 'o', CLI_TEXT, &a->output, "FILE", "write the result here", 0, 0, true},
      {"threads", 0, CLI_INTEGER, &a->threads, "N", "rows evaluated at the same time (1)", 1,
       MAX_THREADS, 0},
      {"json", 0, CLI_FLAG, &a->json, NULL, "print times and sizes as JSON", 0, 0, 0}};
  const cli_command command = {
      "infer", "SERVER SAMPLE",
      "Evaluates a model on an encrypted sample. Needs no secret key and learns nothing of the\n"
      "rows; the result is for the client to decrypt.",
      options, sizeof options / sizeof options[0]};
  return cli_options_parse(a->operand, &command, argc, argv);
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

/* --- loading */

static ckks_status load_keys(inference *in, const char *path) {
  uint8_t *bytes;
  double start = now_ms();
  BASE_TRY(base_file_read(&bytes, &in->key_bytes, path, MAX_KEY_BYTES));
  ckks_status status =
      exec_keys_read(&in->keys, bytes, in->key_bytes,
                     strcmp(path, "-") == 0 ? "standard input" : path, in->engine, in->threads);
  base_free(bytes);
  in->load_ms = now_ms() - start;
  return status;
}

static ckks_status load_sample(inference *in, const char *path) {
  uint8_t *bytes;
  const model_interface *interface = &in->plan.interface;
  BASE_TRY(base_file_read(&bytes, &in->sample_bytes, path, WIRE_MAX_SAMPLE_BYTES));
  ckks_status status = wire_sample_read(&in->sample, bytes, in->sample_bytes,
                                        strcmp(path, "-") == 0 ? "standard input" : path, interface,
                                        exec_engine_params(in->engine));
  base_free(bytes);
  bool latency = in->sample.packing == MODEL_LATENCY;
  in->n_inputs = latency ? 1 : interface->n_features;
  in->n_outputs = latency ? 1 : interface->n_outputs;
  return status;
}

/* No more sessions than there are runs: each takes memory. */
static ckks_status build_workers(inference *in) {
  size_t n_runs = in->sample.n_ciphertexts / in->n_inputs;
  size_t n = (size_t)base_threads_count(in->threads);
  in->n_workers = n < n_runs ? n : n_runs;
  in->workers = base_alloc_array(in->n_workers, sizeof *in->workers);
  if (in->workers == NULL)
    return base_fail_memory(in->n_workers * sizeof *in->workers);
  for (size_t i = 0; i < in->n_workers; i++) {
    worker *w = &in->workers[i];
    w->output = base_alloc_array(in->n_outputs, sizeof *w->output);
    if (w->output == NULL)
      return base_fail_memory(in->n_outputs * sizeof *w->output);
    BASE_TRY(exec_session_build(&w->session, in->engine, in->keys));
  }
  return CKKS_OK;
}

/* --- evaluation: rounds in which each worker runs once, then all append in order */

static void run_one(void *context, size_t index, int thread) {
  inference *in = context;
  worker *w = &in->workers[index];
  (void)thread;
  w->status =
      exec_session_run(w->output, in->sample.ciphertext + (in->first + index) * in->n_inputs,
                       in->sample.packing, w->session);
  if (w->status != CKKS_OK)
    snprintf(w->message, sizeof w->message, "%s", base_last_error());
}

static ckks_status append(base_buffer *buffer, const worker *w, const inference *in) {
  if (w->status != CKKS_OK)
    return base_fail(w->status, "%s", w->message);
  for (size_t i = 0; i < in->n_outputs; i++)
    BASE_TRY(wire_result_append(buffer, w->output[i], in->sample.packing, &in->plan.interface,
                                exec_engine_params(in->engine)));
  return CKKS_OK;
}

static ckks_status evaluate(base_buffer *buffer, inference *in, cli_progress *progress) {
  size_t n_runs = in->sample.n_ciphertexts / in->n_inputs;
  for (in->first = 0; in->first < n_runs; in->first += in->n_workers) {
    size_t left = n_runs - in->first, n = left < in->n_workers ? left : in->n_workers;
    cli_progress_show(progress, (double)in->first / (double)n_runs, "evaluated");
    base_threads_run(in->threads, n, run_one, in);
    for (size_t i = 0; i < n; i++)
      BASE_TRY(append(buffer, &in->workers[i], in));
  }
  return CKKS_OK;
}

static ckks_status evaluate_and_write(inference *in, const char *output) {
  base_buffer buffer;
  uint8_t *bytes = NULL;
  double start = now_ms();
  ckks_status status = wire_result_begin(&buffer, in->sample.packing, in->sample.n_rows,
                                         &in->plan.interface, exec_engine_params(in->engine));
  cli_progress progress = cli_progress_begin();
  if (status == CKKS_OK)
    status = evaluate(&buffer, in, &progress);
  cli_progress_end(&progress);
  if (status != CKKS_OK) {
    base_buffer_clear(&buffer);
    return status;
  }
  status = wire_result_end(&bytes, &in->result_bytes, &buffer);
  in->evaluate_ms = now_ms() - start;
  if (status == CKKS_OK)
    status = base_file_write(output, bytes, in->result_bytes, 0644);
  base_free(bytes);
  return status;
}

/* --- the report */

static size_t peak_bytes(void) {
  struct rusage usage;
  return getrusage(RUSAGE_SELF, &usage) == 0 ? (size_t)usage.ru_maxrss * 1024 : 0;
}

static ckks_status print_json(const inference *in) {
  return cli_print_json(json_pack(
      "{s:s, s:I, s:I, s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:I}", "packing",
      cli_plan_report_packing(in->sample.packing), "rows", (json_int_t)in->sample.n_rows, "threads",
      (json_int_t)in->n_workers, "load_keys_ms", in->load_ms, "evaluate_ms", in->evaluate_ms,
      "row_ms", in->evaluate_ms / (double)in->sample.n_rows, "total_ms", in->total_ms, "key_bytes",
      (json_int_t)in->key_bytes, "sample_bytes", (json_int_t)in->sample_bytes, "result_bytes",
      (json_int_t)in->result_bytes, "peak_bytes", (json_int_t)peak_bytes()));
}

static void print_report(const inference *in, const char *output) {
  FILE *out = cli_print_stream(output);
  char keys[16], sample[16], result[16], peak[16];
  size_t n_rows = in->sample.n_rows;
  cli_print_field(out, "rows", "%zu, %s packing", n_rows,
                  cli_plan_report_packing(in->sample.packing));
  cli_print_field(out, "load keys", "%.1f ms", in->load_ms);
  cli_print_field(out, "evaluation", "%.1f ms, %.4g ms a row", in->evaluate_ms,
                  in->evaluate_ms / (double)n_rows);
  cli_print_field(out, "total", "%.1f ms", in->total_ms);
  cli_print_field(out, "bytes", "keys %s, sample %s, result %s",
                  cli_print_bytes(keys, in->key_bytes), cli_print_bytes(sample, in->sample_bytes),
                  cli_print_bytes(result, in->result_bytes));
  cli_print_field(out, "peak memory", "%s", cli_print_bytes(peak, peak_bytes()));
}

static ckks_status infer(inference *in, const arguments *a) {
  double start = now_ms();
  BASE_TRY(cli_output_check(a->output));
  BASE_TRY(base_threads_build(&in->threads, (int)a->threads));
  BASE_TRY(model_files_server_read(&in->plan, a->operand[0]));
  ckks_status status = exec_engine_build(&in->engine, &in->plan);
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", a->operand[0]);
  BASE_TRY(load_keys(in, a->keys));
  BASE_TRY(load_sample(in, a->operand[1]));
  status = build_workers(in);
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", a->keys);
  BASE_TRY(evaluate_and_write(in, a->output));
  in->total_ms = now_ms() - start;
  if (a->json && strcmp(a->output, "-") != 0)
    return print_json(in);
  print_report(in, a->output);
  return CKKS_OK;
}

int cli_infer(int argc, char **argv) {
  arguments a = {.threads = 1};
  int code = parse(&a, argc, argv);
  if (code >= 0)
    return code;
  inference in = {0};
  ckks_status status = infer(&in, &a);
  for (size_t i = 0; in.workers != NULL && i < in.n_workers; i++) {
    exec_session_free(in.workers[i].session);
    base_free(in.workers[i].output);
  }
  base_free(in.workers);
  wire_sample_clear(&in.sample);
  ckks_evaluation_keys_free(in.keys);
  exec_engine_free(in.engine);
  model_plan_clear(&in.plan);
  base_threads_free(in.threads);
  return cli_print_status(status);
}
