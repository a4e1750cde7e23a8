/* SPDX-License-Identifier: Apache-2.0 */
/* Threads inside one operation: the same words and the same counts whatever their number. */
#include "eval/arith.h"
#include "eval/fixture.h"
#include "eval/workers.h"

/* Large enough to be shared, both kinds of words, one and several special primes. */
static const named_literal large_literals[] = {
    {"f64, 1 special",
     {.log2_n = 13,
      .n_q = 4,
      .n_p = 1,
      .q_bits = {48, 40, 40, 40},
      .p_bits = {49},
      .log2_scale = 40}},
    {"f64, 3 special",
     {.log2_n = 13,
      .n_q = 5,
      .n_p = 3,
      .q_bits = {49, 40, 40, 40, 40},
      .p_bits = {45, 44, 43},
      .log2_scale = 40}},
    {"u64, 2 special",
     {.log2_n = 13,
      .n_q = 3,
      .n_p = 2,
      .q = {1152921504606584833},
      .q_bits = {60, 45, 45},
      .p_bits = {55, 55},
      .log2_scale = 45}},
    {"pairs, 1 special",
     {.log2_n = 13, .n_q = 3, .n_p = 1, .q_bits = {60, 40, 52}, .p_bits = {60}, .log2_scale = 46}},
};
#define N_LARGE (sizeof large_literals / sizeof *large_literals)

#define N_OUT 4
#define N_ROWS 5

typedef struct world {
  scheme s;
  ckks_ciphertext *a, *b, *out[N_OUT], *rows[N_ROWS];
  eval_diagonal term[5];
} world;

static const int all_steps[] = {1, 2, 3, 8, -1};

static void world_init(world *w, const named_literal *literal) {
  ckks_key_spec specs[2 + 5];
  uint64_t state = 4;
  double values[8];
  scheme_init(&w->s, literal);
  scheme *s = &w->s;
  for (int i = 0; i < 5; i++)
    specs[i] = (ckks_key_spec){ckks_galois_rotation(s->params, all_steps[i]), -1, 0};
  specs[5] = (ckks_key_spec){0, -1, 0};
  specs[6] = (ckks_key_spec){ckks_galois_conjugation(s->params), -1, 0};
  scheme_use_keys(s, specs, ckks_key_spec_merge(specs, 7));
  random_reals(values, 8, &state);
  w->a = encrypt_real(s, values, 8, s->top);
  random_reals(values, 8, &state);
  w->b = encrypt_real(s, values, 8, s->top);
  for (int i = 0; i < N_OUT; i++)
    w->out[i] = new_ciphertext(s);
  for (int i = 0; i < N_ROWS; i++)
    w->rows[i] = new_ciphertext(s);
  static const int pairs[5][2] = {{0, 0}, {1, 0}, {0, 2}, {1, 2}, {3, 8}};
  for (int t = 0; t < 5; t++) {
    ckks_plaintext *plaintext;
    random_reals(values, 8, &state);
    CHECK(eval_diagonal_encode(&plaintext, values, 8, s->top, 0x1p30, s->params->literal.n_p,
                               s->params));
    w->term[t] = (eval_diagonal){.baby = pairs[t][0], .giant = pairs[t][1], .plaintext = plaintext};
  }
}

static void world_clear(world *w) {
  for (int t = 0; t < 5; t++)
    ckks_plaintext_free((ckks_plaintext *)(uintptr_t)w->term[t].plaintext);
  for (int i = 0; i < N_OUT; i++)
    ckks_ciphertext_free(w->out[i]);
  for (int i = 0; i < N_ROWS; i++)
    ckks_ciphertext_free(w->rows[i]);
  ckks_ciphertext_free(w->a);
  ckks_ciphertext_free(w->b);
  scheme_clear(&w->s);
}

/* ------------------------------------------------- what is done with threads */

static void product(world *w) {
  CHECK(eval_mul(w->out[0], w->a, w->b, w->s.ev));
  eval_tensor(w->out[1], w->a, w->b, w->s.ev);
  CHECK(eval_relinearize(w->out[1], w->out[1], false, w->s.ev)); /* in place */
  eval_rescale(w->out[2], w->out[1], w->s.ev);
}

