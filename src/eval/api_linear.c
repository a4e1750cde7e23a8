/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Public tier: plain matrices as sums of rotated diagonals (Halevi and Shoup, CRYPTO 2014).
 *
 * y[i] = sum over r of M[i][i+r] * x[i+r]: the diagonal r stands in the slots i < rows with
 * i + r < columns and is zero elsewhere, so that x may hold anything in further
 * slots and y is zero in them: no partial sum is left in a slot.
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "eval/api.h"

struct ckks_linear_map {
  uint8_t params_hash[CKKS_HASH_BYTES];
  int log2_n, level;
  eval_diagonal *term;
  ckks_plaintext **diagonal; /* of each term: the same plaintext, owned */
  size_t n_terms, capacity;
  ckks_plaintext *bias; /* one level below; NULL when there is none */
};

/* ------------------------------------------------------------------ layout */

/* Diagonals there can be: r = first, first + 1, ... as many as there are, or slots of them. */
static void linear_range(int *first, int *count, const eval_matrix *matrix, size_t slots) {
  size_t n = matrix->rows + matrix->columns - 1;
  *first = -(int)(matrix->rows - 1);
  *count = (int)(n < slots ? n : slots);
}

/* r rounded down to a multiple of n, a power of two. */
static int linear_floor(int r, int n) {
  return r & ~(n - 1);
}

/* A giant step costs about four hoisted babies: two transforms for each of its digits and limbs. */
#define LINEAR_GIANT_COST 4

/* The power of two that makes babies and giants cheapest together. */
static int linear_choose_babies(int first, int count, size_t slots) {
  int best = 1, best_cost = 0;
  for (int babies = 1; babies <= (int)slots; babies *= 2) {
    int giants = (linear_floor(first + count - 1, babies) - linear_floor(first, babies)) / babies;
    int cost = (babies < count ? babies : count) - 1 + LINEAR_GIANT_COST * giants;
    if (babies == 1 || cost < best_cost) {
      best = babies;
      best_cost = cost;
    }
  }
  return best;
}

/* ------------------------------------------------------------------- build */

/* Encodes diagonal r; nothing when it is zero. */
static ckks_status linear_add_diagonal(ckks_linear_map *map, double *value,
                                       const eval_matrix *matrix, int r, int babies,
                                       const ckks_params *params) {
  size_t slots = params->ring.n / 2;
  int giant = linear_floor(r, babies) % (int)slots; /* all the way round is no rotation */
  bool last_hope = map->n_terms == 0 && r == 0;     /* even the zero map has one term */
  if (!eval_matrix_diagonal(value, matrix, r, giant, slots) && !last_hope)
    return CKKS_OK;
  ckks_plaintext *plaintext = NULL;
  BASE_TRY(eval_diagonal_encode(&plaintext, value, slots, map->level, params->scale[map->level],
                                params->literal.n_p, params));
  BASE_ASSERT(map->n_terms < map->capacity);
  map->diagonal[map->n_terms] = plaintext;
  map->term[map->n_terms++] =
      (eval_diagonal){.baby = r & (babies - 1), .giant = giant, .plaintext = plaintext};
  return CKKS_OK;
}

static ckks_status linear_add_bias(ckks_linear_map *map, const double *bias, size_t rows,
                                   const ckks_params *params) {
  BASE_TRY(ckks_plaintext_build_at(&map->bias, params, map->level - 1));
  return ckks_encode_real(map->bias, bias, rows, map->level - 1, 0, params);
}

static ckks_status linear_fill(ckks_linear_map *map, const eval_matrix *matrix, const double *bias,
                               const ckks_params *params) {
  size_t slots = params->ring.n / 2;
  int first, count;
  linear_range(&first, &count, matrix, slots);
  int babies = linear_choose_babies(first, count, slots);
  map->capacity = (size_t)count;
  map->term = base_alloc_array(map->capacity, sizeof *map->term);
  map->diagonal = base_alloc_array(map->capacity, sizeof(ckks_plaintext *));
  double *value = base_alloc_array(slots, sizeof *value);
  ckks_status status = CKKS_OK;
  if (map->term == NULL || map->diagonal == NULL || value == NULL)
    status = base_fail_memory(slots * sizeof *value + map->capacity * sizeof *map->term);
  for (int r = first; r < first + count && status == CKKS_OK; r++)
    status = linear_add_diagonal(map, value, matrix, r, babies, params);
  base_free(value);
  if (status == CKKS_OK && bias != NULL)
    status = linear_add_bias(map, bias, matrix->rows, params);
  return status;
}

