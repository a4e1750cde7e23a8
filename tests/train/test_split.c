/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known answers were made once with pandas 1.5.3 on NumPy 1.24.2:
 *   t = pandas.DataFrame(range(n)).sample(frac=frac, random_state=seed).index
 *   v = the other indices, ascending
 * and digests h = 0; for x in list: h = (h * 1000003 + x) mod 2^32.
 */
#include "base/alloc.h"
#include "train/train.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct split {
  size_t *train, *validation, n_train, n_validation;
} split;

static ckks_status split_build(split *s, size_t n, double frac, uint32_t seed) {
  return train_split(&s->train, &s->n_train, &s->validation, &s->n_validation, n, frac, seed);
}

static void split_free(split *s) {
  base_free(s->train);
  base_free(s->validation);
}

static void the_reference_split_is_the_known_one(void **state) {
  (void)state;
  static const size_t validation[] = {
      1,   8,   13,  14,  20,  21,  27,  34,  40,  43,  52,  58,  62,  64,  71,  80,  87,
      91,  99,  102, 105, 106, 121, 128, 130, 134, 135, 138, 156, 160, 161, 162, 166, 187,
      189, 190, 191, 201, 205, 207, 212, 214, 216, 217, 230, 236, 241, 243, 251, 252, 259,
      260, 269, 270, 273, 276, 279, 288, 295, 300, 303, 308, 309, 313, 315, 326, 330, 337,
      339, 343, 344, 345, 350, 366, 372, 378, 379, 385, 387, 389, 391, 401, 409, 413, 418,
      427, 435, 445, 454, 455, 458, 459, 461, 466, 474, 475, 476, 478, 483, 484, 491, 493,
      504, 508, 510, 516, 522, 529, 537, 552, 554, 560, 563, 566};
  static const size_t first_train[] = {204, 70,  131, 431, 540, 567, 369, 29,  81,  477,
                                       457, 167, 165, 329, 527, 83,  511, 556, 101, 535};
  split s;
  assert_int_equal(split_build(&s, 569, 0.8, 42), CKKS_OK);
  assert_int_equal(s.n_train, 455);
  assert_int_equal(s.n_validation, 114);
  assert_int_equal(sizeof validation / sizeof validation[0], 114);
  assert_memory_equal(s.validation, validation, sizeof validation);
  assert_memory_equal(s.train, first_train, sizeof first_train);
  split_free(&s);
}

static uint32_t digest(const size_t *list, size_t n) {
  uint32_t h = 0;
  for (size_t i = 0; i < n; i++)
    h = h * 1000003U + (uint32_t)list[i];
  return h;
}

static void other_sizes_and_seeds_agree_with_pandas(void **state) {
  (void)state;
  static const struct {
    size_t n;
    uint32_t seed;
    double frac;
    size_t n_train;
    uint32_t train, validation;
    size_t first[4];
  } cases[] = {
      {2, 0U, 0.5, 1, 1U, 0U, {1}},
      {5, 7U, 0.5, 2, 3U, 3575587347U, {0, 3}},
      {10, 1U, 0.25, 2, 2000015U, 3684557456U, {2, 9}},
      {64, 4294967295U, 0.5, 32, 3015104934U, 383270940U, {51, 4, 38, 45}},
      {100, 123456789U, 0.333, 33, 3975979061U, 1114496859U, {49, 86, 58, 10}},
      {1000, 0U, 0.8, 800, 3338820512U, 2647685740U, {993, 859, 298, 553}},
      {4601, 2024U, 0.7, 3221, 3364444204U, 1673160550U, {2252, 3322, 2298, 4512}},
      {5000, 99U, 0.9, 4500, 420287302U, 3862905866U, {1034, 250, 2578, 3525}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    split s;
    assert_int_equal(split_build(&s, cases[i].n, cases[i].frac, cases[i].seed), CKKS_OK);
    assert_int_equal(s.n_train, cases[i].n_train);
    assert_int_equal(s.n_validation, cases[i].n - cases[i].n_train);
    for (size_t k = 0; k < 4 && k < s.n_train; k++)
      assert_int_equal(s.train[k], cases[i].first[k]);
    assert_int_equal(digest(s.train, s.n_train), cases[i].train);
    assert_int_equal(digest(s.validation, s.n_validation), cases[i].validation);
    split_free(&s);
  }
}

static void every_row_is_on_one_side(void **state) {
  (void)state;
  for (size_t n = 2; n < 300; n += 7) {
    char seen[300] = {0};
    split s;
    assert_int_equal(split_build(&s, n, 0.6, (uint32_t)n), CKKS_OK);
    for (size_t i = 0; i < s.n_train; i++)
      seen[s.train[i]]++;
    for (size_t i = 0; i < s.n_validation; i++) {
      seen[s.validation[i]]++;
      assert_true(i == 0 || s.validation[i - 1] < s.validation[i]);
    }
    for (size_t i = 0; i < n; i++)
      assert_int_equal(seen[i], 1);
    split_free(&s);
  }
}

/* Python's round: 2.5 -> 2, 3.5 -> 4. */
static void halves_round_to_even(void **state) {
  (void)state;
  split s;
  assert_int_equal(split_build(&s, 5, 0.5, 1), CKKS_OK);
  assert_int_equal(s.n_train, 2);
  split_free(&s);
  assert_int_equal(split_build(&s, 7, 0.5, 1), CKKS_OK);
  assert_int_equal(s.n_train, 4);
  split_free(&s);
}

static void a_side_without_rows_is_refused(void **state) {
  (void)state;
  static const struct {
    size_t n;
    double frac;
  } cases[] = {{569, 0.0}, {569, 1.0}, {569, -0.5}, {569, 1.5},
               {0, 0.5},   {1, 0.5},   {2, 0.8},    {9, 0.05}};
  split s;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_int_equal(split_build(&s, cases[i].n, cases[i].frac, 42), CKKS_ERROR_ARGUMENT);
    assert_null(s.train);
    assert_null(s.validation);
  }
  assert_int_equal(split_build(&s, 9, (double)NAN, 42), CKKS_ERROR_ARGUMENT);
}

static void failing_allocations_leak_nothing(void **state) {
  (void)state;
  for (long k = 1; k <= 2; k++) {
    split s;
    base_alloc_fail_at(k);
    assert_int_equal(split_build(&s, 10, 0.5, 42), CKKS_ERROR_MEMORY);
    assert_null(s.train);
    assert_null(s.validation);
  }
  base_alloc_fail_at(0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_reference_split_is_the_known_one),
      cmocka_unit_test(other_sizes_and_seeds_agree_with_pandas),
      cmocka_unit_test(every_row_is_on_one_side),
      cmocka_unit_test(halves_round_to_even),
      cmocka_unit_test(a_side_without_rows_is_refused),
      cmocka_unit_test(failing_allocations_leak_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
