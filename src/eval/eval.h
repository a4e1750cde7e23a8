/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Everything computable without a secret, inner tier: operands are checked by the
 * public functions (ckks_add, ...) or by a validated plan; here they are asserted.
 *
 * A ciphertext is NTT form, loose, at level l with scale s. "Product state": a
 * product that has not been rescaled yet is simply a ciphertext with a larger
 * scale. Functions that return a status report missing keys (CKKS_ERROR_KEY),
 * constants too large for their modulus (CKKS_ERROR_RANGE) and, where they take
 * spare ciphertexts, CKKS_ERROR_MEMORY. out may alias inputs unless said
 * otherwise, and has room for its level; scratch is the evaluator's.
 */
#ifndef EVAL_EVAL_H
#define EVAL_EVAL_H
#include "base/arena.h"
#include "base/threads.h"
#include "ckks/encode.h"
#include "ckks/objects.h"
#include "ring/sparse.h"

/** Counts of the expensive things, for `bench` and the cost model's tests. */
typedef struct eval_counters {
  uint64_t ntt; /**< transforms, both ways */
  /** of the shorter transforms that weights kept as integers take */
  uint64_t short_butterflies;
  uint64_t mac_words;     /**< words of keys read */
  uint64_t convert_words; /**< words that enter a basis conversion */
  uint64_t permute_words; /**< words moved by automorphisms */
  uint64_t switches;      /**< key switches: one for each key applied */
} eval_counters;

typedef struct eval_tables eval_tables; /* constants of basis conversions, basis.h */

/** Ciphertexts that an evaluator lends to its own functions, taken and given back as a stack. */
#define EVAL_MAX_SPARES 192

struct ckks_evaluator {
  const ckks_params *params;
  const ckks_evaluation_keys *keys; /**< NULL: there are none */
  base_arena arena;                 /**< all scratch; sized at build for the top level */
  eval_counters counters;
  eval_tables *tables;
  struct {
    const void *limb;      /**< of a key, to be read soon */
    const char *next;      /**< what of it is still to come */
    size_t n_bytes, share; /**< how much that is, and how much beside each transform */
  } ahead;
  base_threads *threads;     /**< that share the work of one operation; NULL: none */
  base_threads *own_threads; /**< the same ones, if they were made here; else NULL */
  /** For each further thread: params, keys and tables shared, scratch and counters its own. */
  ckks_evaluator *worker;
  int n_workers;
  int *steps;                /**< of each key: the rotation that it makes, -1 for the others */
  ckks_plaintext *plaintext; /**< for values that come in as numbers; room for the top level */
  ckks_ciphertext *spare[EVAL_MAX_SPARES]; /**< made at first use, then kept */
  int n_spares_used;
};

/* --- what the evaluator lends: scratch, spares, keys */
/** Bytes of scratch in ev->arena (the formula stands at its definition). */
size_t eval_scratch_bytes(const ckks_params *params);
/**
 * A ciphertext of the evaluator's own with room for `level` and n_parts, given back by
 * setting ev->n_spares_used to what it was. Memory is taken from the heap the
 * first time only: the same sequence of operations allocates nothing when it is
 * repeated. CKKS_ERROR_MEMORY.
 */
ckks_status eval_spare_take(ckks_ciphertext **out, int level, int n_parts, ckks_evaluator *ev);
/** Sets ev->steps from ev->keys. CKKS_ERROR_MEMORY. */
ckks_status eval_key_steps(ckks_evaluator *ev);
/** The key, or CKKS_ERROR_KEY naming what is missing and what there is. */
ckks_status eval_key_find(const ckks_switch_key **out, uint32_t galois, int level,
                          const ckks_evaluator *ev);

/* --- arithmetic without keys: each in the file of its first word (eval_add_plain: add.c) */
/** Same level, equal scales (ckks_scale_equal), 2 or 3 parts. */
void eval_add(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
              ckks_evaluator *ev);
void eval_sub(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
              ckks_evaluator *ev);
void eval_negate(ckks_ciphertext *out, const ckks_ciphertext *a, ckks_evaluator *ev);
/** plaintext->level >= a->level, equal scales. */
void eval_add_plain(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_plaintext *p,
                    ckks_evaluator *ev);
void eval_sub_plain(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_plaintext *p,
                    ckks_evaluator *ev);
/** out->scale = a->scale * p->scale; plaintext->level >= a->level. */
void eval_mul_plain(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_plaintext *p,
                    ckks_evaluator *ev);
