/* SPDX-License-Identifier: Apache-2.0 */
/* report.json: what the run measured, under names that scripts rely on. */
#include "cli/demo/demo.h"
#include "cli/metrics.h"
#include "cli/packing.h"

static void set(json_t *object, const char *name, double value) {
  json_object_set_new(object, name, cli_print_number(value));
}

static void set_count(json_t *object, const char *name, size_t value) {
  json_object_set_new(object, name, json_integer((json_int_t)value));
}

static json_t *numbers(const double *values, size_t n) {
  json_t *list = json_array();
  for (size_t i = 0; i < n; i++)
    json_array_append_new(list, cli_print_number(values[i]));
  return list;
}

static void set_costs(json_t *object, const cli_demo_costs *costs) {
  set(object, "keygen_ms", costs->keygen_ms);
  set(object, "encrypt_ms", costs->encrypt_ms);
  set(object, "load_keys_ms", costs->load_keys_ms);
  set(object, "infer_ms", costs->infer_ms);
  set(object, "decrypt_ms", costs->decrypt_ms);
  set_count(object, "evaluation_key_bytes", costs->key_bytes);
  set_count(object, "sample_bytes", costs->sample_bytes);
  set_count(object, "result_bytes", costs->result_bytes);
  set_count(object, "infer_peak_rss_bytes", costs->peak_rss_bytes);
}

static json_t *client_json(const cli_demo_story *demo, const cli_demo_client *client) {
  json_t *object = json_object();
  size_t n = demo->names->n_labels;
  const char *label = demo->names->label[demo->rows->label[client->row]];
  set_count(object, "row", client->row);
  json_object_set_new(object, "label", json_string(label));
  json_object_set_new(object, "predicted", json_string(cli_demo_label(demo, client->outputs)));
  json_object_set_new(object, "outputs_encrypted", numbers(client->outputs, n));
  json_object_set_new(object, "outputs_clear", numbers(cli_demo_clear(demo, client->row), n));
  set(object, "error", client->error);
  set_costs(object, &client->costs);
  return object;
}

static json_t *pass_json(const cli_demo_pass *pass) {
  json_t *object = json_object();
  json_object_set_new(object, "metrics", cli_metrics_json(pass->metrics));
  set(object, "max_error", pass->max_error);
  set_count(object, "label_flips", pass->n_flips);
  set(object, "row_ms", pass->costs.row_ms);
  set_costs(object, &pass->costs);
  return object;
}

/* The first thing that scripts and people look for, in one flat object. */
static void set_summary(json_t *object, const cli_demo_story *demo) {
  const cli_demo_pass *latency = &demo->pass[BLINDSIGHT_LATENCY];
  const cli_demo_costs *costs = &demo->clients[0].costs;
  set_count(object, "rows", demo->n_rows);
  set_count(object, "clients", (size_t)demo->options.n_clients);
  set(object, "accuracy_clear", demo->metrics->accuracy);
  set(object, "f1_clear", demo->metrics->f1);
  set(object, "auc_clear", demo->metrics->auc);
  set(object, "accuracy_encrypted", latency->metrics->accuracy);
  set(object, "f1_encrypted", latency->metrics->f1);
  set(object, "max_error", demo->max_error);
  set_count(object, "label_flips", demo->n_flips);
  set_count(object, "security_bits", (size_t)demo->params->security);
  set_count(object, "log2_n", (size_t)demo->params->log2_n);
  set(object, "log2_qp", demo->log2_qp);
  set_count(object, "depth", (size_t)demo->facts->depth);
  set_count(object, "evaluation_key_bytes", costs->key_bytes);
  set_count(object, "sample_bytes", costs->sample_bytes);
  set_count(object, "result_bytes", costs->result_bytes);
  set(object, "train_ms", demo->train_ms);
  set(object, "compile_ms", demo->compile_ms);
  set(object, "keygen_ms_median", cli_demo_median(demo, cli_demo_cost_keygen));
  set(object, "encrypt_ms_median", cli_demo_median(demo, cli_demo_cost_encrypt));
  set(object, "load_keys_ms_median", cli_demo_median(demo, cli_demo_cost_load_keys));
  set(object, "infer_ms_median", cli_demo_median(demo, cli_demo_cost_infer));
  set(object, "decrypt_ms_median", cli_demo_median(demo, cli_demo_cost_decrypt));
  set(object, "throughput_row_ms", demo->pass[BLINDSIGHT_THROUGHPUT].costs.row_ms);
  set_count(object, "infer_peak_rss_bytes", cli_demo_peak_rss_bytes(demo));
  set(object, "total_ms", demo->total_ms);
}

json_t *cli_demo_json(const cli_demo_story *demo) {
  json_t *object = json_object(), *clients = json_array();
  set_summary(object, demo);
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++)
    json_object_set_new(object, cli_packing_name((blindsight_packing)p), pass_json(&demo->pass[p]));
  for (size_t i = 0; i < demo->options.n_clients; i++)
    json_array_append_new(clients, client_json(demo, &demo->clients[i]));
  json_object_set_new(object, "private_clients", clients);
  json_object_set(object, "plan", demo->compilation);
  json_object_set(object, "training", demo->training);
  return object;
}