static void rotations(world *w) {
  CHECK(eval_rotate(w->out[0], w->a, 2, w->s.ev));
  eval_copy(w->out[1], w->a, w->s.ev);
  CHECK(eval_rotate_add(w->out[1], w->out[1], 3, w->out[1], w->s.ev));
  eval_copy(w->out[2], w->b, w->s.ev);
  CHECK(eval_rotate_add(w->out[2], w->a, 5, w->out[2], w->s.ev)); /* two switches */
  CHECK(eval_automorphism(w->out[3], w->a, ckks_galois_conjugation(w->s.params), w->s.ev));
}

static void hoisted(world *w) {
  uint32_t galois[N_OUT] = {1};
  for (int i = 1; i < N_OUT; i++)
    galois[i] = ckks_galois_rotation(w->s.params, all_steps[i]);
  CHECK(eval_automorphism_many(w->out, w->a, galois, N_OUT, w->s.ev));
}

static void sums_of_rotations(world *w) {
  static const int steps[] = {1, 0, 8, -1, 1};
  CHECK(eval_rotate_sum(w->out[0], w->a, steps, 5, w->s.ev));
  eval_copy(w->out[1], w->a, w->s.ev);
  CHECK(eval_rotate_sum(w->out[1], w->out[1], steps + 2, 3, w->s.ev)); /* in place */
  CHECK(eval_rotate_sum(w->out[2], w->a, steps, 1, w->s.ev));
}

static void linear_maps(world *w) {
  CHECK(eval_diagonals(w->out[0], w->a, w->term, 5, w->s.ev));
  eval_rescale(w->out[0], w->out[0], w->s.ev);
}

static void sums_and_polynomials(world *w) {
  static const double polynomial[] = {0.5, 0.25, 0, -0.125};
  const ckks_ciphertext *in[] = {w->a, w->b};
  static const double matrix[N_ROWS][2] = {{1, 2}, {-1, 0.5}, {0, 3}, {0.25, 0}, {-2, -3}};
  const double *values[N_ROWS];
  for (int r = 0; r < N_ROWS; r++)
    values[r] = matrix[r];
  CHECK(eval_sum_scalar_rows(w->rows, in, values, N_ROWS, 2, 0x1p30, w->s.ev));
  for (int r = 0; r < 3; r++)
    eval_copy(w->out[r], w->rows[r + 1], w->s.ev);
  CHECK(eval_polynomial(w->out[3], w->a, polynomial, 3, CKKS_MONOMIAL, 0, w->s.ev));
}

static void (*const operations[])(world *) = {product,           rotations,   hoisted,
                                              sums_of_rotations, linear_maps, sums_and_polynomials};
#define N_OPERATIONS (sizeof operations / sizeof *operations)

/* ------------------------------------------------------------------- tests */

static void assert_same(const ckks_ciphertext *got, const ckks_ciphertext *expected,
                        const scheme *s, size_t operation, int threads) {
  assert_int_equal(got->level, expected->level);
  assert_int_equal(got->n_parts, expected->n_parts);
  assert_true(got->scale == expected->scale);
  for (int part = 0; part < got->n_parts; part++)
    for (int i = 0; i < ckks_params_limbs(s->params, got->level); i++)
      if (memcmp(ring_poly_limb(&got->part[part], i), ring_poly_limb(&expected->part[part], i),
                 s->params->ring.n * sizeof(ring_word)) != 0)
        fail_msg("%s: operation %zu with %d threads: part %d, limb %d", s->name, operation, threads,
                 part, i);
}

static void assert_scratch_given_back(const ckks_evaluator *ev) {
  for (int i = 0; i < ev->n_workers; i++) {
    const base_arena *arena = &ev->worker[i].arena;
    assert_int_equal(arena->used_bytes, 0);
    assert_true(arena->peak_bytes <= arena->capacity_bytes);
    assert_int_equal(ev->worker[i].counters.ntt, 0);
  }
}

