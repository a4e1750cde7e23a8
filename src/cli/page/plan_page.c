/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/page/plan_page.h"

#include <stdio.h>

#include "base/file.h"
#include "cli/packing.h"
#include "cli/page/report.h"
#include "cli/page/report_svg.h"
#include "cli/plan_stages.h"
#include "cli/print.h"

#define MOST_PAGE_BYTES ((size_t)16 << 20)
#define MOST_OPERATIONS 200 /* shown: throughput programs have thousands */

static void row(base_buffer *out, const char *name, const char *value) {
  base_buffer_printf(out, "<tr><th>%s</th><td class=\"wrap\">%s</td></tr>\n", name, value);
}

static const ckks_params_literal *params_of(const blindsight_client *client) {
  return ckks_params_get_literal(blindsight_client_params(client));
}

/* The most numbers in what counts as one prediction (docs/security.md). */
static size_t numbers_counted(const blindsight_facts *f) {
  size_t most = 1;
  for (int i = 0; i < BLINDSIGHT_N_PACKINGS; i++) {
    const blindsight_cost *cost = &f->cost[i];
    size_t each = cost->available ? (cost->n_numbers + cost->counted - 1) / cost->counted : 0;
    most = each > most ? each : most;
  }
  return most;
}

static void facts(base_buffer *out, const blindsight_client *client, size_t n_weights) {
  const ckks_params_literal *p = params_of(client);
  const blindsight_names *names = blindsight_client_names(client);
  const blindsight_facts *f = blindsight_client_facts(client);
  size_t n_numbers = numbers_counted(f);
  char text[320], bytes[16];
  base_buffer_printf(out, "<div class=\"card scroll\"><table><tbody>\n");
  snprintf(text, sizeof text, "%zu features, %zu outputs", names->n_features, names->n_labels);
  row(out, "model", text);
  snprintf(text, sizeof text, "%d bits at N = 2<sup>%d</sup>; %d + %d moduli, depth %d",
           (int)p->security, p->log2_n, p->n_q, p->n_p, f->depth);
  row(out, "security", text);
  snprintf(text, sizeof text, "%zu, %s for each client", f->n_keys,
           cli_print_bytes(bytes, f->key_bytes));
  row(out, "evaluation keys", text);
  for (int i = 0; i < BLINDSIGHT_N_PACKINGS; i++) {
    const blindsight_cost *cost = &f->cost[i];
    if (!cost->available)
      continue;
    snprintf(text, sizeof text, "about %.4g ms, error below %.2g, %d key switches",
             cost->predicted_ms, cost->predicted_error, cost->n_switches);
    row(out, cli_packing_name((blindsight_packing)i), text);
    snprintf(text, sizeof text,
             i == BLINDSIGHT_LATENCY
                 ? "%zu prediction%s of a token's budget a row: an answer carries %zu "
                   "numbers"
                 : "%zu prediction%s of a token's budget for each of the next power "
                   "of two of the rows, %zu numbers each",
             cost->counted, cost->counted == 1 ? "" : "s", cost->n_numbers);
    row(out, "counts for", text);
  }
  if (f->n_places > 0) {
    snprintf(text, sizeof text, "%zu places, each in %zu slots; %s", f->n_places, f->n_slots_each,
             f->gathered ? "features are repeated window by window" : "one for each feature");
    row(out, "input", text);
  }
  snprintf(text, sizeof text,
           "%zu weights, and at most %zu numbers in what counts as one prediction: fewer than %zu "
           "predictions do not give them all; from there on nothing but the budget of a token "
           "delays a copy",
           n_weights, n_numbers, (n_weights + n_numbers - 1) / n_numbers);
  row(out, "theft", text);
  base_buffer_printf(out, "</tbody></table></div>\n");
}

/* Bits of modulus that are left at a level. */
static double bits_at(const ckks_params_literal *params, int level) {
  double bits = 0.0;
  for (int i = 0; i <= level; i++)
    bits += params->q_bits[i];
  return bits;
}

static void operations(base_buffer *out, const blindsight_server *server,
                       const ckks_params_literal *params, blindsight_packing packing) {
  char text[BLINDSIGHT_TEXT_BYTES];
  int level;
  size_t n = 0;
  base_buffer_printf(out, "<div class=\"card scroll\"><table><thead><tr><th class=\"n\">no</th>"
                          "<th>operation</th><th class=\"n\">level after</th>"
                          "<th class=\"n\">bits left</th></tr></thead><tbody>\n");
  for (; blindsight_server_operation(text, &level, server, packing, n); n++)
    if (n < MOST_OPERATIONS)
      base_buffer_printf(out,
                         "<tr><td class=\"n\">%zu</td><td>%s</td><td class=\"n\">%d</td>"
                         "<td class=\"n\">%.0f</td></tr>\n",
                         n + 1, text, level, bits_at(params, level));
  base_buffer_printf(out, "</tbody></table></div>\n");
  if (n > MOST_OPERATIONS)
    base_buffer_printf(out, "<p class=\"soft\">and %zu more</p>\n", n - MOST_OPERATIONS);
}

