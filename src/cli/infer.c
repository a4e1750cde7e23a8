/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight infer, and the program blindsight-infer: what the server does, on files. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/alloc.h"
#include "base/file.h"
#include "blindsight.h"
#include "cli/cli.h"
#include "cli/line.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/packing.h"
#include "cli/print.h"

#define MAX_KEY_BYTES ((size_t)1 << 32)
#define MAX_SAMPLE_BYTES ((size_t)1 << 31)
#define MAX_WEIGHTS_MB 1048576
#define USUAL_WEIGHTS_MB 1024

typedef struct arguments {
  const char *operand[CLI_MAX_OPERANDS]; /* SERVER SAMPLE */
  const char *keys, *session, *save_session, *output;
  uint64_t threads, weights_mb;
  bool json;
} arguments;

typedef struct inference {
  blindsight_server *server;
  blindsight_session *session;
  blindsight_packing packing;
  size_t n_rows, n_threads;
  size_t key_bytes, sample_bytes, result_bytes;
  double load_ms, evaluate_ms, total_ms;
} inference;

static int parse(arguments *a, int argc, char **argv) {
  const cli_option options[] = {
      {"keys", 0, CLI_TEXT, &a->keys, "FILE", "the client's evaluation keys", 0, 0, 0},
      {"session", 0, CLI_TEXT, &a->session, "FILE",
       "instead of the keys: what --save-session made of them", 0, 0, 0},
      {"save-session", 0, CLI_TEXT, &a->save_session, "FILE",
       "keep weights and keys as they stand in memory", 0, 0, 0},
      {"output", 'o', CLI_TEXT, &a->output, "FILE", "write the result here", 0, 0, true},
      {"threads", 0, CLI_INTEGER, &a->threads, "N",
       "threads: rows at the same time, or one by all (1)", 1, BLINDSIGHT_MAX_THREADS, 0},
      {"weights-mb", 0, CLI_INTEGER, &a->weights_mb, "N",
       "memory for encoded weights; what is more is encoded when used (1024)", 0, MAX_WEIGHTS_MB,
       0},
      {"json", 0, CLI_FLAG, &a->json, NULL, "print times and sizes as JSON", 0, 0, 0}};
  const cli_command command = {
      "infer", "SERVER SAMPLE",
      "Evaluates a model on an encrypted sample. Needs no secret key and learns nothing of the\n"
      "rows; the result is for the client to decrypt.",
      options, sizeof options / sizeof options[0]};
  int code = cli_options_parse(a->operand, &command, argc, argv);
  if (code < 0 && (a->keys == NULL) == (a->session == NULL))
    return cli_options_fail(&command, "one of --keys and --session is needed");
  if (code < 0 && a->session != NULL && a->weights_mb != USUAL_WEIGHTS_MB)
    return cli_options_fail(&command, "--weights-mb is for --keys: a session holds its weights "
                                      "as it was saved");
  return code;
}

/* A clock that nobody sets back. */
static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

/* --- loading */

static ckks_status build_session(inference *in, const arguments *a) {
  uint8_t *bytes;
  ckks_status status = blindsight_server_prepare(in->server, (size_t)a->weights_mb << 20);
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", a->operand[0]);
  double start = now_ms();
  BASE_TRY(base_file_read(&bytes, &in->key_bytes, a->keys, MAX_KEY_BYTES));
  status =
      blindsight_session_build(&in->session, in->server, bytes, in->key_bytes, (int)in->n_threads);
  base_free(bytes);
  in->load_ms = now_ms() - start;
  return status == CKKS_OK ? CKKS_OK
                           : cli_print_rename(status, "evaluation keys", base_file_name(a->keys));
}

/* Most of building is the expansion of seeds, which the threads share; most of loading is reading
 * what came of it. */
static ckks_status open_session(inference *in, const arguments *a) {
  if (a->session == NULL)
    BASE_TRY(build_session(in, a));
  else {
    double start = now_ms();
    BASE_TRY(blindsight_session_load(&in->session, in->server, a->session, (int)in->n_threads));
    in->load_ms = now_ms() - start;
  }
  return a->save_session != NULL ? blindsight_session_save(a->save_session, in->session) : CKKS_OK;
}

