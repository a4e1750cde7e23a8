/* SPDX-License-Identifier: Apache-2.0 */
/**
 * libckks: the CKKS scheme for approximate arithmetic on encrypted vectors
 * (Cheon, Kim, Kim, Song, ASIACRYPT 2017; full-RNS variant eprint 2018/931).
 *
 * A vector of up to N/2 real or complex numbers ("slots") is encoded,
 * encrypted, computed on by somebody who holds no secret, and decrypted.
 *
 * The contract, which every call below keeps
 *  - Errors. Every function that can fail returns a ckks_status, which compilers
 *    that know warn_unused_result do not let you ignore; ckks_last_error() then
 *    holds one line of text for the calling thread that names the argument, the
 *    field and the limit, after the name of the call where a ciphertext was
 *    computed.
 *  - After an error what was to be written is as it was; *out of a function that
 *    makes an object or bytes is NULL (and *n_bytes 0).
 *  - NULL is CKKS_ERROR_ARGUMENT "ckks_add: a is NULL" for every pointer, unless
 *    its function says otherwise. An array of 0 elements may be NULL. Functions
 *    that return no status give 0 or NULL for an object that is NULL, and -1 for
 *    its level; X_free does nothing.
 *  - Aliasing. In all operations on ciphertexts `out` may be one of the inputs.
 *    Nothing else may overlap.
 *  - Ownership. Objects are opaque. What X_build, X_generate, X_read or X_load
 *    gives is yours, to be freed by X_free, which wipes what is secret. No
 *    function keeps a pointer to an argument when it returns, but an evaluator,
 *    which keeps its parameters and keys, and a bootstrapper. Pointers that are
 *    returned live as long as the object asked.
 *  - Threads. Objects may be read from many threads at once, and written by one
 *    that is then alone; one ckks_evaluator belongs to one thread at a time.
 *  - Stack. No call needs more than 64 KiB of it.
 *  - Floating point must round to nearest (CKKS_ERROR_ARGUMENT).
 *  - Scales are exact: every level has one canonical scale, every operation
 *    returns a ciphertext at the canonical scale of its level, and operands on
 *    different levels are aligned for you.
 */
#ifndef CKKS_H
#define CKKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CKKS_API __attribute__((visibility("default")))
#define CKKS_CHECKED __attribute__((warn_unused_result))
#else
#define CKKS_API
#define CKKS_CHECKED
#endif

#define CKKS_VERSION_MAJOR 0
#define CKKS_VERSION_MINOR 1
#define CKKS_VERSION_PATCH 0

/** "0.1.0" */
CKKS_API const char *ckks_version(void);

/* ------------------------------------------------------------------ status */

typedef enum ckks_status {
  CKKS_OK = 0,
  CKKS_ERROR_ARGUMENT, /**< a value outside its documented range */
  CKKS_ERROR_MEMORY,   /**< allocation failed or a ceiling was reached */
  CKKS_ERROR_SECURITY, /**< parameters weaker than the level asked for */
  CKKS_ERROR_LEVEL,    /**< not enough levels left for the operation */
  CKKS_ERROR_RANGE,    /**< a number too large for its modulus or scale */
  CKKS_ERROR_MISMATCH, /**< objects made for different parameters or models */
  CKKS_ERROR_KEY,      /**< an evaluation key that is needed is missing */
  CKKS_ERROR_FORMAT,   /**< bytes that are not what they should be */
  CKKS_ERROR_IO,       /**< the operating system refused */
  CKKS_ERROR_ENTROPY,  /**< no randomness could be had */
  CKKS_ERROR_CANCELLED /**< stopped on request */
} ckks_status;

/** Short lower-case name of a status ("level", "format", ...). */
CKKS_API const char *ckks_status_name(ckks_status status);

/** The calling thread's last error as one line; "" when there was none. */
CKKS_API const char *ckks_last_error(void);

/* -------------------------------------------------------------- parameters */

#define CKKS_MIN_LOG2_N 10
#define CKKS_MAX_LOG2_N 17
#define CKKS_MAX_Q 56 /**< primes in the modulus chain, and levels */
#define CKKS_MAX_P 8  /**< special primes for key switching, and special moduli */
#define CKKS_HASH_BYTES 32

/** Classical security in bits, ternary secret (eprint 2024/463, table 5.2). */
typedef enum ckks_security {
  CKKS_SECURITY_NONE = 0, /**< for tests of small rings only */
  CKKS_SECURITY_128 = 128,
  CKKS_SECURITY_192 = 192,
  CKKS_SECURITY_256 = 256
} ckks_security;

