/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A compiled model. Every network is affine, polynomial, affine, polynomial ...;
 * a plan is that as a straight-line program over ciphertext registers, for one
 * packing. The same program has three readings: cost (levels, scales, noise,
 * time), clear (vectors of doubles) and exec (ciphertexts, room `exec`).
 *
 * Packings. LATENCY: one sample in one ciphertext, every feature repeated in the
 * pattern that the first affine map wants. THROUGHPUT: one feature per
 * ciphertext, one sample per slot.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H
#include "base/bytes.h"
#include "ckks/objects.h"
#include "encoding/encoding.h"

#define PLAN_MAX_REGISTERS 8192
#define PLAN_MAX_OPS 4096
#define PLAN_MAX_VECTORS 65536
#define PLAN_MAX_TERMS 4096
#define PLAN_MAX_KEYS 512
#define PLAN_ID_BYTES 32
#define PLAN_MAX_STAGES 256
#define PLAN_NO_FEATURE UINT32_MAX
#define PLAN_MAX_GATHER 16384 /**< the slots of N = 2^15 */
#define PLAN_MAX_PLACES 65536 /**< of a hidden layer: four such ciphertexts */

typedef enum plan_packing { PLAN_LATENCY = 0, PLAN_THROUGHPUT = 1 } plan_packing;
#define PLAN_N_PACKINGS 2

/** Slot j of the whole vector is value[j % period]; period a power of two. */
typedef struct plan_vector {
  size_t period;
  double *value;
} plan_vector;

typedef enum plan_op_kind {
  PLAN_OP_MUL_VECTOR = 1, /**< out = a * vector[index], rescaled */
  PLAN_OP_ADD_VECTOR,     /**< out = a + vector[index] */
  PLAN_OP_ROTATE_SUM, /**< out = reg[index] + sum_i rotation(a, term[i]); one term if index != a */
  PLAN_OP_MUL_SUM, /**< out = sum_i reg[term[2i]] * reg[term[2i+1]], relinearised once, rescaled */
  PLAN_OP_DIAGONALS,  /**< out = sum_i vector[index+i] * rotation(a, term[2i] + term[2i+1]),
                          rescaled;  term = baby, giant; the vector is stored rotated by -giant */
  PLAN_OP_POLYNOMIAL, /**< out = p(a), coefficients vector[index] (period > degree, zero-padded) */
  PLAN_OP_DENSE,      /**< out = sum_i vector[index].value[i] * reg[term[i]], rescaled */
  PLAN_OP_SLOT_POLYNOMIALS, /**< out = sum_i vector[index+i] * a^term[i], powers ascending */
  PLAN_OP_CHEBYSHEV,        /**< as POLYNOMIAL, in Chebyshev's basis */
  PLAN_OP_SLOT_CHEBYSHEV,   /**< as SLOT_POLYNOMIALS, with T_term[i](a) */
  PLAN_OP_BOOTSTRAP, /**< out = f/(2 pi) sin(2 pi a/f), f = factor, at the highest level for use: a
                         itself while it is small beside f; of the mean over slots j, j + 2^index,
                         ...; level and scales as plan_bootstrap_check wants them */
  PLAN_OP_WINDOWS    /**< out = sum_i vector[index+i] * rotation(a, term[3i] + term[3i+1] +
                          term[3i+2]), rescaled; term = column, row, giant; the vector is stored
                          rotated by -giant. Rows and giants go step by step (plan_windows). */
} plan_op_kind;

/** After an op its out register has this level and this exact scale. */
typedef struct plan_op {
  plan_op_kind kind;
  int out, a;  /**< registers; a unused by MUL_SUM and DENSE */
  int index;   /**< vector; register of ROTATE_SUM; unused by MUL_SUM */
  int n_terms; /**< length of term as counted in the list above (pairs count once) */
  int32_t *term;
  int level;
  double scale;
  double factor;  /**< scale of the plaintext factor of MUL_VECTOR, DIAGONALS and DENSE; where
                       values fold back of BOOTSTRAP; else 0 */
  double max_abs; /**< largest |value| expected; 0 = follows from the operands */
} plan_op;

