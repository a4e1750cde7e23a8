/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan_stages.h"

#include "base/alloc.h"
#include "cli/packing.h"
#include "cli/page/report_svg.h"
#include "cli/print.h"

enum { NAME, PACKING, ROTATIONS, SWITCHES, LEVELS, TIME, ERROR, PLAINTEXTS, N_COLUMNS };
#define CELL_BYTES 64

static const struct {
  const char *head;
  int width; /* negative: on the right */
} columns[N_COLUMNS] = {{"stage", 26},   {"", 18},   {"rotations", -10}, {"switches", -10},
                        {"levels", -12}, {"ms", -9}, {"error", -9},      {"plaintexts", -11}};

static const char *head_of(blindsight_packing packing, int column) {
  if (column != PACKING)
    return columns[column].head;
  return packing == BLINDSIGHT_LATENCY ? "stride, diagonals" : "weights";
}

/* The input and the result stand around the stages. */
static bool is_stage(const blindsight_account *account, size_t i) {
  return i > 0 && i + 1 < account->n_stages;
}

static void name_of(char text[CELL_BYTES], const blindsight_account *account, size_t i) {
  const blindsight_stage *part = &account->stage[i];
  if (!is_stage(account, i))
    snprintf(text, CELL_BYTES, "%s", i == 0 ? "input" : "result");
  else if (part->degree > 1)
    snprintf(text, CELL_BYTES, "%zu to %zu, degree %d", part->n_in, part->n_out, part->degree);
  else
    snprintf(text, CELL_BYTES, "%zu to %zu", part->n_in, part->n_out);
}

/* Numbers of a stage; what the input and the result have not stays empty. */
static void cells_of(char cell[N_COLUMNS][CELL_BYTES], const blindsight_account *account,
                     size_t i) {
  const blindsight_stage *part = &account->stage[i];
  char bytes[16];
  for (int c = 0; c < N_COLUMNS; c++)
    cell[c][0] = '\0';
  name_of(cell[NAME], account, i);
  snprintf(cell[ERROR], CELL_BYTES, "%.2g", part->error);
  if (!is_stage(account, i))
    return;
  if (part->stride > 0)
    snprintf(cell[PACKING], CELL_BYTES, "%zu, %zu of %zu", part->stride, part->n_factors,
             part->n_weights);
  else
    snprintf(cell[PACKING], CELL_BYTES, "%zu of %zu", part->n_factors, part->n_weights);
  snprintf(cell[ROTATIONS], CELL_BYTES, "%d + %d", part->n_hoisted, part->n_single);
  snprintf(cell[SWITCHES], CELL_BYTES, "%d", part->n_switches);
  snprintf(cell[LEVELS], CELL_BYTES, part->n_bootstraps > 0 ? "%d up to %d" : "%d to %d",
           part->level_in, part->level_out);
  snprintf(cell[TIME], CELL_BYTES, "%.3g", part->ms);
  snprintf(cell[PLAINTEXTS], CELL_BYTES, "%s", cli_print_bytes(bytes, part->plaintext_bytes));
}

/* --- text */

static void print_account(FILE *out, const blindsight_account *account,
                          blindsight_packing packing) {
  if (account->n_stages == 0)
    return;
  cli_print_cell(out, cli_packing_name(packing), columns[NAME].width);
  for (int c = PACKING; c < N_COLUMNS; c++)
    cli_print_cell(out, head_of(packing, c), columns[c].width);
  fputc('\n', out);
  for (size_t i = 0; i < account->n_stages; i++) {
    char cell[N_COLUMNS][CELL_BYTES], name[CELL_BYTES + 2];
    cells_of(cell, account, i);
    snprintf(name, sizeof name, "  %s", cell[NAME]);
    cli_print_cell(out, name, columns[NAME].width);
    int last = is_stage(account, i) ? N_COLUMNS : PLAINTEXTS;
    for (int c = PACKING; c < last; c++)
      cli_print_cell(out, cell[c], columns[c].width);
    fputc('\n', out);
  }
}

void cli_plan_stages_print(FILE *out, const blindsight_server *server) {
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++)
    print_account(out, blindsight_server_account(server, (blindsight_packing)p),
                  (blindsight_packing)p);
}

/* --- JSON */

static json_t *json_part(const blindsight_account *account, size_t i) {
  const blindsight_stage *part = &account->stage[i];
  char name[CELL_BYTES];
  name_of(name, account, i);
  json_t *object =
      json_pack("{s:s, s:o, s:o, s:i, s:i}", "stage", name, "predicted_ms",
                cli_print_number(part->ms), "predicted_error", cli_print_number(part->error),
                "level_in", part->level_in, "level_out", part->level_out);
  if (object == NULL || !is_stage(account, i))
    return object;
  json_t *more = json_pack(
      "{s:I, s:I, s:i, s:I, s:I, s:i, s:i, s:i, s:i, s:I}", "inputs", (json_int_t)part->n_in,
      "outputs", (json_int_t)part->n_out, "degree", part->degree, "factors",
      (json_int_t)part->n_factors, "factors_of", (json_int_t)part->n_weights, "hoisted_rotations",
      part->n_hoisted, "single_rotations", part->n_single, "key_switches", part->n_switches,
      "bootstraps", part->n_bootstraps, "plaintext_bytes", (json_int_t)part->plaintext_bytes);
  if (part->stride > 0)
    json_object_set_new(more, "stride", json_integer((json_int_t)part->stride));
  json_object_update(object, more);
  json_decref(more);
  return object;
}

