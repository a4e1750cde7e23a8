/* SPDX-License-Identifier: Apache-2.0 */
#include "base/threads.h"

#include "base/alloc.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include <cmocka.h>

enum { N_MAX = 1000, WORKERS_MAX = 8 };

typedef struct tally {
  atomic_int rounds[N_MAX];     /* how often each index came */
  atomic_int busy[WORKERS_MAX]; /* tasks a worker has at the same time: 0 or 1 */
  atomic_int n_wrong;
  int n_workers;
} tally;

static void count(void *context, size_t index, int worker) {
  tally *t = context;
  if (worker < 0 || worker >= t->n_workers) {
    atomic_fetch_add(&t->n_wrong, 1);
    return;
  }
  if (atomic_fetch_add(&t->busy[worker], 1) != 0)
    atomic_fetch_add(&t->n_wrong, 1);
  atomic_fetch_add(&t->rounds[index], 1);
  atomic_fetch_sub(&t->busy[worker], 1);
}

static void assert_each_once(base_threads *threads, size_t n) {
  static tally t;
  memset(&t, 0, sizeof t);
  t.n_workers = base_threads_count(threads);
  base_threads_run(threads, n, count, &t);
  for (size_t i = 0; i < N_MAX; i++)
    assert_int_equal(atomic_load(&t.rounds[i]), i < n);
  assert_int_equal(atomic_load(&t.n_wrong), 0);
}

static void every_index_runs_once(void **state) {
  (void)state;
  for (int n_workers = 1; n_workers <= WORKERS_MAX; n_workers++) {
    base_threads *threads = NULL;
    assert_int_equal(base_threads_build(&threads, n_workers), CKKS_OK);
    assert_int_equal(base_threads_count(threads), n_workers);
    for (size_t n = 0; n <= N_MAX; n = 2 * n + 1)
      assert_each_once(threads, n);
    assert_each_once(threads, N_MAX);
    base_threads_free(threads);
  }
}

static void many_short_runs_do_not_mix(void **state) {
  (void)state;
  base_threads *threads = NULL;
  assert_int_equal(base_threads_build(&threads, 4), CKKS_OK);
  for (size_t run = 0; run < 2000; run++)
    assert_each_once(threads, run % 7);
  base_threads_free(threads);
}

static void remember_thread(void *context, size_t index, int worker) {
  (void)worker;
  ((pthread_t *)context)[index] = pthread_self();
}

static void one_worker_is_the_caller(void **state) {
  (void)state;
  pthread_t seen[10];
  base_threads *threads = NULL;
  assert_int_equal(base_threads_build(&threads, 1), CKKS_OK);
  base_threads_run(threads, 10, remember_thread, seen);
  for (int i = 0; i < 10; i++)
    assert_true(pthread_equal(seen[i], pthread_self()));
  base_threads_free(threads);
  memset(seen, 0, sizeof seen);
  base_threads_run(NULL, 10, remember_thread, seen);
  for (int i = 0; i < 10; i++)
    assert_true(pthread_equal(seen[i], pthread_self()));
  assert_int_equal(base_threads_count(NULL), 1);
  base_threads_free(NULL);
}

/* Two rounds that each wait for the other end only if they really run side by side. */
static void meet(void *context, size_t index, int worker) {
  (void)worker;
  atomic_int *arrived = context;
  atomic_fetch_or(arrived, 1 << index);
  while (atomic_load(arrived) != 3)
    ;
}

static void rounds_run_side_by_side(void **state) {
  (void)state;
  base_threads *threads = NULL;
  assert_int_equal(base_threads_build(&threads, 2), CKKS_OK);
  for (int i = 0; i < 20; i++) {
    atomic_int arrived = 0;
    base_threads_run(threads, 2, meet, &arrived);
    assert_int_equal(atomic_load(&arrived), 3);
  }
  base_threads_free(threads);
}

static void *run_much(void *argument) {
  for (int i = 0; i < 200; i++) {
    tally t = {.n_workers = 3};
    base_threads_run(argument, 20, count, &t);
    for (size_t index = 0; index < 20; index++)
      if (atomic_load(&t.rounds[index]) != 1 || atomic_load(&t.n_wrong) != 0)
        return argument;
  }
  return NULL;
}

static void callers_take_turns(void **state) {
  (void)state;
  base_threads *threads = NULL;
  assert_int_equal(base_threads_build(&threads, 3), CKKS_OK);
  pthread_t callers[3];
  for (int i = 0; i < 3; i++)
    assert_int_equal(pthread_create(&callers[i], NULL, run_much, threads), 0);
  for (int i = 0; i < 3; i++) {
    void *failed = threads;
    pthread_join(callers[i], &failed);
    assert_null(failed);
  }
  base_threads_free(threads);
}

static void bad_counts_and_failing_allocations(void **state) {
  (void)state;
  base_threads *threads = (base_threads *)1;
  assert_int_equal(base_threads_build(&threads, 0), CKKS_ERROR_ARGUMENT);
  assert_null(threads);
  assert_int_equal(base_threads_build(&threads, -3), CKKS_ERROR_ARGUMENT);
  assert_non_null(strstr(base_last_error(), "-3"));
  for (long k = 1; k <= 2; k++) {
    base_alloc_fail_at(k);
    assert_int_equal(base_threads_build(&threads, 2), CKKS_ERROR_MEMORY);
    assert_null(threads);
  }
  base_alloc_fail_at(0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_index_runs_once),
      cmocka_unit_test(many_short_runs_do_not_mix),
      cmocka_unit_test(one_worker_is_the_caller),
      cmocka_unit_test(rounds_run_side_by_side),
      cmocka_unit_test(callers_take_turns),
      cmocka_unit_test(bad_counts_and_failing_allocations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
