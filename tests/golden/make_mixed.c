/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Writes the golden files of a model whose units have different activations into the folder
 * named by its argument, and bad ones. Made once, as those of make_plan, and kept.
 */
#include "base/alloc.h"
#include "base/digest.h"
#include "compile/compile.h"
#include "golden/plan.h"
#include "golden/save.h"
#include "network/files.h"
#include "plan/files.h"

/*
 * Where the payload names the last unit's activation: behind widths, name, three features, the
 * input's range, two labels, and a list of three polynomials of degree 3, 1 and 2.
 */
#define LAST_UNIT (16 + 7 + 3 * 20 + 8 + 2 * 3 + 8 + (12 + 32) + (12 + 16) + (12 + 24) + 5)

/* As it is, and with a unit whose activation is not there. */
static void save_models(const network_model *model) {
  uint8_t *bytes = NULL;
  size_t n_bytes = 0;
  check(network_files_bytes(&bytes, &n_bytes, model));
  save("mixed.model", bytes, n_bytes);
  bytes[BASE_FRAME_HEADER_BYTES + LAST_UNIT] = 3;
  base_digest(bytes + n_bytes - BASE_DIGEST_BYTES, bytes, n_bytes - BASE_DIGEST_BYTES);
  save("bad_model_units.bin", bytes, n_bytes);
  base_free(bytes);
}

static void save_server(const char *name, plan_plan *plan) {
  uint8_t *bytes = NULL;
  size_t n_bytes = 0;
  check(plan_bytes_identify(plan));
  check(plan_files_server_bytes(&bytes, &n_bytes, plan));
  save(name, bytes, n_bytes);
  base_free(bytes);
}

int main(int argc, char **argv) {
  network_model model;
  plan_plan plan;
  compile_options options;
  if (argc != 2)
    return 2;
  folder = argv[1];
  check(golden_mixed_model(&model));
  compile_options_default(&options);
  options.error = GOLDEN_PLAN_ERROR;
  check(compile_model(&plan, &model, &options));
  save_models(&model);
  save_server("mixed.server", &plan);
  /* Powers out of order. */
  plan_op *op = plan.program[PLAN_LATENCY].op;
  while (op->kind != PLAN_OP_SLOT_POLYNOMIALS)
    op++;
  op->term[1] = op->term[0];
  save_server("bad_server_powers.bin", &plan);
  plan_clear(&plan);
  network_clear(&model);
  return 0;
}