void cli_plan_stages_json(json_t *packings, const blindsight_server *server) {
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++) {
    const blindsight_account *account = blindsight_server_account(server, (blindsight_packing)p);
    json_t *packing = json_object_get(packings, cli_packing_name((blindsight_packing)p));
    if (account->n_stages == 0 || packing == NULL)
      continue;
    json_t *stages = json_array();
    for (size_t i = 0; i < account->n_stages; i++)
      json_array_append_new(stages, json_part(account, i));
    json_object_set_new(packing, "stages", stages);
  }
}

/* --- HTML */

static void stages_table(base_buffer *out, const blindsight_account *account,
                         blindsight_packing packing) {
  base_buffer_printf(out, "<div class=\"card scroll\"><table><thead><tr>");
  for (int c = 0; c < N_COLUMNS; c++)
    base_buffer_printf(out, "<th%s>%s</th>", columns[c].width < 0 ? " class=\"n\"" : "",
                       head_of(packing, c));
  base_buffer_printf(out, "</tr></thead><tbody>\n");
  for (size_t i = 0; i < account->n_stages; i++) {
    char cell[N_COLUMNS][CELL_BYTES];
    cells_of(cell, account, i);
    base_buffer_printf(out, "<tr>");
    for (int c = 0; c < N_COLUMNS; c++)
      base_buffer_printf(out, "<td%s>%s</td>", columns[c].width < 0 ? " class=\"n\"" : "", cell[c]);
    base_buffer_printf(out, "</tr>\n");
  }
  base_buffer_printf(out, "</tbody></table></div>\n");
}

/* A bar's words stand behind it. */
typedef struct share {
  char name[CELL_BYTES], note[CELL_BYTES];
} share;

/* Shares of what adds up: milliseconds, or squares of errors. */
static void shares_of(base_buffer *out, cli_report_bar *bars, share *words,
                      const blindsight_account *account, const char *title, bool error) {
  double sum = 0.0;
  size_t n = 0;
  for (size_t i = 0; i < account->n_stages; i++) {
    const blindsight_stage *part = &account->stage[i];
    if (!error && !is_stage(account, i))
      continue;
    share *s = &words[n];
    bars[n] = (cli_report_bar){.name = s->name, .note = s->note, .series = error};
    bars[n].value = error ? part->error * part->error : part->ms;
    sum += bars[n].value;
    name_of(s->name, account, i);
    snprintf(s->note, CELL_BYTES, error ? "%.2g" : "%.3g ms", error ? part->error : part->ms);
    n++;
  }
  for (size_t i = 0; i < n; i++)
    snprintf(bars[i].text, sizeof bars[i].text, "%.0f %%",
             sum > 0.0 ? 100.0 * bars[i].value / sum : 0.0);
  base_buffer_printf(out, "<div class=\"card\"><h3>%s</h3>\n", title);
  cli_report_bars(out, title, bars, n);
  base_buffer_printf(out, "</div>\n");
}

/* Without memory the page goes without them. */
static void shares(base_buffer *out, const blindsight_account *account, const char *title,
                   bool error) {
  cli_report_bar *bars = base_alloc_array(account->n_stages, sizeof *bars);
  share *words = base_alloc_array(account->n_stages, sizeof *words);
  if (bars != NULL && words != NULL)
    shares_of(out, bars, words, account, title, error);
  base_free(bars);
  base_free(words);
}

static void account_page(base_buffer *out, const blindsight_account *account,
                         blindsight_packing packing) {
  if (account->n_stages == 0)
    return;
  base_buffer_printf(out, "<h2>Stages, %s packing</h2>\n", cli_packing_name(packing));
  stages_table(out, account, packing);
  base_buffer_printf(out, "<div class=\"pair\">\n");
  shares(out, account, "Where the time goes", false);
  shares(out, account, "Where the error comes from", true);
  base_buffer_printf(out, "</div>\n");
}

void cli_plan_stages_page(base_buffer *out, const blindsight_server *server) {
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++)
    account_page(out, blindsight_server_account(server, (blindsight_packing)p),
                 (blindsight_packing)p);
  base_buffer_printf(
      out, "<p class=\"soft\">A map and the polynomial behind it are a stage. Rotations "
           "are those that share a decomposition and others; key switches count the products of "
           "ciphertexts as well. Errors are independent: it is their squares that add up.</p>\n");
}