/**
 * How values enter and leave: public, known to the client.
 * LATENCY input: slot j holds place (j / stride) % padded, which is that feature (zero beyond
 * n_features) or, where the interface has a gather, the one named there; one
 * ciphertext; only coefficients that are multiples of `fold` of c0 travel. Output: one
 * ciphertext, slot j holds output index[j % period].
 * THROUGHPUT input: n_features ciphertexts; output: n_outputs ciphertexts; slot j holds row
 * j % plan_pack_period; where that is none, plan_box_padding of each feature.
 */
typedef struct plan_layout {
  bool available;
  size_t stride, padded, fold;
  int input_level;
  double input_scale;
  size_t period;       /**< LATENCY: power of two >= n_outputs; slots >= n_outputs hold `empty` */
  size_t canaries;     /**< THROUGHPUT: so many slots of each period hold no row */
  double empty;        /**< LATENCY: what slots without an output hold: 0, or a polynomial's p(0) */
  double canary;       /**< how far a slot without an output may be from that; 0 = not looked at */
  double output_scale; /**< at level 0 */
  int output_bits;     /**< of each value of a result on the wire: q_0 has as many or more */
} plan_layout;

typedef struct plan_program {
  int n_registers; /**< inputs are registers 0..n_inputs-1, outputs the last n_outputs named here */
  int n_inputs, n_outputs;
  int *output; /**< register of each output ciphertext */
  int n_ops;
  plan_op *op;
  int guard; /**< registers from here on hold only what shows that a bootstrap went wrong; 0 = none,
                  or read from a file */
  int n_stages;                   /**< 0 = read from a file, which does not say */
  int stage_end[PLAN_MAX_STAGES]; /**< operations before the end of each stage */
} plan_program;

/**
 * What is promised of values that could leave the range of the modulus (docs/math.md, "Ranges").
 * CERTIFIED: no row inside the box can, that is proved. GUARDED: one that does is seen by what it
 * leaves in the canaries and outside the band, but for a chance of plan_box_miss.
 */
typedef enum plan_contract { PLAN_GUARDED = 0, PLAN_CERTIFIED = 1 } plan_contract;
#define PLAN_MISS_BITS 20 /**< a chance of 2^-20 a row at most */

/** What a compiled model costs; times from the calibrated or built-in unit costs. */
typedef struct plan_cost {
  /** Per evaluation (compile/work.h); point_words: written or moved by all other passes. */
  uint64_t ntt, mac_words, convert_words, point_words;
  double predicted_ms;
  double predicted_error; /**< of |encrypted - clear| / max(1, |clear|), see docs/math.md */
  int n_switches;         /**< key switches (rotations and relinearisations) */
  size_t input_bytes, output_bytes;
  /** What the contract adds to a plan that just assumed its ranges: bits of QP, milliseconds. */
  double contract_bits, contract_ms;
} plan_cost;

/** Everything that the client may know. */
typedef struct plan_interface {
  uint8_t id[PLAN_ID_BYTES];   /**< digest of the server payload: names the plan */
  ckks_params_literal literal; /**< explicit primes */
  ckks_params *params; /**< built from it, owned; NULL in a plan that is being made or read */
  ckks_bootstrap_literal bootstrap; /**< what the parameters were made from; log2_n = 0: nothing is
                                         bootstrapped, and they were not */
  uint32_t n_bootstraps;            /**< in an evaluation */
  plan_layout layout[PLAN_N_PACKINGS];
  plan_cost cost[PLAN_N_PACKINGS];
  size_t n_keys;
  ckks_key_spec *key; /**< merged, sorted */
  size_t key_bytes;   /**< of the message with one client's evaluation keys */
  char *name;
  size_t n_features, n_outputs;
  char **feature, **label;
  double *mean, *deviation;
  encoding_input input; /**< where not all features are scaled; else its feature is NULL */
  plan_contract contract;
  double *low, *high;    /**< the box: what each raw feature may be */
  double *padding;       /**< raw, too: an ordinary row, for slots that have none */
  double max_abs_output; /**< the band: larger outputs, before the client's polynomial, are wrong */
  encoding_polynomial last; /**< the client applies it to every output: public */
  encoding_meaning meaning; /**< what it makes of them then, and what they are */
  size_t n_gather;          /**< LATENCY: places of the input, or 0 when place i is feature i */
  uint32_t *gather;         /**< feature of each place, PLAN_NO_FEATURE = zero */
  int depth;
} plan_interface;

