/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "server/fixture.h"

#include <pthread.h>

typedef struct counting {
  server_task task;
  atomic_int *n, *dropped;
  pthread_mutex_t *gate;
} counting;

static void run(void *context, int worker) {
  counting *c = context;
  assert_in_range(worker, 0, 1);
  pthread_mutex_lock(c->gate);
  pthread_mutex_unlock(c->gate);
  atomic_fetch_add(c->n, 1);
}

static void drop(void *context) {
  counting *c = context;
  atomic_fetch_add(c->dropped, 1);
}

/* Two run, three wait, the sixth is refused; what waits in the background is dropped. */
static void test_bounds(void **state) {
  (void)state;
  server_pool *pool;
  atomic_int n = 0, dropped = 0;
  pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
  counting tasks[16];
  OK(server_pool_build(&pool, 2, 3));
  assert_int_equal(server_pool_workers(pool), 2);
  pthread_mutex_lock(&gate);
  for (int i = 0; i < 16; i++)
    tasks[i] = (counting){{NULL, run, drop, &tasks[i]}, &n, &dropped, &gate};
  for (int i = 0; i < 2; i++) {
    assert_true(server_pool_add(pool, &tasks[i].task));
    while (server_pool_depth(pool) > 0)
      usleep(100);
  }
  for (int i = 2; i < 5; i++)
    assert_true(server_pool_add(pool, &tasks[i].task));
  assert_false(server_pool_add(pool, &tasks[5].task));
  assert_int_equal(server_pool_depth(pool), 3);
  pthread_mutex_unlock(&gate);
  while (atomic_load(&n) < 5)
    usleep(100);
  server_pool_add_background(pool, &tasks[6].task);
  while (atomic_load(&n) < 6)
    usleep(100);
  pthread_mutex_lock(&gate);
  for (int i = 7; i < 10; i++)
    assert_true(server_pool_add(pool, &tasks[i].task));
  for (int i = 10; i < 16; i++)
    server_pool_add_background(pool, &tasks[i].task);
  pthread_mutex_unlock(&gate);
  server_pool_stop(pool);
  assert_true(atomic_load(&n) >= 9); /* those that somebody waits for have run */
  assert_false(server_pool_add(pool, &tasks[5].task));
  server_pool_free(pool);
  assert_int_equal(atomic_load(&n) + atomic_load(&dropped), 15);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_bounds)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
