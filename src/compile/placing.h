/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMPILE_PLACING_H
#define COMPILE_PLACING_H
#include "compile/stage.h"

/**
 * The same stages for latency packing: inputs repeated, if `windows` (gather.c), and hidden units
 * put in such places (place.c) that sparse maps have few diagonals. Rows of maps are places then;
 * those without a unit are empty. `stages` stays the caller's and must outlive them.
 */
ckks_status compile_placing_build(compile_stages *placed, const compile_stages *stages,
                                  const network_model *model, bool windows);
#endif
