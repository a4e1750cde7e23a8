/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/fourier.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

/* ------------------------------------------------------- layers multiplied */

/*
 * A product of layers while it is made: diagonal d * step, d modulo `window`, in row d. Where the
 * window is all there is (window * step = n_slots) diagonals wrap; else d and d - window are far
 * apart, and the middle of the window stays empty.
 */
typedef struct fourier_matrix {
  size_t n_slots, step, window;
  ckks_complex *row; /* window x n_slots; NULL of an outline */
  bool used[64];     /* rows that are not zero */
} fourier_matrix;

/* Layers of one stage: 32 diagonals on either side. */
#define FOURIER_MAX_WINDOW ((size_t)64)

static ckks_complex fourier_mul(ckks_complex a, ckks_complex b) {
  return (ckks_complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/*
 * Entry of a layer in row j: diagonal `side` * h, side -1, 0, 1. Forwards the lower half gets
 * low + r high and the upper low - r high; backwards, halved, low + high and (low - high) / r.
 */
static ckks_complex fourier_layer(size_t j, size_t h, int side, bool inverse,
                                  const ckks_encoder *encoder) {
  size_t at = j & (2 * h - 1);
  bool upper = at >= h;
  ckks_complex root = ckks_encoder_root(encoder, h, at & (h - 1));
  if (side == (upper ? 1 : -1))
    return (ckks_complex){0, 0};
  if (!inverse) {
    if (upper)
      return side == 0 ? (ckks_complex){-root.re, -root.im} : (ckks_complex){1, 0};
    return side == 0 ? (ckks_complex){1, 0} : root;
  }
  if (!upper)
    return (ckks_complex){0.5, 0};
  ckks_complex half = {root.re / 2, -root.im / 2};
  return side == 0 ? (ckks_complex){-half.re, -half.im} : half;
}

/* out += the layer's diagonal `side` * h times row d of in. */
static void fourier_add(fourier_matrix *out, const fourier_matrix *in, size_t d, size_t h, int side,
                        bool inverse, const ckks_encoder *encoder) {
  size_t n = in->n_slots, shift = (size_t)((int64_t)h * side) & (n - 1);
  size_t to = (d + (size_t)((int64_t)(h / in->step) * side)) & (in->window - 1);
  out->used[to] = true;
  if (in->row == NULL)
    return;
  const ckks_complex *from = in->row + d * n;
  ckks_complex *row = out->row + to * n;
  for (size_t j = 0; j < n; j++) {
    ckks_complex entry = fourier_layer(j, h, side, inverse, encoder);
    ckks_complex product = fourier_mul(entry, from[(j + shift) & (n - 1)]);
    row[j].re += product.re;
    row[j].im += product.im;
  }
}

/* *matrix becomes layer h times it; `work` is room for another. */
static void fourier_multiply(fourier_matrix *matrix, fourier_matrix *work, size_t h, bool inverse,
                             const ckks_encoder *encoder) {
  fourier_matrix product = *work;
  if (product.row != NULL)
    memset(product.row, 0, product.window * product.n_slots * sizeof *product.row);
  memset(product.used, 0, sizeof product.used);
  for (size_t d = 0; d < matrix->window; d++)
    for (int side = -1; side <= 1 && matrix->used[d]; side++)
      fourier_add(&product, matrix, d, h, side, inverse, encoder);
  *work = *matrix;
  *matrix = product;
}

/* Zero diagonals and the identity. */
static ckks_status fourier_matrix_build(fourier_matrix *matrix, size_t n_slots, size_t step,
                                        size_t window, bool outline) {
  *matrix = (fourier_matrix){.n_slots = n_slots, .step = step, .window = window};
  matrix->used[0] = true;
  if (outline)
    return CKKS_OK;
  matrix->row = base_alloc_array(window * n_slots, sizeof *matrix->row);
  if (matrix->row == NULL)
    return base_fail_memory(window * n_slots * sizeof *matrix->row);
  for (size_t j = 0; j < n_slots; j++)
    matrix->row[j].re = 1;
  return CKKS_OK;
}

/* ------------------------------------------------------------- one stage */

/* Layers first..first+n-1 of the shape, counted from h = 1, as diagonals. */
typedef struct fourier_layers {
  int first, n;
} fourier_layers;

/*
 * Which layers a stage has. The stage of the largest h has half the diagonals of others with as
 * many layers, so it gets what does not divide: the first one backwards, the last one forwards.
 */
static fourier_layers fourier_layers_of(const eval_fourier_shape *shape, int stage) {
  int n = shape->log2_slots, k = shape->n_stages;
  int from_top = shape->inverse ? stage : k - 1 - stage; /* how many stages have larger h */
  fourier_layers layers = {.first = n};
  for (int i = 0; i <= from_top; i++) {
    layers.n = n / k + (i < n % k);
    layers.first -= layers.n;
  }
  return layers;
}

static ckks_status fourier_matrix_make(fourier_matrix *matrix, const eval_fourier_shape *shape,
                                       fourier_layers layers, const ckks_params *params) {
  size_t n_slots = (size_t)1 << shape->log2_slots, step = (size_t)1 << layers.first;
  size_t window = (size_t)2 << layers.n;
  if (window > n_slots / step)
    window = n_slots / step;
  if (window > FOURIER_MAX_WINDOW)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "%d stages over 2^%d slots: a stage would have %zu diagonals, limit %zu",
                     shape->n_stages, shape->log2_slots, window, FOURIER_MAX_WINDOW);
  fourier_matrix work = {0};
  ckks_status status;
  BASE_GOTO(status, fourier_matrix_build(matrix, n_slots, step, window, shape->outline), done);
  BASE_GOTO(status, fourier_matrix_build(&work, n_slots, step, window, shape->outline), done);
  for (int i = 0; i < layers.n; i++) {
    int layer = shape->inverse ? layers.first + layers.n - 1 - i : layers.first + i;
    fourier_multiply(matrix, &work, (size_t)1 << layer, shape->inverse, params->encoder);
  }
done:
  base_free(work.row);
  return status;
}

/* A giant is brought down by P and decomposed again: that many babies, measured at N = 2^16. */
#define FOURIER_GIANT_COST 4

static size_t fourier_cost(size_t window, size_t babies) {
  return babies - 1 + FOURIER_GIANT_COST * (window / babies - 1);
}

/* Babies: the power of two that costs least, and of two the smaller, which needs fewer keys. */
static size_t fourier_babies(size_t window) {
  size_t babies = 1;
  while (2 * babies <= window && fourier_cost(window, 2 * babies) < fourier_cost(window, babies))
    babies *= 2;
  return babies;
}

/* The diagonals of the matrix by rising giant steps, as eval_diagonals wants them. */
static size_t fourier_list(eval_diagonal *terms, size_t *rows, const fourier_matrix *matrix) {
  size_t n_terms = 0, window = matrix->window, step = matrix->step;
  size_t babies = fourier_babies(window);
  bool wraps = window * step == matrix->n_slots;
  for (size_t at = 0; at < window; at++) {
    size_t row = wraps ? at : (at + window / 2) & (window - 1); /* from -window/2 upwards */
    int d = wraps ? (int)at : (int)at - (int)(window / 2);
    int baby = d & (int)(babies - 1);
    if (!matrix->used[row])
      continue;
    terms[n_terms] = (eval_diagonal){.baby = baby * (int)step, .giant = (d - baby) * (int)step};
    rows[n_terms++] = row;
  }
  return n_terms;
}

/* A row times `factor`, turned right by the giant step, at the level and over all special primes.
 */
static ckks_status fourier_encode(ckks_plaintext **out, const ckks_complex *row, size_t n,
                                  int giant, double factor, int level, double scale,
                                  ckks_complex *slots, const ckks_params *params) {
  int limbs[CKKS_MAX_Q + CKKS_MAX_P], n_special = params->literal.n_p;
  int n_limbs = ckks_params_limbs_over(params, level, n_special);
  for (size_t j = 0; j < n; j++)
    slots[(j + (size_t)(int64_t)giant) & (n - 1)] =
        (ckks_complex){row[j].re * factor, row[j].im * factor};
  for (int i = 0; i < n_limbs; i++)
    limbs[i] = ckks_params_limb(params, level, i);
  ckks_status status;
  BASE_TRY(ckks_plaintext_build_at(out, params, level));
  ring_poly_clear(&(*out)->poly); /* this one is wider */
  BASE_GOTO(status, ring_poly_init(&(*out)->poly, n_limbs, &params->ring), fail);
  BASE_GOTO(status, ckks_encode_limbs(&(*out)->poly, limbs, n_limbs, slots, n, scale, params),
            fail);
  (*out)->level = level;
  (*out)->scale = scale;
  (*out)->n_special = n_special;
  return CKKS_OK;
fail:
  ckks_plaintext_free(*out);
  *out = NULL;
  return status;
}

static ckks_status fourier_stage_encode(eval_fourier_stage *stage, const fourier_matrix *matrix,
                                        double factor, double scale, const ckks_params *params) {
  bool outline = matrix->row == NULL;
  size_t rows[FOURIER_MAX_WINDOW];
  stage->terms = base_alloc_array(matrix->window, sizeof *stage->terms);
  stage->plaintext = base_alloc_array(matrix->window, sizeof(ckks_plaintext *));
  ckks_complex *slots = base_alloc_array(matrix->n_slots, sizeof *slots);
  ckks_status status = CKKS_OK;
  if (stage->terms == NULL || stage->plaintext == NULL || slots == NULL)
    status = base_fail_memory(matrix->n_slots * sizeof *slots);
  else
    stage->n_terms = fourier_list(stage->terms, rows, matrix);
  for (size_t t = 0; !outline && t < stage->n_terms && status == CKKS_OK; t++) {
    status = fourier_encode(&stage->plaintext[t], matrix->row + rows[t] * matrix->n_slots,
                            matrix->n_slots, stage->terms[t].giant, factor, stage->level, scale,
                            slots, params);
    stage->terms[t].plaintext = stage->plaintext[t];
  }
  base_free(slots);
  return status;
}

static ckks_status fourier_stage_build(eval_fourier *fourier, int i,
                                       const eval_fourier_shape *shape, const ckks_params *params) {
  fourier_matrix matrix = {0};
  fourier->stage[i].level = shape->level - i;
  ckks_status status = fourier_matrix_make(&matrix, shape, fourier_layers_of(shape, i), params);
  if (status == CKKS_OK)
    status =
        fourier_stage_encode(&fourier->stage[i], &matrix, pow(shape->factor, 1.0 / shape->n_stages),
                             shape->scale[i], params);
  base_free(matrix.row);
  return status;
}

/* --------------------------------------------------------------- the whole */

ckks_status eval_fourier_build(eval_fourier *out, const eval_fourier_shape *shape,
                               const ckks_params *params) {
  BASE_ASSERT(shape->n_stages >= 1 && shape->n_stages <= EVAL_FOURIER_MAX_STAGES);
  BASE_ASSERT(shape->n_stages <= shape->log2_slots && shape->level >= shape->n_stages);
  *out = (eval_fourier){.n_stages = shape->n_stages};
  for (int i = 0; i < shape->n_stages; i++) {
    ckks_status status = fourier_stage_build(out, i, shape, params);
    if (status != CKKS_OK) {
      eval_fourier_clear(out);
      return status;
    }
  }
  return CKKS_OK;
}

void eval_fourier_clear(eval_fourier *fourier) {
  for (int i = 0; i < fourier->n_stages; i++) {
    eval_fourier_stage *stage = &fourier->stage[i];
    for (size_t t = 0; t < stage->n_terms; t++)
      ckks_plaintext_free(stage->plaintext[t]);
    base_free(stage->plaintext);
    base_free(stage->terms);
  }
  *fourier = (eval_fourier){0};
}

size_t eval_fourier_keys(const eval_fourier *fourier, ckks_key_spec *specs, size_t capacity,
                         const ckks_params *params) {
  size_t n = 0;
  for (int i = 0; i < fourier->n_stages; i++) {
    const eval_fourier_stage *stage = &fourier->stage[i];
    for (size_t t = 0; t < 2 * stage->n_terms; t++) {
      const eval_diagonal *term = &stage->terms[t / 2];
      int steps = t % 2 == 0 ? term->baby : term->giant;
      if (steps == 0)
        continue;
      if (n < capacity)
        specs[n] = (ckks_key_spec){.galois = ckks_galois_rotation(params, steps),
                                   .level = stage->level,
                                   .n_special = params->literal.n_p};
      n++;
    }
  }
  return n;
}

size_t eval_fourier_bytes(const eval_fourier *fourier) {
  size_t n_bytes = 0;
  for (int i = 0; i < fourier->n_stages; i++)
    for (size_t t = 0; t < fourier->stage[i].n_terms; t++) {
      const ckks_plaintext *plaintext = fourier->stage[i].plaintext[t];
      if (plaintext != NULL)
        n_bytes += (size_t)plaintext->poly.n_limbs * plaintext->poly.stride * sizeof(ring_word);
    }
  return n_bytes;
}

ckks_status eval_fourier_apply(ckks_ciphertext *out, const ckks_ciphertext *a,
                               const eval_fourier *fourier, bool rescale, ckks_evaluator *ev) {
  int n_spares_used = ev->n_spares_used;
  ckks_ciphertext *product;
  BASE_ASSERT(a->level == fourier->stage[0].level);
  BASE_TRY(eval_spare_take(&product, a->level, 2, ev));
  ckks_status status = CKKS_OK;
  for (int i = 0; i < fourier->n_stages && status == CKKS_OK; i++) {
    const eval_fourier_stage *stage = &fourier->stage[i];
    status = eval_diagonals(product, i == 0 ? a : out, stage->terms, stage->n_terms, ev);
    if (status != CKKS_OK)
      break;
    if (rescale || i < fourier->n_stages - 1)
      eval_rescale(out, product, ev);
    else
      eval_copy(out, product, ev);
  }
  ev->n_spares_used = n_spares_used;
  return status;
}