/**
 * What the user writes down: a modulus for the base, one for each level above it, and special ones.
 * A zero modulus is chosen from its bit size: those of the chain above the base so that the
 * canonical scales stay at 2^log2_scale, the others as large as 2^bits allows.
 *
 * A modulus below 2^49 is one prime = 1 mod 2N, a larger one two such primes of about half the
 * bits, which come and go together: all is then computed with doubles, and {60, 40, 40} with {60}
 * is as fast as primes of our own choice are. The literal has their product, and takes it. Each
 * prime counts towards CKKS_MAX_Q or CKKS_MAX_P. A single prime of 50 to 60 bits is had by writing
 * it down (files of others); words are then 64-bit integers, which is several times slower, and no
 * modulus of the literal that is to be chosen becomes two primes.
 */
typedef struct ckks_params_literal {
  int log2_n;             /**< ring degree N = 2^log2_n, 10..17 */
  int n_q;                /**< moduli of the chain, 1..CKKS_MAX_Q; top level n_q-1 */
  int n_p;                /**< special moduli, 0..CKKS_MAX_P; 0 = no keys */
  int q_bits[CKKS_MAX_Q]; /**< 18..60 each; q_bits[0] is the base modulus */
  int p_bits[CKKS_MAX_P]; /**< 18..60 each */
  uint64_t q[CKKS_MAX_Q]; /**< the moduli themselves; 0 = choose */
  uint64_t p[CKKS_MAX_P];
  double log2_scale; /**< scale of the top level, 10..58; 0 = no canonical scales: every
                          plaintext names its own (compiled plans; chain primes given) */
  ckks_security security;
} ckks_params_literal;

typedef struct ckks_params ckks_params;

/**
 * Checks a literal and makes the immutable object that everything else takes.
 * Refuses (CKKS_ERROR_SECURITY) when log2(Q*P) passes the table's limit for N, and
 * (CKKS_ERROR_ARGUMENT) special primes that are too small for the digits they switch: those that
 * would leave a rotated slot an error of 2^-4 or more.
 */
CKKS_API CKKS_CHECKED ckks_status ckks_params_build(ckks_params **out,
                                                    const ckks_params_literal *literal);
/**
 * The usual case in one line: the smallest N that is secure at 128 bits for
 * `depth` multiplications at 2^log2_scale (25..45). Level 0 holds values up to 2^16
 * (ckks_params_max_value). For that the base prime is 2^17 times the scale; primes being fast only
 * below 2^49, from log2_scale = 32 on the scale of level 0 is 2^32 instead, reached over the last
 * level (up to 40), two or three. Results of level 0 have an error of about 2^-20 then (sums of
 * all slots 2^-14), those above of about 2^(12 - log2_scale): for more precision ask for one level
 * more than is used. A chain too short for that has moduli of up
 * to 60 bits, two primes each (log2_scale above 31 at depth 0, above 40 at depth 1).
 */
CKKS_API CKKS_CHECKED ckks_status ckks_params_build_depth(ckks_params **out, int depth,
                                                          int log2_scale);
CKKS_API void ckks_params_free(ckks_params *params);
/** The literal with every modulus filled in. */
CKKS_API const ckks_params_literal *ckks_params_get_literal(const ckks_params *params);
CKKS_API size_t ckks_params_n(const ckks_params *params);     /**< N */
CKKS_API size_t ckks_params_slots(const ckks_params *params); /**< N/2 */
CKKS_API int ckks_params_max_level(const ckks_params *params);
CKKS_API double ckks_params_log2_qp(const ckks_params *params);
/** Largest log2(QP) allowed for this N and security (1e9 for NONE). */
CKKS_API double ckks_params_log2_qp_limit(const ckks_params *params);
/** Canonical scale of a level, 0..max_level; 0 for any other. */
CKKS_API double ckks_params_scale(const ckks_params *params, int level);
/**
 * The largest magnitude of a slot, its error included, that a ciphertext or plaintext at this level
 * and its canonical scale holds: half the modulus over the scale. What is larger wraps around and
 * decrypts to something else, and no operation can see it: a program must know how large its
 * values become. Encoders refuse what does not fit; between levels values stay what they are while
 * the limit falls, so that of level 0, the least, is the one to keep to. 0 where there is no such
 * level or no canonical scale.
 */
