/* SPDX-License-Identifier: Apache-2.0 */
/* Why a model cannot be compiled as asked, and what would help. */
#ifndef COMPILE_REFUSAL_H
#define COMPILE_REFUSAL_H
#include "compile/search.h"

/**
 * After a search that found nothing, fails in one line: what the model needs, what ring degrees
 * allow, what to try: an --error, --log2-n or --security that is named has been tried.
 * CKKS_ERROR_RANGE where the error or the outputs are out of reach, CKKS_ERROR_ARGUMENT where a
 * layer is too wide, CKKS_ERROR_SECURITY where the levels are too many; CKKS_ERROR_MEMORY.
 */
ckks_status compile_refusal(const compile_stages *stages, const compile_options *options,
                            const compile_search_result *search);
#endif
