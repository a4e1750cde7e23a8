/* SPDX-License-Identifier: Apache-2.0 */
/* Public tier: sums and products with plain numbers, with vectors of them, and with plaintexts. */
#include <math.h>

#include "eval/api.h"

/* ------------------------------------------------- operands encoded on the spot */

/* Real or complex, n of them for the first n slots; or one for all slots. */
typedef struct plain_values {
  const double *real;
  const ckks_complex *complex;
  size_t n;
  bool everywhere;
} plain_values;

/* Into the evaluator's own plaintext. */
static ckks_status plain_encode(const plain_values *values, int level, double scale,
                                ckks_evaluator *ev) {
  if (values->real == NULL && values->complex == NULL && values->n > 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "values is NULL");
  if (values->everywhere)
    return ckks_encode_complex_constant(ev->plaintext, values->complex[0], level, scale,
                                        ev->params);
  if (values->complex != NULL)
    return ckks_encode_complex(ev->plaintext, values->complex, values->n, level, scale, ev->params);
  static const double none[1];
  return ckks_encode_real(ev->plaintext, values->real != NULL ? values->real : none, values->n,
                          level, scale, ev->params);
}

typedef void (*plain_sum)(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_plaintext *p,
                          ckks_evaluator *ev);

static ckks_status plain_add(ckks_ciphertext *out, const ckks_ciphertext *a,
                             const plain_values *values, plain_sum sum, ckks_evaluator *ev) {
  BASE_TRY(eval_api_check(out, a, ev));
  BASE_TRY(plain_encode(values, a->level, a->scale, ev));
  sum(out, a, ev->plaintext, ev);
  return CKKS_OK;
}

/* Before a product with a plaintext factor: checks, and room for the product. */
static ckks_status plain_product_begin(ckks_ciphertext **product, const ckks_ciphertext *out,
                                       const ckks_ciphertext *a, ckks_evaluator *ev) {
  BASE_TRY(eval_api_check_evaluator(ev));
  BASE_TRY(eval_api_check_input(a, "a", ev));
  BASE_TRY(eval_api_check_level(a->level, 1));
  BASE_TRY(eval_api_check_output(out, a->level - 1, ev));
  return eval_spare_take(product, a->level, 2, ev);
}

static ckks_status plain_mul(ckks_ciphertext *out, const ckks_ciphertext *a,
                             const plain_values *values, ckks_evaluator *ev) {
  ckks_ciphertext *product;
  BASE_TRY(plain_product_begin(&product, out, a, ev));
  ckks_status status = plain_encode(values, a->level, eval_api_factor(a, ev), ev);
  if (status == CKKS_OK) {
    eval_mul_plain(product, a, ev->plaintext, ev);
    eval_api_rescale(out, product, ev);
  }
  ev->n_spares_used--;
  return status;
}

ckks_status eval_api_plain_mul_real(ckks_ciphertext *out, const ckks_ciphertext *a,
                                    const double *values, size_t n, ckks_evaluator *ev) {
  return plain_mul(out, a, &(plain_values){.real = values, .n = n}, ev);
}

ckks_status ckks_add_real(ckks_ciphertext *out, const ckks_ciphertext *a, const double *values,
                          size_t n, ckks_evaluator *evaluator) {
  const plain_values plain = {.real = values, .n = n};
  return eval_api_named(__func__, plain_add(out, a, &plain, eval_add_plain, evaluator));
}

ckks_status ckks_sub_real(ckks_ciphertext *out, const ckks_ciphertext *a, const double *values,
                          size_t n, ckks_evaluator *evaluator) {
  const plain_values plain = {.real = values, .n = n};
  return eval_api_named(__func__, plain_add(out, a, &plain, eval_sub_plain, evaluator));
}

ckks_status ckks_mul_real(ckks_ciphertext *out, const ckks_ciphertext *a, const double *values,
                          size_t n, ckks_evaluator *evaluator) {
  return eval_api_named(__func__, eval_api_plain_mul_real(out, a, values, n, evaluator));
}

ckks_status ckks_add_complex(ckks_ciphertext *out, const ckks_ciphertext *a,
                             const ckks_complex *values, size_t n, ckks_evaluator *evaluator) {
  const plain_values plain = {.complex = values, .n = n};
  return eval_api_named(__func__, plain_add(out, a, &plain, eval_add_plain, evaluator));
}

ckks_status ckks_sub_complex(ckks_ciphertext *out, const ckks_ciphertext *a,
                             const ckks_complex *values, size_t n, ckks_evaluator *evaluator) {
  const plain_values plain = {.complex = values, .n = n};
  return eval_api_named(__func__, plain_add(out, a, &plain, eval_sub_plain, evaluator));
}

ckks_status ckks_mul_complex(ckks_ciphertext *out, const ckks_ciphertext *a,
                             const ckks_complex *values, size_t n, ckks_evaluator *evaluator) {
  const plain_values plain = {.complex = values, .n = n};
  return eval_api_named(__func__, plain_mul(out, a, &plain, evaluator));
}

/* --------------------------------------------------------------- constants */

static ckks_status plain_add_constant(ckks_ciphertext *out, const ckks_ciphertext *a, double value,
                                      ckks_evaluator *ev) {
  BASE_TRY(eval_api_check(out, a, ev));
  return eval_add_scalar(out, a, value, ev);
}

ckks_status ckks_add_constant(ckks_ciphertext *out, const ckks_ciphertext *a, double value,
                              ckks_evaluator *evaluator) {
  return eval_api_named(__func__, plain_add_constant(out, a, value, evaluator));
}

#define PLAIN_MAX_INTEGER 0x1p20

