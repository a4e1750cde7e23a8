/* SPDX-License-Identifier: Apache-2.0 */
/* Linear maps by diagonals: inner tier with mixed steps and levels, and whole matrices. */
#include "fixture.h"

static uint64_t state = 7;

static ckks_complex in0[MAX_SLOTS], expected[MAX_SLOTS];
static double values[MAX_SLOTS], row[MAX_SLOTS];

/* -------------------------------------------------------------- inner tier */

#define MAX_TERMS 80

typedef struct diagonals {
  eval_diagonal term[MAX_TERMS];
  ckks_plaintext *plaintext[MAX_TERMS];
  size_t n;
} diagonals;

/* A random term, and what it adds to the expected slots. */
static void add_term(diagonals *d, const scheme *s, int baby, int giant, int level, int n_special) {
  random_reals(values, s->slots, &state);
  CHECK(eval_diagonal_encode(&d->plaintext[d->n], values, s->slots, level, s->params->scale[level],
                             n_special, s->params));
  d->term[d->n] = (eval_diagonal){.baby = baby, .giant = giant, .plaintext = d->plaintext[d->n]};
  d->n++;
  for (size_t i = 0; i < s->slots; i++) {
    size_t j = (i + (size_t)giant) & (s->slots - 1), k = (j + (size_t)baby) & (s->slots - 1);
    expected[i].re += values[j] * in0[k].re;
    expected[i].im += values[j] * in0[k].im;
  }
}

static void clear_terms(diagonals *d) {
  for (size_t t = 0; t < d->n; t++)
    ckks_plaintext_free(d->plaintext[t]);
  d->n = 0;
}

/* n_terms products with fresh noise each, and few roundings over larger scales. */
static double map_bound(const scheme *s, int level, size_t n_terms, int n_special) {
  double noise = hypot(ckks_noise_switch(s->params, level, n_special),
                       ckks_noise_fresh(s->params) + ckks_noise_encode(s->params));
  return 2 * TAIL * noise * sqrt((double)n_terms) / s->params->scale[level];
}

static void run_terms(const scheme *s, const diagonals *d, const ckks_ciphertext *a,
                      const char *what) {
  ckks_ciphertext *out = new_ciphertext(s);
  int n_special = s->keys->key[0].n_special;
  CHECK(eval_diagonals(out, a, d->term, d->n, s->ev));
  assert_int_equal(out->level, a->level);
  assert_true(ckks_scale_equal(out->scale, a->scale * d->plaintext[0]->scale));
  assert_slots(s, out, expected, map_bound(s, a->level, d->n, n_special), what);
  ckks_ciphertext_free(out);
}

static void body_diagonals(scheme *s) {
  static const int babies[] = {0, 1, 2, 4, 8},
                   giants[] = {-128, -64, -32, -16, 0, 16, 32, 64, 128, 256};
  diagonals d = {.n = 0};
  for (int level = s->top; level >= 1; level -= 2) {
    random_slots(in0, s->slots, &state);
    ckks_ciphertext *a = encrypt_complex(s, in0, level, 0);
    /* Every other pair of a grid, nine giants: more than one batch of them. */
    memset(expected, 0, sizeof expected);
    for (size_t g = 0; g < sizeof giants / sizeof *giants; g++)
      for (size_t b = g % 2; b < sizeof babies / sizeof *babies; b += 2)
        add_term(&d, s, babies[b], giants[g], level, s->params->literal.n_p);
    run_terms(s, &d, a, "grid");
    clear_terms(&d);
    /* Babies alone; a giant alone; plaintexts of a higher level. */
    memset(expected, 0, sizeof expected);
    for (size_t b = 0; b < 4; b++)
      add_term(&d, s, babies[b], 0, s->top, s->params->literal.n_p);
    run_terms(s, &d, a, "babies");
    add_term(&d, s, 0, 16, s->top, s->params->literal.n_p);
    run_terms(s, &d, a, "babies and a giant");
    clear_terms(&d);
    memset(expected, 0, sizeof expected);
    add_term(&d, s, 0, 0, level, 0);
    add_term(&d, s, 0, 0, level, 0);
    run_terms(s, &d, a, "the main diagonal, twice");
    clear_terms(&d);
    ckks_ciphertext_free(a);
  }
}

static void test_diagonals(void **unused) {
  (void)unused;
  for_all_schemes(body_diagonals);
}

