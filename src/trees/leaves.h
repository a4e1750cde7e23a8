/* SPDX-License-Identifier: Apache-2.0 */
/**
 * An ensemble as a network: a leaf is where its conditions hold. On one feature they are an
 * interval, and its condition the difference of two bins' bits (x > edge), which is 0 or 1. The sum
 * s of the D conditions of a leaf is D where it is reached and a smaller whole number elsewhere, so
 * s (s - 1) ... (s - D + 1) / D! says which leaf it is, exactly (docs/math.md, "Trees").
 */
#ifndef TREES_LEAVES_H
#define TREES_LEAVES_H
#include "network/network.h"
#include "trees/ensemble.h"

/**
 * The network of an ensemble whose splits' edges are all among the edges of `input`, bit for bit
 * (trees/bins.h makes them so): its first layer says which leaves are reached, its second adds up
 * their values. Leaves with the same conditions are one, and of each tree one leaf is told by the
 * absence of the others. CKKS_ERROR_ARGUMENT when there is no split or leaves are too many.
 */
ckks_status trees_leaves_build(network_model *model, const trees_ensemble *ensemble,
                               const encoding_input *input);
#endif
