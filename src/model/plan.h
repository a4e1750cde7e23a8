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
#ifndef MODEL_PLAN_H
#define MODEL_PLAN_H
#include "base/bytes.h"
#include "ckks/objects.h"
#include "model/model.h"

#define MODEL_MAX_REGISTERS 8192
#define MODEL_MAX_OPS 4096
#define MODEL_MAX_VECTORS 65536
#define MODEL_MAX_TERMS 4096
#define MODEL_MAX_KEYS 512
#define MODEL_ID_BYTES 32
#define MODEL_NO_FEATURE UINT32_MAX
#define MODEL_MAX_GATHER 16384 /**< the slots of N = 2^15 */
#define MODEL_MAX_PLACES 65536 /**< of a hidden layer: four such ciphertexts */

typedef enum model_packing { MODEL_LATENCY = 0, MODEL_THROUGHPUT = 1 } model_packing;
#define MODEL_N_PACKINGS 2

/** Slot j of the whole vector is value[j % period]; period a power of two. */
typedef struct model_vector {
  size_t period;
  double *value;
} model_vector;

typedef enum model_op_kind {
  MODEL_OP_MUL_VECTOR = 1, /**< out = a * vector[index], rescaled */
  MODEL_OP_ADD_VECTOR,     /**< out = a + vector[index] */
  MODEL_OP_ROTATE_SUM, /**< out = reg[index] + sum_i rotation(a, term[i]); one term if index != a */
  MODEL_OP_MUL_SUM, /**< out = sum_i reg[term[2i]] * reg[term[2i+1]], relinearised once, rescaled */
  MODEL_OP_DIAGONALS,  /**< out = sum_i vector[index+i] * rotation(a, term[2i] + term[2i+1]),
                          rescaled;  term = baby, giant; the vector is stored rotated by -giant */
  MODEL_OP_POLYNOMIAL, /**< out = p(a), coefficients vector[index] (period > degree, zero-padded) */
  MODEL_OP_DENSE,      /**< out = sum_i vector[index].value[i] * reg[term[i]], rescaled */
  MODEL_OP_SLOT_POLYNOMIALS /**< out = sum_i vector[index+i] * a^term[i], powers ascending */
} model_op_kind;

/** After an op its out register has this level and this exact scale. */
typedef struct model_op {
  model_op_kind kind;
  int out, a;  /**< registers; a unused by MUL_SUM and DENSE */
  int index;   /**< vector; register of ROTATE_SUM; unused by MUL_SUM */
  int n_terms; /**< length of term as counted in the list above (pairs count once) */
  int32_t *term;
  int level;
  double scale;
  double factor;  /**< scale of the plaintext factor of MUL_VECTOR, DIAGONALS and DENSE, else 0 */
  double max_abs; /**< largest |value| expected; 0 = follows from the operands */
} model_op;

/**
 * How values enter and leave: public, known to the client.
 * LATENCY input: slot j holds place (j / stride) % padded, which is that feature (zero beyond
 * n_features) or, where the interface has a gather, the one named there; one
 * ciphertext; only coefficients that are multiples of `fold` of c0 travel. Output: one
 * ciphertext, slot j holds output index[j % period].
 * THROUGHPUT input: n_features ciphertexts; output: n_outputs ciphertexts; slot = row.
 */
typedef struct model_layout {
  bool available;
  size_t stride, padded, fold;
  int input_level;
  double input_scale;
  size_t period; /**< LATENCY: power of two >= n_outputs; slots >= n_outputs repeat output 0 */
  double output_scale; /**< at level 0 */
  int output_bits;     /**< of each value of a result on the wire: q_0 has as many or more */
} model_layout;

typedef struct model_program {
  int n_registers; /**< inputs are registers 0..n_inputs-1, outputs the last n_outputs named here */
  int n_inputs, n_outputs;
  int *output; /**< register of each output ciphertext */
  int n_ops;
  model_op *op;
  int n_stages;                    /**< 0 = read from a file, which does not say */
  int stage_end[MODEL_MAX_LAYERS]; /**< operations before the end of each stage */
} model_program;