CKKS_API double ckks_params_max_value(const ckks_params *params, int level);
/** BLAKE2b-256 of the literal with its primes: equal hash, equal parameters. */
CKKS_API const uint8_t *ckks_params_hash(const ckks_params *params);

/* ------------------------------------------- parameters for bootstrapping */

/**
 * What is written down for bootstrapping: a chain of q_0, n_levels primes near 2^level_bits for
 * use, and above them eight primes for the modular reduction and n_cts for CoeffsToSlots, all as
 * large as 2^inner_bits allows. SlotsToCoeffs comes first and takes n_stc of the levels for
 * use, so n_levels - n_stc are left between two bootstraps (docs/math.md).
 */
typedef struct ckks_bootstrap_literal {
  int log2_n;          /**< 10..17 */
  int log2_slots;      /**< 2^log2_slots real numbers, repeated over the slots; 3..log2_n-1 */
  int base_bits;       /**< of q_0, 30..48 */
  int n_levels;        /**< levels for use, n_stc+1 or more */
  int level_bits;      /**< 25..45; canonical scale of the levels for use */
  int base_scale_bits; /**< that of level 0, 20..level_bits: values come back as the sine of what
                            they are over 2^(base_bits-base_scale_bits); 0 = level_bits */
  int inner_bits;      /**< 40..49 */
  int n_stc;           /**< stages of SlotsToCoeffs, 1..5 */
  int n_cts;           /**< stages of CoeffsToSlots, 1..5 */
  int n_refine; /**< 0, or 1: the error is bootstrapped too and taken off, at twice the time */
  int n_p;      /**< special primes, 1..CKKS_MAX_P */
  int p_bits;   /**< 40..49 */
  ckks_security security;
} ckks_bootstrap_literal;

/** Sets that have been measured (docs/performance.md); each can be changed before use. */
typedef enum ckks_bootstrap_set {
  CKKS_BOOTSTRAP_N16, /**< N = 2^16, 2^15 slots, 16 levels of 37 bits between two bootstraps */
  CKKS_BOOTSTRAP_N15, /**< N = 2^15, 2^14 slots, 5 levels of 31 bits */
  CKKS_BOOTSTRAP_N16_PRECISE /**< N = 2^16, 2^15 slots, 9 levels of 42 bits, refined */
} ckks_bootstrap_set;

/** Fills in a set. */
CKKS_API CKKS_CHECKED ckks_status ckks_bootstrap_literal_choose(ckks_bootstrap_literal *out,
                                                                ckks_bootstrap_set set);
/**
 * Parameters with such a chain. The canonical scale is 2^level_bits, nearly, on the levels for use,
 * 0..n_levels; what stands on the levels above is bootstrapping's alone. Refuses what
 * ckks_params_build refuses, and (CKKS_ERROR_SECURITY) a q_0 p_0 too large for the sparse secret.
 */
CKKS_API CKKS_CHECKED ckks_status
ckks_params_build_bootstrap(ckks_params **out, const ckks_bootstrap_literal *literal);

/* --------------------------------------------------- plaintext, ciphertext */

typedef struct ckks_complex {
  double re, im;
} ckks_complex;

typedef struct ckks_plaintext ckks_plaintext;
typedef struct ckks_ciphertext ckks_ciphertext;

CKKS_API CKKS_CHECKED ckks_status ckks_plaintext_build(ckks_plaintext **out,
                                                       const ckks_params *params);
CKKS_API void ckks_plaintext_free(ckks_plaintext *plaintext);
CKKS_API int ckks_plaintext_level(const ckks_plaintext *plaintext);
CKKS_API double ckks_plaintext_scale(const ckks_plaintext *plaintext);

/**
 * Encodes n values (n <= N/2, the rest zero) at `level` and `scale`
 * (0 = the level's canonical scale). CKKS_ERROR_RANGE names the first value
 * that is not finite or does not fit.
 */
CKKS_API CKKS_CHECKED ckks_status ckks_encode_real(ckks_plaintext *out, const double *values,
                                                   size_t n, int level, double scale,
                                                   const ckks_params *params);
CKKS_API CKKS_CHECKED ckks_status ckks_encode_complex(ckks_plaintext *out,
                                                      const ckks_complex *values, size_t n,
                                                      int level, double scale,
                                                      const ckks_params *params);
/** n a power of two: the n values repeated over all slots (a sparse polynomial). */
CKKS_API CKKS_CHECKED ckks_status ckks_encode_repeat(ckks_plaintext *out, const double *values,
                                                     size_t n, int level, double scale,
                                                     const ckks_params *params);