/* 1, 2, 3 threads, and 1 again: words and counts are those of the caller alone. */
static void test_same_words(void **unused) {
  (void)unused;
  for (size_t l = 0; l < N_LARGE; l++) {
    world w;
    world_init(&w, &large_literals[l]);
    ckks_evaluator *ev = w.s.ev;
    for (size_t o = 0; o < N_OPERATIONS; o++) {
      ckks_ciphertext *expected[N_OUT];
      ev->counters = (eval_counters){0};
      for (int i = 0; i < N_OUT; i++)
        w.out[i]->scale = 0; /* until something is written there */
      operations[o](&w);
      eval_counters counters = ev->counters;
      for (int i = 0; i < N_OUT; i++) {
        expected[i] = w.out[i];
        w.out[i] = new_ciphertext(&w.s);
      }
      for (int round = 0; round < 3; round++) {
        int threads = (round + 1) % 3 + 1; /* 2, 3, 1 */
        CHECK(ckks_evaluator_set_threads(ev, threads));
        assert_int_equal(eval_workers_pay(ev), threads > 1);
        ev->counters = (eval_counters){0};
        operations[o](&w);
        for (int i = 0; i < N_OUT && expected[i]->scale > 0; i++)
          assert_same(w.out[i], expected[i], &w.s, o, threads);
        assert_memory_equal(&ev->counters, &counters, sizeof counters);
        assert_scratch_given_back(ev);
      }
      for (int i = 0; i < N_OUT; i++)
        ckks_ciphertext_free(expected[i]);
    }
    world_clear(&w);
  }
}

/* Once warm, operations allocate nothing with threads either; small rings are never shared. */
static void test_allocates_nothing(void **unused) {
  (void)unused;
  world w;
  world_init(&w, &large_literals[0]);
  CHECK(ckks_evaluator_set_threads(w.s.ev, 2));
  for (size_t o = 0; o < N_OPERATIONS; o++)
    operations[o](&w);
  long before = base_alloc_count();
  for (size_t o = 0; o < N_OPERATIONS; o++)
    operations[o](&w);
  assert_int_equal(base_alloc_count(), before);
  world_clear(&w);
  scheme s;
  scheme_init(&s, &all_literals[0]);
  CHECK(ckks_evaluator_set_threads(s.ev, 2));
  assert_false(eval_workers_pay(s.ev));
  scheme_clear(&s);
}

static void test_arguments(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &all_literals[0]);
  CHECK_FAILS(ckks_evaluator_set_threads(NULL, 1), CKKS_ERROR_ARGUMENT, "evaluator is NULL");
  CHECK_FAILS(ckks_evaluator_set_threads(s.ev, 0), CKKS_ERROR_ARGUMENT, "n = 0: must be 1 to 64");
  CHECK_FAILS(ckks_evaluator_set_threads(s.ev, 65), CKKS_ERROR_ARGUMENT, "n = 65");
  CHECK(ckks_evaluator_set_threads(s.ev, 1));
  assert_null(s.ev->threads);
  scheme_clear(&s);
}

static ckks_status three_threads(void *context) {
  ckks_evaluator *ev = context;
  ckks_status status = ckks_evaluator_set_threads(ev, 3);
  /* After a failure two threads are there, as before. */
  assert_int_equal(base_threads_count(ev->threads), status == CKKS_OK ? 3 : 2);
  assert_int_equal(ev->n_workers, status == CKKS_OK ? 2 : 1);
  return status;
}

static void test_failing_allocations(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &all_literals[0]);
  CHECK(ckks_evaluator_set_threads(s.ev, 2));
  fail_each_allocation(three_threads, s.ev);
  scheme_clear(&s);
}

/* A pool that is lent is left alone; what was allocated for it serves again. */
static void test_lent_pool(void **unused) {
  (void)unused;
  scheme s;
  base_threads *threads = NULL;
  scheme_init(&s, &all_literals[0]);
  CHECK(base_threads_build(&threads, 3));
  CHECK(eval_workers_set(s.ev, threads));
  assert_ptr_equal(s.ev->threads, threads);
  CHECK(eval_workers_set(s.ev, NULL));
  assert_null(s.ev->threads);
  assert_int_equal(s.ev->n_workers, 2);
  long before = base_alloc_count();
  CHECK(eval_workers_set(s.ev, threads));
  assert_int_equal(base_alloc_count(), before);
  scheme_clear(&s);
  base_threads_free(threads);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_same_words), cmocka_unit_test(test_allocates_nothing),
      cmocka_unit_test(test_arguments), cmocka_unit_test(test_failing_allocations),
      cmocka_unit_test(test_lent_pool)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
