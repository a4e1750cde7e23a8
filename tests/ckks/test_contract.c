/* SPDX-License-Identifier: Apache-2.0 */
/* The contract at the head of ckks.h: NULL, errors and what they leave, stack. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "ckks/calls.h"
#include "ckks/objects.h"

static void test_every_call_works(void **unused) {
  (void)unused;
  for (size_t i = 0; i < N_CALLS; i++) {
    made.any = NULL;
    if (calls[i].call(-1) != CKKS_OK)
      fail_msg("%s: %s", calls[i].name, ckks_last_error());
    if (calls[i].release != NULL) {
      assert_non_null(made.any);
      calls[i].release();
    }
  }
}

static void test_null_is_refused_by_name(void **unused) {
  (void)unused;
  static char something;
  for (size_t i = 0; i < N_CALLS; i++)
    for (int null = 0; null < calls[i].n_pointers; null++) {
      char start[64];
      snprintf(start, sizeof start, "%s: ", calls[i].name);
      made.any = &something;
      made_bytes = 1;
      if (calls[i].call(null) != CKKS_ERROR_ARGUMENT)
        fail_msg("%s takes a NULL as pointer %d", calls[i].name, null);
      const char *text = ckks_last_error();
      if (strncmp(text, start, strlen(start)) != 0 || strstr(text, " is NULL") == NULL)
        fail_msg("%s says: %s", calls[i].name, text);
      /* What was to be made is NULL, unless the place for it was the NULL. */
      if (calls[i].release != NULL && null > 0 && made.any != NULL &&
          !(calls[i].release == calls_free_bytes && null == 1))
        fail_msg("%s leaves something behind after an error", calls[i].name);
    }
}

static void test_what_returns_no_status(void **unused) {
  (void)unused;
  assert_null(ckks_params_get_literal(NULL));
  assert_int_equal(ckks_params_n(NULL), 0);
  assert_int_equal(ckks_params_slots(NULL), 0);
  assert_int_equal(ckks_params_max_level(NULL), -1);
  assert_true(ckks_params_log2_qp(NULL) == 0);
  assert_true(ckks_params_log2_qp_limit(NULL) == 0);
  assert_true(ckks_params_scale(NULL, 0) == 0);
  assert_true(ckks_params_max_value(NULL, 0) == 0);
  assert_null(ckks_params_hash(NULL));
  assert_int_equal(ckks_plaintext_level(NULL), -1);
  assert_true(ckks_plaintext_scale(NULL) == 0);
  assert_int_equal(ckks_ciphertext_level(NULL), -1);
  assert_true(ckks_ciphertext_scale(NULL) == 0);
  assert_int_equal(ckks_galois_rotation(NULL, 1), 0);
  assert_int_equal(ckks_galois_conjugation(NULL), 0);
  assert_int_equal(ckks_linear_map_keys(NULL, NULL, 0), 0);
  assert_int_equal(ckks_evaluation_keys_list(NULL, NULL, 0), 0);
  assert_int_equal(ckks_bootstrapper_keys(NULL, NULL, 0), 0);
  assert_int_equal(ckks_bootstrapper_level_in(NULL), -1);
  assert_int_equal(ckks_bootstrapper_level_out(NULL), -1);
  assert_true(isinf(ckks_bootstrapper_error(NULL, 1)));
  assert_int_equal(ckks_bootstrapper_bytes(NULL), 0);
  assert_int_equal(ckks_bootstrapper_key_bytes(NULL), 0);
  assert_int_equal(ckks_bootstrapper_memory_bytes(NULL), 0);
  ckks_bootstrapper_free(NULL);
  ckks_params_free(NULL);
  ckks_plaintext_free(NULL);
  ckks_ciphertext_free(NULL);
  ckks_secret_key_free(NULL);
  ckks_public_key_free(NULL);
  ckks_evaluation_keys_free(NULL);
  ckks_evaluator_free(NULL);
  ckks_linear_map_free(NULL);
  ckks_bytes_free(NULL);
}

