/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "cli/page/report.h"
#include "cli/page/report_svg.h"
#include "cli/print.h"

/* As on the terminal: the outputs of more classes than these are too many for a line. */
#define MOST_SHOWN 2

/* "1.2 &middot; 10^-6" */
static void power(base_buffer *out, double value) {
  if (!(value > 0.0) || isinf(value)) {
    base_buffer_printf(out, "%g", value);
    return;
  }
  int exponent = (int)floor(log10(value));
  double factor = value / pow(10.0, exponent);
  if (factor >= 9.95) { /* would be written as 10.0 */
    factor /= 10.0;
    exponent++;
  }
  base_buffer_printf(out, "%.1f&#8239;&middot;&#8239;10<sup>%s%d</sup>", factor,
                     exponent < 0 ? "&#8722;" : "", exponent < 0 ? -exponent : exponent);
}

/* --- the figures at the top */

static void tile(base_buffer *out, const char *value, const char *text) {
  base_buffer_printf(out, "<div class=\"tile\"><b>%s</b><span>%s</span></div>\n", value, text);
}

void cli_report_tiles(base_buffer *out, const cli_demo_story *demo) {
  char text[64], bytes[16];
  base_buffer_printf(out, "<div class=\"tiles\">\n");
  snprintf(text, sizeof text, "%.2f&#8239;%%",
           1e2 * demo->pass[BLINDSIGHT_LATENCY].metrics->accuracy);
  tile(out, text, "accuracy under encryption");
  snprintf(text, sizeof text, "%.2f&#8239;%%", 1e2 * demo->metrics->accuracy);
  tile(out, text, "accuracy in clear");
  snprintf(text, sizeof text, "%zu", demo->n_flips);
  tile(out, text, "predictions that differ");
  base_buffer_printf(out, "<div class=\"tile\"><b>");
  power(out, demo->max_error);
  base_buffer_printf(out, "</b><span>largest error of an output</span></div>\n");
  snprintf(text, sizeof text, "%.1f ms", cli_demo_median(demo, cli_demo_cost_infer));
  tile(out, text, "a row on the server, one core");
  tile(out, cli_print_bytes(bytes, demo->clients[0].costs.sample_bytes), "sent for each row");
  tile(out, cli_print_bytes(bytes, demo->clients[0].costs.key_bytes), "of keys, sent once");
  snprintf(text, sizeof text, "%d bits", (int)demo->params->security);
  tile(out, text, "of security");
  base_buffer_printf(out, "</div>\n");
}

/* --- private clients */

static void clients_head(base_buffer *out, const blindsight_names *names) {
  base_buffer_printf(out, "<thead><tr><th>client</th><th class=\"n\">row</th><th>true</th>"
                          "<th>predicted</th>");
  for (size_t i = 0; i < names->n_labels && names->n_labels <= MOST_SHOWN; i++) {
    base_buffer_printf(out, "<th class=\"n\">");
    cli_report_short_text(out, names->label[i], 12);
    base_buffer_printf(out, ", encrypted</th><th class=\"n\">in clear</th>");
  }
  if (names->n_labels > MOST_SHOWN)
    base_buffer_printf(out, "<th class=\"n\">largest output, encrypted</th>"
                            "<th class=\"n\">in clear</th>");
  base_buffer_printf(out, "<th class=\"n\">error</th></tr></thead>\n");
}

static void text_cell(base_buffer *out, const char *text) {
  base_buffer_printf(out, "<td>");
  cli_report_short_text(out, text, 24);
  base_buffer_printf(out, "</td>");
}

static void client_row(base_buffer *out, const cli_demo_story *demo, size_t index) {
  const cli_demo_client *c = &demo->clients[index];
  const double *clear = cli_demo_clear(demo, c->row);
  size_t n = demo->names->n_labels, largest = blindsight_predictions_largest(clear, n);
  base_buffer_printf(out, "<tr><td>%zu</td><td class=\"n\">%zu</td>", index + 1, c->row);
  text_cell(out, demo->names->label[demo->rows->label[c->row]]);
  text_cell(out, cli_demo_label(demo, c->outputs));
  for (size_t i = 0; i < n; i++)
    if (n <= MOST_SHOWN || i == largest)
      base_buffer_printf(out, "<td class=\"n\">%.8f</td><td class=\"n\">%.8f</td>", c->outputs[i],
                         clear[i]);
  base_buffer_printf(out, "<td class=\"n\">");
  power(out, c->error);
  base_buffer_printf(out, "</td></tr>\n");
}

void cli_report_clients(base_buffer *out, const cli_demo_story *demo) {
  base_buffer_printf(out, "<div class=\"card scroll\"><table>\n");
  clients_head(out, demo->names);
  base_buffer_printf(out, "<tbody>\n");
  for (size_t i = 0; i < demo->options.n_clients; i++)
    client_row(out, demo, i);
  base_buffer_printf(out, "</tbody></table></div>\n");
}

/* --- all rows */

