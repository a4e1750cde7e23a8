/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/page/plan_page.h"

#include <stdio.h>

#include "base/file.h"
#include "ckks/params.h"
#include "cli/page/report.h"
#include "cli/page/report_svg.h"
#include "cli/plan_report.h"
#include "cli/plan_stages.h"
#include "compile/account.h"

#define MOST_PAGE_BYTES ((size_t)16 << 20)
#define MOST_OPERATIONS 200 /* shown: throughput programs have thousands */

static void row(base_buffer *out, const char *name, const char *value) {
  base_buffer_printf(out, "<tr><th>%s</th><td class=\"wrap\">%s</td></tr>\n", name, value);
}

/* The most numbers in an answer that counts as one prediction (docs/security.md). */
static size_t numbers_an_answer(const plan_interface *f) {
  size_t row = f->layout[PLAN_LATENCY].available ? 2 * f->layout[PLAN_LATENCY].period : 0;
  size_t batch = f->layout[PLAN_THROUGHPUT].available ? 2 * f->n_outputs : 0;
  return row > batch ? row : batch;
}

static void facts(base_buffer *out, const plan_interface *f, size_t n_weights) {
  const ckks_params_literal *p = &f->literal;
  size_t n_numbers = numbers_an_answer(f);
  char text[320], bytes[16];
  base_buffer_printf(out, "<div class=\"card scroll\"><table><tbody>\n");
  snprintf(text, sizeof text, "%zu features, %zu outputs", f->n_features, f->n_outputs);
  row(out, "model", text);
  snprintf(text, sizeof text, "%d bits at N = 2<sup>%d</sup>; %d + %d moduli, depth %d",
           (int)p->security, p->log2_n, p->n_q, p->n_p, f->depth);
  row(out, "security", text);
  snprintf(text, sizeof text, "%zu, %s for each client", f->n_keys,
           cli_print_bytes(bytes, f->key_bytes));
  row(out, "evaluation keys", text);
  for (int i = 0; i < PLAN_N_PACKINGS; i++) {
    const plan_cost *cost = &f->cost[i];
    if (!f->layout[i].available)
      continue;
    snprintf(text, sizeof text, "about %.4g ms, error below %.2g, %d key switches",
             cost->predicted_ms, cost->predicted_error, cost->n_switches);
    row(out, cli_plan_report_packing((plan_packing)i), text);
  }
  const plan_layout *l = &f->layout[PLAN_LATENCY];
  if (l->available) {
    snprintf(text, sizeof text, "%zu places, each in %zu slots; %s", l->padded, l->stride,
             f->n_gather > 0 ? "features are repeated window by window" : "one for each feature");
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

static void describe(char text[120], const plan_op *op) {
  switch (op->kind) {
  case PLAN_OP_MUL_VECTOR:
    snprintf(text, 120, "weights times value");
    break;
  case PLAN_OP_ADD_VECTOR:
    snprintf(text, 120, "bias");
    break;
  case PLAN_OP_ROTATE_SUM:
    if (op->n_terms == 1)
      snprintf(text, 120, "a rotation added");
    else
      snprintf(text, 120, "sum of %d rotations", compile_account_steps(op, 1, 0));
    break;
  case PLAN_OP_MUL_SUM:
    snprintf(text, 120, "product of ciphertexts (%d), relinearised", op->n_terms);
    break;
  case PLAN_OP_DIAGONALS:
    snprintf(text, 120, "matrix of %d diagonals: %d baby and %d giant steps", op->n_terms,
             compile_account_steps(op, 2, 0), compile_account_steps(op, 2, 1));
    break;
  case PLAN_OP_POLYNOMIAL:
  case PLAN_OP_CHEBYSHEV:
    snprintf(text, 120, "polynomial");
    break;
  case PLAN_OP_DENSE:
    snprintf(text, 120, "sum of %d ciphertexts times weights", op->n_terms);
    break;
  case PLAN_OP_SLOT_POLYNOMIALS:
  case PLAN_OP_SLOT_CHEBYSHEV:
    snprintf(text, 120, "polynomials, one for each slot");
    break;
  }
}

/* Bits of modulus that are left at a level. */
static double bits_at(const plan_interface *interface, int level) {
  double bits = 0.0;
  for (int i = 0; i <= level; i++)
    bits += interface->literal.q_bits[i];
  return bits;
}

static void operations(base_buffer *out, const plan_plan *plan, const plan_program *program) {
  int n = program->n_ops < MOST_OPERATIONS ? program->n_ops : MOST_OPERATIONS;
  base_buffer_printf(out, "<div class=\"card scroll\"><table><thead><tr><th class=\"n\">no</th>"
                          "<th>operation</th><th class=\"n\">level after</th>"
                          "<th class=\"n\">bits left</th></tr></thead><tbody>\n");
  for (int i = 0; i < n; i++) {
    char text[120];
    describe(text, &program->op[i]);
    base_buffer_printf(out,
                       "<tr><td class=\"n\">%d</td><td>%s</td><td class=\"n\">%d</td>"
                       "<td class=\"n\">%.0f</td></tr>\n",
                       i + 1, text, program->op[i].level,
                       bits_at(&plan->interface, program->op[i].level));
  }
  base_buffer_printf(out, "</tbody></table></div>\n");
  if (n < program->n_ops)
    base_buffer_printf(out, "<p class=\"soft\">and %d more</p>\n", program->n_ops - n);
}

/* The modulus shrinks from operation to operation. */
static void levels(base_buffer *out, const plan_plan *plan, const plan_program *program) {
  double x[2 * MOST_OPERATIONS + 1], y[2 * MOST_OPERATIONS + 1];
  size_t n = 0;
  double top = bits_at(&plan->interface, plan->interface.literal.n_q - 1), before = top;
  for (int i = 0; i < program->n_ops && i < MOST_OPERATIONS; i++) {
    x[n] = i;
    y[n++] = before;
    before = bits_at(&plan->interface, program->op[i].level);
    x[n] = i + 1;
    y[n++] = before;
  }
  cli_report_plot plot = {.out = out,
                          .x = cli_report_axis_round("operation", 0.0, x[n - 1]),
                          .y = cli_report_axis_round("bits of modulus left", 0.0, top)};
  base_buffer_printf(out, "<div class=\"card\"><h3>Levels</h3>\n");
  cli_report_plot_begin(&plot, "Bits of modulus left after each operation");
  cli_report_plot_line(&plot, x, y, n, 0);
  cli_report_plot_end(&plot);
  base_buffer_printf(out, "</div>\n");
}

static void messages(base_buffer *out, const plan_interface *f, plan_packing packing) {
  cli_report_bar bars[3] = {{.name = "evaluation keys", .note = "once"},
                            {.name = "sample", .note = "client to server", .series = 1},
                            {.name = "result", .note = "server to client", .series = 1}};
  const size_t size[3] = {f->key_bytes, f->cost[packing].input_bytes,
                          f->cost[packing].output_bytes};
  for (int i = 0; i < 3; i++) {
    bars[i].value = (double)size[i];
    cli_print_bytes(bars[i].text, size[i]);
  }
  base_buffer_printf(out, "<div class=\"card\"><h3>Messages</h3>\n");
  cli_report_bars(out, "Bytes of keys, sample and result", bars, 3);
  base_buffer_printf(out, "</div>\n");
}

ckks_status cli_plan_page_write(const char *path, const plan_plan *plan, size_t n_weights) {
  const plan_interface *f = &plan->interface;
  plan_packing packing = f->layout[PLAN_LATENCY].available ? PLAN_LATENCY : PLAN_THROUGHPUT;
  base_buffer page;
  base_buffer_init(&page, MOST_PAGE_BYTES);
  base_buffer_printf(&page,
                     "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<title>Blindsight: a plan</title>\n<style>\n%s</style>\n</head>\n<body>\n"
                     "<main>\n<h1>The plan of ",
                     cli_report_style);
  cli_report_text(&page, f->name);
  base_buffer_printf(&page, "</h1>\n");
  facts(&page, f, n_weights);
  base_buffer_printf(&page, "<div class=\"pair\">\n");
  levels(&page, plan, &plan->program[packing]);
  messages(&page, f, packing);
  base_buffer_printf(&page, "</div>\n");
  cli_plan_stages_page(&page, plan);
  base_buffer_printf(&page, "<h2>Operations, %s packing</h2>\n", cli_plan_report_packing(packing));
  operations(&page, plan, &plan->program[packing]);
  base_buffer_printf(&page, "</main>\n</body>\n</html>\n");
  ckks_status status = base_buffer_status(&page);
  if (status == CKKS_OK)
    status = base_file_write(path, page.bytes, page.n_bytes, 0600);
  base_buffer_clear(&page);
  return status;
}
