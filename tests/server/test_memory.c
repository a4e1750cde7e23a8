/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of every route's request may fail, ours, those for JSON and those of the
 * database: the answer is one of the route's own or says that the server cannot (5xx), never that
 * the client is wrong; and the next request finds all in order. */
#define _GNU_SOURCE
#include "server/shapes.h"

#include <sqlite3.h>

static test_service t;
static test_world world;
static sqlite3_mem_methods database_memory; /* SQLite's own */

/* Counted, and failing, with ours: by a block of no use. */
static bool may_allocate(void) {
  void *block = base_alloc(1);
  base_free(block);
  return block != NULL;
}

static void *database_alloc(int n) {
  return may_allocate() ? database_memory.xMalloc(n) : NULL;
}

static void *database_realloc(void *block, int n) {
  return may_allocate() ? database_memory.xRealloc(block, n) : NULL;
}

/* jansson does not tell a text that is wrong from one that it had no memory for, and may leave out
 * a character then: a request with a JSON head may be called wrong. */
static bool has_head(const test_shape *shape) {
  return memmem(shape->bytes, shape->n, "Inference-Header", 16) != NULL;
}

static int attempt(const test_shape *shape, long k) {
  test_reply reply;
  base_alloc_fail_at(k);
  test_exchange(&reply, &t, shape->bytes, shape->n);
  base_alloc_fail_at(0);
  int status = reply.status == 400 && has_head(shape) ? 503 : reply.status;
  /* So little memory that not even that can be said: an empty 503. */
  if (status >= 400 && reply.n_body > 0)
    assert_true(test_is_error(&reply, shape->head));
  test_reply_clear(&reply);
  return status;
}

static bool is_own(const server_route *route, int status) {
  for (int i = 0; i < SERVER_MAX_ANSWERS; i++)
    if (status < 300 && route->answer[i].status == status)
      return true;
  return false;
}

/* The first ones one by one, later ones further apart: an evaluation has thousands. 0 = there was
 * no memory for the request itself: the connection is closed. */
static int exhaust(int index) {
  int n_failures = 0;
  for (long k = 1;; k += 1 + k / 8) {
    test_restore(&world);
    test_make_shapes(&world);
    const test_shape *shape = &world.shape[index];
    if (shape->route->body == SERVER_BODY_KEYS) /* else there is nothing to do */
      test_status(&t, "DELETE", test_key_path(world.client), world.client->token, "", NULL, 0);
    long before = base_alloc_count();
    int status = attempt(shape, k);
    if (!is_own(shape->route, status) && status != 0 && status < 500)
      fail_msg("%s %s, allocation %ld: %d", shape->route->method, shape->route->path, k, status);
    n_failures += status == 0 || status >= 500;
    if (base_alloc_count() - before < k)
      return n_failures;
  }
}

static void test_every_route(void **state) {
  (void)state;
  int n_failures = 0;
  for (int i = 0; i < world.n_shapes; i++) {
    n_failures += exhaust(i);
    test_check_inference(&t);
  }
  assert_true(n_failures > 10 * world.n_shapes);
}

/* Nothing is under way any more, and a restart finds everything in order. */
static void test_afterwards(void **state) {
  (void)state;
  server_audit_report report;
  for (int i = 0; i < 2000 && atomic_load(&t.service->metrics.connections) > 0; i++)
    usleep(5000);
  assert_int_equal(atomic_load(&t.service->n_requests), 0);
  test_stop(&t);
  OK(server_audit_read_verify(&report, t.state, NULL));
  test_start(&t);
  assert_int_equal(test_count_files(t.state, "keys", t.client[0].row.id), 1);
  test_check_inference(&t);
}

static int setup(void **state) {
  (void)state;
  sqlite3_mem_methods counted;
  assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &database_memory), SQLITE_OK);
  counted = database_memory;
  counted.xMalloc = database_alloc;
  counted.xRealloc = database_realloc;
  assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &counted), SQLITE_OK);
  json_set_alloc_funcs(base_alloc, base_free);
  test_setup(&t);
  t.options.n_jobs = 100000;
  test_start_world(&world, &t);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  test_end_world(&world, &t);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_route),
                                     cmocka_unit_test(test_afterwards)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