/** The same value in every slot. */
CKKS_API CKKS_CHECKED ckks_status ckks_encode_constant(ckks_plaintext *out, double value, int level,
                                                       double scale, const ckks_params *params);
CKKS_API CKKS_CHECKED ckks_status ckks_encode_complex_constant(ckks_plaintext *out,
                                                               ckks_complex value, int level,
                                                               double scale,
                                                               const ckks_params *params);
/** First n slots; real parts, or complex values. */
CKKS_API CKKS_CHECKED ckks_status ckks_decode_real(double *values, size_t n,
                                                   const ckks_plaintext *plaintext,
                                                   const ckks_params *params);
CKKS_API CKKS_CHECKED ckks_status ckks_decode_complex(ckks_complex *values, size_t n,
                                                      const ckks_plaintext *plaintext,
                                                      const ckks_params *params);

CKKS_API CKKS_CHECKED ckks_status ckks_ciphertext_build(ckks_ciphertext **out,
                                                        const ckks_params *params);
CKKS_API void ckks_ciphertext_free(ckks_ciphertext *ciphertext);
CKKS_API CKKS_CHECKED ckks_status ckks_ciphertext_copy(ckks_ciphertext *out,
                                                       const ckks_ciphertext *in);
CKKS_API int ckks_ciphertext_level(const ckks_ciphertext *ciphertext);
CKKS_API double ckks_ciphertext_scale(const ckks_ciphertext *ciphertext);

/* -------------------------------------------------------------------- keys */

typedef struct ckks_secret_key ckks_secret_key;
typedef struct ckks_public_key ckks_public_key;
typedef struct ckks_evaluation_keys ckks_evaluation_keys;

/**
 * The two keys of bootstrapping that are no automorphism, in the place of a Galois element: to a
 * sparse secret that nobody keeps, at level 0 over one special prime, and back from it
 * (sparse-secret encapsulation, eprint 2022/024). They are made together or not at all.
 */
#define CKKS_KEY_TO_SPARSE 2u
#define CKKS_KEY_FROM_SPARSE 4u

/** One key-switching key to be made: what it does and how far down it is cut. */
typedef struct ckks_key_spec {
  uint32_t galois; /**< Galois element (odd, < 2N); 0 = relinearisation; CKKS_KEY_... */
  int level;       /**< highest level at which it will be used; -1 = the top */
  int n_special;   /**< special moduli, and levels per digit; 0 = all (sparse keys: 1) */
} ckks_key_spec;

/** Galois element of a rotation to the left by `steps` slots (any sign). */
CKKS_API uint32_t ckks_galois_rotation(const ckks_params *params, int steps);
/** Galois element of complex conjugation. */
CKKS_API uint32_t ckks_galois_conjugation(const ckks_params *params);

CKKS_API CKKS_CHECKED ckks_status ckks_secret_key_generate(ckks_secret_key **out,
                                                           const ckks_params *params);
CKKS_API void ckks_secret_key_free(ckks_secret_key *key);
CKKS_API CKKS_CHECKED ckks_status ckks_public_key_generate(ckks_public_key **out,
                                                           const ckks_secret_key *secret,
                                                           const ckks_params *params);
CKKS_API void ckks_public_key_free(ckks_public_key *key);
/** Duplicate specs are merged (the highest level wins). */
CKKS_API CKKS_CHECKED ckks_status ckks_evaluation_keys_generate(ckks_evaluation_keys **out,
                                                                const ckks_key_spec *specs,
                                                                size_t n_specs,
                                                                const ckks_secret_key *secret,
                                                                const ckks_params *params);
/** Relinearisation, conjugation and the rotations by +-1, 2, 4, ... N/4. */
CKKS_API CKKS_CHECKED ckks_status ckks_evaluation_keys_generate_all(ckks_evaluation_keys **out,
                                                                    const ckks_secret_key *secret,
                                                                    const ckks_params *params);
/**
 * What is in the set, by rising Galois element (ckks_galois_rotation tells which rotation that is).
 * Returns their number, writes at most `capacity`; specs may be NULL when that is 0.
 */
CKKS_API size_t ckks_evaluation_keys_list(const ckks_evaluation_keys *keys, ckks_key_spec *specs,
                                          size_t capacity);
CKKS_API void ckks_evaluation_keys_free(ckks_evaluation_keys *keys);

/* ------------------------------------------------------ encrypt, decrypt */

