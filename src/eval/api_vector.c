/* SPDX-License-Identifier: Apache-2.0 */
/* Public tier, vector comfort: sums, dot products, vector times matrix, with generate_all's keys.
 */
#include "eval/api.h"
#include "eval/arith.h"

/* -------------------------------------------------------------------- sums */

/* A rotation that one key makes. */
static bool vector_direct(int steps, int level, ckks_evaluator *ev) {
  return ev->keys != NULL && ckks_evaluation_keys_find(
                                 ev->keys, ckks_galois_rotation(ev->params, steps), level) != NULL;
}

/*
 * The sum of all slots in every slot. Each round turns sums of `step` slots into longer
 * ones; with the keys for it, four at a time: -1, 0, 1 and 2 windows on are four in a row, and
 * three hoisted rotations that share one division are cheaper than two single ones.
 */
static ckks_status vector_sum_all(ckks_ciphertext *out, const ckks_ciphertext *a,
                                  ckks_evaluator *ev) {
  int slots = (int)(ev->params->ring.n / 2);
  eval_copy(out, a, ev);
  for (int step = 1; step < slots;) {
    int four[] = {step, -step, 2 * step};
    if (2 * step < slots && vector_direct(step, out->level, ev) &&
        vector_direct(-step, out->level, ev) && vector_direct(2 * step, out->level, ev)) {
      BASE_TRY(eval_rotate_sum(out, out, four, 3, ev));
      step *= 4;
      continue;
    }
    ckks_ciphertext *moved;
    BASE_TRY(eval_spare_take(&moved, out->level, 2, ev));
    BASE_TRY(eval_rotate(moved, out, step, ev));
    eval_add(out, out, moved, ev);
    ev->n_spares_used--;
    step *= 2;
  }
  return CKKS_OK;
}

/* Every rotation that vector_sum_all may want can be made at `level`. */
static ckks_status vector_check_sum(int level, ckks_evaluator *ev) {
  int n_switches;
  for (int step = 1; step < (int)(ev->params->ring.n / 2); step *= 2)
    BASE_TRY(eval_rotate_check(&n_switches, step, level, ev));
  return CKKS_OK;
}

/* A row of slots in the evaluator's scratch. */
static double *vector_take_row(ckks_evaluator *ev) {
  return base_arena_take(&ev->arena, ev->params->ring.n / 2 * sizeof(double));
}

/* What the three functions below check alike; `level` is where the sum is taken. */
static ckks_status vector_check(const ckks_ciphertext *out, size_t n, int level,
                                ckks_evaluator *ev) {
  size_t slots = ev->params->ring.n / 2;
  if (n < 1 || n > slots)
    return base_fail(CKKS_ERROR_ARGUMENT, "n = %zu: must be 1 to %zu slots", n, slots);
  BASE_TRY(eval_api_check_output(out, level, ev));
  return vector_check_sum(level, ev);
}

/* out = all slots of the product, which is done in a spare: out changes when all is well. */
static ckks_status vector_finish(ckks_ciphertext *out, ckks_ciphertext *terms, ckks_evaluator *ev) {
  BASE_TRY(vector_sum_all(terms, terms, ev));
  eval_copy(out, terms, ev);
  return CKKS_OK;
}

static ckks_status vector_dot(ckks_ciphertext *out, const ckks_ciphertext *a,
                              const ckks_ciphertext *b, size_t n, ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check_evaluator(evaluator));
  BASE_TRY(eval_api_check_input(a, "a", evaluator));
  BASE_TRY(eval_api_check_input(b, "b", evaluator));
  int level = eval_api_level(a, evaluator), other = eval_api_level(b, evaluator);
  level = level < other ? level : other;
  BASE_TRY(eval_api_check_level(level, 1));
  BASE_TRY(vector_check(out, n, level - 1, evaluator));
  int n_spares_used = evaluator->n_spares_used;
  ckks_ciphertext *terms;
  BASE_TRY(eval_spare_take(&terms, level - 1, 2, evaluator));
  ckks_status status = eval_api_arith_mul(terms, a, b, evaluator);
  if (status == CKKS_OK)
    status = vector_finish(out, terms, evaluator);
  evaluator->n_spares_used = n_spares_used;
  return status;
}