/* The modulus shrinks from operation to operation. */
static void levels(base_buffer *out, const blindsight_server *server,
                   const ckks_params_literal *params, blindsight_packing packing) {
  double x[2 * MOST_OPERATIONS + 1], y[2 * MOST_OPERATIONS + 1];
  char text[BLINDSIGHT_TEXT_BYTES];
  int level;
  size_t n = 0;
  double top = bits_at(params, params->n_q - 1), before = top;
  for (size_t i = 0;
       i < MOST_OPERATIONS && blindsight_server_operation(text, &level, server, packing, i); i++) {
    x[n] = (double)i;
    y[n++] = before;
    before = bits_at(params, level);
    x[n] = (double)(i + 1);
    y[n++] = before;
  }
  cli_report_plot plot = {.out = out,
                          .x = cli_report_axis_round("operation", 0.0, n > 0 ? x[n - 1] : 1.0),
                          .y = cli_report_axis_round("bits of modulus left", 0.0, top)};
  base_buffer_printf(out, "<div class=\"card\"><h3>Levels</h3>\n");
  cli_report_plot_begin(&plot, "Bits of modulus left after each operation");
  cli_report_plot_line(&plot, x, y, n, 0);
  cli_report_plot_end(&plot);
  base_buffer_printf(out, "</div>\n");
}

static void messages(base_buffer *out, const blindsight_facts *f, blindsight_packing packing) {
  cli_report_bar bars[3] = {{.name = "evaluation keys", .note = "once"},
                            {.name = "sample", .note = "client to server", .series = 1},
                            {.name = "result", .note = "server to client", .series = 1}};
  const size_t size[3] = {f->key_bytes, f->cost[packing].upload_bytes,
                          f->cost[packing].download_bytes};
  for (int i = 0; i < 3; i++) {
    bars[i].value = (double)size[i];
    cli_print_bytes(bars[i].text, size[i]);
  }
  base_buffer_printf(out, "<div class=\"card\"><h3>Messages</h3>\n");
  cli_report_bars(out, "Bytes of keys, sample and result", bars, 3);
  base_buffer_printf(out, "</div>\n");
}

/* What a thief would be after. */
static size_t count_weights(const blindsight_shape *shape) {
  size_t n = 0;
  for (size_t l = 0; l < shape->n_layers; l++)
    n += shape->layer[l].n_weights;
  return n;
}

ckks_status cli_plan_page_write(const char *path, const blindsight_server *server,
                                const blindsight_model *model) {
  const blindsight_client *client = blindsight_server_client(server);
  const blindsight_facts *f = blindsight_client_facts(client);
  const ckks_params_literal *params = params_of(client);
  blindsight_packing packing =
      f->cost[BLINDSIGHT_LATENCY].available ? BLINDSIGHT_LATENCY : BLINDSIGHT_THROUGHPUT;
  base_buffer page;
  base_buffer_init(&page, MOST_PAGE_BYTES);
  base_buffer_printf(&page,
                     "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<title>Blindsight: a plan</title>\n<style>\n%s</style>\n</head>\n<body>\n"
                     "<main>\n<h1>The plan of ",
                     cli_report_style);
  cli_report_text(&page, blindsight_client_names(client)->name);
  base_buffer_printf(&page, "</h1>\n");
  facts(&page, client, count_weights(blindsight_model_shape(model)));
  base_buffer_printf(&page, "<div class=\"pair\">\n");
  levels(&page, server, params, packing);
  messages(&page, f, packing);
  base_buffer_printf(&page, "</div>\n");
  cli_plan_features_page(&page, model);
  cli_plan_stages_page(&page, server);
  base_buffer_printf(&page, "<h2>Operations, %s packing</h2>\n", cli_packing_name(packing));
  operations(&page, server, params, packing);
  base_buffer_printf(&page, "</main>\n</body>\n</html>\n");
  ckks_status status = base_buffer_status(&page);
  if (status == CKKS_OK)
    status = base_file_write(path, page.bytes, page.n_bytes, 0600);
  base_buffer_clear(&page);
  return status;
}
