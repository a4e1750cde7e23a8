/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/bootstrap_fixture.h"

/* A scheme with a bootstrapper and its keys. */
typedef struct world {
  scheme s;
  ckks_bootstrap_literal literal;
  ckks_bootstrapper *b;
  size_t period;
} world;

static void world_keys(world *w, size_t without) {
  ckks_key_spec specs[128];
  size_t n = ckks_bootstrapper_keys(w->b, specs, 128);
  assert_true(n > 0 && n <= 128);
  for (size_t i = without; i < n - 1; i++)
    specs[i] = specs[i + 1];
  scheme_use_keys(&w->s, specs, without < n ? n - 1 : n);
}

static void world_init(world *w, const ckks_bootstrap_literal *literal) {
  *w = (world){.literal = *literal, .period = (size_t)1 << literal->log2_slots};
  bootstrap_scheme_init(&w->s, literal);
  CHECK(ckks_bootstrapper_build(&w->b, literal, w->s.params));
  world_keys(w, SIZE_MAX);
}

static void world_clear(world *w) {
  ckks_bootstrapper_free(w->b);
  scheme_clear(&w->s);
}

/* Mean square and largest error of a result; its level and scale are what was promised. */
static double bootstrap_error(double *largest, world *w, const double *values, int level) {
  static ckks_complex expected[MAX_SLOTS];
  ckks_ciphertext *a = encrypt_repeat(&w->s, values, w->period, level, 0);
  for (size_t i = 0; i < w->s.slots; i++)
    expected[i] = (ckks_complex){values[i % w->period], 0};
  CHECK(ckks_bootstrap(a, a, w->b, w->s.ev));
  assert_int_equal(ckks_ciphertext_level(a), ckks_bootstrapper_level_out(w->b));
  assert_true(ckks_ciphertext_scale(a) == ckks_params_scale(w->s.params, a->level));
  *largest = slot_error(&w->s, a, expected);
  double deviation = slot_deviation(&w->s, a, expected) / a->scale;
  ckks_ciphertext_free(a);
  return deviation;
}

/* Within a bit of what the bootstrapper says of itself, for values of every kind. */
static void check_error(world *w, int level, const char *what, const double *values, double cubes) {
  double largest, noise = ckks_bootstrapper_error(w->b, 0);
  double distortion = ckks_bootstrapper_error(w->b, 1) - noise;
  double error = bootstrap_error(&largest, w, values, level);
  double expected = hypot(noise, distortion * cubes);
  if (!(error < 2 * expected && error > expected / 2))
    fail_msg("%s: error 2^%.2f, expected 2^%.2f", what, log2(error), log2(expected));
  if (!(largest < 16 * noise + distortion))
    fail_msg("%s: largest error 2^%.2f, noise 2^%.2f", what, log2(largest), log2(noise));
}

static void check_values(world *w) {
  static double values[MAX_SLOTS];
  uint64_t state = 21;
  int level_in = ckks_bootstrapper_level_in(w->b);
  random_reals(values, w->period, &state);
  check_error(w, level_in, "random", values, sqrt(1.0 / 7)); /* mean of x^6 */
  check_error(w, level_in + 1, "random, from above", values, sqrt(1.0 / 7));
  for (size_t i = 0; i < w->period; i++)
    values[i] = -1;
  check_error(w, level_in, "constant", values, 1);
  for (size_t i = 0; i < w->period; i++)
    values[i] = i % 29 == 3;
  check_error(w, level_in, "sparse", values, sqrt(1.0 / 29));
  for (size_t i = 0; i < w->period; i++)
    values[i] = 0;
  check_error(w, level_in, "zero", values, 0);
}

static void errors_are_as_written(void **unused) {
  (void)unused;
  ckks_bootstrap_literal literals[] = {small_bootstrap(10, 9), small_bootstrap(11, 10),
                                       small_bootstrap(11, 4), small_bootstrap(10, 9),
                                       small_bootstrap(11, 10)};
  literals[1].n_cts = 3;
  /* Coarse enough for noise, and not the sine's shape, to be what shows. */
  literals[3].inner_bits = literals[3].p_bits = 42;
  literals[3].base_bits = 41;
  literals[3].level_bits = 31;
  /* Twice as many bits, from two rounds. */
  literals[4].n_refine = 1;
  literals[4].level_bits = 42;
  literals[4].base_scale_bits = 37;
  for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
    world w;
    world_init(&w, &literals[i]);
    check_values(&w);
    world_clear(&w);
  }
}

/* Values of one kind: round k of them. */
static void draw(double *values, size_t n, int kind, int k, uint64_t *state) {
  random_reals(values, n, state);
  for (size_t i = 0; i < n; i++)
    if (kind == 1)
      values[i] = k % 2 ? -1 : 1;
    else if (kind == 2 && i != (size_t)k % n)
      values[i] = 0;
}