static ckks_status vector_dot_real(ckks_ciphertext *out, const ckks_ciphertext *a,
                                   const double *values, size_t n, ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check_evaluator(evaluator));
  BASE_TRY(eval_api_check_input(a, "a", evaluator));
  BASE_TRY(eval_api_check_level(a->level, 1));
  BASE_TRY(vector_check(out, n, a->level - 1, evaluator));
  int n_spares_used = evaluator->n_spares_used;
  ckks_ciphertext *terms;
  BASE_TRY(eval_spare_take(&terms, a->level - 1, 2, evaluator));
  ckks_status status = eval_api_plain_mul_real(terms, a, values, n, evaluator);
  if (status == CKKS_OK)
    status = vector_finish(out, terms, evaluator);
  evaluator->n_spares_used = n_spares_used;
  return status;
}

static ckks_status vector_sum(ckks_ciphertext *out, const ckks_ciphertext *a, size_t n,
                              ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check_evaluator(evaluator));
  BASE_TRY(eval_api_check_input(a, "a", evaluator));
  if (n < evaluator->params->ring.n / 2) { /* further slots may hold anything */
    size_t mark = base_arena_mark(&evaluator->arena);
    double *ones = vector_take_row(evaluator);
    for (size_t i = 0; i < n; i++)
      ones[i] = 1;
    ckks_status status = vector_dot_real(out, a, ones, n, evaluator);
    base_arena_reset(&evaluator->arena, mark);
    return status;
  }
  ckks_ciphertext *terms;
  BASE_TRY(vector_check(out, n, a->level, evaluator));
  BASE_TRY(eval_spare_take(&terms, a->level, 2, evaluator));
  eval_copy(terms, a, evaluator);
  ckks_status status = vector_finish(out, terms, evaluator);
  evaluator->n_spares_used--;
  return status;
}

/* ---------------------------------------------------------- vector * matrix */

/*
 * x^T M by the diagonals of M^T, baby-step giant-step on powers of two alone:
 *   y = sum_g rotate(inner_g, g*babies), inner_g = sum_b p_(g,b) * rotate(x', b),
 * x' = x rotated back by `shift`, so that every step is forward. Babies come each from an
 * earlier one by one key; the giants by Horner's rule, always the same key.
 */
#define VECTOR_MAX_BABIES 64

typedef struct vector_product {
  eval_matrix transposed;
  int first, count; /* diagonals of M^T: r = first - shift + s, s = 0 ... */
  int shift;        /* a power of two, or 0: x' = x rotated by -shift */
  int babies, level;
  const ckks_ciphertext *baby[VECTOR_MAX_BABIES];
} vector_product;

static void vector_plan(vector_product *product, size_t slots) {
  size_t n = product->transposed.rows + product->transposed.columns - 1;
  int back = (int)product->transposed.rows - 1;
  product->count = (int)(n < slots ? n : slots);
  product->shift = back > 0 ? 1 : 0;
  while (product->shift < back)
    product->shift *= 2;
  product->first = product->shift - back; /* steps s run from here on */
  product->babies = 1;
  while (product->babies < VECTOR_MAX_BABIES && product->babies * product->babies < product->count)
    product->babies *= 2;
}

/* Fills in the babies: from j all j + p, p a power of two above j, share a decomposition. */
static ckks_status vector_make_babies(vector_product *product, const ckks_ciphertext *a,
                                      ckks_evaluator *ev) {
  ckks_ciphertext *made[VECTOR_MAX_BABIES];
  for (int j = 0; j < product->babies; j++)
    BASE_TRY(eval_spare_take(&made[j], product->level, 2, ev));
  BASE_TRY(eval_rotate(made[0], a, -product->shift, ev));
  for (int j = 0; 2 * j < product->babies; j++) {
    ckks_ciphertext *out[16];
    int steps[16], n = 0;
    for (int p = 1; p < product->babies; p *= 2)
      if (p > j) {
        steps[n] = p;
        out[n++] = made[j + p];
      }
    BASE_TRY(eval_api_rotate_many(out, made[j], steps, (size_t)n, ev));
  }
  for (int j = 0; j < product->babies; j++)
    product->baby[j] = made[j];
  return CKKS_OK;
}

