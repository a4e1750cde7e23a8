/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The reference network (30-16-2, trained on data/wdbc.csv, all defaults) from key to
 * prediction: what client and server wait for, what travels, what the program
 * blindsight-infer takes at most of memory. Run from the repository's root.
 */
#define _DEFAULT_SOURCE /* wait4, mkdtemp */
#include "base/alloc.h"
#include "base/file.h"
#include "bench.h"
#include "client/client.h"
#include "compile/compile.h"
#include "exec/exec.h"
#include "plan/files.h"
#include "train/train.h"
#include "wire/sample.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define DATA "data/wdbc.csv"
#define LABEL "diagnosis"

/* Bytes of a message or a set of keys. */
typedef struct bytes {
  uint8_t *data;
  size_t n;
} bytes;

typedef struct workload {
  table_data data;
  network_model model;
  plan_plan plan;
  exec_engine *engine;
  exec_session *session;
  const ckks_params *params;
  ckks_secret_key *secret;
  ckks_evaluation_keys *keys;
  bytes key_bytes, sample[PLAN_N_PACKINGS], result[PLAN_N_PACKINGS];
  wire_sample read[PLAN_N_PACKINGS];
  double *rows; /* as many as there are slots */
  size_t n_slots;
  plan_packing packing;
} workload;

/* ----------------------------------------------------------- what is timed */

static void run_program(void *context) {
  workload *w = context;
  const ckks_ciphertext *output[ENCODING_MAX_CLASSES];
  bench_check(exec_session_run(output, w->read[w->packing].ciphertext, w->packing, w->session));
}

static void run_request(void *context) {
  workload *w = context;
  bytes *result = &w->result[w->packing];
  base_free(result->data);
  bench_check(exec_infer(&result->data, &result->n, w->sample[w->packing].data,
                         w->sample[w->packing].n, "sample", w->session));
}

static void generate_keys(void *context) {
  workload *w = context;
  ckks_secret_key *secret;
  bytes keys;
  bench_check(client_keygen(&secret, &keys.data, &keys.n, &w->plan.interface));
  ckks_secret_key_free(secret);
  base_free(keys.data);
}

static void encrypt(void *context) {
  workload *w = context;
  bytes *sample = &w->sample[w->packing];
  base_free(sample->data);
  bench_check(client_encrypt(&sample->data, &sample->n, w->rows,
                             w->packing == PLAN_LATENCY ? 1 : w->n_slots, w->packing, NULL,
                             w->secret, &w->plan.interface));
}

static void decrypt(void *context) {
  workload *w = context;
  double *outputs;
  size_t n_rows;
  bench_check(client_decrypt(&outputs, &n_rows, w->result[w->packing].data, w->result[w->packing].n,
                             "result", w->secret, &w->plan.interface));
  base_free(outputs);
}

static void load_keys(void *context) {
  workload *w = context;
  ckks_evaluation_keys *keys;
  bench_check(exec_keys_read(&keys, w->key_bytes.data, w->key_bytes.n, "keys", w->engine, NULL));
  ckks_evaluation_keys_free(keys);
}

static void build_engine(void *context) {
  workload *w = context;
  exec_engine *engine;
  bench_check(exec_engine_build(&engine, &w->plan, EXEC_WEIGHTS_BYTES));
  exec_engine_free(engine);
}

/* ------------------------------------------------------------------- set-up */

static void prepare(workload *w) {
  train_history history;
  train_options training;
  const table_options columns = {.label = LABEL};
  const size_t hidden[] = {16};
  bench_check(table_data_read(&w->data, DATA, &columns));
  train_options_default(&training);
  training.hidden = hidden;
  training.n_hidden = 1;
  double start = bench_now();
  bench_check(train_fit(&w->model, &history, &w->data, &training));
  bench_figure("mlp_train_ms", 1e3 * (bench_now() - start), "ms");
  train_history_clear(&history);
}

/* The plan, and the table's rows over and over until the slots are full. A plan keeps the
 * parameters that it was compiled with, and those their kernels. */