static void metrics_row(base_buffer *out, const char *name, const blindsight_metrics *m,
                        const cli_demo_pass *pass) {
  base_buffer_printf(out, "<tr><td>%s</td><td class=\"n\">%.6f</td><td class=\"n\">%.6f</td>", name,
                     m->accuracy, m->f1);
  if (isnan(m->auc))
    base_buffer_printf(out, "<td class=\"n\">&ndash;</td>");
  else
    base_buffer_printf(out, "<td class=\"n\">%.6f</td>", m->auc);
  if (pass == NULL) {
    base_buffer_printf(out, "<td></td><td></td><td></td></tr>\n");
    return;
  }
  base_buffer_printf(out, "<td class=\"n\">%zu</td><td class=\"n\">", pass->n_flips);
  power(out, pass->max_error);
  base_buffer_printf(out, "</td><td class=\"n\">%.2f</td></tr>\n", pass->costs.row_ms);
}

void cli_report_metrics(base_buffer *out, const cli_demo_story *demo) {
  base_buffer_printf(
      out, "<div class=\"card scroll\"><table><thead><tr><th></th><th class=\"n\">accuracy</th>"
           "<th class=\"n\">F1</th><th class=\"n\">AUC</th>"
           "<th class=\"n\">predictions<br>that differ</th>"
           "<th class=\"n\">largest<br>error</th><th class=\"n\">ms a row</th>"
           "</tr></thead><tbody>\n");
  metrics_row(out, "in clear", demo->metrics, NULL);
  metrics_row(out, "encrypted, a ciphertext a row", demo->pass[BLINDSIGHT_LATENCY].metrics,
              &demo->pass[BLINDSIGHT_LATENCY]);
  metrics_row(out, "encrypted, all rows in one batch", demo->pass[BLINDSIGHT_THROUGHPUT].metrics,
              &demo->pass[BLINDSIGHT_THROUGHPUT]);
  base_buffer_printf(out, "</tbody></table></div>\n");
}

/* --- the plan */

static void line_begin(base_buffer *out, const char *name) {
  base_buffer_printf(out, "<tr><td class=\"soft\">%s</td><td class=\"wrap\">", name);
}

static void line_end(base_buffer *out) {
  base_buffer_printf(out, "</td></tr>\n");
}

static void moduli(base_buffer *out, const char *name, const int *bits, int n) {
  base_buffer_printf(out, "%s ", name);
  for (int i = 0; i < n; i++)
    base_buffer_printf(out, "%s%d", i > 0 ? " + " : "", bits[i]);
  base_buffer_printf(out, " bits");
}

static void packing_line(base_buffer *out, const char *name, const blindsight_cost *cost) {
  char sample[16], result[16];
  line_begin(out, name);
  base_buffer_printf(out, "%d key switches, sample %s, result %s; predicted: %.3g ms, error below ",
                     cost->n_switches, cli_print_bytes(sample, cost->upload_bytes),
                     cli_print_bytes(result, cost->download_bytes), cost->predicted_ms);
  power(out, cost->predicted_error);
  line_end(out);
}

static void network_line(base_buffer *out, const cli_demo_story *demo) {
  const blindsight_shape *shape = blindsight_model_shape(demo->model);
  line_begin(out, "network");
  base_buffer_printf(out, "%zu features", demo->names->n_features);
  for (size_t i = 0; i < shape->n_layers; i++)
    base_buffer_printf(out, " &rarr; %zu", shape->layer[i].n_out);
  base_buffer_printf(out, ", a polynomial of degree %d after each layer",
                     shape->layer[0].activation[0].degree);
  line_end(out);
}

void cli_report_plan(base_buffer *out, const cli_demo_story *demo) {
  const blindsight_facts *f = demo->facts;
  const ckks_params_literal *p = demo->params;
  char text[20];
  base_buffer_printf(out, "<div class=\"card scroll\"><table><tbody>\n");
  network_line(out, demo);
  line_begin(out, "security");
  base_buffer_printf(out,
                     "%d bits, classical: log<sub>2</sub>(QP) = %.1f where %.0f is the most at "
                     "N = 2<sup>%d</sup>",
                     (int)p->security, demo->log2_qp, demo->log2_qp_limit, p->log2_n);
  line_end(out);
  line_begin(out, "moduli");
  moduli(out, "Q", p->q_bits, p->n_q);
  moduli(out, "; P", p->p_bits, p->n_p);
  line_end(out);
  line_begin(out, "depth");
  base_buffer_printf(out, "%d; the client applies the last polynomial, of degree %d", f->depth,
                     f->last_degree);
  line_end(out);
  line_begin(out, "evaluation keys");
  base_buffer_printf(out, "%zu, %s", f->n_keys, cli_print_bytes(text, f->key_bytes));
  line_end(out);
  packing_line(out, "a ciphertext a row", &f->cost[BLINDSIGHT_LATENCY]);
  packing_line(out, "batches", &f->cost[BLINDSIGHT_THROUGHPUT]);
  line_begin(out, "identity");
  base_buffer_printf(out, "<code>%s</code>", cli_print_hash(text, f->id));
  line_end(out);
  base_buffer_printf(out, "</tbody></table></div>\n");
}
