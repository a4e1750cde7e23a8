/* SPDX-License-Identifier: Apache-2.0 */
/* A plan from a stranger's file: each thing that a program may not say, said once, is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/file.h"
#include "heap.h"
#include "plan/files.h"
#include "plan/plan.h"

#include <math.h>
#include <string.h>

#define SLOTS 512
#define SCALE 0x1p36
#define FACTOR 0x1p30

static const uint64_t primes[] = {35184372060161, 68719464449, 68719446017, 68719423489};

static plan_op *add_op(plan_program *program, plan_op_kind kind, int out, int a, int index,
                       int level) {
  plan_op *op = &program->op[program->n_ops++];
  *op = (plan_op){.kind = kind, .out = out, .a = a, .index = index, .level = level};
  return op;
}

static void set_terms(plan_op *op, int n_terms, int words, const int32_t *terms) {
  op->n_terms = n_terms;
  op->term = base_alloc_array((size_t)(words * n_terms), sizeof *op->term);
  memcpy(op->term, terms, (size_t)(words * n_terms) * sizeof *terms);
}

static void add_vector(plan_plan *plan, size_t period) {
  plan_vector *vector = &plan->vector[plan->n_vectors++];
  vector->period = period;
  vector->value = base_alloc_array(period, sizeof(double));
  for (size_t i = 0; i < period; i++)
    vector->value[i] = 0.5 + (double)i;
}

/* Where the operations of the program stand. */
enum { TIMES, PLUS, ROTATE, DIAGONALS, DENSE, N_OPS };

/* One input of level 3; each operation once, from one register to the next. */
static void build_plan(plan_plan *plan) {
  memset(plan, 0, sizeof *plan);
  plan_interface *interface = &plan->interface;
  interface->literal =
      (ckks_params_literal){.log2_n = 10, .n_q = 4, .n_p = 1, .q_bits = {45, 36, 36, 36}};
  memcpy(interface->literal.q, primes, sizeof primes);
  interface->n_outputs = 0;
  plan->vector = base_alloc_array(8, sizeof *plan->vector);
  add_vector(plan, 256);
  add_vector(plan, 1);
  add_vector(plan, 2);
  plan_program *program = &plan->program[PLAN_LATENCY];
  program->n_inputs = 1;
  program->n_registers = 5;
  program->n_outputs = 1;
  program->output = base_alloc(sizeof(int));
  program->output[0] = 4;
  program->op = base_alloc_array(N_OPS, sizeof *program->op);
  add_op(program, PLAN_OP_MUL_VECTOR, 1, 0, 0, 2);
  add_op(program, PLAN_OP_ADD_VECTOR, 1, 1, 1, 2);
  set_terms(add_op(program, PLAN_OP_ROTATE_SUM, 2, 1, 1, 2), 1, 1, (int32_t[]){SLOTS - 1});
  set_terms(add_op(program, PLAN_OP_DIAGONALS, 3, 2, 0, 1), 2, 2,
            (int32_t[]){0, SLOTS - 1, SLOTS - 1, 0});
  set_terms(add_op(program, PLAN_OP_DENSE, 4, 0, 2, 0), 2, 1, (int32_t[]){3, 3});
  double scale = SCALE;
  for (int i = 0; i < program->n_ops; i++) {
    plan_op *op = &program->op[i];
    if (op->kind == PLAN_OP_MUL_VECTOR || op->kind == PLAN_OP_DIAGONALS ||
        op->kind == PLAN_OP_DENSE) {
      op->factor = FACTOR;
      scale = scale * FACTOR / (double)primes[op->level + 1];
    }
    op->scale = scale;
  }
  interface->layout[PLAN_LATENCY] = (plan_layout){.available = true,
                                                  .input_level = 3,
                                                  .input_scale = SCALE,
                                                  .output_scale = scale,
                                                  .stride = 1,
                                                  .padded = 1,
                                                  .fold = 1,
                                                  .period = 1};
}

