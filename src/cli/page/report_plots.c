/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/alloc.h"
#include "cli/page/report.h"
#include "cli/page/report_svg.h"
#include "cli/print.h"

/* --- curves */

static void limits(double *low, double *high, const double *values, size_t n) {
  for (size_t i = 0; i < n; i++) {
    *low = fmin(*low, values[i]);
    *high = fmax(*high, values[i]);
  }
}

void cli_report_losses(base_buffer *out, const cli_demo_story *demo) {
  size_t n = demo->n_epochs;
  double low = INFINITY, high = -INFINITY;
  double *epoch = base_alloc_array(n, sizeof *epoch);
  if (epoch == NULL)
    out->failed = true;
  for (size_t i = 0; epoch != NULL && i < n; i++)
    epoch[i] = (double)(i + 1);
  limits(&low, &high, demo->train_loss, n);
  limits(&low, &high, demo->validation_loss, n);
  cli_report_plot plot = {.out = out,
                          .x = cli_report_axis_round("epoch", 0.0, (double)n),
                          .y = cli_report_axis_round("loss", low, high)};
  cli_report_plot_begin(&plot, "Loss on training and validation rows after each epoch");
  cli_report_plot_key(&plot, 0, "training rows");
  cli_report_plot_key(&plot, 1, "validation rows");
  if (epoch != NULL) {
    cli_report_plot_line(&plot, epoch, demo->train_loss, n, 0);
    cli_report_plot_line(&plot, epoch, demo->validation_loss, n, 1);
  }
  cli_report_plot_end(&plot);
  base_free(epoch);
}

void cli_report_roc(base_buffer *out, const cli_demo_story *demo) {
  const blindsight_metrics *clear = demo->metrics,
                           *encrypted = demo->pass[BLINDSIGHT_LATENCY].metrics;
  cli_report_axis share = {.low = 0.0, .high = 1.0, .step = 0.2, .decimals = 1};
  cli_report_plot plot = {.out = out, .x = share, .y = share};
  if (clear->n_roc == 0)
    return;
  plot.x.title = "false positives, of all negatives";
  plot.y.title = "true positives, of all positives";
  cli_report_plot_begin(&plot, "ROC curve on the validation rows, in clear and encrypted");
  cli_report_plot_key(&plot, 0, "in clear");
  cli_report_plot_key(&plot, 1, "encrypted");
  cli_report_plot_line(&plot, clear->false_positive_rate, clear->true_positive_rate, clear->n_roc,
                       0);
  cli_report_plot_line(&plot, encrypted->false_positive_rate, encrypted->true_positive_rate,
                       encrypted->n_roc, 1);
  cli_report_plot_end(&plot);
}

void cli_report_confusion_of(base_buffer *out, const cli_demo_story *demo, int packing) {
  const blindsight_metrics *m = packing < 0 ? demo->metrics : demo->pass[packing].metrics;
  cli_report_confusion(out,
                       packing < 0 ? "Confusion matrix in clear" : "Confusion matrix, encrypted",
                       m->confusion, demo->names->label, m->n_classes, packing < 0 ? 0 : 1);
}

/* --- the histogram of errors */

/* Errors span orders of magnitude: bins are a quarter of one wide. */
enum { BINS_PER_DECADE = 4, LOWEST = -12, HIGHEST = 0, N_BINS = (HIGHEST - LOWEST) * 4 };

typedef struct histogram {
  size_t count[BLINDSIGHT_N_PACKINGS][N_BINS], most;
  int low, high; /* whole decades that hold something */
} histogram;

static void add(histogram *h, int packing, double error) {
  double position = (log10(error) - LOWEST) * BINS_PER_DECADE;
  /* Zero, like whatever is too small for the axis, falls into the lowest bin. */
  int bin = !(position > 0.0) ? 0 : position < N_BINS ? (int)position : N_BINS - 1;
  size_t *count = &h->count[packing][bin];
  int decade = LOWEST + bin / BINS_PER_DECADE;
  h->most = ++*count > h->most ? *count : h->most;
  h->low = decade < h->low ? decade : h->low;
  h->high = decade + 1 > h->high ? decade + 1 : h->high;
}

static void draw_bins(const cli_report_plot *plot, const histogram *h) {
  const double width = 1.0 / BINS_PER_DECADE, gap = 0.015;
  for (int bin = 0; bin < N_BINS; bin++)
    for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++) {
      /* The two packings stand side by side. */
      double left = LOWEST + width * (bin + 0.5 * p);
      cli_report_plot_bar(plot, left + gap, left + 0.5 * width, (double)h->count[p][bin], p);
    }
}

void cli_report_errors(base_buffer *out, const cli_demo_story *demo) {
  histogram h = {.low = HIGHEST - 1, .high = (int)lround(log10(CLI_DEMO_ERROR_LIMIT)) + 1};
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++)
    for (size_t i = 0; i < demo->n_rows * demo->names->n_labels; i++)
      add(&h, p, demo->pass[p].error[i]);
  h.high = h.high > HIGHEST ? HIGHEST : h.high;
  cli_report_plot plot = {.out = out,
                          .x = {.low = h.low,
                                .high = h.high,
                                .step = 1.0,
                                .powers = true,
                                .title = "|encrypted &#8722; clear| / max(1, |clear|)"},
                          .y = cli_report_axis_round("outputs", 0.0, (double)h.most)};
  cli_report_plot_begin(&plot, "How far encrypted outputs are from those in clear");
  cli_report_plot_key(&plot, 0, "a ciphertext a row");
  cli_report_plot_key(&plot, 1, "one batch");
  draw_bins(&plot, &h);
  double limit = log10(CLI_DEMO_ERROR_LIMIT);
  cli_report_plot_mark(&plot, limit, plot.y.low, limit, plot.y.high, "limit");
  cli_report_plot_end(&plot);
}

