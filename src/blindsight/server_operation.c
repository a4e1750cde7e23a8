/* SPDX-License-Identifier: Apache-2.0 */
/* A program in words, for its owner. */
#include <stdio.h>

#include "blindsight/objects.h"
#include "compile/account.h"

static void describe(char text[BLINDSIGHT_TEXT_BYTES], const plan_op *op) {
  switch (op->kind) {
  case PLAN_OP_MUL_VECTOR:
    snprintf(text, BLINDSIGHT_TEXT_BYTES, "weights times value");
    break;
  case PLAN_OP_ADD_VECTOR:
    snprintf(text, BLINDSIGHT_TEXT_BYTES, "bias");
    break;
  case PLAN_OP_ROTATE_SUM:
    if (op->n_terms == 1)
      snprintf(text, BLINDSIGHT_TEXT_BYTES, "a rotation added");
    else
      snprintf(text, BLINDSIGHT_TEXT_BYTES, "sum of %d rotations", compile_account_steps(op, 1, 0));
    break;
  case PLAN_OP_MUL_SUM:
    snprintf(text, BLINDSIGHT_TEXT_BYTES, "product of ciphertexts (%d), relinearised", op->n_terms);
    break;
  case PLAN_OP_DIAGONALS:
    snprintf(text, BLINDSIGHT_TEXT_BYTES, "matrix of %d diagonals: %d baby and %d giant steps",
             op->n_terms, compile_account_steps(op, 2, 0), compile_account_steps(op, 2, 1));
    break;
  case PLAN_OP_WINDOWS:
    snprintf(text, BLINDSIGHT_TEXT_BYTES, "windows of %d diagonals: %d columns, %d rows, %d giants",
             op->n_terms, compile_account_steps(op, 3, 0) + 1, compile_account_steps(op, 3, 1) + 1,
             compile_account_steps(op, 3, 2) + 1);
    break;
  case PLAN_OP_POLYNOMIAL:
  case PLAN_OP_CHEBYSHEV:
    snprintf(text, BLINDSIGHT_TEXT_BYTES, "polynomial");
    break;
  case PLAN_OP_DENSE:
    snprintf(text, BLINDSIGHT_TEXT_BYTES, "sum of %d ciphertexts times weights", op->n_terms);
    break;
  case PLAN_OP_SLOT_POLYNOMIALS:
  case PLAN_OP_SLOT_CHEBYSHEV:
    snprintf(text, BLINDSIGHT_TEXT_BYTES, "polynomials, one for each slot");
    break;
  case PLAN_OP_BOOTSTRAP:
    snprintf(text, BLINDSIGHT_TEXT_BYTES, "bootstrapping");
    break;
  }
}

bool blindsight_server_operation(char text[BLINDSIGHT_TEXT_BYTES], int *level,
                                 const blindsight_server *server, blindsight_packing packing,
                                 size_t i) {
  if (text != NULL)
    text[0] = '\0';
  if (level != NULL)
    *level = 0;
  if (text == NULL || level == NULL || server == NULL || (unsigned)packing >= BLINDSIGHT_N_PACKINGS)
    return false;
  const plan_program *program = &server->plan.program[packing];
  if (i >= (size_t)program->n_ops)
    return false;
  describe(text, &program->op[i]);
  *level = program->op[i].level;
  return true;
}
