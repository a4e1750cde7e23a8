/* SPDX-License-Identifier: Apache-2.0 */
/* For `make prove`: plans, both payloads, of any fields but bounded counts: none, one or two of
 * everything, operations of each kind and of none. The reader is what base/reader.c is proved to
 * be: it gives any value, or has failed; what it gives for a count is this file's. Parameters,
 * encoded features and bootstrapping are stood in for, and whether what was read makes sense
 * (plan_check). */
#include "prove/stand_in.h"

#include "base/bytes.h"
#include "ckks/params_bytes.h"
#include "plan/plan.h"

/* What is read as counts, of one case. */
typedef struct counts {
  size_t keys, features, outputs, gather, vectors, period, registers, inputs, results, ops, terms;
  int kind; /* of all operations */
} counts;
static counts now;
/* One more operation wants a kind more below, and perhaps more words a term. */
#define N_KINDS 12
typedef char all_kinds_are_followed[PLAN_OP_WINDOWS == N_KINDS ? 1 : -1];
static bool in_ops, is_kind, is_text;

/* --- the reader: any value, and it may have failed with each */

static void may_fail(base_reader *reader) {
  if (Frama_C_interval(0, 1))
    reader->failed = true;
}
uint8_t base_reader_u8(base_reader *reader) {
  may_fail(reader);
  is_kind = in_ops && !is_kind;
  return is_kind ? (uint8_t)now.kind : (uint8_t)Frama_C_interval(0, 255);
}
/* Only counts are: of keys, then of terms. */
uint16_t base_reader_u16(base_reader *reader) {
  may_fail(reader);
  return (uint16_t)(in_ops ? now.terms : now.keys);
}
uint32_t base_reader_u32(base_reader *reader) {
  uint32_t value;
  may_fail(reader);
  Frama_C_make_unknown((char *)&value, sizeof value);
  return value;
}
uint64_t base_reader_u64(base_reader *reader) {
  uint64_t value;
  may_fail(reader);
  Frama_C_make_unknown((char *)&value, sizeof value);
  return value;
}
double base_reader_f64(base_reader *reader) {
  double value;
  may_fail(reader);
  Frama_C_make_unknown((char *)&value, sizeof value);
  return value;
}
size_t base_reader_left(const base_reader *reader) {
  size_t left;
  (void)reader;
  Frama_C_make_unknown((char *)&left, sizeof left);
  return left;
}
void base_reader_copy(base_reader *reader, void *out, size_t n_bytes) {
  may_fail(reader);
  Frama_C_make_unknown((char *)out, n_bytes);
}
ckks_status base_reader_text(base_reader *reader, char **out, size_t max_bytes, const char *field) {
  static char text[2];
  (void)max_bytes;
  (void)field;
  may_fail(reader);
  *out = reader->failed ? NULL : text;
  return reader->failed ? CKKS_ERROR_FORMAT : CKKS_OK;
}

/* What takes the place of plan_bytes_size (tests/prove/plan.h): the case's count, or none. */
ckks_status prove_count(size_t *out, size_t limit, const char *field) {
  /* By their first letters: Eva knows no more of strcmp than what it promises. */
  is_text = field[0] == 'f';
  in_ops = in_ops || (field[0] == 'o' && field[1] == 'p');
  is_kind = false;
  switch (field[0]) {
  case 'f':
    *out = now.features;
    break;
  case 'o':
    *out = field[1] == 'u' ? now.outputs : now.ops;
    break;
  case 'g':
    *out = now.gather;
    break;
  case 'v':
    *out = field[6] == '.' ? now.period : now.vectors;
    break;
  case 'r':
    *out = now.registers;
    break;
  default:
    *out = now.inputs;
  }
  return *out > limit || Frama_C_interval(0, 1) ? CKKS_ERROR_FORMAT : CKKS_OK;
}

/* --- memory: arrays by what they hold, zeroed, with nothing behind them */

