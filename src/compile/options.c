/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/compile.h"

/* AVX2, measured by `blindsight calibrate`: docs/performance.md names the machine. */
const compile_units compile_options_units = {.ntt_butterfly_ns = 0.20,
                                             .mac_word_ns = 0.27,
                                             .mac_far_word_ns = 0.74,
                                             .convert_word_ns = 0.18,
                                             .permute_word_ns = 0.24,
                                             .point_word_ns = 0.15,
                                             .sum_word_ns = 0.16,
                                             .sum_far_word_ns = 0.9,
                                             .point_far_word_ns = 0.68};

void compile_options_default(compile_options *options) {
  *options = (compile_options){.security = CKKS_SECURITY_128,
                               .latency = true,
                               .throughput = true,
                               .headroom = 4.0,
                               .units = compile_options_units,
                               .weights_bytes = PLAN_WEIGHTS_BYTES};
}
