/* SPDX-License-Identifier: Apache-2.0 */
/* Behind which maps values are bootstrapped: a shortest path over the stages. */
#ifndef COMPILE_SCHEDULE_H
#define COMPILE_SCHEDULE_H
#include "compile/cost.h"

/**
 * Sets choice->fresh, whose other fields are there, to what takes least time, operations priced at
 * the levels at which they would stand. *found is false when some part between two places for a
 * bootstrap is deeper than the levels that one gives, or when nothing needs to be bootstrapped.
 * CKKS_ERROR_MEMORY; as compile_lower_latency.
 */
ckks_status compile_schedule_choose(compile_choice *choice, bool *found,
                                    const compile_stages *stages, const compile_chain *chain,
                                    const compile_options *options);
#endif