/** Symmetric and seeded: half the bytes on the wire. */
CKKS_API CKKS_CHECKED ckks_status ckks_encrypt(ckks_ciphertext *out,
                                               const ckks_plaintext *plaintext,
                                               const ckks_secret_key *key,
                                               const ckks_params *params);
CKKS_API CKKS_CHECKED ckks_status ckks_encrypt_public(ckks_ciphertext *out,
                                                      const ckks_plaintext *plaintext,
                                                      const ckks_public_key *key,
                                                      const ckks_params *params);
/**
 * The result is for the key's owner alone: publishing it can reveal the key
 * (IND-CPA^D, eprint 2020/1533). See ckks_decrypt_for_publication.
 */
CKKS_API CKKS_CHECKED ckks_status ckks_decrypt(ckks_plaintext *out,
                                               const ckks_ciphertext *ciphertext,
                                               const ckks_secret_key *key,
                                               const ckks_params *params);
/**
 * Decrypts, and adds Gaussian noise that floods the ciphertext's own: every
 * slot moves by about `error` * 2^-2, and 2^30 times or more what `noise`, a
 * bound on the ciphertext's own slot error, demands (else CKKS_ERROR_RANGE).
 */
CKKS_API CKKS_CHECKED ckks_status ckks_decrypt_for_publication(double *values, size_t n,
                                                               const ckks_ciphertext *ciphertext,
                                                               double noise, double error,
                                                               const ckks_secret_key *key,
                                                               const ckks_params *params);

/* -------------------------------------------------------------- evaluation */

typedef struct ckks_evaluator ckks_evaluator;

/** `keys` may be NULL; both stay the caller's and must outlive the evaluator. */
CKKS_API CKKS_CHECKED ckks_status ckks_evaluator_build(ckks_evaluator **out,
                                                       const ckks_params *params,
                                                       const ckks_evaluation_keys *keys);
CKKS_API void ckks_evaluator_free(ckks_evaluator *evaluator);
/**
 * Lets n threads (1 to 64, the caller's among them; 1 at first) share the work inside each
 * operation: key switches, sums of rotations, linear maps, rescaling, in rings of N >= 2^13.
 * Results are the same bit for bit whatever n. An evaluator is still one caller's at a time;
 * several evaluators, each with a thread of its own, make better use of a machine that has more
 * than one operation to do. CKKS_ERROR_MEMORY, with the evaluator as before.
 */
CKKS_API CKKS_CHECKED ckks_status ckks_evaluator_set_threads(ckks_evaluator *evaluator, int n);

CKKS_API CKKS_CHECKED ckks_status ckks_add(ckks_ciphertext *out, const ckks_ciphertext *a,
                                           const ckks_ciphertext *b, ckks_evaluator *evaluator);
CKKS_API CKKS_CHECKED ckks_status ckks_sub(ckks_ciphertext *out, const ckks_ciphertext *a,
                                           const ckks_ciphertext *b, ckks_evaluator *evaluator);
CKKS_API CKKS_CHECKED ckks_status ckks_negate(ckks_ciphertext *out, const ckks_ciphertext *a,
                                              ckks_evaluator *evaluator);
/** Of the first n slots; the further ones stay as they are. */
CKKS_API CKKS_CHECKED ckks_status ckks_add_real(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                const double *values, size_t n,
                                                ckks_evaluator *evaluator);
CKKS_API CKKS_CHECKED ckks_status ckks_sub_real(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                const double *values, size_t n,
                                                ckks_evaluator *evaluator);
CKKS_API CKKS_CHECKED ckks_status ckks_add_complex(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                   const ckks_complex *values, size_t n,
                                                   ckks_evaluator *evaluator);
CKKS_API CKKS_CHECKED ckks_status ckks_sub_complex(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                   const ckks_complex *values, size_t n,
                                                   ckks_evaluator *evaluator);
/** In every slot. */
CKKS_API CKKS_CHECKED ckks_status ckks_add_constant(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                    double value, ckks_evaluator *evaluator);
CKKS_API CKKS_CHECKED ckks_status ckks_add_complex_constant(ckks_ciphertext *out,
                                                            const ckks_ciphertext *a,
                                                            ckks_complex value,
                                                            ckks_evaluator *evaluator);
/** One level; from slot n on the result is zero. */
CKKS_API CKKS_CHECKED ckks_status ckks_mul_real(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                const double *values, size_t n,
                                                ckks_evaluator *evaluator);
CKKS_API CKKS_CHECKED ckks_status ckks_mul_complex(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                   const ckks_complex *values, size_t n,
                                                   ckks_evaluator *evaluator);
