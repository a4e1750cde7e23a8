/* SPDX-License-Identifier: Apache-2.0 */
/* The server file's payload: the interface, then vectors and programs (docs/wire-format.md). */
#include "plan/bytes.h"

#include <string.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "plan/files.h"

#define MAX_PERIOD ((size_t)1 << (CKKS_MAX_LOG2_N - 1))

/* How many numbers each term of an operation takes. */
static int words_of(plan_op_kind kind) {
  if (kind == PLAN_OP_WINDOWS)
    return 3;
  return kind == PLAN_OP_MUL_SUM || kind == PLAN_OP_DIAGONALS ? 2 : 1;
}

/* --- writing */

static void write_program(base_buffer *buffer, const plan_program *program) {
  base_buffer_u32(buffer, (uint32_t)program->n_registers);
  base_buffer_u32(buffer, (uint32_t)program->n_inputs);
  base_buffer_u32(buffer, (uint32_t)program->n_outputs);
  for (int i = 0; i < program->n_outputs; i++)
    base_buffer_u32(buffer, (uint32_t)program->output[i]);
  base_buffer_u32(buffer, (uint32_t)program->n_ops);
  for (int i = 0; i < program->n_ops; i++) {
    const plan_op *op = &program->op[i];
    int words = words_of(op->kind);
    base_buffer_u8(buffer, (uint8_t)op->kind);
    base_buffer_u8(buffer, (uint8_t)op->level);
    base_buffer_u32(buffer, (uint32_t)op->out);
    base_buffer_u32(buffer, (uint32_t)op->a);
    base_buffer_u32(buffer, (uint32_t)op->index);
    base_buffer_f64(buffer, op->scale);
    base_buffer_f64(buffer, op->factor);
    base_buffer_f64(buffer, op->max_abs);
    base_buffer_u16(buffer, (uint16_t)op->n_terms);
    for (int t = 0; t < words * op->n_terms; t++)
      base_buffer_u32(buffer, (uint32_t)op->term[t]);
  }
}

void plan_bytes_write(base_buffer *buffer, const plan_plan *plan) {
  plan_bytes_write_interface(buffer, &plan->interface);
  base_buffer_u32(buffer, (uint32_t)plan->n_vectors);
  for (int i = 0; i < plan->n_vectors; i++) {
    base_buffer_u32(buffer, (uint32_t)plan->vector[i].period);
    for (size_t j = 0; j < plan->vector[i].period; j++)
      base_buffer_f64(buffer, plan->vector[i].value[j]);
  }
  for (int i = 0; i < PLAN_N_PACKINGS; i++)
    write_program(buffer, &plan->program[i]);
}

/* --- reading: every count is bounded by its limit and by the bytes that are left */

static ckks_status read_vectors(plan_plan *plan, base_reader *reader) {
  size_t n = 0;
  BASE_TRY(plan_bytes_size(&n, reader, PLAN_MAX_VECTORS, "vectors"));
  if (n * 12 > base_reader_left(reader))
    return plan_bytes_bad("vectors");
  plan->vector = base_alloc_array(n + 1, sizeof *plan->vector);
  if (!plan->vector)
    return base_fail_memory(n * sizeof *plan->vector);
  plan->n_vectors = (int)n;
  for (size_t i = 0; i < n; i++) {
    size_t period = 0;
    BASE_TRY(plan_bytes_size(&period, reader, MAX_PERIOD, "vector.period"));
    if (period * sizeof(double) > base_reader_left(reader))
      return plan_bytes_bad("vector");
    plan->vector[i].value = base_alloc_array(period, sizeof(double));
    if (!plan->vector[i].value)
      return base_fail_memory(period * sizeof(double));
    plan->vector[i].period = period;
    for (size_t j = 0; j < period; j++)
      plan->vector[i].value[j] = base_reader_f64(reader);
  }
  return CKKS_OK;
}