/* Arrays of nothing may be NULL. */
static void test_nothing_at_null(void **unused) {
  (void)unused;
  double value = 1;
  assert_int_equal(ckks_encode_real(w.plain_out, NULL, 0, 1, 0, w.params), CKKS_OK);
  assert_int_equal(ckks_decode_real(NULL, 0, w.plain_out, w.params), CKKS_OK);
  assert_int_equal(ckks_decode_real(&value, 1, w.plain_out, w.params), CKKS_OK);
  assert_true(value == 0);
  assert_int_equal(ckks_encode_complex(w.plain_out, NULL, 0, 1, 0, w.params), CKKS_OK);
  assert_int_equal(ckks_decode_complex(NULL, 0, w.plain_out, w.params), CKKS_OK);
  assert_int_equal(ckks_add_real(w.out, w.a, NULL, 0, w.ev), CKKS_OK);
  assert_int_equal(ckks_add_complex(w.out, w.a, NULL, 0, w.ev), CKKS_OK);
  assert_int_equal(ckks_rotate_many(NULL, w.a, NULL, 0, w.ev), CKKS_OK);
}

/* ------------------------------------------------------ after an error */

static void remember(ckks_ciphertext *copy, const ckks_ciphertext *c) {
  assert_int_equal(ckks_ciphertext_copy(copy, c), CKKS_OK);
}

static void assert_same(const ckks_ciphertext *a, const ckks_ciphertext *b, const char *name) {
  bool same = a->level == b->level && a->scale == b->scale && a->n_parts == b->n_parts &&
              a->seeded == b->seeded;
  for (int part = 0; same && part < 2; part++)
    for (int limb = 0; same && limb <= a->level; limb++)
      same = memcmp(ring_poly_limb(&a->part[part], limb), ring_poly_limb(&b->part[part], limb),
                    w.params->ring.n * sizeof(ring_word)) == 0;
  if (!same)
    fail_msg("%s has changed its output and failed", name);
}

/* An evaluator without keys, and inputs at the bottom: whatever fails leaves `out` alone. */
static void test_failures_leave_outputs_alone(void **unused) {
  (void)unused;
  ckks_ciphertext *copy, *bottom;
  ckks_evaluator *keyless, *ev = w.ev;
  int n_failed = 0;
  assert_int_equal(ckks_ciphertext_build(&copy, w.params), CKKS_OK);
  assert_int_equal(ckks_ciphertext_build(&bottom, w.params), CKKS_OK);
  assert_int_equal(ckks_evaluator_build(&keyless, w.params, NULL), CKKS_OK);
  assert_int_equal(ckks_drop_level(bottom, w.a, 0, w.ev), CKKS_OK);
  remember(copy, w.a);
  for (int round = 0; round < 2; round++) {
    ckks_ciphertext *a = w.a;
    if (round == 0)
      w.ev = keyless;
    else
      w.a = bottom;
    for (size_t i = 0; i < N_CALLS; i++) {
      remember(w.out, copy);
      made.any = NULL;
      if (calls[i].call(-1) == CKKS_OK) {
        if (calls[i].release != NULL)
          calls[i].release();
        continue;
      }
      n_failed++;
      assert_same(w.out, copy, calls[i].name);
    }
    w.ev = ev;
    w.a = a;
  }
  assert_true(n_failed >= 20);
  ckks_evaluator_free(keyless);
  ckks_ciphertext_free(bottom);
  ckks_ciphertext_free(copy);
}

/* ------------------------------------------------------------------ stack */

static void *run_all(void *n_failed) {
  for (size_t i = 0; i < N_CALLS; i++) {
    *(int *)n_failed += calls[i].call(-1) != CKKS_OK;
    if (calls[i].release != NULL)
      calls[i].release();
  }
  return NULL;
}

static void test_a_small_stack_is_enough(void **unused) {
  (void)unused;
  pthread_attr_t attributes;
  pthread_t thread;
  int n_failed = 0;
  assert_int_equal(pthread_attr_init(&attributes), 0);
  assert_int_equal(pthread_attr_setstacksize(&attributes, 128 << 10), 0);
  assert_int_equal(pthread_create(&thread, &attributes, run_all, &n_failed), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_int_equal(n_failed, 0);
  pthread_attr_destroy(&attributes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_call_works),
      cmocka_unit_test(test_null_is_refused_by_name),
      cmocka_unit_test(test_what_returns_no_status),
      cmocka_unit_test(test_nothing_at_null),
      cmocka_unit_test(test_failures_leave_outputs_alone),
      cmocka_unit_test(test_a_small_stack_is_enough),
  };
  char folder[] = "/tmp/ckks-contract-XXXXXX";
  if (mkdtemp(folder) == NULL)
    return 1;
  calls_open(folder);
  calls_open_deep();
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  calls_close_deep();
  calls_close();
  remove(folder);
  return failed;
}
