/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only the interface is read here: what compile prints for the owner of the model is what
 * inspect prints for a client, and nothing of the weights can slip in.
 */
#include "cli/plan_report.h"

#include <string.h>

#include "cli/packing.h"

#define COLUMN 16

/* --- parameters */

/* Asked for and reached: the limit stands beside what is used of it. */
void cli_plan_report_params(FILE *out, const ckks_params_literal *p, double log2_qp,
                            double log2_qp_limit) {
  if (p->security == CKKS_SECURITY_NONE)
    cli_print_field(out, "security", "NONE: for tests only");
  else
    cli_print_field(out, "security", "%d bits: log2(QP) = %.1f, at most %.0f at N = 2^%d",
                    (int)p->security, log2_qp, log2_qp_limit, p->log2_n);
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

json_t *cli_plan_report_params_json(const ckks_params_literal *p, double log2_qp,
                                    double log2_qp_limit) {
  bool secure = p->security != CKKS_SECURITY_NONE;
  return json_pack("{s:i, s:i, s:o, s:o, s:o, s:o}", "log2_n", p->log2_n, "security_bits",
                   (int)p->security, "log2_qp", cli_print_number(log2_qp), "log2_qp_limit",
                   secure ? cli_print_number(log2_qp_limit) : json_null(), "q_bits",
                   json_bits(p->q_bits, p->n_q), "p_bits", json_bits(p->p_bits, p->n_p));
}

/* --- packings */

/* One line of the table per function, one column per packing that was compiled. */
typedef void (*cell)(char text[32], const blindsight_cost *cost, blindsight_packing packing);

static void cell_name(char text[32], const blindsight_cost *cost, blindsight_packing packing) {
  (void)cost;
  snprintf(text, 32, "%s", cli_packing_name(packing));
}
static void cell_rows(char text[32], const blindsight_cost *cost, blindsight_packing packing) {
  (void)packing;
  snprintf(text, 32, cost->rows == 1 ? "1 row" : "1 to %zu rows", cost->rows);
}
/* Of a token's budget (docs/security.md). */
static void cell_counted(char text[32], const blindsight_cost *cost, blindsight_packing packing) {
  if (packing == BLINDSIGHT_LATENCY)
    snprintf(text, 32, "%zu a row", cost->counted);
  else
    snprintf(text, 32, cost->rows & (cost->rows - 1) ? "2^k above rows" : "2^k >= rows");
}
static void cell_switches(char text[32], const blindsight_cost *cost, blindsight_packing packing) {
  (void)packing;
  snprintf(text, 32, "%d", cost->n_switches);
}
static void cell_sample(char text[32], const blindsight_cost *cost, blindsight_packing packing) {
  (void)packing;
  cli_print_bytes(text, cost->upload_bytes);
}
static void cell_result(char text[32], const blindsight_cost *cost, blindsight_packing packing) {
  (void)packing;
  cli_print_bytes(text, cost->download_bytes);
}
static void cell_time(char text[32], const blindsight_cost *cost, blindsight_packing packing) {
  (void)packing;
  snprintf(text, 32, "%.3g ms", cost->predicted_ms);
}
static void cell_error(char text[32], const blindsight_cost *cost, blindsight_packing packing) {
  (void)packing;
  snprintf(text, 32, "%.2g", cost->predicted_error);
}

static void print_packings(FILE *out, const blindsight_facts *facts) {
  static const struct {
    const char *name;
    cell print;
  } lines[] = {{"packing", cell_name},         {"  evaluates", cell_rows},
               {"  counts for", cell_counted}, {"  key switches", cell_switches},
               {"  sample", cell_sample},      {"  result", cell_result},
               {"  time, about", cell_time},   {"  error, below", cell_error}};
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    fputs(lines[i].name, out);
    int padding = COLUMN - (int)strlen(lines[i].name);
    for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++)
      if (facts->cost[p].available) {
        char text[32];
        lines[i].print(text, &facts->cost[p], (blindsight_packing)p);
        fprintf(out, "%*s%s", padding, "", text);
        padding = COLUMN - (int)strlen(text);
      }
    fputc('\n', out);
  }
}

/* The same numbers for programs: bytes and milliseconds, not rounded. */
static json_t *json_packing(const blindsight_cost *cost) {
  return json_pack("{s:I, s:I, s:i, s:I, s:I, s:o, s:o}", "rows", (json_int_t)cost->rows,
                   "predictions_each", (json_int_t)cost->counted, "key_switches", cost->n_switches,
                   "sample_bytes", (json_int_t)cost->upload_bytes, "result_bytes",
                   (json_int_t)cost->download_bytes, "predicted_ms",
                   cli_print_number(cost->predicted_ms), "predicted_error",
                   cli_print_number(cost->predicted_error));
}

/* --- the whole */