/* --- errors beside what it would take to change a prediction */

/* log10, of what a logarithmic axis can show. */
static double exponent(double value) {
  return fmin(fmax(log10(value), LOWEST), -LOWEST);
}

/* By how much the winning output is ahead of the next. */
static double margin(const double *outputs, size_t n) {
  size_t winner = blindsight_predictions_largest(outputs, n);
  double least = INFINITY;
  for (size_t i = 0; i < n; i++)
    if (i != winner)
      least = fmin(least, outputs[winner] - outputs[i]);
  return least;
}

static double largest_difference(const double *a, const double *b, size_t n) {
  double most = 0.0;
  for (size_t i = 0; i < n; i++)
    most = fmax(most, fabs(a[i] - b[i]));
  return most;
}

/* A dot for each row and packing, or room on the axes for it. */
static void each_margin(cli_report_plot *plot, const cli_demo_story *demo, bool draw) {
  size_t n = demo->names->n_labels;
  for (size_t row = 0; row < demo->n_rows; row++)
    for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++) {
      const double *clear = cli_demo_clear(demo, row);
      double x = exponent(margin(clear, n));
      double y = exponent(largest_difference(demo->pass[p].outputs + row * n, clear, n));
      if (draw) {
        cli_report_plot_dot(plot, x, y, p);
        continue;
      }
      plot->x.low = fmin(plot->x.low, floor(x));
      plot->x.high = fmax(plot->x.high, ceil(x));
      plot->y.low = fmin(plot->y.low, floor(y));
    }
}

void cli_report_margins(base_buffer *out, const cli_demo_story *demo) {
  cli_report_plot plot = {
      .out = out,
      .x = {.low = -1.0,
            .high = 1.0,
            .step = 1.0,
            .powers = true,
            .title = "how far the winning output is ahead"},
      .y = {.low = -8.0, .high = 1.0, .step = 2.0, .powers = true, .title = "largest difference"}};
  each_margin(&plot, demo, false);
  plot.y.high = plot.x.high;
  if (fmod(plot.y.high - plot.y.low, 2.0) != 0.0) /* ticks at both ends */
    plot.y.low -= 1.0;
  cli_report_plot_begin(&plot, "Differences of rows beside what would change their predictions");
  cli_report_plot_key(&plot, 0, "a ciphertext a row");
  cli_report_plot_key(&plot, 1, "one batch");
  /* Two outputs pass each other when both move by half of what parts them. */
  double half = log10(0.5);
  cli_report_plot_mark(&plot, plot.x.low, plot.x.low + half, plot.x.high, plot.x.high + half,
                       "it would take this much");
  each_margin(&plot, demo, true);
  cli_report_plot_end(&plot);
}

/* --- where bytes and milliseconds go */

static cli_report_bar bytes_bar(const char *name, const char *note, size_t n_bytes, int series) {
  char text[16];
  cli_report_bar bar = {.name = name, .note = note, .value = (double)n_bytes, .series = series};
  snprintf(bar.text, sizeof bar.text, "%s", cli_print_bytes(text, n_bytes));
  return bar;
}

void cli_report_bytes(base_buffer *out, const cli_demo_story *demo) {
  const cli_demo_costs *one = &demo->clients[0].costs;
  const cli_demo_costs *batch = &demo->pass[BLINDSIGHT_THROUGHPUT].costs;
  const cli_report_bar bars[] = {
      bytes_bar("evaluation keys", "sent once", one->key_bytes, 0),
      bytes_bar("sample", "sent for each row", one->sample_bytes, 0),
      bytes_bar("result", "sent back for each row", one->result_bytes, 0),
      bytes_bar("sample of a batch", "all rows together", batch->sample_bytes, 1),
      bytes_bar("result of a batch", "all rows together", batch->result_bytes, 1)};
  cli_report_bars(out, "Bytes of keys and messages", bars, sizeof bars / sizeof bars[0]);
}

static cli_report_bar time_bar(const char *name, const char *note, double ms, int series) {
  cli_report_bar bar = {.name = name, .note = note, .value = ms, .series = series};
  snprintf(bar.text, sizeof bar.text, "%.*f ms", ms < 9.995 ? 2 : 1, ms);
  return bar;
}

void cli_report_times(base_buffer *out, const cli_demo_story *demo) {
  const cli_report_bar bars[] = {
      time_bar("generate keys", "client, once", cli_demo_median(demo, cli_demo_cost_keygen), 0),
      time_bar("load keys", "server, once", cli_demo_median(demo, cli_demo_cost_load_keys), 0),
      time_bar("encrypt", "client, a row", cli_demo_median(demo, cli_demo_cost_encrypt), 0),
      time_bar("infer", "server, a row", cli_demo_median(demo, cli_demo_cost_infer), 0),
      time_bar("decrypt", "client, a row", cli_demo_median(demo, cli_demo_cost_decrypt), 0),
      time_bar("infer in a batch", "server, a row", demo->pass[BLINDSIGHT_THROUGHPUT].costs.row_ms,
               1)};
  cli_report_bars(out, "Times of the steps", bars, sizeof bars / sizeof bars[0]);
}