static plan_op *op_of(plan_plan *plan, int at) {
  return &plan->program[PLAN_LATENCY].op[at];
}

typedef void lie(plan_plan *plan);
#define LIE(name, statement)                                                                       \
  static void name(plan_plan *plan) {                                                              \
    statement;                                                                                     \
  }
LIE(step_beyond, op_of(plan, ROTATE)->term[0] = SLOTS)
LIE(step_below, op_of(plan, ROTATE)->term[0] = -1)
LIE(baby_beyond, op_of(plan, DIAGONALS)->term[2] = SLOTS)
LIE(giant_beyond, op_of(plan, DIAGONALS)->term[1] = SLOTS)
LIE(vectors_beyond, op_of(plan, DIAGONALS)->index = 2)
LIE(vector_beyond, op_of(plan, TIMES)->index = 3)
LIE(vector_below, op_of(plan, TIMES)->index = -1)
LIE(over_itself, op_of(plan, DIAGONALS)->out = 2; op_of(plan, DENSE)->term[0] = 2;
    op_of(plan, DENSE)->term[1] = 2)
LIE(register_beyond, op_of(plan, TIMES)->out = 5)
LIE(operand_beyond, op_of(plan, TIMES)->a = 5)
LIE(operand_unset, op_of(plan, TIMES)->a = 2)
LIE(level_above, op_of(plan, TIMES)->level = 3)
LIE(level_below, op_of(plan, TIMES)->level = -1)
LIE(kept_level, op_of(plan, PLUS)->level = 1)
LIE(other_scale, op_of(plan, TIMES)->scale *= 1.01)
LIE(other_factor, op_of(plan, DENSE)->factor *= 1.01)
LIE(small_factor, op_of(plan, DENSE)->factor = 0.5)
LIE(sum_of_higher, plan_op *op = op_of(plan, DENSE); op->term[0] = op->term[1] = 0;
    op->scale = SCALE * FACTOR / (double)primes[1];
    plan->interface.layout[PLAN_LATENCY].output_scale = op->scale)
LIE(no_such_kind, op_of(plan, PLUS)->kind = (plan_op_kind)77)
LIE(an_empty_sum, op_of(plan, ROTATE)->n_terms = 0)
LIE(weights_missing, op_of(plan, DENSE)->index = 1)
LIE(a_nan, plan->vector[1].value[0] = (double)NAN)
LIE(an_infinity, plan->vector[1].value[0] = (double)INFINITY)
LIE(no_power_of_two, plan->vector[0].period = 255)
LIE(no_period, plan->vector[1].period = 0)
LIE(output_beyond, plan->program[PLAN_LATENCY].output[0] = 5)
LIE(output_above, plan->program[PLAN_LATENCY].output[0] = 3;
    plan->interface.layout[PLAN_LATENCY].output_scale = op_of(plan, DIAGONALS)->scale)
LIE(output_scale, plan->interface.layout[PLAN_LATENCY].output_scale *= 1.01)
LIE(more_inputs, plan->program[PLAN_LATENCY].n_inputs = 2)
LIE(few_registers, plan->program[PLAN_LATENCY].n_registers = 4)
LIE(more_outputs, plan->program[PLAN_LATENCY].n_outputs = 0)