static void print_labels(FILE *out, const blindsight_names *names) {
  enum { MOST = 8 };
  cli_print_cell(out, "outputs", 14);
  for (size_t i = 0; i < names->n_labels && i < MOST; i++) {
    fputs(i > 0 ? ", " : "", out);
    cli_print_text(out, names->label[i]);
  }
  fprintf(out, "%s\n", names->n_labels > MOST ? ", ..." : "");
}

/* What is promised of values that could leave the modulus, for each packing, and what it costs. */
static void print_contract(FILE *out, const blindsight_facts *facts) {
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++) {
    char costs[64], text[96] = "certified: in the input range no value can wrap, proved";
    if (!facts->cost[p].available)
      continue;
    snprintf(costs, sizeof costs, "%+.1f bits, %+.1f ms", facts->contract_bits,
             facts->contract_ms[p]);
    if (!facts->certified)
      snprintf(text, sizeof text, "guarded: a wrap is seen, but for 2^%.0f a row",
               facts->miss_log2[p]);
    cli_print_field(out, cli_packing_name((blindsight_packing)p), "%s; costs %s", text, costs);
  }
}

void cli_plan_report_print(FILE *out, const blindsight_client *client) {
  const blindsight_names *names = blindsight_client_names(client);
  const blindsight_facts *facts = blindsight_client_facts(client);
  char bytes[16], id[20];
  cli_print_field(out, "model", "%s: %zu features, %zu outputs, plan %s", names->name,
                  names->n_features, names->n_labels, cli_print_hash(id, facts->id));
  print_labels(out, names);
  const ckks_params *params = blindsight_client_params(client);
  cli_plan_report_params(out, ckks_params_get_literal(params), ckks_params_log2_qp(params),
                         ckks_params_log2_qp_limit(params));
  if (facts->last_degree > 1)
    cli_print_field(out, "depth", "%d; the client applies the last polynomial, of degree %d",
                    facts->depth, facts->last_degree);
  else
    cli_print_field(out, "depth", "%d", facts->depth);
  if (facts->n_bootstraps > 0)
    cli_print_field(out, "bootstraps", "%zu, of %zu slots, %d levels between two",
                    facts->n_bootstraps, facts->bootstrap_slots, facts->bootstrap_levels);
  cli_print_field(out, "keys", "%zu, %s for each client", facts->n_keys,
                  cli_print_bytes(bytes, facts->key_bytes));
  if (names->encoding != NULL && facts->max_abs_input <= 1.0) /* bits have no mean to be far from */
    cli_print_field(out, "input range", "bits, of bins and categories");
  else
    cli_print_field(out, "input range", "one for each feature, up to %.3g deviations from the mean",
                    facts->max_abs_input);
  cli_print_field(out, "output range", "up to %.4g before the last polynomial",
                  facts->max_abs_output);
  print_contract(out, facts);
  print_packings(out, facts);
}

static json_t *json_bootstraps(const blindsight_facts *facts) {
  return json_pack("{s:I, s:I, s:i}", "n", (json_int_t)facts->n_bootstraps, "slots",
                   (json_int_t)facts->bootstrap_slots, "levels", facts->bootstrap_levels);
}

static json_t *json_contract(const blindsight_facts *facts) {
  json_t *object = json_pack("{s:s, s:o}", "kind", facts->certified ? "certified" : "guarded",
                             "bits", cli_print_number(facts->contract_bits));
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++)
    if (facts->cost[p].available)
      json_object_set_new(
          object, cli_packing_name((blindsight_packing)p),
          json_pack("{s:o, s:o}", "ms", cli_print_number(facts->contract_ms[p]), "miss_log2",
                    facts->certified ? json_null() : cli_print_number(facts->miss_log2[p])));
  return object;
}

json_t *cli_plan_report_json(const blindsight_client *client) {
  const blindsight_names *names = blindsight_client_names(client);
  const blindsight_facts *facts = blindsight_client_facts(client);
  const ckks_params *params = blindsight_client_params(client);
  char id[20];
  json_t *packings = json_object();
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++)
    if (facts->cost[p].available)
      json_object_set_new(packings, cli_packing_name((blindsight_packing)p),
                          json_packing(&facts->cost[p]));
  return json_pack(
      "{s:s, s:s, s:o, s:o, s:o, s:o, s:i, s:i, s:I, s:I, s:o, s:o, s:o, s:o}", "model",
      names->name, "plan", cli_print_hash(id, facts->id), "features",
      cli_print_texts(names->feature, names->n_features), "labels",
      cli_print_texts(names->label, names->n_labels), "params",

      cli_plan_report_params_json(ckks_params_get_literal(params), ckks_params_log2_qp(params),
                                  ckks_params_log2_qp_limit(params)),
      "bootstraps", json_bootstraps(facts), "depth", facts->depth, "last_degree",
      facts->last_degree, "keys", (json_int_t)facts->n_keys, "key_bytes",
      (json_int_t)facts->key_bytes, "max_abs_input", cli_print_number(facts->max_abs_input),
      "max_abs_output", cli_print_number(facts->max_abs_output), "contract", json_contract(facts),
      "packings", packings);
}