/** out += a * p (same level, out->scale = a->scale * p->scale already). */
void eval_mul_plain_add(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_plaintext *p,
                        ckks_evaluator *ev);
/** Adds round(value*scale) to every slot. */
ckks_status eval_add_scalar(ckks_ciphertext *out, const ckks_ciphertext *a, double value,
                            ckks_evaluator *ev);
/** Multiplies by round(value*scale); out->scale = a->scale*scale. scale 1 and an integer: exact. */
ckks_status eval_mul_scalar(ckks_ciphertext *out, const ckks_ciphertext *a, double value,
                            double scale, ckks_evaluator *ev);
/** out = sum_j in[j] * round(values[j]*scale): n >= 1, all at one level and scale (throughput
 * packing). */
ckks_status eval_sum_scalar(ckks_ciphertext *out, const ckks_ciphertext *const *in,
                            const double *values, size_t n, double scale, ckks_evaluator *ev);
/** Forgets limbs above `level`; value and scale unchanged. */
void eval_cut(ckks_ciphertext *out, const ckks_ciphertext *a, int level, ckks_evaluator *ev);
void eval_copy(ckks_ciphertext *out, const ckks_ciphertext *a, ckks_evaluator *ev);
/** Divides by q_level with rounding: level - 1, scale / q_level. level >= 1. */
void eval_rescale(ckks_ciphertext *out, const ckks_ciphertext *a, ckks_evaluator *ev);
/**
 * To `level` < a->level at exactly `scale`, value unchanged: cut to level+1, times 1
 * encoded at scale*q_{level+1}/a->scale, rescale. Where that factor is coarse (below scale/16)
 * and a stands higher, one more prime or several make it finer. If level == a->level scales must
 * be equal. CKKS_ERROR_RANGE when the factor is below 1/2.
 */
ckks_status eval_adjust(ckks_ciphertext *out, const ckks_ciphertext *a, int level, double scale,
                        ckks_evaluator *ev);

/* --- key switching: switch.c, and what is made of it */
/** Three parts from two operands of two parts, no rescale. out aliases neither. */
void eval_tensor(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                 ckks_evaluator *ev);
/** 3 parts to 2. With `rescale`, ModDown and rescale are one division by P*q_level. */
ckks_status eval_relinearize(ckks_ciphertext *out, const ckks_ciphertext *a, bool rescale,
                             ckks_evaluator *ev);
/** Tensor, relinearise, rescale: level - 1, scale a*b/q. */
ckks_status eval_mul(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                     ckks_evaluator *ev);
/** One automorphism, whose key must exist at out's level or above. */
ckks_status eval_automorphism(ckks_ciphertext *out, const ckks_ciphertext *a, uint32_t galois,
                              ckks_evaluator *ev);
/** Rotation by any number of slots; composes from the keys at hand when there is no direct one. */
ckks_status eval_rotate(ckks_ciphertext *out, const ckks_ciphertext *a, int steps,
                        ckks_evaluator *ev);
/** How many key switches eval_rotate takes (1: there is a key), or why it cannot. */
ckks_status eval_rotate_check(int *n_switches, int steps, int level, ckks_evaluator *ev);
/** out[i] = sigma_galois[i](a), one decomposition; galois 1 copies. out[i] not a. */
ckks_status eval_automorphism_many(ckks_ciphertext *const *out, const ckks_ciphertext *a,
                                   const uint32_t *galois, size_t n, ckks_evaluator *ev);
/** out = addend + rotation(a, steps), same level, equal scales; out may be either or both. */
ckks_status eval_rotate_add(ckks_ciphertext *out, const ckks_ciphertext *a, int steps,
                            const ckks_ciphertext *addend, ckks_evaluator *ev);
/**
 * out = a + sum_i rotation(a, steps[i]): one decomposition and one division by P
 * for all of them (double hoisting), or one of each for every n_special among the keys. Every
 * key direct; a step may occur more than once.
 */
ckks_status eval_rotate_sum(ckks_ciphertext *out, const ckks_ciphertext *a, const int *steps,
                            size_t n, ckks_evaluator *ev);

/* --- linear maps by diagonals (diagonal.c, diagonals.c) */
/**
 * sum over terms of p_k * rotation(a, steps_k), baby-step giant-step: steps_k =
 * giant + baby; the diagonal is stored rotated by -giant. Terms sorted by giant.
 */