static ckks_status linear_build(ckks_linear_map **out, const double *matrix, size_t rows,
                                size_t columns, const double *bias, int level,
                                const ckks_params *params) {
  BASE_TRY(ckks_params_check_rounding());
  BASE_TRY(ckks_params_check_level(params, level, ckks_params_max_level(params), "linear map"));
  BASE_TRY(eval_api_check_level(level, 1));
  eval_matrix whole = {matrix, rows, columns, columns, 1};
  BASE_TRY(eval_matrix_check(&whole, params));
  ckks_linear_map *map = base_alloc(sizeof *map);
  if (map == NULL)
    return base_fail_memory(sizeof *map);
  memcpy(map->params_hash, params->hash, CKKS_HASH_BYTES);
  map->level = level;
  map->log2_n = params->literal.log2_n;
  ckks_status status = linear_fill(map, &whole, bias, params);
  if (status != CKKS_OK) {
    ckks_linear_map_free(map);
    return status;
  }
  *out = map;
  return CKKS_OK;
}

ckks_status ckks_linear_map_build(ckks_linear_map **out, const double *matrix, size_t rows,
                                  size_t columns, const double *bias, int level,
                                  const ckks_params *params) {
  BASE_NOT_NULL(out);
  *out = NULL;
  BASE_NOT_NULL(matrix);
  BASE_NOT_NULL(params);
  return eval_api_named(__func__, linear_build(out, matrix, rows, columns, bias, level, params));
}

void ckks_linear_map_free(ckks_linear_map *map) {
  if (map == NULL)
    return;
  for (size_t t = 0; t < map->n_terms; t++)
    ckks_plaintext_free(map->diagonal[t]);
  ckks_plaintext_free(map->bias);
  base_free(map->diagonal);
  base_free(map->term);
  base_free(map);
}

/* -------------------------------------------------------------------- keys */

/* Number 2t is the baby of term t, 2t + 1 its giant. */
static uint32_t linear_galois(const ckks_linear_map *map, size_t number) {
  const eval_diagonal *term = &map->term[number / 2];
  return ring_automorphism_rotation(number % 2 == 0 ? term->baby : term->giant, map->log2_n);
}

static bool linear_galois_is_new(const ckks_linear_map *map, size_t number, uint32_t galois) {
  for (size_t i = 0; i < number; i++)
    if (linear_galois(map, i) == galois)
      return false;
  return galois != 1;
}

size_t ckks_linear_map_keys(const ckks_linear_map *map, ckks_key_spec *specs, size_t capacity) {
  size_t n = 0;
  for (size_t number = 0; map != NULL && number < 2 * map->n_terms; number++) {
    uint32_t galois = linear_galois(map, number);
    if (!linear_galois_is_new(map, number, galois))
      continue;
    if (n < capacity && specs != NULL)
      specs[n] = (ckks_key_spec){.galois = galois, .level = map->level, .n_special = 0};
    n++;
  }
  return n;
}

/* ------------------------------------------------------------------- apply */

static ckks_status linear_apply(ckks_ciphertext *out, const ckks_linear_map *map,
                                const ckks_ciphertext *a, ckks_evaluator *ev) {
  ckks_ciphertext *product;
  BASE_TRY(eval_api_align(&a, a, map->level, ev));
  BASE_TRY(eval_spare_take(&product, map->level, 2, ev));
  BASE_TRY(eval_diagonals(product, a, map->term, map->n_terms, ev));
  eval_api_rescale(out, product, ev);
  if (map->bias != NULL)
    eval_add_plain(out, out, map->bias, ev);
  return CKKS_OK;
}

static ckks_status linear_apply_checked(ckks_ciphertext *out, const ckks_linear_map *map,
                                        const ckks_ciphertext *a, ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check_evaluator(evaluator));
  if (map == NULL)
    return base_fail(CKKS_ERROR_ARGUMENT, "map is NULL");
  BASE_TRY(ckks_params_check(evaluator->params, map->params_hash, "linear map"));
  BASE_TRY(eval_api_check_input(a, "a", evaluator));
  BASE_TRY(eval_api_check_output(out, map->level - 1, evaluator));
  int level = eval_api_level(a, evaluator), n_spares_used = evaluator->n_spares_used;
  if (level < map->level)
    return base_fail(CKKS_ERROR_LEVEL, "linear map: made for level %d, the ciphertext has only %d",
                     map->level, level);
  ckks_status status = linear_apply(out, map, a, evaluator);
  evaluator->n_spares_used = n_spares_used;
  return status;
}

ckks_status ckks_linear_map_apply(ckks_ciphertext *out, const ckks_linear_map *map,
                                  const ckks_ciphertext *a, ckks_evaluator *evaluator) {
  return eval_api_named(__func__, linear_apply_checked(out, map, a, evaluator));
}