/** What a compiled model costs; times from the calibrated or built-in unit costs. */
typedef struct model_cost {
  /** Per evaluation (model/counts.h); point_words: written or moved by all other passes. */
  uint64_t ntt, mac_words, convert_words, point_words;
  double predicted_ms;
  double predicted_error; /**< of |encrypted - clear| / max(1, |clear|), see docs/math.md */
  int n_switches;         /**< key switches (rotations and relinearisations) */
  size_t input_bytes, output_bytes;
} model_cost;

/** Everything that the client may know. */
typedef struct model_interface {
  uint8_t id[MODEL_ID_BYTES]; /**< digest of the server payload: names the plan */
  ckks_params_literal params; /**< explicit primes */
  model_layout layout[MODEL_N_PACKINGS];
  model_cost cost[MODEL_N_PACKINGS];
  size_t n_keys;
  ckks_key_spec *key; /**< merged, sorted */
  size_t key_bytes;   /**< of the message with one client's evaluation keys */
  char *name;
  size_t n_features, n_outputs;
  char **feature, **label;
  double *mean, *deviation;
  double max_abs_input;  /**< certified range of scaled features; 0 = none known */
  double max_abs_output; /**< what the output modulus holds before the client's polynomial */
  model_polynomial last; /**< the client applies it to every output: public */
  size_t n_gather;       /**< LATENCY: places of the input, or 0 when place i is feature i */
  uint32_t *gather;      /**< feature of each place, MODEL_NO_FEATURE = zero */
  int depth;
} model_interface;

/**
 * A stage of a program, or what stands before and behind them all: what it looks like, and its
 * share of the plan's time and error. A map and the polynomial behind it; of a fused cubic the
 * last product stands in the next stage.
 */
typedef struct model_part {
  int first, end; /**< operations, end excluded */
  size_t n_in, n_out;
  int degree;                  /**< of the polynomial, 1 = none */
  size_t stride;               /**< LATENCY: of its input */
  size_t n_factors, n_weights; /**< plaintext factors: diagonals, used of all; weights */
  int n_hoisted, n_single;     /**< rotations that share a decomposition, and others */
  int n_switches;              /**< key switches: those, and relinearisations */
  int level_in, level_out;
  double ms;              /**< these add up to predicted_ms */
  double error;           /**< the squares of these add up to that of predicted_error */
  size_t plaintext_bytes; /**< of encoded vectors, in the server's memory */
} model_part;

/** The input, the stages, the result. For people: not in files. */
typedef struct model_account {
  int n_parts; /**< 0 = not known */
  model_part part[MODEL_MAX_LAYERS + 2];
} model_account;

typedef struct model_plan {
  model_interface interface;
  int n_vectors;
  model_vector *vector; /**< shared by the programs: the model's secret */
  model_program program[MODEL_N_PACKINGS];
  model_account account[MODEL_N_PACKINGS];
} model_plan;

typedef enum model_minimise {
  MODEL_MINIMISE_BALANCED, /**< time, with a megabyte of keys worth 1 ms, of upload 12 ms */
  MODEL_MINIMISE_LATENCY,
  MODEL_MINIMISE_UPLOAD,
  MODEL_MINIMISE_KEYS
} model_minimise;

/** Bytes of keys, or of a batch, in memory: between them the cost of a word is interpolated. */
#define MODEL_NEAR_BYTES (10 << 20)
#define MODEL_FAR_BYTES (40 << 20)

