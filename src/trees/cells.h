/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Sets of cells of one feature, as bits: what a way from the root leaves of it. Cells are the bins
 * of its edges (cell i lies above i of them) or its categories, and behind them one for missing
 * values, where an input says so.
 */
#ifndef TREES_CELLS_H
#define TREES_CELLS_H
#include "trees/ensemble.h"

size_t trees_cells_present(const encoding_feature *feature); /**< cells of values that are there */
size_t trees_cells_all(const encoding_feature *feature);     /**< and the one of those missing */
size_t trees_cells_words(const encoding_feature *feature);   /**< words that hold them */
/** The set of all cells; bits behind the last are set too. */
void trees_cells_fill(uint64_t *cell, const encoding_feature *feature);
bool trees_cells_has(const uint64_t *cell, size_t i);
/** Cells of the first n that are there. */
size_t trees_cells_count(const uint64_t *cell, size_t n);
/** Takes away what does not go to that side of a split, whose edges are all the feature's. */
void trees_cells_narrow(uint64_t *cell, const encoding_feature *feature,
                        const trees_ensemble *ensemble, const trees_node *node, bool right);
#endif
