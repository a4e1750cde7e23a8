/* SPDX-License-Identifier: Apache-2.0 */
/* The lazy-reduction mask against the worst case, layer by layer, and known answers. */
#include "ring/kernel/f64_bounds.h"
#include "ring/prime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static int layers_of(const ring_f64_bounds *bounds) {
  int layers = 0;
  for (int i = 0; i < bounds->n_passes; i++)
    layers += bounds->log2_radix[i];
  return layers;
}

/*
 * All values of a pass, each as the largest multiple of p it can reach, sent through its
 * layers: value j meets value j + half, which is multiplied. Returns the largest of all, and
 * fails if an operand or a value passes the limit on the way.
 */
static double pass_growth(double k, bool reduce, int layers, double error, double limit) {
  double value[8];
  int n = 1 << layers;
  for (int j = 0; j < n; j++)
    value[j] = j == 0 && reduce ? 0.5 : k;
  for (int half = n / 2; half > 0; half /= 2) {
    for (int j = 0; j < n; j++) {
      if (j & half)
        continue;
      assert_true(value[j + half] <= limit);
      double product = 0.5 + error * value[j + half];
      value[j] = value[j + half] = value[j] + product;
    }
  }
  double most = 0;
  for (int j = 0; j < n; j++)
    most = value[j] > most ? value[j] : most;
  assert_true(most <= limit);
  return most;
}

static void check_bounds(uint64_t p, int log2_n) {
  ring_f64_bounds bounds;
  ring_f64_bounds_init(&bounds, p, log2_n);
  assert_int_equal(layers_of(&bounds), log2_n);
  assert_true(bounds.n_passes <= RING_F64_BOUNDS_MAX_PASSES);
  assert_int_equal(bounds.log2_radix[0], 2); /* the inverse transform's last pass needs it */
  assert_int_equal(bounds.reduce & 1, 0);
  double limit = 0x1p52 / (double)p, k = 1.5;
  assert_true(limit > 8);
  for (int i = 0; i < bounds.n_passes; i++) {
    bool last = i == bounds.n_passes - 1, reduce = bounds.reduce >> i & 1;
    double error = (double)p / (last ? 0x1p53 : 0x1p54);
    assert_true(k <= bounds.forward[i] * (1 + 1e-12));
    k = pass_growth(k, reduce, bounds.log2_radix[i], error, limit);
  }
  assert_true(k <= bounds.forward[bounds.n_passes] * (1 + 1e-12));
  assert_true(k >= bounds.forward[bounds.n_passes] * (1 - 1e-12));
}

static void masks_keep_every_layer_within_its_limit(void **state) {
  (void)state;
  for (int log2_n = 10; log2_n <= 17; log2_n++) {
    for (int bits = 20; bits <= 49; bits++) {
      uint64_t p = ring_prime_below(UINT64_C(1) << bits, log2_n);
      if (p > 0)
        check_bounds(p, log2_n);
    }
    check_bounds((UINT64_C(1) << 49) - 1, log2_n); /* worse than any prime */
  }
}

/* Without any one of its reductions a mask would let some layer pass the limit. */
static bool stays_within(const ring_f64_bounds *bounds, uint64_t p, uint32_t reduce) {
  double k = 1.5, limit = 0x1p52 / (double)p;
  for (int i = 0; i < bounds->n_passes; i++) {
    double error = (double)p / (i == bounds->n_passes - 1 ? 0x1p53 : 0x1p54);
    double first = reduce >> i & 1 ? 0.5 : k;
    for (int layer = 0; layer < bounds->log2_radix[i]; layer++) {
      if (k > limit)
        return false;
      double product = 0.5 + error * k;
      first += product;
      k += product;
    }
    k = first;
  }
  return k <= limit;
}

static void masks_are_no_wider_than_needed(void **state) {
  (void)state;
  uint64_t p = (UINT64_C(1) << 49) - 1;
  for (int log2_n = 10; log2_n <= 17; log2_n++) {
    ring_f64_bounds bounds;
    ring_f64_bounds_init(&bounds, p, log2_n);
    assert_int_equal(__builtin_popcount(bounds.reduce), 1);
    assert_true(stays_within(&bounds, p, bounds.reduce));
    assert_false(stays_within(&bounds, p, 0));
    /* Half the prime, twice the room: never a reduction. */
    ring_f64_bounds_init(&bounds, p / 2, log2_n);
    assert_int_equal(bounds.reduce, 0);
    assert_true(bounds.forward[bounds.n_passes] > 1.5 + 0.5 * log2_n);
  }
}

/* From 1.5: the first passes by hand, 1/2 + k/32 a layer. */
static void known_answers(void **state) {
  (void)state;
  ring_f64_bounds bounds;
  ring_f64_bounds_init(&bounds, (UINT64_C(1) << 49) - 1, 17);
  assert_int_equal(bounds.n_passes, 8);
  assert_int_equal(bounds.log2_radix[5], 3);
  assert_int_equal(bounds.reduce, 1 << 4);
  static const double k[] = {1.5, 2.6108, 3.7920, 5.0481, 6.3838, 1.9211};
  for (int i = 0; i < 6; i++)
    assert_true(bounds.forward[i] > k[i] - 1e-3 && bounds.forward[i] < k[i] + 1e-3);
  ring_f64_bounds_init(&bounds, (UINT64_C(1) << 49) - 1, 12);
  assert_int_equal(bounds.n_passes, 6);
  assert_int_equal(bounds.reduce, 1 << 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(masks_keep_every_layer_within_its_limit),
      cmocka_unit_test(masks_are_no_wider_than_needed),
      cmocka_unit_test(known_answers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