/* sum += all terms of one giant; `row` is scratch. */
static ckks_status vector_add_inner(ckks_ciphertext *sum, const vector_product *product, int giant,
                                    double *row, ckks_evaluator *ev) {
  size_t slots = ev->params->ring.n / 2;
  for (int b = 0; b < product->babies; b++) {
    int s = giant + b;
    if (s < product->first || s >= product->first + product->count ||
        !eval_matrix_diagonal(row, &product->transposed, s - product->shift, giant, slots))
      continue;
    BASE_TRY(ckks_encode_real(ev->plaintext, row, slots, product->level,
                              ev->params->scale[product->level], ev->params));
    eval_mul_plain_add(sum, product->baby[b], ev->plaintext, ev);
  }
  return CKKS_OK;
}

static ckks_status vector_matmul(ckks_ciphertext *out, const ckks_ciphertext *a,
                                 vector_product *product, double *row, ckks_evaluator *ev) {
  ckks_ciphertext *sum;
  BASE_TRY(eval_api_align(&a, a, product->level, ev));
  BASE_TRY(eval_spare_take(&sum, product->level, 2, ev));
  BASE_TRY(vector_make_babies(product, a, ev));
  eval_arith_zero(sum, product->level, a->scale * ev->params->scale[product->level], ev);
  int last = product->first + product->count - 1;
  for (int giant = last & ~(product->babies - 1); giant >= 0; giant -= product->babies) {
    BASE_TRY(vector_add_inner(sum, product, giant, row, ev));
    if (giant > 0)
      BASE_TRY(eval_rotate(sum, sum, product->babies, ev));
  }
  eval_api_rescale(out, sum, ev);
  return CKKS_OK;
}

static ckks_status vector_product_checked(ckks_ciphertext *out, const ckks_ciphertext *a,
                                          const double *matrix, size_t rows, size_t columns,
                                          ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check_evaluator(evaluator));
  BASE_TRY(eval_api_check_input(a, "a", evaluator));
  eval_matrix whole = {matrix, rows, columns, columns, 1};
  BASE_TRY(eval_matrix_check(&whole, evaluator->params));
  vector_product product = {.transposed = {matrix, columns, rows, 1, columns}};
  product.level = eval_api_level(a, evaluator);
  BASE_TRY(eval_api_check_level(product.level, 1));
  BASE_TRY(eval_api_check_output(out, product.level - 1, evaluator));
  int n_spares_used = evaluator->n_spares_used;
  size_t mark = base_arena_mark(&evaluator->arena);
  vector_plan(&product, evaluator->params->ring.n / 2);
  ckks_status status = vector_matmul(out, a, &product, vector_take_row(evaluator), evaluator);
  base_arena_reset(&evaluator->arena, mark);
  evaluator->n_spares_used = n_spares_used;
  return status;
}

/* ------------------------------------------------------------------- the calls */

ckks_status ckks_sum(ckks_ciphertext *out, const ckks_ciphertext *a, size_t n,
                     ckks_evaluator *evaluator) {
  return eval_api_named(__func__, vector_sum(out, a, n, evaluator));
}

ckks_status ckks_dot(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                     size_t n, ckks_evaluator *evaluator) {
  return eval_api_named(__func__, vector_dot(out, a, b, n, evaluator));
}

ckks_status ckks_dot_real(ckks_ciphertext *out, const ckks_ciphertext *a, const double *values,
                          size_t n, ckks_evaluator *evaluator) {
  return eval_api_named(__func__, vector_dot_real(out, a, values, n, evaluator));
}

ckks_status ckks_matmul(ckks_ciphertext *out, const ckks_ciphertext *a, const double *matrix,
                        size_t rows, size_t columns, ckks_evaluator *evaluator) {
  return eval_api_named(__func__, vector_product_checked(out, a, matrix, rows, columns, evaluator));
}