/** One level; integers of magnitude up to 2^20 cost none. */
CKKS_API CKKS_CHECKED ckks_status ckks_mul_constant(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                    double value, ckks_evaluator *evaluator);
/** One level. */
CKKS_API CKKS_CHECKED ckks_status ckks_mul_complex_constant(ckks_ciphertext *out,
                                                            const ckks_ciphertext *a,
                                                            ckks_complex value,
                                                            ckks_evaluator *evaluator);
/**
 * The same with a plaintext that was encoded once, at some level and its canonical scale (0):
 * `a`, at that level or above, is brought down to it, and the sum stands there, the product one
 * level below. A plaintext of a higher level serves where its scale happens to fit:
 * CKKS_ERROR_LEVEL or CKKS_ERROR_ARGUMENT else.
 */
CKKS_API CKKS_CHECKED ckks_status ckks_add_plain(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                 const ckks_plaintext *plaintext,
                                                 ckks_evaluator *evaluator);
CKKS_API CKKS_CHECKED ckks_status ckks_sub_plain(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                 const ckks_plaintext *plaintext,
                                                 ckks_evaluator *evaluator);
CKKS_API CKKS_CHECKED ckks_status ckks_mul_plain(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                 const ckks_plaintext *plaintext,
                                                 ckks_evaluator *evaluator);
/** Multiply, relinearise, rescale: one level. */
CKKS_API CKKS_CHECKED ckks_status ckks_mul(ckks_ciphertext *out, const ckks_ciphertext *a,
                                           const ckks_ciphertext *b, ckks_evaluator *evaluator);
CKKS_API CKKS_CHECKED ckks_status ckks_square(ckks_ciphertext *out, const ckks_ciphertext *a,
                                              ckks_evaluator *evaluator);
/** a^exponent, 1..2^16, in ceil(log2(exponent)) levels. */
CKKS_API CKKS_CHECKED ckks_status ckks_power(ckks_ciphertext *out, const ckks_ciphertext *a,
                                             unsigned exponent, ckks_evaluator *evaluator);
/** Down to `level`, exactly at its canonical scale, value unchanged. */
CKKS_API CKKS_CHECKED ckks_status ckks_drop_level(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                  int level, ckks_evaluator *evaluator);
/** Slot j of the result is slot j+steps of a. Composed of the rotations in the keys. */
CKKS_API CKKS_CHECKED ckks_status ckks_rotate(ckks_ciphertext *out, const ckks_ciphertext *a,
                                              int steps, ckks_evaluator *evaluator);
/** out[i] = a rotated by steps[i], sharing one decomposition (hoisting). */
CKKS_API CKKS_CHECKED ckks_status ckks_rotate_many(ckks_ciphertext *const *out,
                                                   const ckks_ciphertext *a, const int *steps,
                                                   size_t n, ckks_evaluator *evaluator);
CKKS_API CKKS_CHECKED ckks_status ckks_conjugate(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                 ckks_evaluator *evaluator);
/** Slot j becomes a[j] + ... + a[j+n-1], any n >= 1, indices cyclic. */
CKKS_API CKKS_CHECKED ckks_status ckks_inner_sum(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                 size_t n, ckks_evaluator *evaluator);

/** Basis in which polynomial coefficients are given. */
typedef enum ckks_basis {
  CKKS_MONOMIAL,
  CKKS_CHEBYSHEV /**< T_k on [low, high], mapped to [-1, 1] */
} ckks_basis;

typedef struct ckks_polynomial {
  const double *coefficients; /**< degree+1 of them, lowest first */
  int degree;                 /**< 0..1023 */
  ckks_basis basis;
  double low, high; /**< interval for CKKS_CHEBYSHEV; ignored otherwise */
} ckks_polynomial;

/** p(a) in ceil(log2(degree+1)) levels (one more to map an interval that is not [-1,1]). */
CKKS_API CKKS_CHECKED ckks_status ckks_polyval(ckks_ciphertext *out, const ckks_ciphertext *a,
                                               const ckks_polynomial *polynomial,
                                               ckks_evaluator *evaluator);
/**
 * A polynomial for each slot: coefficient k of slot j is coefficients[k * n + j % n], so there are
 * (degree+1) * n of them; n is a power of two up to N/2. Otherwise as ckks_polyval. The
 * coefficients are encoded at each call.
 */
CKKS_API CKKS_CHECKED ckks_status ckks_polyval_slots(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                     const ckks_polynomial *polynomials, size_t n,
                                                     ckks_evaluator *evaluator);