static void lies_are_refused(void **unused) {
  (void)unused;
  static const struct {
    const char *name;
    lie *tell;
  } lies[] = {
#define TOLD(name) {#name, name}
      TOLD(step_beyond),     TOLD(step_below),     TOLD(baby_beyond),     TOLD(giant_beyond),
      TOLD(vectors_beyond),  TOLD(vector_beyond),  TOLD(vector_below),    TOLD(over_itself),
      TOLD(register_beyond), TOLD(operand_beyond), TOLD(operand_unset),   TOLD(level_above),
      TOLD(level_below),     TOLD(kept_level),     TOLD(other_scale),     TOLD(other_factor),
      TOLD(small_factor),    TOLD(no_such_kind),   TOLD(an_empty_sum),    TOLD(weights_missing),
      TOLD(a_nan),           TOLD(an_infinity),    TOLD(no_power_of_two), TOLD(no_period),
      TOLD(output_beyond),   TOLD(output_above),   TOLD(output_scale),    TOLD(more_inputs),
      TOLD(few_registers),   TOLD(more_outputs),   TOLD(sum_of_higher),
  };
  plan_plan plan;
  build_plan(&plan);
  assert_int_equal(plan_check(&plan), CKKS_OK);
  plan_clear(&plan);
  for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
    build_plan(&plan);
    lies[i].tell(&plan);
    ckks_status status = plan_check(&plan);
    if (status != CKKS_ERROR_FORMAT)
      fail_msg("%s: %s", lies[i].name, ckks_status_name(status));
    plan_clear(&plan);
  }
}

/* One more term than there are weights would read beyond them. */
static void a_dense_sum_has_its_weights(void **unused) {
  (void)unused;
  plan_plan plan;
  build_plan(&plan);
  plan_op *op = op_of(&plan, DENSE);
  base_free(op->term);
  set_terms(op, 3, 1, (int32_t[]){3, 3, 3});
  assert_int_equal(plan_check(&plan), CKKS_ERROR_FORMAT);
  plan_clear(&plan);
}

static void polynomials_of_slots_have_powers(void **unused) {
  (void)unused;
  static const struct {
    int32_t term[2];
    ckks_status expected;
  } cases[] = {{{0, 2}, CKKS_OK},
               {{0, 1}, CKKS_ERROR_FORMAT},
               {{2, 2}, CKKS_ERROR_FORMAT},
               {{-1, 2}, CKKS_ERROR_FORMAT},
               {{0, 4}, CKKS_OK},
               {{0, 8}, CKKS_ERROR_FORMAT}, /* deeper than there are levels */
               {{0, ENCODING_MAX_DEGREE + 1}, CKKS_ERROR_FORMAT}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    plan_plan plan;
    build_plan(&plan);
    plan_program *program = &plan.program[PLAN_LATENCY];
    for (int k = 0; k < program->n_ops; k++)
      base_free(program->op[k].term);
    program->n_ops = 0;
    plan_op *op = add_op(program, PLAN_OP_SLOT_POLYNOMIALS, 4, 0, 0, 0);
    set_terms(op, 2, 1, cases[i].term);
    op->scale = plan.interface.layout[PLAN_LATENCY].output_scale;
    assert_int_equal(plan_check(&plan), cases[i].expected);
    plan_clear(&plan);
  }
}

/* Its vectors are the model. */
static void clearing_wipes_the_model(void **unused) {
  (void)unused;
  plan_plan plan;
  test_heap heap;
  build_plan(&plan);
  test_heap_begin(&heap);
  plan_clear(&plan);
  test_heap_end();
  for (size_t i = 0; i < heap.n_unwiped; i++)
    assert_true(heap.unwiped_bytes[i] < 256 * sizeof(double));
}

/* What --packing auto takes: the headers of commands say from how many rows on. */
static void batches_begin_above_64_rows(void **unused) {
  (void)unused;
  plan_interface interface = {.n_features = 1, .literal = {.log2_n = 13}};
  interface.layout[PLAN_LATENCY].available = true;
  interface.layout[PLAN_THROUGHPUT].available = true;
  assert_int_equal(plan_pack_choose(&interface, 1), PLAN_LATENCY);
  assert_int_equal(plan_pack_choose(&interface, 64), PLAN_LATENCY);
  assert_int_equal(plan_pack_choose(&interface, 65), PLAN_THROUGHPUT);
  interface.layout[PLAN_THROUGHPUT].available = false;
  assert_int_equal(plan_pack_choose(&interface, 65), PLAN_LATENCY);
  interface.layout[PLAN_THROUGHPUT].available = true;
  interface.layout[PLAN_LATENCY].available = false;
  assert_int_equal(plan_pack_choose(&interface, 1), PLAN_THROUGHPUT);
}