/* One decomposition for all babies: adding babies adds no transform. */
static void test_hoisting_counts(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &all_literals[1]);
  random_slots(in0, s.slots, &state);
  ckks_ciphertext *a = encrypt_complex(&s, in0, s.top, 0), *out = new_ciphertext(&s);
  diagonals d = {.n = 0};
  uint64_t ntt[2];
  for (int i = 0; i < 2; i++) {
    add_term(&d, &s, 1 + i, 0, s.top, 2);
    s.ev->counters = (eval_counters){0};
    CHECK(eval_diagonals(out, a, d.term, d.n, s.ev));
    ntt[i] = s.ev->counters.ntt;
  }
  assert_int_equal(ntt[0], ntt[1]);
  clear_terms(&d);
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
  scheme_clear(&s);
}

static void test_inner_errors(void **unused) {
  (void)unused;
  scheme s;
  diagonals d = {.n = 0};
  scheme_init(&s, &all_literals[1]);
  random_slots(in0, s.slots, &state);
  ckks_ciphertext *a = encrypt_complex(&s, in0, s.top, 0), *out = new_ciphertext(&s);
  add_term(&d, &s, 1, 0, s.top, 1); /* keys have two special primes */
  CHECK_FAILS(eval_diagonals(out, a, d.term, d.n, s.ev), CKKS_ERROR_KEY, "encoded for 1");
  add_term(&d, &s, 3, 0, s.top, 2);
  CHECK_FAILS(eval_diagonals(out, a, d.term, d.n, s.ev), CKKS_ERROR_KEY, "rotation by 3");
  ckks_key_spec mixed[] = {{ckks_galois_rotation(s.params, 1), -1, 1},
                           {ckks_galois_rotation(s.params, 3), -1, 2}};
  scheme_use_keys(&s, mixed, 2);
  CHECK_FAILS(eval_diagonals(out, a, d.term, d.n, s.ev), CKKS_ERROR_KEY, "equal n_special");
  clear_terms(&d);
  /* One special prime of two is a valid choice. */
  memset(expected, 0, sizeof expected);
  scheme_use_keys(&s, mixed, 1);
  add_term(&d, &s, 1, 0, s.top, 2);
  run_terms(&s, &d, a, "fewer special primes");
  clear_terms(&d);
  ckks_plaintext *none = NULL;
  values[5] = 0x1p200;
  CHECK_FAILS(eval_diagonal_encode(&none, values, 6, 1, 0x1p30, 0, s.params), CKKS_ERROR_RANGE,
              "value 5");
  values[5] = (double)NAN;
  CHECK_FAILS(eval_diagonal_encode(&none, values, 6, 1, 0x1p30, 0, s.params), CKKS_ERROR_RANGE,
              "value 5");
  assert_null(none);
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
  scheme_clear(&s);
}

/* ---------------------------------------------------------------- matrices */

static void clear_product(const double *matrix, size_t rows, size_t columns, const double *bias,
                          const scheme *s) {
  memset(expected, 0, sizeof expected);
  for (size_t i = 0; i < rows; i++) {
    expected[i].re = bias == NULL ? 0 : bias[i];
    for (size_t j = 0; j < columns; j++)
      expected[i].re += matrix[i * columns + j] * row[j];
  }
  (void)s;
}

/* Uses exactly the keys that the map asks for; slots past the input hold rubbish. */
static void check_matrix(scheme *s, size_t rows, size_t columns, double density, bool with_bias) {
  double *matrix = base_alloc_array(rows * columns, sizeof *matrix);
  double bias[MAX_SLOTS];
  for (size_t i = 0; i < rows * columns; i++)
    matrix[i] = random_unit(&state) < 2 * density - 1 ? random_unit(&state) : 0;
  random_reals(bias, rows, &state);
  random_reals(row, s->slots, &state);
  ckks_linear_map *map = NULL;
  int level = 1 + (int)(test_random(&state) % (uint64_t)s->top);
  CHECK(ckks_linear_map_build(&map, matrix, rows, columns, with_bias ? bias : NULL, level,
                              s->params));
  ckks_key_spec specs[512];
  size_t n = ckks_linear_map_keys(map, NULL, 0);
  assert_true(n <= 512 && n < rows + columns);
  assert_int_equal(ckks_linear_map_keys(map, specs, 512), n);
  scheme_use_keys(s, specs, n);
  ckks_ciphertext *a = encrypt_real(s, row, s->slots, s->top), *out = new_ciphertext(s);
  CHECK(ckks_linear_map_apply(out, map, a, s->ev));
  assert_int_equal(out->level, level - 1);
  assert_true(out->scale == s->params->scale[level - 1]);
  clear_product(matrix, rows, columns, with_bias ? bias : NULL, s);
  /* The map, its rescale, and what x brings along from the top level and the way down. */
  double bound = map_bound(s, level, rows + columns, s->params->literal.n_p) +
                 TAIL * ckks_noise_rescale(s->params) / s->params->scale[level - 1] +
                 TAIL * sqrt((double)columns) *
                     (ckks_noise_fresh(s->params) / s->params->scale[s->top] +
                      ckks_noise_rescale(s->params) / s->params->scale[level]);
  char what[64];
  snprintf(what, sizeof what, "%zu x %zu matrix", rows, columns);
  assert_slots(s, out, expected, bound, what);
  CHECK(ckks_linear_map_apply(a, map, a, s->ev)); /* in place */
  assert_slots(s, a, expected, bound, what);
  ckks_linear_map_free(map);
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
  base_free(matrix);
}