/**
 * A stage of a program, or what stands before and behind them all: what it looks like, and its
 * share of the plan's time and error. A map and the polynomial behind it; of a fused cubic the
 * last product stands in the next stage.
 */
typedef struct plan_part {
  int first, end; /**< operations, end excluded */
  size_t n_in, n_out;
  int degree;                  /**< of the polynomial, 1 = none */
  size_t stride;               /**< LATENCY: of its input */
  size_t n_factors, n_weights; /**< plaintext factors: diagonals, used of all; weights */
  int n_hoisted, n_single;     /**< rotations that share a decomposition, and others */
  int n_switches;              /**< key switches: those, and relinearisations */
  int n_bootstraps;
  int level_in, level_out;
  double ms;              /**< these add up to predicted_ms */
  double error;           /**< the squares of these add up to that of predicted_error */
  size_t plaintext_bytes; /**< of encoded vectors, in the server's memory */
} plan_part;

/** The input, the stages, the result. For people: not in files. */
typedef struct plan_account {
  int n_parts; /**< 0 = not known */
  plan_part *part;
} plan_account;

/** The cheapest plan of the other kind, with bootstraps or without. For people: not in files. */
typedef struct plan_other {
  bool sought, found;
  double ms, key_bytes; /**< of what was found */
  double error;         /**< that could be had where none was found; infinite: none at all */
} plan_other;

typedef struct plan_plan {
  plan_interface interface;
  int n_vectors;
  plan_vector *vector; /**< shared by the programs: the model's secret */
  plan_program program[PLAN_N_PACKINGS];
  plan_account account[PLAN_N_PACKINGS];
  /** Of compiling, not in files: the error that it was made for, 0 = not known; the finer one that
   * is usual, where that left no room for latency packing; packings that were wanted. */
  double error, usual_error;
  /** What rows inside the box that are unlike those of calibration may be off by, about; NaN = not
   * known (compile/foretell.h). Of compiling as well. */
  double unlike_error[PLAN_N_PACKINGS];
  bool left_out[PLAN_N_PACKINGS];
  plan_other other;
} plan_plan;

/**
 * Bound of the flooding noise that the evaluator adds to each coefficient of c0 of a result: a
 * part of the rounding to output_bits, which the error asked for has sized. 0 = not rounded.
 */
#define PLAN_FLOOD_PART 0.1 /**< its variance, as a part of that of the rounding */
uint64_t plan_flood(const plan_layout *layout, const ckks_params_literal *params);
/** What rounding to output_bits divides by, at least 1; 0 = not rounded. */
double plan_flood_step(const plan_layout *layout, const ckks_params_literal *params);
void plan_clear(plan_plan *plan); /**< wipes the vectors */
/** Builds interface->params: primes and security are held against the table. */
ckks_status plan_interface_build(plan_interface *interface);
/** Numbers that a row becomes: as many as features, where all are scaled. */
static inline size_t plan_n_inputs(const plan_interface *interface) {
  return interface->input.feature != NULL ? interface->input.n_inputs : interface->n_features;
}
void plan_interface_clear(plan_interface *interface);
/** Bytes of the message that brings a set of evaluation keys, all of it (client/client.c). */
size_t plan_key_bytes(const ckks_key_spec *keys, size_t n_keys, const ckks_params *params);
/** Levels of a general polynomial: ceil(log2(degree + 1)). */
int plan_polynomial_depth(int degree);
/** Largest power of two below i, i > 1: X^i is made of X^that and the rest (eval/polynomial.c). */
int plan_power(int i);
/** Whether an operation evaluates polynomials, with coefficients of each slot's own, in that basis.
 */