/* A batch of a model of many bits is large: it must not cost more than its rows one by one. */
static void batches_must_pay(void **unused) {
  (void)unused;
  plan_interface interface = {.n_features = 1, .literal = {.log2_n = 13}};
  interface.layout[PLAN_LATENCY].available = interface.layout[PLAN_THROUGHPUT].available = true;
  interface.cost[PLAN_LATENCY] = (plan_cost){.input_bytes = 10, .predicted_ms = 1.0};
  interface.cost[PLAN_THROUGHPUT] = (plan_cost){.input_bytes = 5000, .predicted_ms = 100.0};
  assert_int_equal(plan_pack_choose(&interface, 499), PLAN_LATENCY);
  assert_int_equal(plan_pack_choose(&interface, 500), PLAN_THROUGHPUT);
  assert_int_equal(plan_pack_choose(&interface, 4096), PLAN_THROUGHPUT);
  interface.cost[PLAN_THROUGHPUT].predicted_ms = 1000.0;
  assert_int_equal(plan_pack_choose(&interface, 999), PLAN_LATENCY);
  assert_int_equal(plan_pack_choose(&interface, 1000), PLAN_THROUGHPUT);
}

static void values_outside_are_found(void **unused) {
  (void)unused;
  double mean[] = {1, 1, 1}, deviation[] = {2, 2, 2}, low[] = {-5, -5, 2}, high[] = {7, 7, 9};
  double scaled[3], row[] = {-6, (double)INFINITY, (double)NAN};
  plan_interface interface = {
      .n_features = 3, .mean = mean, .deviation = deviation, .low = low, .high = high};
  plan_fault fault;
  assert_true(plan_box_holds((const double[]){7, -5, 2}, &interface, &fault));
  assert_false(plan_box_holds((const double[]){7, 7.1, 2}, &interface, &fault));
  assert_true(fault.feature == 1 && fault.value == 7.1 && fault.limit == 7);
  assert_false(plan_box_holds((const double[]){7, -5.1, 2}, &interface, NULL));
  assert_false(plan_box_holds((const double[]){7, -(double)INFINITY, 2}, &interface, &fault));
  assert_true(fault.limit == -5);
  /* Missing is the mean, which is below the third range. */
  assert_true(plan_box_holds((const double[]){(double)NAN, 1, 3}, &interface, &fault));
  assert_false(plan_box_holds((const double[]){1, 1, (double)NAN}, &interface, &fault));
  assert_true(fault.feature == 2 && isnan(fault.value) && fault.limit == 2);
  assert_int_equal(plan_box_clip(row, &interface), 3);
  assert_true(row[0] == -5 && row[1] == 7 && row[2] == 2);
  assert_true(plan_box_holds(row, &interface, &fault));
  double padding[] = {1, 1, 5};
  interface.padding = padding;
  assert_true(plan_box_padding(&interface, 0) == 0 && plan_box_padding(&interface, 2) == 2);
  assert_true(plan_box_reach(&interface) == 4);
  plan_pack_scale(scaled, (const double[]){7, 1, (double)NAN}, &interface);
  assert_true(scaled[0] == 3 && scaled[1] == 0 && scaled[2] == 0);
  /* A row that must be complete, and is not. */
  interface.meaning.complete = true;
  assert_false(plan_box_holds((const double[]){(double)NAN, 1, 3}, &interface, &fault));
  assert_true(fault.feature == 0 && isnan(fault.limit));
}