/** Unit costs of a machine in nanoseconds, one thread (blindsight calibrate). */
typedef struct model_units {
  double ntt_butterfly_ns; /**< times N/2 log2 N */
  double mac_word_ns;      /**< of a key, multiplied and added, where keys are MODEL_NEAR_BYTES */
  double mac_far_word_ns;  /**< the same where they are MODEL_FAR_BYTES */
  double convert_word_ns;  /**< entering a change of basis */
  double permute_word_ns;  /**< moved by an automorphism */
  double point_word_ns;    /**< written by pointwise work */
  double sum_word_ns;      /**< of whole ciphertexts in throughput packing, MODEL_NEAR_BYTES */
  double sum_far_word_ns;  /**< the same where they are MODEL_FAR_BYTES */
} model_units;
extern const model_units model_units_default;

typedef struct model_compile_options {
  double error;             /**< target for predicted_error, default 1e-5 */
  ckks_security security;   /**< default 128 */
  int log2_n;               /**< 0 = choose */
  bool latency, throughput; /**< which packings are wanted; default both */
  bool last_on_server;      /**< evaluate the last polynomial under encryption */
  double headroom;          /**< factor over the calibrated ranges, default 2 */
  model_minimise minimise;
  model_units units;
} model_compile_options;

void model_compile_options_default(model_compile_options *options);
/**
 * Chooses layouts, moduli and N and writes the program(s). CKKS_ERROR_RANGE with
 * the reasons when no parameters reach the error, CKKS_ERROR_ARGUMENT when the
 * model is too wide, CKKS_ERROR_SECURITY when no N is secure enough.
 */
ckks_status model_compile(model_plan *plan, const model_model *model,
                          const model_compile_options *options);
/**
 * Bound of the flooding noise that the evaluator adds to each coefficient of c0 of a result: a
 * part of the rounding to output_bits, which the error asked for has sized. 0 = not rounded.
 */
uint64_t model_plan_flood(const model_layout *layout, const ckks_params_literal *params);
void model_plan_clear(model_plan *plan); /**< wipes the vectors */
void model_interface_clear(model_interface *interface);
ckks_status model_interface_copy(model_interface *out, const model_interface *in);
/** Degree of what a POLYNOMIAL or SLOT_POLYNOMIALS evaluates. */
int model_plan_degree(const model_plan *plan, const model_op *op);
/** Level at which it takes its operand, which may stand above: ceil(log2(degree + 1)) higher. */
int model_plan_top(const model_plan *plan, const model_op *op);
/** Registers, vectors, levels, scales, keys agree; what exec and clear rely on. Names the op. */
ckks_status model_plan_check(const model_plan *plan);

/* --- clear.c: the oracle of exec */
/** Runs a program on slots of doubles: input[i] and output[i] are vectors of N/2 slots. */
ckks_status model_clear_run(double *const *output, const double *const *input,
                            const model_plan *plan, model_packing packing);

/* --- pack.c: rows and slots (client's side of the layouts) */
/** LATENCY: slots (N/2) of one scaled row. */
void model_pack_row(double *slots, size_t n_slots, const double *scaled,
                    const model_interface *interface);
/** THROUGHPUT: slots of feature f for n_rows rows (row-major, scaled); unused slots zero. */
void model_pack_column(double *slots, size_t n_slots, const double *scaled, size_t n_rows,
                       size_t feature, const model_interface *interface);
/** What suits that many rows, of what the model offers. */
model_packing model_pack_choose(const model_interface *interface, size_t n_rows);
/** (x - mean)/deviation; NaN (missing) becomes 0. Returns the number outside the certified range.
 */
size_t model_scale_row(double *scaled, const double *features, const model_interface *interface);

/* --- plan_bytes.c */
/** Payload of a client file and of a server file (the interface, then programs and vectors). */
void model_interface_write(base_buffer *buffer, const model_interface *interface);
ckks_status model_interface_read(model_interface *interface, base_reader *reader);
void model_plan_write(base_buffer *buffer, const model_plan *plan);
/** Bounded, checked (model_plan_check), whole payload consumed. */
ckks_status model_plan_read(model_plan *plan, base_reader *reader);
/** Sets interface.id from the rest. */
ckks_status model_plan_identify(model_plan *plan);
#endif