/** A plain matrix made ready to be applied to ciphertexts (one level). */
typedef struct ckks_linear_map ckks_linear_map;

/**
 * y = M x + b for a rows x columns matrix (row-major; b may be NULL), sizes up
 * to N/2 and need not be powers of two. x stands in the first `columns` slots,
 * and further slots may hold anything: they are masked. y comes out in the first
 * `rows` slots, the others are zero (up to noise). `level` is where it will be applied, at
 * least 1; the result is one level below. The diagonals take (rows + columns - 1) *
 * (level + 1 + special primes) * N * 8 bytes at most; zero ones are left out.
 */
CKKS_API CKKS_CHECKED ckks_status ckks_linear_map_build(ckks_linear_map **out, const double *matrix,
                                                        size_t rows, size_t columns,
                                                        const double *bias, int level,
                                                        const ckks_params *params);
CKKS_API void ckks_linear_map_free(ckks_linear_map *map);
/**
 * Specs of the Galois keys it needs, at the map's level and with all special primes: the keys of
 * ckks_evaluation_keys_generate_all are not enough. Returns their number, writes at most
 * `capacity`; specs may be NULL when that is 0.
 */
CKKS_API size_t ckks_linear_map_keys(const ckks_linear_map *map, ckks_key_spec *specs,
                                     size_t capacity);
/** `a` at the map's level or above. */
CKKS_API CKKS_CHECKED ckks_status ckks_linear_map_apply(ckks_ciphertext *out,
                                                        const ckks_linear_map *map,
                                                        const ckks_ciphertext *a,
                                                        ckks_evaluator *evaluator);

/* ----------------------------------------------------------- bootstrapping */

/** What bootstrapping computes with, checked and immutable; many evaluators may share it. */
typedef struct ckks_bootstrapper ckks_bootstrapper;

/**
 * For parameters by ckks_params_build_bootstrap from the same literal, which must outlive it. Takes
 * seconds and gigabytes at N = 2^16. CKKS_ERROR_MISMATCH for other parameters, CKKS_ERROR_MEMORY.
 */
CKKS_API CKKS_CHECKED ckks_status ckks_bootstrapper_build(ckks_bootstrapper **out,
                                                          const ckks_bootstrap_literal *literal,
                                                          const ckks_params *params);
CKKS_API void ckks_bootstrapper_free(ckks_bootstrapper *bootstrapper);
/**
 * Specs of the keys that it needs, each cut to the level of its use: returns their number, writes
 * at most `capacity`; specs may be NULL when that is 0. They are made by
 * ckks_evaluation_keys_generate, together with any others, in one call.
 */
CKKS_API size_t ckks_bootstrapper_keys(const ckks_bootstrapper *bootstrapper, ckks_key_spec *specs,
                                       size_t capacity);
/** The lowest level from which a ciphertext can be bootstrapped (n_stc), and where it arrives. */
CKKS_API int ckks_bootstrapper_level_in(const ckks_bootstrapper *bootstrapper);
CKKS_API int ckks_bootstrapper_level_out(const ckks_bootstrapper *bootstrapper);
/**
 * The error to expect of values in [-range, range]: the standard deviation of what bootstrapping
 * adds to a slot, plus range^3 (2 pi S_0 / q_0)^2 / 6, by which the sine is off at most (the first
 * part alone when refined). The largest of all slots is about 16 times the first part
 * (docs/math.md, docs/performance.md).
 */
CKKS_API double ckks_bootstrapper_error(const ckks_bootstrapper *bootstrapper, double range);
/** Bytes of memory that the bootstrapper itself holds. */
CKKS_API size_t ckks_bootstrapper_bytes(const ckks_bootstrapper *bootstrapper);
/** Bytes that ckks_evaluation_keys_write makes of the keys of ckks_bootstrapper_keys. */
CKKS_API size_t ckks_bootstrapper_key_bytes(const ckks_bootstrapper *bootstrapper);
/** Bytes of memory that it takes to bootstrap: the bootstrapper, those keys and an evaluator. */
CKKS_API size_t ckks_bootstrapper_memory_bytes(const ckks_bootstrapper *bootstrapper);
/**
 * The same values at level_out: `a` from level_in or above, cut down to level_in first. Slots must
 * be real, repeat with period 2^log2_slots, and lie in [-1, 1]: an imaginary part is lost, a
 * period is imposed (the mean over it comes out), and beyond 1 the error grows as
 * ckks_bootstrapper_error says, until at q_0 / (4 S_0) values fold back. Nobody without the secret
 * can check that; keep to the range as to that of a polynomial. Fails (beyond any range) with
 * probability below 2^-100.
 * CKKS_ERROR_KEY names what is missing, CKKS_ERROR_LEVEL a level too low or an `out` too small.
 */
