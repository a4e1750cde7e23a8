/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks of all kinds, certified and guarded, in both packings, and rows of all kinds through
 * ciphertexts, as a client sends them: refused, clipped or marked, and what a batch spoilt again
 * one by one. No answer is wrong without a mark. RANGES_ROWS says how many rows a network gets in
 * all; tools/measure_ranges prints the table of docs/ranges.md.
 */
#include "exec/networks.h"
#include "exec/ranges.h"

enum { USUAL_ROWS = 140, MOST_BATCH = 200, MOST_SINGLE = 6 };

static size_t rows_asked(void) {
  const char *text = getenv("RANGES_ROWS");
  long n = text != NULL ? strtol(text, NULL, 10) : 0;
  return n > 0 ? (size_t)n : USUAL_ROWS;
}

/* Most batches have a few kinds of rows; one in three has only rows that were seen or are inside.
 */
static ranges_kind draw_kind(unsigned kinds, uint64_t *state) {
  ranges_kind kind;
  do
    kind = (ranges_kind)(test_random(state) % RANGES_N_KINDS);
  while ((kinds >> kind & 1U) == 0);
  return kind;
}

static void draw_batch(double *rows, size_t n, const world *w, uint64_t *state) {
  unsigned kinds = (unsigned)(test_random(state) % (1U << RANGES_N_KINDS)) | 1U << RANGES_SEEN;
  if (test_random(state) % 3 == 0)
    kinds = 1U << RANGES_SEEN | 1U << RANGES_INSIDE;
  for (size_t i = 0; i < n; i++)
    ranges_draw(rows + i * w->model.n_features, draw_kind(kinds, state), w, state);
}

/* Those that another row of their batch spoilt are worth a ciphertext of their own. */
static void repeat_spoilt(ranges_count *count, const double *outputs, const uint8_t *marks,
                          const double *rows, size_t n_rows, const world *w) {
  size_t n = w->model.n_features, n_out = w->plan.interface.n_outputs;
  bool can_repeat = w->plan.interface.layout[PLAN_LATENCY].available;
  for (size_t i = 0; i < n_rows; i++) {
    if (!can_repeat || marks[i] != CLIENT_MARK_SPOILT) {
      ranges_judge(count, outputs + i * n_out, marks + i, rows + i * n, 1, false, w);
      continue;
    }
    double again[16];
    uint8_t mark;
    ranges_send(again, &mark, rows + i * n, 1, PLAN_LATENCY, false, w);
    ranges_judge(count, again, &mark, rows + i * n, 1, false, w);
  }
}

static void run_batch(ranges_count *count, const double *rows, size_t n_rows,
                      client_rows_policy policy, plan_packing packing, const world *w) {
  const plan_interface *interface = &w->plan.interface;
  client_rows sorted;
  double *outputs = base_alloc_array(n_rows + 1, interface->n_outputs * sizeof *outputs);
  uint8_t *marks = base_alloc(n_rows + 1);
  assert_non_null(outputs);
  assert_non_null(marks);
  assert_ok(client_rows_sort(&sorted, rows, n_rows, policy, interface));
  ranges_send(outputs, marks, sorted.shared_value, sorted.n_shared, packing, false, w);
  repeat_spoilt(count, outputs, marks, sorted.shared_value, sorted.n_shared, w);
  ranges_send(outputs, marks, sorted.alone_value, sorted.n_alone, PLAN_LATENCY, true, w);
  ranges_judge(count, outputs, marks, sorted.alone_value, sorted.n_alone, true, w);
  size_t n_refused = client_rows_count(&sorted, CLIENT_ROWS_REFUSED);
  count->refused += n_refused;
  count->rows += n_refused;
  client_rows_clear(&sorted);
  base_free(outputs);
  base_free(marks);
}

/* Throughput mostly: many rows cost as much as one. */
static void run_rows(ranges_count *count, size_t n_rows, const world *w, uint64_t *state) {
  static double rows[MOST_BATCH * NETWORKS_MOST_FEATURES];
  const plan_layout *layout = w->plan.interface.layout;
  while (count->rows < n_rows) {
    bool batch = layout[PLAN_THROUGHPUT].available &&
                 (!layout[PLAN_LATENCY].available || test_random(state) % 3 != 0);
    size_t n = 1 + test_random(state) % (batch ? MOST_BATCH : MOST_SINGLE);
    n = n < n_rows - count->rows ? n : n_rows - count->rows;
    draw_batch(rows, n, w, state);
    run_batch(count, rows, n, (client_rows_policy)(test_random(state) % 3),
              batch ? PLAN_THROUGHPUT : PLAN_LATENCY, w);
  }
}

static ranges_count run_contract(const networks_net *net, compile_contract contract, size_t n_rows,
                                 uint64_t *state) {
  world w;
  ranges_count count = {0};
  memset(&w, 0, sizeof w);
  compile_options options = test_options(1e-4, 10);
  options.contract = contract;
  assert_ok(networks_build(&w.model, net, state));
  world_start(&w, &options);
  const plan_layout *layout = w.plan.interface.layout;
  double foretold = fmax(w.plan.unlike_error[PLAN_LATENCY], w.plan.unlike_error[PLAN_THROUGHPUT]);
  run_rows(&count, n_rows, &w, state);
  print_message("| %s | %s | %s%s | %zu | %zu | %zu | %zu | %zu | %.1e | %.1e |\n", net->name,
                w.plan.interface.contract == PLAN_CERTIFIED ? "certified" : "guarded",
                layout[PLAN_LATENCY].available ? "l" : "",
                layout[PLAN_THROUGHPUT].available ? "t" : "", count.rows, count.right, count.marked,
                count.refused, count.wrong, count.largest, foretold);
  /* What compile says of rows unlike those of calibration is true of these, which are. */
  assert_true(count.largest <= fmax(3.0 * foretold, 3e-4));
  world_clear(&w);
  return count;
}

static void test_table(void **unused) {
  (void)unused;
  uint64_t state = 1010;
  ranges_count all = {0};
  size_t n_rows = rows_asked();
  const char *only = getenv("RANGES_ONLY"); /* a part of a name, to look closer at it */
  for (int i = 0; i < NETWORKS_N; i++) {
    if (only != NULL && strstr(networks_all[i].name, only) == NULL)
      continue;
    for (int guarded = 0; guarded < 2; guarded++) {
      ranges_count count =
          run_contract(&networks_all[i], guarded ? COMPILE_CONTRACT_GUARDED : COMPILE_CONTRACT_AUTO,
                       (n_rows + 1) / 2, &state);
      assert_int_equal(count.wrong, 0);
      all.rows += count.rows;
      all.right += count.right;
      all.marked += count.marked;
      all.refused += count.refused;
    }
  }
  print_message("| %d networks | | | %zu | %zu | %zu | %zu | 0 | | |\n", NETWORKS_N, all.rows,
                all.right, all.marked, all.refused);
  assert_true(all.right > all.rows / 4 && all.refused > all.rows / 20 && all.marked > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_table)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