static ckks_status read_op(plan_op *op, base_reader *reader) {
  op->kind = (plan_op_kind)base_reader_u8(reader);
  op->level = base_reader_u8(reader);
  op->out = (int)base_reader_u32(reader);
  op->a = (int)base_reader_u32(reader);
  op->index = (int)base_reader_u32(reader);
  op->scale = base_reader_f64(reader);
  op->factor = base_reader_f64(reader);
  op->max_abs = base_reader_f64(reader);
  int n_terms = base_reader_u16(reader);
  int words = words_of(op->kind);
  if (reader->failed || n_terms > PLAN_MAX_TERMS || op->kind < PLAN_OP_MUL_VECTOR ||
      op->kind > PLAN_OP_WINDOWS || (size_t)(words * n_terms) * 4 > base_reader_left(reader))
    return plan_bytes_bad("operation");
  op->term = base_alloc_array((size_t)(words * n_terms) + 1, sizeof(int32_t));
  if (!op->term)
    return base_fail_memory((size_t)(words * n_terms) * sizeof(int32_t));
  op->n_terms = n_terms;
  for (int t = 0; t < words * n_terms; t++)
    op->term[t] = (int32_t)base_reader_u32(reader);
  return CKKS_OK;
}

static ckks_status read_program(plan_program *program, base_reader *reader) {
  size_t n = 0;
  BASE_TRY(plan_bytes_size(&n, reader, PLAN_MAX_REGISTERS, "registers"));
  program->n_registers = (int)n;
  BASE_TRY(plan_bytes_size(&n, reader, PLAN_MAX_REGISTERS, "inputs"));
  program->n_inputs = (int)n;
  BASE_TRY(plan_bytes_size(&n, reader, ENCODING_MAX_CLASSES, "outputs"));
  program->output = base_alloc_array(n + 1, sizeof(int));
  if (!program->output)
    return base_fail_memory(n * sizeof(int));
  program->n_outputs = (int)n;
  for (size_t i = 0; i < n; i++)
    program->output[i] = (int)base_reader_u32(reader);
  BASE_TRY(plan_bytes_size(&n, reader, PLAN_MAX_OPS, "operations"));
  if (n * 42 > base_reader_left(reader) + 42)
    return plan_bytes_bad("operations");
  program->op = base_alloc_array(n + 1, sizeof *program->op);
  if (!program->op)
    return base_fail_memory(n * sizeof *program->op);
  for (size_t i = 0; i < n; i++) {
    program->n_ops = (int)i + 1;
    BASE_TRY(read_op(&program->op[i], reader));
  }
  return CKKS_OK;
}

ckks_status plan_bytes_read(plan_plan *plan, base_reader *reader) {
  memset(plan, 0, sizeof *plan);
  ckks_status status = plan_bytes_read_interface(&plan->interface, reader);
  if (status == CKKS_OK)
    status = read_vectors(plan, reader);
  for (int i = 0; i < PLAN_N_PACKINGS && status == CKKS_OK; i++)
    status = read_program(&plan->program[i], reader);
  if (status == CKKS_OK && (reader->failed || base_reader_left(reader) != 0))
    status = base_fail(CKKS_ERROR_FORMAT, "the plan has %zu bytes too many or is cut short",
                       base_reader_left(reader));
  if (status == CKKS_OK)
    status = plan_check(plan);
  if (status != CKKS_OK)
    plan_clear(plan);
  return status;
}

/* The digest covers the plan with an all-zero id. */
ckks_status plan_bytes_identify(plan_plan *plan) {
  base_buffer buffer;
  base_buffer_init(&buffer, PLAN_FILES_MAX_SERVER_BYTES);
  memset(plan->interface.id, 0, PLAN_ID_BYTES);
  plan_bytes_write(&buffer, plan);
  ckks_status status = base_buffer_status(&buffer);
  if (status == CKKS_OK)
    base_digest(plan->interface.id, buffer.bytes, buffer.n_bytes);
  base_buffer_clear(&buffer);
  return status;
}
