/* SPDX-License-Identifier: Apache-2.0 */
#include "trees/cells.h"

#include <string.h>

#define WORD 64

size_t trees_cells_words(const encoding_feature *f) {
  return (trees_cells_all(f) + WORD - 1) / WORD;
}

void trees_cells_fill(uint64_t *cell, const encoding_feature *f) {
  memset(cell, 0xff, trees_cells_words(f) * sizeof *cell);
}

size_t trees_cells_present(const encoding_feature *f) {
  return f->n_values + (f->kind == ENCODING_BINS);
}

size_t trees_cells_all(const encoding_feature *f) {
  return trees_cells_present(f) + f->missing;
}

bool trees_cells_has(const uint64_t *cell, size_t i) {
  return (cell[i / WORD] >> (i % WORD) & 1) != 0;
}

/* Takes cells from `begin` to below `end` away. */
static void remove_cells(uint64_t *cell, size_t begin, size_t end) {
  for (size_t i = begin; i < end;) {
    size_t here = i % WORD, n = WORD - here < end - i ? WORD - here : end - i;
    uint64_t ones = n == WORD ? UINT64_MAX : ((uint64_t)1 << n) - 1;
    cell[i / WORD] &= ~(ones << here);
    i += n;
  }
}

size_t trees_cells_count(const uint64_t *cell, size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++)
    count += trees_cells_has(cell, i);
  return count;
}

static size_t find_edge(const encoding_feature *f, double edge) {
  size_t low = 0, high = f->n_values;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (f->edge[middle] < edge)
      low = middle + 1;
    else
      high = middle;
  }
  BASE_ASSERT(low < f->n_values && f->edge[low] == edge);
  return low;
}

static double edge_of(const trees_ensemble *e, const trees_node *node, size_t k) {
  return k == 0 ? node->edge : e->more[node->more + k - 1];
}

/* Every other stretch between edges goes right, from the second on. */
static void narrow_bins(uint64_t *cell, const trees_ensemble *e, const encoding_feature *f,
                        const trees_node *node, bool right) {
  size_t begin = 0, n_edges = node->constant ? 0 : (size_t)node->n_more + 1;
  bool there = false;
  for (size_t k = 0; k < n_edges; k++, there = !there) {
    size_t end = find_edge(f, edge_of(e, node, k)) + 1;
    if (there != right)
      remove_cells(cell, begin, end);
    begin = end;
  }
  if (there != right)
    remove_cells(cell, begin, trees_cells_present(f));
}

static void narrow_categories(uint64_t *cell, const trees_ensemble *e, const encoding_feature *f,
                              const trees_node *node, bool right) {
  size_t begin = 0, n_edges = node->constant ? 0 : (size_t)node->n_more + 1;
  for (size_t k = 0; k < n_edges; k++) {
    size_t category = (size_t)edge_of(e, node, k);
    if (right)
      remove_cells(cell, begin, category);
    else
      remove_cells(cell, category, category + 1);
    begin = category + 1;
  }
  if (right)
    remove_cells(cell, begin, f->n_values);
}

void trees_cells_narrow(uint64_t *cell, const encoding_feature *f, const trees_ensemble *e,
                        const trees_node *node, bool right) {
  if (f->kind == ENCODING_CATEGORIES)
    narrow_categories(cell, e, f, node, right);
  else
    narrow_bins(cell, e, f, node, right);
  if (right != node->missing_right)
    remove_cells(cell, trees_cells_present(f), trees_cells_all(f));
}