bool plan_is_polynomial(const plan_op *op);
bool plan_is_slots(const plan_op *op);
bool plan_is_chebyshev(const plan_op *op);
/** Degree of what such an operation evaluates. */
int plan_degree(const plan_plan *plan, const plan_op *op);
/** Level at which it takes its operand, which may stand above: ceil(log2(degree + 1)) higher. */
int plan_top(const plan_plan *plan, const plan_op *op);
/**
 * WINDOWS goes from row to row by one rotation again and again (another one where rows are
 * negative, more than half of the slots), and so from giant to giant: two or three keys for all of
 * them.
 */
#define PLAN_MAX_STEPS 512
typedef struct plan_window_steps {
  int32_t up, down, giant;    /**< the greatest common divisor of each, 0: there is none */
  int n_up, n_down, n_giants; /**< how many times at most */
} plan_window_steps;
/** False where that is too many steps, or rows do not ascend. */
bool plan_windows(plan_window_steps *steps, const plan_op *op, int log2_n);
#define PLAN_MAX_ROTATIONS (2 * PLAN_MAX_TERMS + 3)
/** The rotations whose keys an operation needs, each once: at most PLAN_MAX_ROTATIONS. */
size_t plan_windows_rotations(int32_t *rotations, const plan_op *op, int log2_n);
#define PLAN_WEIGHTS_BYTES ((size_t)1 << 30) /**< a ceiling that suits most machines */
/**
 * compact[i] for each operation: a map whose diagonals a server keeps as integers, in a tenth of
 * the memory, and transforms whenever it is applied, so that those of all maps take weights_bytes
 * at most; the largest come first. n: ring degree; n_special: of all special primes.
 */
void plan_compact_choose(bool *compact, const plan_program *program, size_t n, int n_special,
                         size_t weights_bytes);
/** The integers of such a map are those of 1, X^gap, X^(2 gap), ...: its vectors have periods of
 * N / (2 gap) at most. A power of two. */
size_t plan_compact_gap(const plan_plan *plan, const plan_op *op, size_t n);
/* --- bootstrap.c */
static inline bool plan_bootstraps(const plan_interface *interface) {
  return interface->bootstrap.log2_n != 0;
}
/** The literal of bootstrapping, where there is one, is one, and that of the parameters. */
ckks_status plan_bootstrap_check(const plan_interface *interface);
/** Canonical scale of a level of such parameters. */
double plan_bootstrap_scale(const plan_interface *interface, int level);
/**
 * Values up to `range` fill what bootstrapping is made for: where they fold back then (the factor
 * of BOOTSTRAP), and its inverse. Operand and result have the canonical scales of levels n_stc and
 * n_levels, divided by the range.
 */
double plan_bootstrap_fold(const plan_interface *interface, double range);
double plan_bootstrap_range(const plan_interface *interface, double fold);

/** Registers, vectors, levels, scales, keys agree; what exec and clear rely on. Names the op. */
ckks_status plan_check(const plan_plan *plan);

/* --- pack.c: rows and slots (client's side of the layouts) */
/** LATENCY: slots (N/2) of one scaled row. */
void plan_pack_row(double *slots, size_t n_slots, const double *scaled,
                   const plan_interface *interface);
/** Rows that go in one set of ciphertexts: 1, or the slots that are no canaries. (In line, as what
 * follows: `wire` is in libckks, which has no plans.) */
static inline size_t plan_pack_rows(const plan_interface *interface, plan_packing packing) {
  size_t slots = (size_t)1 << (interface->literal.log2_n - 1);
  return packing == PLAN_LATENCY ? 1 : slots - interface->layout[packing].canaries;
}
/**
 * What is counted, everywhere: a prediction is as many numbers as the model has outputs. LATENCY:
 * the predictions that the answer to one row counts for, which carries `period` numbers whatever
 * stands in them: 1 where they are just the outputs.
 */
