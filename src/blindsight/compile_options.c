/* SPDX-License-Identifier: Apache-2.0 */
#include "blindsight/objects.h"
#include "compile/compile.h"

void blindsight_compile_options_default(blindsight_compile_options *options, size_t size) {
  compile_options inner;
  compile_options_default(&inner);
  const blindsight_compile_options defaults = {.error = inner.error,
                                               .security = inner.security,
                                               .log2_n = inner.log2_n,
                                               .latency = inner.latency,
                                               .throughput = inner.throughput,
                                               .last_on_server = inner.last_on_server,
                                               .headroom = inner.headroom,
                                               .minimise = inner.minimise,
                                               .weights_bytes = inner.weights_bytes};
  blindsight_options_give(options, size, &defaults, sizeof defaults);
}