typedef struct eval_diagonal {
  int baby, giant;
  int row; /**< eval_windows: how many steps; eval_diagonals does not look at it */
  const ckks_plaintext *plaintext; /**< by eval_diagonal_encode, at a's level or above; or NULL: */
  /** N / gap integers by eval_diagonal_round, transformed each time that the map is applied: a
   * tenth of the memory or less. Only in maps that rotate. */
  const int64_t *coefficients;
  const ring_sparse *sparse; /**< for their gap */
  double scale;              /**< of the coefficients */
} eval_diagonal;
/**
 * A plaintext at `level` that also has its residues modulo the first n_special special
 * primes (behind limb `level`), as sums over P*Q need them. n <= N/2 values, the rest zero.
 */
ckks_status eval_diagonal_encode(ckks_plaintext **out, const double *values, size_t n, int level,
                                 double scale, int n_special, const ckks_params *params);
/** The same as integers, for any level whose modulus holds them, of values that repeat with period
 * n, a power of two: 2 n integers, the gap is N / 2 n. */
ckks_status eval_diagonal_round(int64_t *coefficients, const double *values, size_t n, double scale,
                                const ckks_params *params);
/**
 * out (not a) in product state: scale = a->scale * plaintext scale, not rescaled.
 * Babies are hoisted; inner sums stay over P*Q until one division per giant (double hoisting,
 * eprint 2020/1203). All plaintexts have one scale; the keys of all steps are
 * direct and have one n_special, which no plaintext falls short of (else CKKS_ERROR_KEY).
 */
ckks_status eval_diagonals(ckks_ciphertext *out, const ckks_ciphertext *a,
                           const eval_diagonal *terms, size_t n_terms, ckks_evaluator *ev);

/* --- linear maps by windows (windows.c) */
/** What rows above (row > 0), rows below (row < 0) and giants are rotated by, again and again. */
typedef struct eval_windows_steps {
  int up, down, giant;
  int n_up, n_down, n_giants;
} eval_windows_steps;
/**
 * eval_diagonals of terms sorted by row, where a diagonal is a column (baby), so many rows and so
 * many giants away: rows and giants count steps, -n_down to n_up and 0 to n_giants. Keys of all
 * columns and of the steps that are taken, of one n_special; some rotation there must be.
 */
ckks_status eval_windows(ckks_ciphertext *out, const ckks_ciphertext *a, const eval_diagonal *terms,
                         size_t n_terms, const eval_windows_steps *steps, ckks_evaluator *ev);

/* --- polynomials (polynomial.c) */
/**
 * p(a) at level a->level - ceil(log2(degree+1)) with exactly `scale` there (0 = that
 * level's canonical scale), whatever a's scale. Degree 1 costs one level, degree 0 none; at most
 * 1023. Takes about 2 sqrt(degree) spares. CKKS_ERROR_RANGE when the scales of the chain
 * leave fewer than 8 bits for a coefficient.
 */
ckks_status eval_polynomial(ckks_ciphertext *out, const ckks_ciphertext *a,
                            const double *coefficients, int degree, ckks_basis basis, double scale,
                            ckks_evaluator *ev);
/**
 * Whether all factors of such a polynomial can be encoded, for an operand at level `top` with
 * in_scale: CKKS_ERROR_RANGE says which cannot. `vectors`: the coefficients are the largest ones of
 * slots (eval_polynomial_slots_build). Of params, sizes of primes will do.
 */
ckks_status eval_polynomial_try(const double *coefficients, int degree, ckks_basis basis,
                                bool vectors, int top, double in_scale, double scale,
                                const ckks_params *params);
/** Levels that eval_polynomial uses. */
int eval_polynomial_depth(int degree);

/* --- polynomials that differ from slot to slot (polynomial_slots.c, polynomial_rows.c) */
/** Ready for operands of one level and scale; evaluators may share it. */
typedef struct eval_polynomial_slots eval_polynomial_slots;
/**
 * Slot j has the coefficients[k * period + j % period], k <= degree, period a power of two up to
 * N/2; degree at most 1023. They are encoded for an operand at `level` with `in_scale`; the result
 * is that of eval_polynomial with `scale`. CKKS_ERROR_RANGE as there; CKKS_ERROR_MEMORY.
 */
ckks_status eval_polynomial_slots_build(eval_polynomial_slots **out, const double *coefficients,
                                        size_t period, int degree, ckks_basis basis, int level,
                                        double in_scale, double scale, const ckks_params *params);
void eval_polynomial_slots_free(eval_polynomial_slots *slots);
/** As eval_polynomial, for an operand of that scale at that level or above. */
ckks_status eval_polynomial_slots_run(ckks_ciphertext *out, const ckks_ciphertext *a,
                                      const eval_polynomial_slots *slots, ckks_evaluator *ev);
#endif