#define MOST 4
#define ROOM(type, n)                                                                              \
  do {                                                                                             \
    static type room[MOST];                                                                        \
    memset(room, 0, sizeof room);                                                                  \
    return room + MOST - (n);                                                                      \
  } while (0)

static void *doubles(size_t n) {
  ROOM(double, n);
}
static void *pointers(size_t n) {
  ROOM(char *, n);
}
/* Three numbers a term and one more: those of windows. */
static void *words(size_t n) {
  static int32_t room[7];
  /*@ assert n <= 7; */
  memset(room, 0, sizeof room);
  return room + 7 - n;
}
static void *key_specs(size_t n) {
  ROOM(ckks_key_spec, n);
}
static void *vectors(size_t n) {
  ROOM(plan_vector, n);
}
static void *operations(size_t n) {
  ROOM(plan_op, n);
}
void *base_alloc_array(size_t n, size_t size) {
  if (Frama_C_interval(0, 1))
    return NULL;
  /*@ assert n <= 7; */
  switch (size) {
  case sizeof(int32_t):
    return words(n);
  case sizeof(double):
    return is_text ? pointers(n) : doubles(n);
  case sizeof(ckks_key_spec):
    return key_specs(n);
  case sizeof(plan_op):
    return operations(n);
  default:
    /*@ assert size == sizeof(plan_vector); */
    return vectors(n);
  }
}

/* --- what is read elsewhere */

ckks_status ckks_params_bytes_read(ckks_params_literal *literal, base_reader *reader) {
  memset(literal, 0, sizeof *literal);
  may_fail(reader);
  literal->log2_n = Frama_C_interval(10, 17);
  literal->n_q = 3;
  literal->n_p = Frama_C_interval(0, 8);
  for (int i = 0; i < 3; i++)
    literal->q[i] = base_reader_u64(reader);
  return reader->failed ? CKKS_ERROR_FORMAT : CKKS_OK;
}
ckks_status encoding_input_read(encoding_input *input, base_reader *reader, size_t n_features) {
  static encoding_feature feature[MOST];
  (void)n_features;
  may_fail(reader);
  input->feature = feature;
  input->n_inputs = (size_t)Frama_C_interval(1, 65536);
  return reader->failed ? CKKS_ERROR_FORMAT : CKKS_OK;
}
ckks_status plan_bootstrap_check(const plan_interface *interface) {
  (void)interface;
  return Frama_C_interval(0, 1) ? CKKS_OK : CKKS_ERROR_FORMAT;
}
/* --- what is not proved here: that a plan which was read makes sense, and its end */

ckks_status plan_check(const plan_plan *plan) {
  (void)plan;
  return Frama_C_interval(0, 1) ? CKKS_OK : CKKS_ERROR_FORMAT;
}
void plan_clear(plan_plan *plan) {
  (void)plan;
}
void plan_interface_clear(plan_interface *interface) {
  (void)interface;
}

static void read_one(const counts *c) {
  static plan_plan plan;
  base_reader reader = {.bytes = NULL};
  now = *c;
  in_ops = is_kind = is_text = false;
  if (plan_bytes_read(&plan, &reader) == CKKS_OK)
    plan_clear(&plan);
}

int main(void) {
  /*@ loop unroll 3; */
  for (int size = 0; size < 3; size++)
    /*@ loop unroll 14; */
    for (int kind = 0; kind < N_KINDS + 2; kind++) {
      const size_t n = (size_t)size;
      const counts c = {.keys = n,
                        .features = n,
                        .outputs = n,
                        .gather = n,
                        .vectors = n,
                        .period = n == 0 ? 1 : 2 * n,
                        .registers = 2 * n,
                        .inputs = n,
                        .ops = n,
                        .terms = n,
                        .kind = kind > N_KINDS ? 255 : kind};
      read_one(&c);
    }
  return 0;
}
