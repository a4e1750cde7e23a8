/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The demonstration. Every step is a command that its reader could type, run as a process of
 * its own: train, compile, keygen, encrypt, blindsight-infer, decrypt. They exchange files and
 * nothing else. What is compared and reported is read from those files and from what the
 * commands print as JSON.
 */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H
#include <jansson.h>

#include "blindsight.h"

#define CLI_DEMO_MAX_CLIENTS 99
#define CLI_DEMO_MAX_OUT_BYTES 512 /**< of --out */
#define CLI_DEMO_PATH_BYTES 1024   /**< of any file below it */
#define CLI_DEMO_MOST_ROWS 512     /**< of the validation rows, how many are encrypted */
/** What the demonstration promises of |encrypted - clear| / max(1, |clear|). */
#define CLI_DEMO_ERROR_LIMIT 1e-4

typedef struct cli_demo_options {
  const char *out, *data, *label;
  uint64_t n_clients, seed;
  bool json;
} cli_demo_options;

/** What one run of keygen, encrypt, blindsight-infer and decrypt took. */
typedef struct cli_demo_costs {
  double keygen_ms, encrypt_ms, decrypt_ms; /**< whole processes, files included */
  double load_keys_ms, infer_ms;            /**< as the process measured them */
  double row_ms;                            /**< infer_ms of one row */
  size_t key_bytes, sample_bytes, result_bytes;
  size_t peak_rss_bytes; /**< of the process that infers */
} cli_demo_costs;

typedef struct cli_demo_client {
  size_t row;      /**< of the validation file, from 0 */
  double *outputs; /**< decrypted */
  double error;    /**< the largest of its outputs */
  cli_demo_costs costs;
} cli_demo_client;

/** All rows under encryption, in one packing. */
typedef struct cli_demo_pass {
  double *outputs; /**< n_rows x n_labels */
  double *error;   /**< likewise: |encrypted - clear| / max(1, |clear|) */
  double max_error;
  size_t n_flips; /**< rows whose prediction differs from the one in clear */
  blindsight_metrics *metrics;
  cli_demo_costs costs;
} cli_demo_pass;

typedef struct cli_demo_story {
  cli_demo_options options;
  char name[64]; /**< of the model: the data file's */
  char program[CLI_DEMO_PATH_BYTES], infer_program[CLI_DEMO_PATH_BYTES];
  double train_ms, compile_ms, total_ms;
  /* The owner of the model */
  json_t *training, *compilation; /**< what the commands printed */
  size_t n_epochs;
  double *train_loss, *validation_loss;
  blindsight_model *model;
  blindsight_client *client;
  const blindsight_names *names;
  const blindsight_facts *facts;
  const ckks_params_literal *params;
  double log2_qp, log2_qp_limit;
  /* The validation rows, in clear */
  blindsight_rows *rows;
  size_t n_rows; /**< of them, how many take part */
  blindsight_predictions *predictions;
  double *clear; /**< their outputs, n_rows x n_labels */
  blindsight_metrics *metrics;
  /* Under encryption */
  cli_demo_client *clients;
  cli_demo_pass pass[BLINDSIGHT_N_PACKINGS];
  double max_error; /**< of everything that was decrypted */
  size_t n_flips;
} cli_demo_story;

/* --- demo_steps.c: each step runs its commands and keeps what they say */
ckks_status cli_demo_train(cli_demo_story *demo);
ckks_status cli_demo_compile(cli_demo_story *demo);
/** One private client with keys of its own. */
ckks_status cli_demo_run_client(cli_demo_story *demo, size_t index);
/** All rows under one key. */
ckks_status cli_demo_run_pass(cli_demo_story *demo, blindsight_packing packing);
/** "<out>/<file>" */
void cli_demo_path(char path[CLI_DEMO_PATH_BYTES], const cli_demo_story *demo, const char *file);

/* --- demo_figures.c: numbers that several reports show */
typedef double (*cli_demo_cost)(const cli_demo_costs *costs);
double cli_demo_cost_keygen(const cli_demo_costs *costs);
double cli_demo_cost_encrypt(const cli_demo_costs *costs);
double cli_demo_cost_load_keys(const cli_demo_costs *costs);
double cli_demo_cost_infer(const cli_demo_costs *costs);
double cli_demo_cost_decrypt(const cli_demo_costs *costs);
/** Median over the private clients. */
double cli_demo_median(const cli_demo_story *demo, cli_demo_cost cost);
size_t
cli_demo_peak_rss_bytes(const cli_demo_story *demo); /**< largest of the clients' inferences */
const double *cli_demo_clear(const cli_demo_story *demo,
                             size_t row); /**< outputs of a row in clear */
/** "All 114 validation rows" or, where there are more than take part, "The first 512 of ..." */
const char *cli_demo_rows(char text[64], const cli_demo_story *demo);
const char *cli_demo_label(const cli_demo_story *demo, const double *outputs);
/** Compares outputs with those in clear: errors (may be NULL), their largest, labels that differ.
 */
void cli_demo_compare(double *error, double *max_error, size_t *n_flips, const double *outputs,
                      const double *clear, size_t n_rows, size_t n_outputs);
/** CKKS_ERROR_RANGE naming what was promised and does not hold. */
ckks_status cli_demo_check(const cli_demo_story *demo);

/* --- demo_print.c: the terminal */
void cli_demo_print_title(const cli_demo_story *demo);
void cli_demo_print_training(const cli_demo_story *demo);
void cli_demo_print_plan(const cli_demo_story *demo);
void cli_demo_print_clients_begin(const cli_demo_story *demo);
void cli_demo_print_client(const cli_demo_story *demo, size_t index);
void cli_demo_print_passes_begin(const cli_demo_story *demo);
void cli_demo_print_passes(const cli_demo_story *demo);
void cli_demo_print_costs(const cli_demo_story *demo);
void cli_demo_print_end(const cli_demo_story *demo);

/* --- demo_json.c: report.json; NULL when out of memory */
json_t *cli_demo_json(const cli_demo_story *demo);
#endif