static inline size_t plan_pack_counted(const plan_interface *interface) {
  size_t period = interface->layout[PLAN_LATENCY].period;
  return (period + interface->n_outputs - 1) / interface->n_outputs;
}
/** THROUGHPUT: rows of batch number `batch`: plan_pack_rows, but for the last. */
static inline size_t plan_pack_batch(const plan_interface *interface, size_t n_rows, size_t batch) {
  size_t most = plan_pack_rows(interface, PLAN_THROUGHPUT), left = n_rows - batch * most;
  return left < most ? left : most;
}
/**
 * THROUGHPUT: with what period the rows of a batch are repeated over the slots, so that outputs
 * stand in twice as many coefficients and no others travel: the power of two that holds them, and
 * the canaries.
 */
static inline size_t plan_pack_period(const plan_interface *interface, size_t n_rows) {
  size_t slots = (size_t)1 << (interface->literal.log2_n - 1), period = 1;
  while (period < n_rows + interface->layout[PLAN_THROUGHPUT].canaries && period < slots)
    period *= 2;
  return period;
}
/** THROUGHPUT: slots of feature f for n_rows rows (row-major, scaled), repeated; between the rows
 * and the period, plan_box_padding. */
void plan_pack_column(double *slots, size_t n_slots, const double *scaled, size_t n_rows,
                      size_t feature, const plan_interface *interface);
/** What suits that many rows, of what the model offers: batches for more than 64, where they send
 * no more and take no longer than the rows one by one. */
plan_packing plan_pack_choose(const plan_interface *interface, size_t n_rows);
/** (x - mean)/deviation; NaN (missing) becomes 0. */
void plan_pack_scale(double *scaled, const double *features, const plan_interface *interface);

/* --- box.c: rows that a plan answers for */
/** What travels of a result is at most the largest value times its scale times this, the root of
 * two (docs/math.md, "Ranges"). */
#define PLAN_BOX_GROWTH 1.4142135623730951
/** A value that is outside the box. */
typedef struct plan_fault {
  size_t feature;
  double value, limit; /**< value NaN: missing, limit NaN: where it must not be */
} plan_fault;
/** Whether all of a raw row is there, where it must be, and inside; else the first value that is
 * not. `fault` may be NULL. */
bool plan_box_holds(const double *features, const plan_interface *interface, plan_fault *fault);
/** Moves what is outside to the limit it passed; infinities, too. Returns how many values moved;
 * what is missing and must not be stays so. */
size_t plan_box_clip(double *features, const plan_interface *interface);
/** Of slots without a row: the scaled value. */
double plan_box_padding(const plan_interface *interface, size_t feature);
/** The largest |scaled value| inside the box. */
double plan_box_reach(const plan_interface *interface);
/** LATENCY: whether the values of a result's slots (a period of them) are believed: outputs in the
 * band, and nothing where nothing should be. */
bool plan_box_believes(const double *values, const plan_interface *interface);
/** THROUGHPUT: whether slots n_rows to `period` of an output, which hold no row, show that the
 * modulus did not hold the batch. They were in the band when it was encrypted. */
bool plan_box_spoilt(const double *values, size_t n_rows, size_t period,
                     const plan_interface *interface);
/** log2 of how many times the band goes into what the base modulus holds of an output. */
double plan_box_guard(const plan_interface *interface, plan_packing packing);
/**
 * GUARDED: log2 of the chance that a row whose values wrapped decodes as one that did not: inside
 * the band, and nothing in the canaries. CERTIFIED: -infinity.
 */
double plan_box_miss(const plan_interface *interface, plan_packing packing);

/* --- bytes_interface.c, bytes.c */
/** Payload of a client file and of a server file (the interface, then programs and vectors). */
void plan_bytes_write_interface(base_buffer *buffer, const plan_interface *interface);
ckks_status plan_bytes_read_interface(plan_interface *interface, base_reader *reader);
void plan_bytes_write(base_buffer *buffer, const plan_plan *plan);
/** Bounded, checked (plan_check), whole payload consumed. */
ckks_status plan_bytes_read(plan_plan *plan, base_reader *reader);
/** Sets interface.id from the rest. */
ckks_status plan_bytes_identify(plan_plan *plan);
#endif