/* A thousand ciphertexts: a deviation within a bit of what is said, and no slot far beyond it. */
static void a_thousand_are_as_one(void **unused) {
  (void)unused;
  static const char *const what[] = {"random", "constant", "sparse"};
  static const double cubes[] = {1.0 / 7, 1, 1.0 / 16 / 7}; /* mean of x^6 */
  ckks_bootstrap_literal literal = small_bootstrap(10, 4);
  double values[16], sum[3] = {0}, worst[3] = {0};
  uint64_t state = 77;
  world w;
  world_init(&w, &literal);
  for (int k = 0; k < 999; k++) {
    double largest;
    draw(values, w.period, k % 3, k / 3, &state);
    double error = bootstrap_error(&largest, &w, values, 2);
    sum[k % 3] += error * error;
    worst[k % 3] = fmax(worst[k % 3], largest);
  }
  double noise = ckks_bootstrapper_error(w.b, 0), bend = ckks_bootstrapper_error(w.b, 1) - noise;
  for (int kind = 0; kind < 3; kind++) {
    double deviation = sqrt(sum[kind] / 333), expected = hypot(noise, bend * sqrt(cubes[kind]));
    if (!(deviation < 2 * expected && deviation > expected / 2))
      fail_msg("%s: deviation 2^%.2f, expected 2^%.2f", what[kind], log2(deviation),
               log2(expected));
    if (!(worst[kind] < 8 * noise + 2 * bend))
      fail_msg("%s: largest error 2^%.2f, noise 2^%.2f", what[kind], log2(worst[kind]),
               log2(noise));
  }
  world_clear(&w);
}

/* The second round is worth what it costs. */
static void refined_is_better(void **unused) {
  (void)unused;
  ckks_bootstrap_literal literals[2] = {small_bootstrap(11, 10), small_bootstrap(11, 10)};
  double largest[2];
  static double values[MAX_SLOTS];
  for (int i = 0; i < 2; i++) {
    uint64_t state = 17;
    world w;
    literals[i].level_bits = 42;
    literals[i].base_scale_bits = 37;
    literals[i].n_refine = i;
    world_init(&w, &literals[i]);
    random_reals(values, w.period, &state);
    bootstrap_error(&largest[i], &w, values, 2);
    world_clear(&w);
  }
  assert_true(largest[1] < largest[0] * 0x1p-7);
}

/* Levels come back for good: what is left of x after twenty squarings of a number near 1. */
static void computation_goes_on(void **unused) {
  (void)unused;
  ckks_bootstrap_literal literal = small_bootstrap(10, 9);
  static double values[MAX_SLOTS];
  static ckks_complex expected[MAX_SLOTS];
  world w;
  world_init(&w, &literal);
  for (size_t i = 0; i < w.period; i++)
    values[i] = 1 - (double)i * 0x1p-30;
  ckks_ciphertext *a = encrypt_repeat(&w.s, values, w.period, 3, 0);
  for (int i = 0; i < 10; i++) {
    if (ckks_ciphertext_level(a) == ckks_bootstrapper_level_in(w.b))
      CHECK(ckks_bootstrap(a, a, w.b, w.s.ev));
    CHECK(ckks_square(a, a, w.s.ev));
  }
  for (size_t i = 0; i < w.s.slots; i++)
    expected[i] = (ckks_complex){pow(values[i % w.period], 1024), 0};
  /* Five bootstraps, each error multiplied by the squarings that follow it. */
  assert_slots(&w.s, a, expected, 1024 * ckks_bootstrapper_error(w.b, 1) * 4, "x^1024");
  ckks_ciphertext_free(a);
  world_clear(&w);
}

/* An imaginary part is lost, and what does not repeat is averaged. */
static void what_is_not_real_or_repeated_goes(void **unused) {
  (void)unused;
  ckks_bootstrap_literal literal = small_bootstrap(10, 8);
  static ckks_complex slots[MAX_SLOTS], expected[MAX_SLOTS];
  uint64_t state = 8;
  world w;
  world_init(&w, &literal);
  random_slots(slots, w.s.slots, &state);
  for (size_t i = 0; i < w.s.slots; i++)
    expected[i].re = (slots[i % 256].re + slots[i % 256 + 256].re) / 2;
  ckks_ciphertext *a = encrypt_complex(&w.s, slots, 2, 0);
  CHECK(ckks_bootstrap(a, a, w.b, w.s.ev));
  assert_slots(&w.s, a, expected, 17 * ckks_bootstrapper_error(w.b, 1), "mean of real parts");
  ckks_ciphertext_free(a);
  world_clear(&w);
}

