/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only the interface is read here: what compile prints for the owner of the model is what
 * inspect prints for a client, and nothing of the weights can slip in.
 */
#include "cli/plan_report.h"

#include <math.h>
#include <string.h>

#include "ckks/params.h"

#define COLUMN 16

const char *cli_plan_report_packing(plan_packing packing) {
  return packing == PLAN_LATENCY ? "latency" : "throughput";
}

/* --- parameters */

/* As ckks_params_build counts them, without building the tables of a ring. */
static double log2_product(const uint64_t *primes, int n) {
  double sum = 0.0;
  for (int i = 0; i < n; i++)
    sum += log2((double)primes[i]);
  return sum;
}

static double log2_qp(const ckks_params_literal *p) {
  return log2_product(p->q, p->n_q) + log2_product(p->p, p->n_p);
}

/* Asked for and reached: the limit stands beside what is used of it. */
void cli_plan_report_params(FILE *out, const ckks_params_literal *p) {
  if (p->security == CKKS_SECURITY_NONE)
    cli_print_field(out, "security", "NONE: for tests only");
  else
    cli_print_field(out, "security", "%d bits: log2(QP) = %.1f, at most %.0f at N = 2^%d",
                    (int)p->security, log2_qp(p), ckks_security_limit(p->log2_n, p->security),
                    p->log2_n);
  cli_print_cell(out, "moduli", 14);
  fprintf(out, "N = %d, Q of", 1 << p->log2_n);
  for (int i = 0; i < p->n_q; i++)
    fprintf(out, "%s%d", i > 0 ? " + " : " ", p->q_bits[i]);
  fprintf(out, " bits, P of");
  for (int i = 0; i < p->n_p; i++)
    fprintf(out, "%s%d", i > 0 ? " + " : " ", p->p_bits[i]);
  fprintf(out, " bits\n");
}

static json_t *json_bits(const int *bits, int n) {
  json_t *list = json_array();
  for (int i = 0; i < n; i++)
    json_array_append_new(list, json_integer(bits[i]));
  return list;
}

json_t *cli_plan_report_params_json(const ckks_params_literal *p) {
  bool secure = p->security != CKKS_SECURITY_NONE;
  return json_pack("{s:i, s:i, s:o, s:o, s:o, s:o}", "log2_n", p->log2_n, "security_bits",
                   (int)p->security, "log2_qp", cli_print_number(log2_qp(p)), "log2_qp_limit",
                   secure ? cli_print_number(ckks_security_limit(p->log2_n, p->security))
                          : json_null(),
                   "q_bits", json_bits(p->q_bits, p->n_q), "p_bits", json_bits(p->p_bits, p->n_p));
}

/* --- packings */

/* Rows that share one run of the program. */
static size_t rows_of(const plan_interface *interface, plan_packing packing) {
  return packing == PLAN_LATENCY ? 1 : (size_t)1 << (interface->literal.log2_n - 1);
}

/* One line of the table per function, one column per packing that was compiled. */
typedef void (*cell)(char text[32], const plan_interface *interface, plan_packing packing);

static void cell_name(char text[32], const plan_interface *interface, plan_packing packing) {
  (void)interface;
  snprintf(text, 32, "%s", cli_plan_report_packing(packing));
}
static void cell_rows(char text[32], const plan_interface *interface, plan_packing packing) {
  size_t rows = rows_of(interface, packing);
  snprintf(text, 32, rows == 1 ? "1 row" : "1 to %zu rows", rows);
}
static void cell_switches(char text[32], const plan_interface *interface, plan_packing packing) {
  snprintf(text, 32, "%d", interface->cost[packing].n_switches);
}
static void cell_sample(char text[32], const plan_interface *interface, plan_packing packing) {
  cli_print_bytes(text, interface->cost[packing].input_bytes);
}
static void cell_result(char text[32], const plan_interface *interface, plan_packing packing) {
  cli_print_bytes(text, interface->cost[packing].output_bytes);
}
static void cell_time(char text[32], const plan_interface *interface, plan_packing packing) {
  snprintf(text, 32, "%.3g ms", interface->cost[packing].predicted_ms);
}
static void cell_error(char text[32], const plan_interface *interface, plan_packing packing) {
  snprintf(text, 32, "%.2g", interface->cost[packing].predicted_error);
}