static void compile(workload *w) {
  const table_data *data = &w->data;
  compile_options options;
  compile_options_default(&options);
  double start = bench_now();
  bench_check(compile_model(&w->plan, &w->model, &options));
  bench_figure("mlp_compile_ms", 1e3 * (bench_now() - start), "ms");
  w->n_slots = (size_t)1 << (w->plan.interface.literal.log2_n - 1);
  w->rows = base_alloc_array(w->n_slots * data->n_features, sizeof *w->rows);
  for (size_t row = 0; w->rows != NULL && row < w->n_slots; row++)
    memcpy(w->rows + row * data->n_features, data->value + row % data->n_rows * data->n_features,
           data->n_features * sizeof *w->rows);
}

/* Everything that depends on the table of kernels. */
static void begin_table(workload *w) {
  compile(w);
  const plan_interface *interface = &w->plan.interface;
  bench_check(exec_engine_build(&w->engine, &w->plan, EXEC_WEIGHTS_BYTES));
  w->params = exec_engine_params(w->engine);
  bench_check_table(w->params->ring.kernel);
  bench_check(client_keygen(&w->secret, &w->key_bytes.data, &w->key_bytes.n, interface));
  bench_check(exec_keys_read(&w->keys, w->key_bytes.data, w->key_bytes.n, "keys", w->engine, NULL));
  bench_check(exec_session_build(&w->session, w->engine, w->keys));
  for (int i = 0; i < PLAN_N_PACKINGS; i++) {
    w->packing = (plan_packing)i;
    encrypt(w);
    bench_check(
        wire_sample_read(&w->read[i], w->sample[i].data, w->sample[i].n, "sample", interface));
  }
}

static void end_table(workload *w) {
  for (int i = 0; i < PLAN_N_PACKINGS; i++) {
    wire_sample_clear(&w->read[i]);
    base_free(w->sample[i].data);
    base_free(w->result[i].data);
    w->sample[i].data = w->result[i].data = NULL;
  }
  exec_session_free(w->session);
  ckks_evaluation_keys_free(w->keys);
  base_free(w->key_bytes.data);
  ckks_secret_key_free(w->secret);
  exec_engine_free(w->engine);
  base_free(w->rows);
  plan_clear(&w->plan);
}

/* ----------------------------------------------------------------- latency */

static void report(const char *name, void (*run)(void *), workload *w) {
  bench_report(name, bench_run(run, w), 1e3, "ms");
}

static void time_latency(workload *w) {
  const plan_cost *cost = &w->plan.interface.cost[PLAN_LATENCY];
  ckks_evaluator *ev = exec_session_evaluator(w->session);
  w->packing = PLAN_LATENCY;
  bench_time predict = bench_run(run_program, w);
  bench_report("mlp_predict_ms", predict, 1e3, "ms");
  report("mlp_request_ms", run_request, w);
  ev->counters = (eval_counters){0};
  run_program(w);
  bench_figure("mlp_predict_ntt", (double)ev->counters.ntt, "transforms");
  bench_figure("mlp_predict_ntt_planned", (double)cost->ntt, "transforms");
  bench_figure("mlp_predict_planned_ms", cost->predicted_ms, "ms");
  bench_figure("mlp_predict_switches", (double)ev->counters.switches, "key switches");
}

static void time_client(workload *w) {
  w->packing = PLAN_LATENCY;
  report("mlp_keygen_ms", generate_keys, w);
  report("mlp_encrypt_ms", encrypt, w);
  report("mlp_decrypt_ms", decrypt, w);
  report("mlp_load_keys_ms", load_keys, w);
  report("mlp_engine_ms", build_engine, w);
  bench_figure("mlp_key_bytes", (double)w->key_bytes.n, "bytes");
  bench_figure("mlp_sample_bytes", (double)w->sample[PLAN_LATENCY].n, "bytes");
  bench_figure("mlp_result_bytes", (double)w->result[PLAN_LATENCY].n, "bytes");
}

/* -------------------------------------------------------------- throughput */