/* The same bits on any number of threads. */
static void threads_change_nothing(void **unused) {
  (void)unused;
  ckks_bootstrap_literal literal = small_bootstrap(13, 4);
  literal.n_levels = 3;
  literal.n_p = 6;
  static double values[16];
  uint64_t state = 3;
  world w;
  world_init(&w, &literal);
  random_reals(values, 16, &state);
  ckks_ciphertext *a = encrypt_repeat(&w.s, values, 16, 2, 0), *out[2];
  for (int i = 0; i < 2; i++) {
    out[i] = new_ciphertext(&w.s);
    CHECK(ckks_evaluator_set_threads(w.s.ev, i == 0 ? 1 : 3));
    CHECK(ckks_bootstrap(out[i], a, w.b, w.s.ev));
  }
  for (int part = 0; part < 2; part++)
    for (int l = 0; l <= out[0]->level; l++)
      assert_memory_equal(ring_poly_limb(&out[0]->part[part], l),
                          ring_poly_limb(&out[1]->part[part], l),
                          w.s.params->ring.n * sizeof(ring_word));
  for (int i = 0; i < 2; i++)
    ckks_ciphertext_free(out[i]);
  ckks_ciphertext_free(a);
  world_clear(&w);
}

/* Bytes as they were announced: of the message exactly, of memory not much more than used. */
static void bytes_are_as_announced(void **unused) {
  (void)unused;
  ckks_bootstrap_literal literals[] = {small_bootstrap(10, 9), small_bootstrap(11, 5)};
  double value = 0.5;
  literals[1].n_refine = 1;
  literals[1].n_levels = 8;
  for (int i = 0; i < 2; i++) {
    world w;
    world_init(&w, &literals[i]);
    uint8_t *bytes = NULL;
    size_t n_bytes, used = ckks_bootstrapper_bytes(w.b) + w.s.ev->arena.capacity_bytes;
    CHECK(ckks_evaluation_keys_write(&bytes, &n_bytes, w.s.keys, w.s.params));
    assert_int_equal(n_bytes, ckks_bootstrapper_key_bytes(w.b));
    ckks_bytes_free(bytes);
    ckks_ciphertext *a = encrypt_repeat(&w.s, &value, 1, 3, 0);
    CHECK(ckks_bootstrap(a, a, w.b, w.s.ev));
    for (size_t k = 0; k < w.s.keys->n_keys; k++) {
      const ckks_switch_key *key = &w.s.keys->key[k];
      used += (size_t)key->n_limbs * key->limb_words * sizeof(ring_word);
    }
    for (int k = 0; k < EVAL_MAX_SPARES && w.s.ev->spare[k] != NULL; k++)
      for (int part = 0; part < 3; part++)
        if (w.s.ev->spare[k]->part[part].data != NULL)
          used += ring_poly_bytes(w.s.ev->spare[k]->part[part].n_limbs, &w.s.params->ring);
    size_t said = ckks_bootstrapper_memory_bytes(w.b);
    if (!(used <= said + said / 20 && said <= used + used / 4))
      fail_msg("%zu bytes are used, %zu were announced", used, said);
    ckks_ciphertext_free(a);
    world_clear(&w);
  }
}

/* Each key that is asked for is needed, at the level that is asked for. */
static void every_key_is_needed(void **unused) {
  (void)unused;
  ckks_bootstrap_literal literal = small_bootstrap(10, 8);
  double value = 0.5;
  world w;
  world_init(&w, &literal);
  ckks_key_spec specs[128];
  size_t n = ckks_bootstrapper_keys(w.b, specs, 128);
  assert_int_equal(ckks_bootstrapper_keys(w.b, NULL, 0), n);
  ckks_ciphertext *a = encrypt_repeat(&w.s, &value, 1, 2, 0), *out = new_ciphertext(&w.s);
  for (size_t i = 0; i < n; i++) {
    if (ckks_key_spec_is_sparse(specs[i].galois))
      continue; /* made together; tests/eval/test_raise.c leaves them out */
    assert_true(specs[i].n_special == literal.n_p);
    world_keys(&w, i);
    assert_int_equal(ckks_bootstrap(out, a, w.b, w.s.ev), CKKS_ERROR_KEY);
    assert_int_equal(w.s.ev->n_spares_used, 0);
  }
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
  world_clear(&w);
}