ckks_status eval_api_plain_mul_constant(ckks_ciphertext *out, const ckks_ciphertext *a,
                                        double value, ckks_evaluator *ev) {
  if (fabs(value) <= PLAIN_MAX_INTEGER && rint(value) == value) {
    BASE_TRY(eval_api_check(out, a, ev));
    return eval_mul_scalar(out, a, value, 1, ev);
  }
  ckks_ciphertext *product;
  BASE_TRY(plain_product_begin(&product, out, a, ev));
  ckks_status status = eval_mul_scalar(product, a, value, eval_api_factor(a, ev), ev);
  if (status == CKKS_OK)
    eval_api_rescale(out, product, ev);
  ev->n_spares_used--;
  return status;
}

ckks_status ckks_mul_constant(ckks_ciphertext *out, const ckks_ciphertext *a, double value,
                              ckks_evaluator *evaluator) {
  return eval_api_named(__func__, eval_api_plain_mul_constant(out, a, value, evaluator));
}

ckks_status ckks_add_complex_constant(ckks_ciphertext *out, const ckks_ciphertext *a,
                                      ckks_complex value, ckks_evaluator *evaluator) {
  const plain_values plain = {.complex = &value, .n = 1, .everywhere = true};
  return eval_api_named(__func__, plain_add(out, a, &plain, eval_add_plain, evaluator));
}

ckks_status ckks_mul_complex_constant(ckks_ciphertext *out, const ckks_ciphertext *a,
                                      ckks_complex value, ckks_evaluator *evaluator) {
  const plain_values plain = {.complex = &value, .n = 1, .everywhere = true};
  return eval_api_named(__func__, plain_mul(out, a, &plain, evaluator));
}

/* ------------------------------------------------------- prepared plaintexts */

static ckks_status plain_check_prepared(const ckks_plaintext *plaintext, const ckks_ciphertext *a,
                                        ckks_evaluator *ev) {
  BASE_TRY(eval_api_check_evaluator(ev));
  BASE_TRY(eval_api_check_input(a, "a", ev));
  if (plaintext == NULL)
    return base_fail(CKKS_ERROR_ARGUMENT, "plaintext is NULL");
  return ckks_params_check(ev->params, plaintext->params_hash, "plaintext");
}

/*
 * *a, brought down to the plaintext's level where it cannot meet it as it is: `wanted` is the
 * scale with which the plaintext would do at a's own level.
 */
static ckks_status plain_meet(const ckks_ciphertext **a, const ckks_plaintext *plaintext,
                              double wanted, ckks_evaluator *ev) {
  if (plaintext->level >= (*a)->level && ckks_scale_equal(plaintext->scale, wanted))
    return CKKS_OK;
  if (plaintext->level > eval_api_level(*a, ev))
    return base_fail(CKKS_ERROR_LEVEL,
                     "plaintext: encoded at level %d, the ciphertext stands at %d: encode it there",
                     plaintext->level, (*a)->level);
  if (!ckks_scale_equal(plaintext->scale, ev->params->scale[plaintext->level]))
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "plaintext: its scale 2^%.2f is not level %d's canonical 2^%.2f: encode it at "
                     "scale 0",
                     log2(plaintext->scale), plaintext->level,
                     log2(ev->params->scale[plaintext->level]));
  return eval_api_align(a, *a, plaintext->level, ev);
}

static ckks_status plain_add_prepared(ckks_ciphertext *out, const ckks_ciphertext *a,
                                      const ckks_plaintext *plaintext, plain_sum sum,
                                      ckks_evaluator *ev) {
  BASE_TRY(plain_check_prepared(plaintext, a, ev));
  int n_spares_used = ev->n_spares_used;
  ckks_status status;
  BASE_GOTO(status, plain_meet(&a, plaintext, a->scale, ev), done);
  BASE_GOTO(status, eval_api_check_output(out, a->level, ev), done);
  sum(out, a, plaintext, ev);
done:
  ev->n_spares_used = n_spares_used;
  return status;
}

static ckks_status plain_mul_prepared(ckks_ciphertext *out, const ckks_ciphertext *a,
                                      const ckks_plaintext *plaintext, ckks_evaluator *ev) {
  ckks_ciphertext *product;
  BASE_TRY(plain_check_prepared(plaintext, a, ev));
  BASE_TRY(eval_api_check_level(a->level < plaintext->level ? a->level : plaintext->level, 1));
  int n_spares_used = ev->n_spares_used;
  ckks_status status;
  BASE_GOTO(status, plain_meet(&a, plaintext, eval_api_factor(a, ev), ev), done);
  BASE_GOTO(status, plain_product_begin(&product, out, a, ev), done);
  eval_mul_plain(product, a, plaintext, ev);
  eval_api_rescale(out, product, ev);
done:
  ev->n_spares_used = n_spares_used;
  return status;
}

ckks_status ckks_add_plain(ckks_ciphertext *out, const ckks_ciphertext *a,
                           const ckks_plaintext *plaintext, ckks_evaluator *evaluator) {
  return eval_api_named(__func__, plain_add_prepared(out, a, plaintext, eval_add_plain, evaluator));
}

ckks_status ckks_sub_plain(ckks_ciphertext *out, const ckks_ciphertext *a,
                           const ckks_plaintext *plaintext, ckks_evaluator *evaluator) {
  return eval_api_named(__func__, plain_add_prepared(out, a, plaintext, eval_sub_plain, evaluator));
}

ckks_status ckks_mul_plain(ckks_ciphertext *out, const ckks_ciphertext *a,
                           const ckks_plaintext *plaintext, ckks_evaluator *evaluator) {
  return eval_api_named(__func__, plain_mul_prepared(out, a, plaintext, evaluator));
}