CKKS_API CKKS_CHECKED ckks_status ckks_bootstrap(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                 const ckks_bootstrapper *bootstrapper,
                                                 ckks_evaluator *evaluator);

/* ---------------------------------------------------------- vector comfort */

/**
 * Sum of the first n slots, in every slot: one level, in which the further slots are masked, or
 * none when n = N/2. This and what follows needs the rotations of generate_all.
 */
CKKS_API CKKS_CHECKED ckks_status ckks_sum(ckks_ciphertext *out, const ckks_ciphertext *a, size_t n,
                                           ckks_evaluator *evaluator);
/**
 * Dot product of two encrypted vectors of length n, in every slot: one level. From slot n on,
 * one of them must be zero (as ckks_encode_real leaves it).
 */
CKKS_API CKKS_CHECKED ckks_status ckks_dot(ckks_ciphertext *out, const ckks_ciphertext *a,
                                           const ckks_ciphertext *b, size_t n,
                                           ckks_evaluator *evaluator);
/** Dot product with a plain vector, in every slot: one level. */
CKKS_API CKKS_CHECKED ckks_status ckks_dot_real(ckks_ciphertext *out, const ckks_ciphertext *a,
                                                const double *values, size_t n,
                                                ckks_evaluator *evaluator);
/**
 * x^T M with a plain rows x columns matrix, any sizes up to N/2: one level. x in the first `rows`
 * slots, the result in the first `columns`, zero elsewhere. For a matrix that is used
 * more than once a ckks_linear_map is faster.
 */
CKKS_API CKKS_CHECKED ckks_status ckks_matmul(ckks_ciphertext *out, const ckks_ciphertext *a,
                                              const double *matrix, size_t rows, size_t columns,
                                              ckks_evaluator *evaluator);

/* --------------------------------------------------------------- the wire */

/**
 * X_write puts a framed, digested record into a new buffer (free with
 * ckks_bytes_free); X_read takes one back, checking every byte of it.
 * docs/wire-format.md is the law. Secret keys are only in this form in files
 * of mode 0600 (ckks_secret_key_save / _load).
 */
CKKS_API void ckks_bytes_free(uint8_t *bytes);
CKKS_API CKKS_CHECKED ckks_status ckks_params_write(uint8_t **out, size_t *n_bytes,
                                                    const ckks_params *params);
CKKS_API CKKS_CHECKED ckks_status ckks_params_read(ckks_params **out, const uint8_t *bytes,
                                                   size_t n_bytes);
CKKS_API CKKS_CHECKED ckks_status ckks_ciphertext_write(uint8_t **out, size_t *n_bytes,
                                                        const ckks_ciphertext *ciphertext,
                                                        const ckks_params *params);
/** The result has room for its own level and parts: it cannot take a result of a higher level. */
CKKS_API CKKS_CHECKED ckks_status ckks_ciphertext_read(ckks_ciphertext **out, const uint8_t *bytes,
                                                       size_t n_bytes, const ckks_params *params);
CKKS_API CKKS_CHECKED ckks_status ckks_public_key_write(uint8_t **out, size_t *n_bytes,
                                                        const ckks_public_key *key,
                                                        const ckks_params *params);
CKKS_API CKKS_CHECKED ckks_status ckks_public_key_read(ckks_public_key **out, const uint8_t *bytes,
                                                       size_t n_bytes, const ckks_params *params);
CKKS_API CKKS_CHECKED ckks_status ckks_evaluation_keys_write(uint8_t **out, size_t *n_bytes,
                                                             const ckks_evaluation_keys *keys,
                                                             const ckks_params *params);
CKKS_API CKKS_CHECKED ckks_status ckks_evaluation_keys_read(ckks_evaluation_keys **out,
                                                            const uint8_t *bytes, size_t n_bytes,
                                                            const ckks_params *params);
CKKS_API CKKS_CHECKED ckks_status ckks_secret_key_save(const char *path, const ckks_secret_key *key,
                                                       const ckks_params *params);
CKKS_API CKKS_CHECKED ckks_status ckks_secret_key_load(ckks_secret_key **out, const char *path,
                                                       const ckks_params *params);

#ifdef __cplusplus
}
#endif
#endif