static void time_batch(workload *w) {
  double rows = (double)w->n_slots;
  w->packing = PLAN_THROUGHPUT;
  bench_time run = bench_run(run_program, w), request = bench_run(run_request, w);
  bench_report("mlp_batch_ms", run, 1e3, "ms");
  bench_report("mlp_batch_request_ms", request, 1e3, "ms");
  bench_time rate = {rows / request.median, rows / request.max, rows / request.min};
  bench_report("mlp_batch_predictions_per_s", rate, 1, "predictions/s");
  bench_figure("mlp_batch_planned_ms", w->plan.interface.cost[PLAN_THROUGHPUT].predicted_ms, "ms");
  bench_figure("mlp_batch_sample_bytes", (double)w->sample[PLAN_THROUGHPUT].n, "bytes");
  bench_figure("mlp_batch_result_bytes", (double)w->result[PLAN_THROUGHPUT].n, "bytes");
  report("mlp_batch_encrypt_ms", encrypt, w);
  report("mlp_batch_decrypt_ms", decrypt, w);
}

/* ------------------------------------------------------------------ memory */

/*
 * bench_mlp --peak PROGRAM ...: runs it and prints the most memory it held, in KiB. A process of
 * its own, because Linux counts towards a program's peak what its parent held when it
 * was started.
 */
static int print_peak(char **argv) {
  int status;
  struct rusage used;
  pid_t child = fork();
  if (child == 0) {
    int null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    execv(argv[0], argv);
    _exit(127);
  }
  if (child < 0 || wait4(child, &status, 0, &used) != child || !WIFEXITED(status) ||
      WEXITSTATUS(status) != 0)
    return 1;
  printf("%ld\n", used.ru_maxrss);
  return 0;
}

/* Peak memory of the program on these files, in bytes. */
static double infer_peak(const char *self, const char *program, char path[4][600]) {
  char command[4096];
  long kib = 0;
  snprintf(command, sizeof command, "'%s' --peak '%s' '%s' '%s' --keys '%s' -o '%s'", self, program,
           path[0], path[2], path[1], path[3]);
  FILE *pipe = popen(command, "r");
  int n_read = pipe != NULL ? fscanf(pipe, "%ld", &kib) : 0;
  if (pipe == NULL || pclose(pipe) != 0 || n_read != 1)
    bench_fail("%s did not run", program);
  return 1024.0 * (double)kib;
}

static void measure_memory(workload *w, const char *self) {
  char program[512], folder[] = "/tmp/bench_mlp_XXXXXX", path[4][600];
  const char *slash = strrchr(self, '/');
  const char *const names[] = {"server", "keys", "sample", "result"};
  snprintf(program, sizeof program, "%.*s/../blindsight-infer",
           slash != NULL ? (int)(slash - self) : 1, slash != NULL ? self : ".");
  if (access(program, X_OK) != 0 || mkdtemp(folder) == NULL) {
    printf("SKIP peak memory: there is no %s\n", program);
    return;
  }
  for (int i = 0; i < 4; i++)
    snprintf(path[i], sizeof path[i], "%s/%s", folder, names[i]);
  bench_check(plan_files_server_write(path[0], &w->plan));
  bench_check(base_file_write(path[1], w->key_bytes.data, w->key_bytes.n, 0600));
  for (int i = 0; i < PLAN_N_PACKINGS; i++) {
    bench_check(base_file_write(path[2], w->sample[i].data, w->sample[i].n, 0600));
    bench_figure(i == PLAN_LATENCY ? "mlp_peak_rss_bytes" : "mlp_batch_peak_rss_bytes",
                 infer_peak(self, program, path), "bytes");
  }
  for (int i = 0; i < 4; i++)
    remove(path[i]);
  rmdir(folder);
}

int main(int argc, char **argv) {
  workload w = {0};
  if (argc > 2 && strcmp(argv[1], "--peak") == 0)
    return print_peak(argv + 2);
  bench_begin("bench_mlp");
  const ring_kernel *table = bench_next_table();
  prepare(&w);
  for (; table != NULL; table = bench_next_table()) {
    setenv("CKKS_KERNEL", table->name, 1); /* for the programs that are started */
    begin_table(&w);
    time_latency(&w);
    time_batch(&w);
    time_client(&w);
    measure_memory(&w, argv[0]);
    end_table(&w);
  }
  table_data_clear(&w.data);
  network_clear(&w.model);
  return bench_end();
}
