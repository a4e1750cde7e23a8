/* SPDX-License-Identifier: Apache-2.0 */
/* A demonstration as if it had run: small, made up, and true to its promises. */
#ifndef TESTS_CLI_STORY_H
#define TESTS_CLI_STORY_H
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "blindsight/objects.h"
#include "cli/demo/demo.h"

enum { STORY_ROWS = 6, STORY_CLIENTS = 3, STORY_EPOCHS = 4 };

/* One output of class `k` for a row; the encrypted ones are off by up to 2e-7. */
static double story_output(size_t row, size_t k, int packing) {
  double clear = (row % 2 == k ? 0.9 : -0.3) + 0.01 * (double)row;
  return clear + (packing < 0 ? 0.0 : 1e-7 * (double)(packing + 1) * (row % 3 ? 1.0 : -0.5));
}

static double *story_outputs(size_t n_outputs, int packing) {
  double *outputs = base_alloc_array(STORY_ROWS * n_outputs, sizeof *outputs);
  for (size_t row = 0; outputs != NULL && row < STORY_ROWS; row++)
    for (size_t k = 0; k < n_outputs; k++)
      outputs[row * n_outputs + k] = story_output(row, k, packing);
  return outputs;
}

/* A model of these widths and labels that has learnt nothing. */
static blindsight_model *story_model(const size_t widths[3], const char *const *names) {
  blindsight_model *model = NULL;
  if (blindsight_model_build(&model) != CKKS_OK)
    return NULL;
  ckks_status status = network_init(&model->model, widths, 2);
  for (size_t k = 0; k < widths[2] && status == CKKS_OK; k++)
    status = encoding_names_set(&model->model.label[k], names[k]);
  (void)blindsight_model_finish(&model, status);
  return model;
}

static const ckks_params_literal story_params = {.log2_n = 13,
                                                 .n_q = 2,
                                                 .n_p = 1,
                                                 .q_bits = {40, 36},
                                                 .p_bits = {41},
                                                 .security = CKKS_SECURITY_128};
static const blindsight_cost story_cost = {.available = true,
                                           .n_switches = 12,
                                           .predicted_ms = 3.25,
                                           .predicted_error = 4e-6,
                                           .upload_bytes = 141000,
                                           .download_bytes = 37000};
static const uint8_t story_id[BLINDSIGHT_HASH_BYTES];
static blindsight_facts story_facts = {
    .depth = 3, .n_keys = 9, .key_bytes = 1234567, .last_degree = 3, .id = story_id};

/* Names that mean something in HTML; *story is the caller's to clear. */
static int story_init(cli_demo_story *story, size_t n_outputs) {
  static const char *const names[] = {"<b>one</b>", "two & \"more\"", "three", "four"};
  static const double as_new[2][STORY_EPOCHS] = {{0.7, 0.5, 0.4, 0.35}, {0.71, 0.55, 0.5, 0.49}};
  static double losses[2][STORY_EPOCHS];
  const size_t widths[] = {3, 2, n_outputs};
  memcpy(losses, as_new, sizeof losses);
  *story = (cli_demo_story){
      .options = {.out = "/tmp", .data = "a<b>.csv", .label = "kind", .n_clients = STORY_CLIENTS},
      .name = "a<b>",
      .n_rows = STORY_ROWS,
      .n_epochs = STORY_EPOCHS,
      .train_loss = losses[0],
      .validation_loss = losses[1],
      .log2_qp = 176.5,
      .log2_qp_limit = 214.0};
  story->model = story_model(widths, names);
  if (story->model == NULL)
    return -1;
  story->names = blindsight_model_names(story->model);
  story->params = &story_params;
  story->facts = &story_facts;
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++)
    story_facts.cost[p] = story_cost;
  if (blindsight_rows_build(&story->rows, STORY_ROWS, 3, true, false) != CKKS_OK)
    return -1;
  for (size_t row = 0; row < STORY_ROWS; row++)
    story->rows->label[row] = row == 4 ? 1 : (int)(row % 2); /* one of them is wrong */
  story->clear = story_outputs(n_outputs, -1);
  if (blindsight_metrics_compute(&story->metrics, story->clear, story->rows->label, STORY_ROWS,
                                 story->names) != CKKS_OK)
    return -1;
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++) {
    cli_demo_pass *pass = &story->pass[p];
    pass->outputs = story_outputs(n_outputs, p);
    pass->error = base_alloc_array(STORY_ROWS * n_outputs, sizeof *pass->error);
    pass->costs = (cli_demo_costs){.row_ms = 1.0 + p, .sample_bytes = 900000, .result_bytes = 99};
    cli_demo_compare(pass->error, &pass->max_error, &pass->n_flips, pass->outputs, story->clear,
                     STORY_ROWS, n_outputs);
    story->max_error = fmax(story->max_error, pass->max_error);
    if (blindsight_metrics_compute(&pass->metrics, pass->outputs, story->rows->label, STORY_ROWS,
                                   story->names) != CKKS_OK)
      return -1;
  }
  story->clients = base_alloc_array(STORY_CLIENTS, sizeof *story->clients);
  for (size_t i = 0; i < STORY_CLIENTS; i++) {
    cli_demo_client *client = &story->clients[i];
    double at = (double)i;
    client->row = 2 * i;
    client->outputs = story->pass[0].outputs + client->row * n_outputs;
    client->error = 1.5e-7;
    client->costs = (cli_demo_costs){.keygen_ms = 30.0 - at,
                                     .encrypt_ms = 5.0,
                                     .decrypt_ms = 4.0,
                                     .load_keys_ms = 10.0 + at,
                                     .infer_ms = 3.0 + (i == 1),
                                     .key_bytes = 1234567,
                                     .sample_bytes = 141000,
                                     .result_bytes = 37000,
                                     .peak_rss_bytes = 20000000 + i};
  }
  story->training = json_pack("{s:i}", "training_rows", 24);
  story->compilation = json_object();
  return 0;
}

static void story_clear(cli_demo_story *story) {
  base_free(story->clients);
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++) {
    base_free(story->pass[p].outputs);
    base_free(story->pass[p].error);
    blindsight_metrics_free(story->pass[p].metrics);
  }
  base_free(story->clear);
  blindsight_rows_free(story->rows);
  blindsight_metrics_free(story->metrics);
  blindsight_model_free(story->model);
  json_decref(story->training);
  json_decref(story->compilation);
}
#endif