static void test_matrices(void **unused) {
  (void)unused;
  static const size_t sizes[][2] = {{1, 1}, {16, 30}, {2, 16}, {30, 2}, {1, 40}, {40, 1}, {33, 31}};
  for (size_t k = 0; k < N_LITERALS; k++) {
    scheme s;
    scheme_init(&s, &all_literals[k]);
    for (size_t i = k % 2; i < sizeof sizes / sizeof *sizes; i += 2)
      check_matrix(&s, sizes[i][0], sizes[i][1], 1, i % 2 == 0);
    scheme_clear(&s);
  }
}

static void test_odd_matrices(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &all_literals[0]);
  check_matrix(&s, 20, 20, 0, true);         /* the zero map keeps its bias */
  check_matrix(&s, 200, 200, 0.0005, false); /* few diagonals are not zero */
  check_matrix(&s, s.slots, 3, 1, true);     /* all slots: the diagonals wrap */
  check_matrix(&s, 2, s.slots, 0.01, true);
  scheme_clear(&s);
}

static ckks_status attempt_map(void *context) {
  scheme *s = context;
  static const double matrix[6] = {1, 2, 3, 4, 5, 6}, bias[2] = {1, 2};
  ckks_linear_map *map = NULL;
  ckks_status status = ckks_linear_map_build(&map, matrix, 2, 3, bias, 2, s->params);
  ckks_linear_map_free(map);
  return status;
}

static void test_map_errors(void **unused) {
  (void)unused;
  scheme s, other;
  scheme_init(&s, &all_literals[0]);
  scheme_init(&other, &all_literals[1]);
  double matrix[4] = {1, 2, 3, (double)INFINITY};
  ckks_linear_map *map = NULL;
  ckks_ciphertext *a = encrypt_real(&s, matrix, 3, 1), *b = encrypt_real(&other, matrix, 3, 1);
  CHECK_FAILS(ckks_linear_map_build(&map, matrix, 2, 2, NULL, 2, s.params), CKKS_ERROR_RANGE,
              "row 1, column 1");
  CHECK_FAILS(ckks_linear_map_build(&map, matrix, 0, 2, NULL, 2, s.params), CKKS_ERROR_ARGUMENT,
              "0 x 2");
  CHECK_FAILS(ckks_linear_map_build(&map, matrix, 1, s.slots + 1, NULL, 2, s.params),
              CKKS_ERROR_ARGUMENT, "slots");
  CHECK_FAILS(ckks_linear_map_build(&map, NULL, 1, 1, NULL, 2, s.params), CKKS_ERROR_ARGUMENT,
              "NULL");
  CHECK_FAILS(ckks_linear_map_build(NULL, matrix, 1, 1, NULL, 2, s.params), CKKS_ERROR_ARGUMENT,
              "out is NULL");
  CHECK_FAILS(ckks_linear_map_build(&map, matrix, 1, 1, NULL, 0, s.params), CKKS_ERROR_LEVEL,
              "level");
  CHECK_FAILS(ckks_linear_map_build(&map, matrix, 1, 1, NULL, s.top + 1, s.params),
              CKKS_ERROR_LEVEL, "level");
  assert_null(map);
  matrix[3] = 4;
  CHECK(ckks_linear_map_build(&map, matrix, 2, 2, NULL, 2, s.params));
  CHECK_FAILS(ckks_linear_map_apply(a, map, a, s.ev), CKKS_ERROR_LEVEL, "level 2");
  CHECK_FAILS(ckks_linear_map_apply(a, NULL, a, s.ev), CKKS_ERROR_ARGUMENT, "map");
  CHECK_FAILS(ckks_linear_map_apply(b, map, b, other.ev), CKKS_ERROR_MISMATCH, "linear map");
  assert_int_equal(ckks_linear_map_keys(NULL, NULL, 0), 0);
  ckks_linear_map_free(map);
  fail_each_allocation(attempt_map, &s);
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(b);
  scheme_clear(&s);
  scheme_clear(&other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_diagonals),    cmocka_unit_test(test_hoisting_counts),
      cmocka_unit_test(test_inner_errors), cmocka_unit_test(test_matrices),
      cmocka_unit_test(test_odd_matrices), cmocka_unit_test(test_map_errors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