static void print_packings(FILE *out, const plan_interface *interface) {
  static const struct {
    const char *name;
    cell print;
  } lines[] = {
      {"packing", cell_name},        {"  evaluates", cell_rows}, {"  key switches", cell_switches},
      {"  sample", cell_sample},     {"  result", cell_result},  {"  time, about", cell_time},
      {"  error, below", cell_error}};
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    fputs(lines[i].name, out);
    int padding = COLUMN - (int)strlen(lines[i].name);
    for (int p = 0; p < PLAN_N_PACKINGS; p++)
      if (interface->layout[p].available) {
        char text[32];
        lines[i].print(text, interface, (plan_packing)p);
        fprintf(out, "%*s%s", padding, "", text);
        padding = COLUMN - (int)strlen(text);
      }
    fputc('\n', out);
  }
}

/* The same numbers for programs: bytes and milliseconds, not rounded. */
static json_t *json_packing(const plan_interface *interface, plan_packing packing) {
  const plan_cost *cost = &interface->cost[packing];
  return json_pack("{s:I, s:i, s:I, s:I, s:o, s:o}", "rows",
                   (json_int_t)rows_of(interface, packing), "key_switches", cost->n_switches,
                   "sample_bytes", (json_int_t)cost->input_bytes, "result_bytes",
                   (json_int_t)cost->output_bytes, "predicted_ms",
                   cli_print_number(cost->predicted_ms), "predicted_error",
                   cli_print_number(cost->predicted_error));
}

/* --- the whole */

static void print_labels(FILE *out, const plan_interface *interface) {
  enum { MOST = 8 };
  cli_print_cell(out, "outputs", 14);
  for (size_t i = 0; i < interface->n_outputs && i < MOST; i++)
    fprintf(out, "%s%s", i > 0 ? ", " : "", interface->label[i]);
  fprintf(out, "%s\n", interface->n_outputs > MOST ? ", ..." : "");
}

void cli_plan_report_print(FILE *out, const plan_interface *interface) {
  char bytes[16], id[20];
  cli_print_field(out, "model", "%s: %zu features, %zu outputs, plan %s", interface->name,
                  interface->n_features, interface->n_outputs, cli_print_hash(id, interface->id));
  print_labels(out, interface);
  cli_plan_report_params(out, &interface->literal);
  if (interface->last.degree > 1)
    cli_print_field(out, "depth", "%d; the client applies the last polynomial, of degree %d",
                    interface->depth, interface->last.degree);
  else
    cli_print_field(out, "depth", "%d", interface->depth);
  cli_print_field(out, "keys", "%zu, %s for each client", interface->n_keys,
                  cli_print_bytes(bytes, interface->key_bytes));
  if (interface->max_abs_input > 0.0)
    cli_print_field(out, "input range", "up to %.3g deviations from the mean",
                    interface->max_abs_input);
  cli_print_field(out, "output range", "up to %.4g before the last polynomial",
                  interface->max_abs_output);
  print_packings(out, interface);
}

json_t *cli_plan_report_json(const plan_interface *interface) {
  char id[20];
  json_t *packings = json_object();
  for (int p = 0; p < PLAN_N_PACKINGS; p++)
    if (interface->layout[p].available)
      json_object_set_new(packings, cli_plan_report_packing((plan_packing)p),
                          json_packing(interface, (plan_packing)p));
  return json_pack("{s:s, s:s, s:o, s:o, s:o, s:i, s:i, s:I, s:I, s:o, s:o, s:o}", "model",
                   interface->name, "plan", cli_print_hash(id, interface->id), "features",
                   cli_print_texts(interface->feature, interface->n_features), "labels",
                   cli_print_texts(interface->label, interface->n_outputs), "params",
                   cli_plan_report_params_json(&interface->literal), "depth", interface->depth,
                   "last_degree", interface->last.degree, "keys", (json_int_t)interface->n_keys,
                   "key_bytes", (json_int_t)interface->key_bytes, "max_abs_input",
                   cli_print_number(interface->max_abs_input), "max_abs_output",
                   cli_print_number(interface->max_abs_output), "packings", packings);
}
