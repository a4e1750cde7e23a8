/* SPDX-License-Identifier: Apache-2.0 */
/* Where a request's body lies: in memory while there is room for it, else on disk. */
#define _GNU_SOURCE
#include <errno.h>

#include "server/fixture.h"

#define MEMORY ((size_t)64 << 20)
#define MOST_SMALL ((size_t)16 << 20)

static char folder[64];

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/blindsight-body-XXXXXX");
  return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state) {
  (void)state;
  return rmdir(folder); /* nothing with a name is left */
}

/* Opens a body of n bytes, sends it in pieces, and reads it back. */
static void fill(server_body *body, atomic_size_t *taken, size_t n) {
  static const size_t piece = 100000;
  uint8_t *bytes = malloc(n);
  assert_non_null(bytes);
  for (size_t i = 0; i < n; i++)
    bytes[i] = (uint8_t)(i * 7 + (i >> 11));
  assert_true(server_body_open(body, taken, folder, n));
  for (size_t at = 0; at < n; at += piece)
    server_body_write(body, bytes + at, n - at < piece ? n - at : piece);
  assert_int_equal(body->error, 0);
  assert_int_equal(body->n_bytes, n);
  assert_true(server_body_map(body));
  assert_memory_equal(body->map, bytes, n);
  free(bytes);
}

static void test_by_size(void **state) {
  static const size_t sizes[] = {1, 4096, 133000, MOST_SMALL, MOST_SMALL + 1};
  atomic_size_t taken = 0;
  (void)state;
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    server_body body;
    bool small = sizes[i] <= MOST_SMALL;
    fill(&body, &taken, sizes[i]);
    assert_int_equal(body.fd < 0, small);
    assert_int_equal(taken, small ? sizes[i] : 0);
    server_body_close(&body);
    assert_int_equal(taken, 0);
    assert_int_equal(body.fd, -1);
  }
}

/* Memory has a ceiling, whoever asks; what is given back can be had again. */
static void test_together(void **state) {
  server_body body[6];
  atomic_size_t taken = 0;
  (void)state;
  for (size_t i = 0; i < 4; i++) {
    assert_true(server_body_open(&body[i], &taken, folder, MOST_SMALL));
    assert_int_equal(body[i].fd, -1);
  }
  assert_int_equal(taken, MEMORY);
  fill(&body[4], &taken, 1000);
  assert_true(body[4].fd >= 0);
  assert_int_equal(taken, MEMORY);
  server_body_close(&body[1]);
  fill(&body[5], &taken, 1000);
  assert_int_equal(body[5].fd, -1);
  assert_int_equal(taken, MEMORY - MOST_SMALL + 1000);
  for (size_t i = 0; i < 6; i++)
    if (i != 1)
      server_body_close(&body[i]);
  assert_int_equal(taken, 0);
}

/* Out of memory a body goes to disk; with neither it is refused. */
static void test_without_memory(void **state) {
  server_body body;
  atomic_size_t taken = 0;
  (void)state;
  base_alloc_fail_at(1);
  assert_true(server_body_open(&body, &taken, folder, 1000));
  base_alloc_fail_at(0);
  assert_true(body.fd >= 0);
  assert_int_equal(taken, 0);
  server_body_close(&body);
  assert_false(server_body_open(&body, &taken, "/nowhere", MOST_SMALL + 1));
  assert_int_equal(body.error, ENOENT);
  server_body_close(&body);
  assert_int_equal(taken, 0);
}

/* More than was announced has no place. */
static void test_too_much(void **state) {
  server_body body;
  atomic_size_t taken = 0;
  (void)state;
  assert_true(server_body_open(&body, &taken, folder, 4));
  server_body_write(&body, "1234", 4);
  assert_int_equal(body.error, 0);
  server_body_write(&body, "5", 1);
  assert_int_equal(body.error, EFBIG);
  assert_int_equal(body.n_bytes, 4);
  server_body_close(&body);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_by_size), cmocka_unit_test(test_together),
      cmocka_unit_test(test_without_memory), cmocka_unit_test(test_too_much)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