static void refusals(void **unused) {
  (void)unused;
  ckks_bootstrap_literal literal = small_bootstrap(10, 9), other = literal;
  double value = 0.5;
  world w;
  ckks_bootstrapper *none = NULL;
  world_init(&w, &literal);
  CHECK_FAILS(ckks_bootstrapper_build(NULL, &literal, w.s.params), CKKS_ERROR_ARGUMENT, "out");
  CHECK_FAILS(ckks_bootstrapper_build(&none, NULL, w.s.params), CKKS_ERROR_ARGUMENT, "literal");
  CHECK_FAILS(ckks_bootstrapper_build(&none, &literal, NULL), CKKS_ERROR_ARGUMENT, "params");
  other.n_levels++;
  CHECK_FAILS(ckks_bootstrapper_build(&none, &other, w.s.params), CKKS_ERROR_MISMATCH, "primes");
  other = literal;
  other.level_bits = 35;
  CHECK_FAILS(ckks_bootstrapper_build(&none, &other, w.s.params), CKKS_ERROR_MISMATCH, "scale");
  assert_null(none);
  ckks_ciphertext *low = encrypt_repeat(&w.s, &value, 1, 1, 0), *small = NULL;
  ckks_ciphertext *good = encrypt_repeat(&w.s, &value, 1, 2, 0);
  CHECK(ckks_ciphertext_build_at(&small, w.s.params, 3, 2));
  CHECK_FAILS(ckks_bootstrap(good, low, w.b, w.s.ev), CKKS_ERROR_LEVEL, "takes 2 levels");
  CHECK_FAILS(ckks_bootstrap(small, good, w.b, w.s.ev), CKKS_ERROR_LEVEL, "room up to level 3");
  CHECK_FAILS(ckks_bootstrap(good, good, NULL, w.s.ev), CKKS_ERROR_ARGUMENT, "bootstrapper");
  CHECK_FAILS(ckks_bootstrap(good, good, w.b, NULL), CKKS_ERROR_ARGUMENT, "evaluator");
  CHECK_FAILS(ckks_bootstrap(NULL, good, w.b, w.s.ev), CKKS_ERROR_ARGUMENT, "out");
  CHECK_FAILS(ckks_bootstrap(good, NULL, w.b, w.s.ev), CKKS_ERROR_ARGUMENT, "a is NULL");
  assert_int_equal(ckks_bootstrapper_keys(NULL, NULL, 0), 0);
  assert_int_equal(ckks_bootstrapper_level_in(NULL), -1);
  assert_int_equal(ckks_bootstrapper_bytes(NULL), 0);
  ckks_bootstrapper_free(NULL);
  ckks_ciphertext_free(small);
  ckks_ciphertext_free(low);
  ckks_ciphertext_free(good);
  world_clear(&w);
  /* Another scheme's bootstrapper. */
  literal.n_levels++;
  world_init(&w, &literal);
  scheme t;
  bootstrap_scheme_init(&t, &other);
  ckks_ciphertext *foreign = encrypt_repeat(&t, &value, 1, 2, 0);
  CHECK_FAILS(ckks_bootstrap(foreign, foreign, w.b, t.ev), CKKS_ERROR_MISMATCH, "bootstrapper");
  ckks_ciphertext_free(foreign);
  scheme_clear(&t);
  world_clear(&w);
}

/* ------------------------------------------------------- failing allocations */

static ckks_status build(void *context) {
  world *w = context;
  ckks_bootstrapper *b = NULL;
  ckks_status status = ckks_bootstrapper_build(&b, &w->literal, w->s.params);
  assert_true((status == CKKS_OK) == (b != NULL));
  ckks_bootstrapper_free(b);
  return status;
}

/* With an evaluator of its own, whose spares are made at first use. */
static ckks_status apply(void *context) {
  world *w = context;
  double value = 0.5;
  ckks_evaluator *ev = NULL;
  ckks_status status = ckks_evaluator_build(&ev, w->s.params, w->s.keys);
  if (status != CKKS_OK)
    return status;
  base_alloc_fail_at(0);
  ckks_ciphertext *a = encrypt_repeat(&w->s, &value, 1, 3, 0);
  static long k;
  base_alloc_fail_at(++k);
  status = ckks_bootstrap(a, a, w->b, ev);
  base_alloc_fail_at(0);
  ckks_ciphertext_free(a);
  ckks_evaluator_free(ev);
  return status;
}

static void allocations_may_fail(void **unused) {
  (void)unused;
  ckks_bootstrap_literal literal = small_bootstrap(10, 4);
  world w;
  world_init(&w, &literal);
  fail_each_allocation(build, &w);
  ckks_status status = CKKS_ERROR_MEMORY;
  for (int i = 0; i < 1000 && status == CKKS_ERROR_MEMORY; i++)
    status = apply(&w);
  assert_int_equal(status, CKKS_OK);
  world_clear(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(errors_are_as_written),
      cmocka_unit_test(a_thousand_are_as_one),
      cmocka_unit_test(refined_is_better),
      cmocka_unit_test(computation_goes_on),
      cmocka_unit_test(what_is_not_real_or_repeated_goes),
      cmocka_unit_test(threads_change_nothing),
      cmocka_unit_test(bytes_are_as_announced),
      cmocka_unit_test(every_key_is_needed),
      cmocka_unit_test(refusals),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