/* Of categories only their numbers, unmoved; missing where the model has a bit for it. */
static void categories_are_numbers_of_theirs(void **unused) {
  (void)unused;
  double mean[] = {7.5, 7.5}, deviation[] = {1, 1}, low[] = {0, -1e300}, high[] = {2, 1e300};
  encoding_feature feature[] = {{.kind = ENCODING_CATEGORIES, .n_values = 3},
                                {.kind = ENCODING_BINS, .n_values = 0}};
  plan_interface interface = {.n_features = 2,
                              .mean = mean,
                              .deviation = deviation,
                              .low = low,
                              .high = high,
                              .input = {.n_features = 2, .n_inputs = 3, .feature = feature}};
  const double none[] = {-1, 0.5, 1.0000001, 3, (double)INFINITY, -(double)INFINITY};
  plan_fault fault;
  for (double x = 0; x < 3; x++)
    assert_true(plan_box_holds((double[]){x, (double)NAN}, &interface, &fault));
  for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
    double row[] = {none[i], 1};
    assert_false(plan_box_holds(row, &interface, &fault));
    assert_true(fault.feature == 0 && fault.value == none[i] && !isnan(fault.limit));
    assert_int_equal(plan_box_clip(row, &interface), 0);
    assert_true(row[0] == none[i]);
  }
  double missing[] = {(double)NAN, (double)NAN};
  assert_false(plan_box_holds(missing, &interface, &fault));
  assert_true(fault.feature == 0 && isnan(fault.limit));
  feature[0].missing = true;
  assert_true(plan_box_holds(missing, &interface, &fault));
  assert_int_equal(plan_box_clip(missing, &interface), 0);
  assert_true(isnan(missing[0]) && isnan(missing[1]));
}

/* An interface as it stands in a client file, with one thing in it changed. */
static ckks_status reread(const plan_interface *interface) {
  base_buffer buffer;
  base_reader reader;
  plan_interface again;
  base_buffer_init(&buffer, 1 << 20);
  plan_bytes_write_interface(&buffer, interface);
  assert_int_equal(base_buffer_status(&buffer), CKKS_OK);
  base_reader_init(&reader, buffer.bytes, buffer.n_bytes);
  ckks_status status = plan_bytes_read_interface(&again, &reader);
  if (status == CKKS_OK)
    plan_interface_clear(&again);
  base_buffer_clear(&buffer);
  return status;
}

static void interfaces_are_checked(void **unused) {
  (void)unused;
  plan_interface interface;
  uint8_t *bytes;
  size_t n_bytes;
  assert_int_equal(base_file_read(&bytes, &n_bytes, "tests/golden/plan.client", 1 << 20), CKKS_OK);
  assert_int_equal(plan_files_client_parse(&interface, bytes, n_bytes, "plan.client"), CKKS_OK);
  assert_true(interface.n_keys >= 2 && interface.n_gather == 0);
  assert_int_equal(reread(&interface), CKKS_OK);
  uint32_t galois = interface.key[1].galois;
  interface.key[1].galois = interface.key[0].galois;
  assert_int_equal(reread(&interface), CKKS_ERROR_FORMAT);
  interface.key[1].galois = galois;

  interface.n_gather = interface.layout[PLAN_LATENCY].padded;
  interface.gather = base_alloc_array(interface.n_gather, sizeof *interface.gather);
  assert_int_equal(reread(&interface), CKKS_OK);
  interface.gather[0] = PLAN_NO_FEATURE;
  assert_int_equal(reread(&interface), CKKS_OK);
  interface.gather[0] = (uint32_t)interface.n_features;
  assert_int_equal(reread(&interface), CKKS_ERROR_FORMAT);
  plan_interface_clear(&interface);
  base_free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(interfaces_are_checked),
      cmocka_unit_test(lies_are_refused),
      cmocka_unit_test(a_dense_sum_has_its_weights),
      cmocka_unit_test(polynomials_of_slots_have_powers),
      cmocka_unit_test(clearing_wipes_the_model),
      cmocka_unit_test(batches_begin_above_64_rows),
      cmocka_unit_test(batches_must_pay),
      cmocka_unit_test(values_outside_are_found),
      cmocka_unit_test(categories_are_numbers_of_theirs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