/* --- evaluation */

/* Reading the file is not counted: a server has the sample in memory already. */
static ckks_status evaluate(inference *in, const char *sample, const char *output) {
  uint8_t *bytes, *result = NULL;
  BASE_TRY(base_file_read(&bytes, &in->sample_bytes, sample, MAX_SAMPLE_BYTES));
  double start = now_ms();
  ckks_status status =
      blindsight_session_infer(&result, &in->result_bytes, bytes, in->sample_bytes, in->session);
  in->evaluate_ms = now_ms() - start;
  base_free(bytes);
  if (status != CKKS_OK)
    return cli_print_rename(status, "sample", base_file_name(sample));
  status = blindsight_message_peek(&in->packing, &in->n_rows, result, in->result_bytes);
  if (status == CKKS_OK)
    status = base_file_write(output, result, in->result_bytes, 0644);
  ckks_bytes_free(result);
  return status;
}

/* --- the report */

/* Linux counts in kilobytes. */
static size_t peak_bytes(void) {
  struct rusage usage;
  return getrusage(RUSAGE_SELF, &usage) == 0 ? (size_t)usage.ru_maxrss * 1024 : 0;
}

static ckks_status print_json(const inference *in) {
  return cli_print_json(json_pack(
      "{s:s, s:I, s:I, s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:I}", "packing",
      cli_packing_name(in->packing), "rows", (json_int_t)in->n_rows, "threads",
      (json_int_t)in->n_threads, "load_keys_ms", in->load_ms, "evaluate_ms", in->evaluate_ms,
      "row_ms", in->evaluate_ms / (double)in->n_rows, "total_ms", in->total_ms, "key_bytes",
      (json_int_t)in->key_bytes, "sample_bytes", (json_int_t)in->sample_bytes, "result_bytes",
      (json_int_t)in->result_bytes, "peak_bytes", (json_int_t)peak_bytes()));
}

static void print_report(const inference *in, const char *output) {
  FILE *out = cli_print_stream(output);
  char keys[16] = "as saved", sample[16], result[16], peak[16];
  size_t n_rows = in->n_rows;
  cli_print_field(out, "rows", "%zu, %s packing", n_rows, cli_packing_name(in->packing));
  cli_print_field(out, in->key_bytes != 0 ? "load keys" : "load session", "%.1f ms", in->load_ms);
  cli_print_field(out, "evaluation", "%.1f ms, %.4g ms a row", in->evaluate_ms,
                  in->evaluate_ms / (double)n_rows);
  cli_print_field(out, "total", "%.1f ms", in->total_ms);
  cli_print_field(out, "bytes", "keys %s, sample %s, result %s",
                  in->key_bytes != 0 ? cli_print_bytes(keys, in->key_bytes) : keys,
                  cli_print_bytes(sample, in->sample_bytes),
                  cli_print_bytes(result, in->result_bytes));
  cli_print_field(out, "peak memory", "%s", cli_print_bytes(peak, peak_bytes()));
}

/* Everything that can be refused is, before the first ciphertext is touched. */
static ckks_status infer(inference *in, const arguments *a) {
  double start = now_ms();
  BASE_TRY(cli_output_check(a->output));
  if (a->save_session != NULL)
    BASE_TRY(cli_output_check(a->save_session));
  BASE_TRY(blindsight_server_load(&in->server, a->operand[0]));
  in->n_threads = (size_t)a->threads;
  BASE_TRY(open_session(in, a));
  BASE_TRY(evaluate(in, a->operand[1], a->output));
  in->total_ms = now_ms() - start;
  if (a->json && strcmp(a->output, "-") != 0)
    return print_json(in);
  print_report(in, a->output);
  return CKKS_OK;
}

int cli_infer(int argc, char **argv) {
  arguments a = {.threads = 1, .weights_mb = USUAL_WEIGHTS_MB};
  int code = parse(&a, argc, argv);
  if (code >= 0)
    return code;
  cli_line_wait("evaluating");
  inference in = {0};
  ckks_status status = infer(&in, &a);
  blindsight_session_free(in.session);
  blindsight_server_free(in.server);
  return cli_print_status(status);
}
