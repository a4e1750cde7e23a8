/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "cli/demo/demo.h"

double cli_demo_cost_keygen(const cli_demo_costs *costs) {
  return costs->keygen_ms;
}
double cli_demo_cost_encrypt(const cli_demo_costs *costs) {
  return costs->encrypt_ms;
}
double cli_demo_cost_load_keys(const cli_demo_costs *costs) {
  return costs->load_keys_ms;
}
double cli_demo_cost_infer(const cli_demo_costs *costs) {
  return costs->infer_ms;
}
double cli_demo_cost_decrypt(const cli_demo_costs *costs) {
  return costs->decrypt_ms;
}

static int compare_numbers(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double cli_demo_median(const cli_demo_story *demo, cli_demo_cost cost) {
  double value[CLI_DEMO_MAX_CLIENTS];
  size_t n = (size_t)demo->options.n_clients;
  for (size_t i = 0; i < n; i++)
    value[i] = cost(&demo->clients[i].costs);
  qsort(value, n, sizeof *value, compare_numbers);
  return n % 2 == 1 ? value[n / 2] : 0.5 * (value[n / 2 - 1] + value[n / 2]);
}

size_t cli_demo_peak_rss_bytes(const cli_demo_story *demo) {
  size_t most = 0;
  for (size_t i = 0; i < demo->options.n_clients; i++)
    if (demo->clients[i].costs.peak_rss_bytes > most)
      most = demo->clients[i].costs.peak_rss_bytes;
  return most;
}

const double *cli_demo_clear(const cli_demo_story *demo, size_t row) {
  return demo->clear + row * demo->names->n_labels;
}

const char *cli_demo_rows(char text[64], const cli_demo_story *demo) {
  if (demo->n_rows == demo->rows->n_rows)
    snprintf(text, 64, "All %zu validation rows", demo->n_rows);
  else
    snprintf(text, 64, "The first %zu of %zu validation rows", demo->n_rows, demo->rows->n_rows);
  return text;
}

const char *cli_demo_label(const cli_demo_story *demo, const double *outputs) {
  return demo->names->label[blindsight_predictions_largest(outputs, demo->names->n_labels)];
}

void cli_demo_compare(double *error, double *max_error, size_t *n_flips, const double *outputs,
                      const double *clear, size_t n_rows, size_t n_outputs) {
  *max_error = 0.0;
  *n_flips = 0;
  for (size_t i = 0; i < n_rows * n_outputs; i++) {
    double e = fabs(outputs[i] - clear[i]) / fmax(1.0, fabs(clear[i]));
    /* fmax would pass over a NaN, which is the largest error of all. */
    *max_error = isnan(e) || e > *max_error ? e : *max_error;
    if (error != NULL)
      error[i] = e;
  }
  for (size_t row = 0; row < n_rows; row++)
    *n_flips += blindsight_predictions_largest(outputs + row * n_outputs, n_outputs) !=
                blindsight_predictions_largest(clear + row * n_outputs, n_outputs);
}

ckks_status cli_demo_check(const cli_demo_story *demo) {
  if (demo->n_flips > 0)
    return base_fail(
        CKKS_ERROR_RANGE,
        "the story breaks: %zu predictions differ under encryption from those in clear",
        demo->n_flips);
  if (!(demo->max_error <= CLI_DEMO_ERROR_LIMIT))
    return base_fail(CKKS_ERROR_RANGE,
                     "the story breaks: the largest error, %.3g, is above the limit of %g",
                     demo->max_error, CLI_DEMO_ERROR_LIMIT);
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++)
    if (demo->pass[p].metrics->accuracy != demo->metrics->accuracy)
      return base_fail(CKKS_ERROR_RANGE,
                       "the story breaks: accuracy %.6f under encryption, %.6f in clear",
                       demo->pass[p].metrics->accuracy, demo->metrics->accuracy);
  return CKKS_OK;
}
