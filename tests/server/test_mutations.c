/* SPDX-License-Identifier: Apache-2.0 */
/* Thousands of damaged requests, of every route: each ends in a clear refusal (or in an answer,
 * when the damage says nothing); the client beside them, and what it has there, notice nothing. */
#define _GNU_SOURCE
#include "server/shapes.h"

#include <pthread.h>

#define N_ATTACKERS 16
#define N_MUTATIONS 2400
#define N_CHECKS 20

static test_service t;
static test_world world; /* of client 1, whose requests are damaged */
static int n_mutations;  /* more where it is not waited for */

static size_t below(uint64_t *state, size_t n) {
  return (size_t)(test_random(state) % n);
}

/* Flips a bit, cuts, removes, repeats or swaps a stretch, or writes rubbish; heads are hit as
 * often as bodies, though they are short. */
static size_t mutate(char *bytes, size_t n, uint64_t *state) {
  char *body = memmem(bytes, n, "\r\n\r\n", 4);
  size_t n_head = body != NULL ? (size_t)(body - bytes) + 4 : n;
  size_t range = below(state, 2) ? n_head : n, at = below(state, range);
  size_t length = 1 + below(state, 64);
  length = length < n - at ? length : n - at;
  switch (below(state, 7)) {
  case 0:
    bytes[at] = (char)(bytes[at] ^ 1 << below(state, 8));
    return n;
  case 1:
    return at > 0 ? at : 1;
  case 2:
    memmove(bytes + at, bytes + at + length, n - at - length);
    return n > length ? n - length : 1;
  case 3: {
    size_t from = below(state, n - length + 1);
    memmove(bytes + at, bytes + from, length);
    return n;
  }
  case 4:
    memmove(bytes + at + length, bytes + at, n - at);
    return n + length;
  case 5: { /* the halves of the body change places */
    size_t half = (n - n_head) / 2;
    for (size_t i = 0; i < half; i++) {
      char other = bytes[n_head + i];
      bytes[n_head + i] = bytes[n_head + half + i];
      bytes[n_head + half + i] = other;
    }
    return n;
  }
  default:
    for (size_t i = 0; i < length; i++)
      bytes[at + i] = (char)test_random(state);
    return n;
  }
}

typedef struct attacker {
  pthread_t thread;
  uint64_t random;
  int n_answers, n_refused, unclear; /* the last status that should not be */
} attacker;

/* Of damage by chance the server never says that it is its own fault. 0: cut, so no answer. */
static bool is_clear(const test_reply *reply, bool head) {
  int status = reply->status;
  if (status == 0 || status == 200 || status == 201 || status == 202 || status == 204 ||
      status == 304)
    return true;
  return ((status >= 400 && status < 500) || status == 501 || status == 505) &&
         test_is_error(reply, head);
}

static void attack(attacker *a, const test_shape *shape) {
  const struct timeval patience = {0, 150000}; /* what was cut is never answered */
  char *bytes = calloc(shape->n + 200, 1);
  test_reply reply;
  memcpy(bytes, shape->bytes, shape->n);
  size_t n = mutate(bytes, shape->n, &a->random);
  for (size_t more = below(&a->random, 3); more > 0; more--)
    n = mutate(bytes, n < shape->n + 64 ? n : shape->n, &a->random);
  int fd = test_connect(&t);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  size_t first = below(&a->random, n); /* in two pieces */
  test_send(fd, bytes, first);
  test_send(fd, bytes + first, n - first);
  test_receive(&reply, fd, true);
  close(fd);
  a->n_answers += reply.status != 0;
  a->n_refused += reply.status >= 400;
  /* Damage may have made a HEAD of it, or of HEAD something else. */
  if (!is_clear(&reply, shape->head || memmem(bytes, n, "HEAD", 4) != NULL || reply.n_body == 0))
    a->unclear = reply.status;
  test_reply_clear(&reply);
  free(bytes);
}

/* Each shape in its turn, so that every route gets its share. */
static void *attack_often(void *argument) {
  attacker *a = argument;
  for (int round = 0; round < n_mutations / N_ATTACKERS; round++)
    attack(a, &world.shape[(size_t)(a->random + (uint64_t)round) % (size_t)world.n_shapes]);
  return NULL;
}

/* What client 0 has, in the table and on disk. */
static void check_store(void) {
  test_reply reply;
  char path[300];
  uint8_t *bytes;
  size_t n;
  const test_client *c = &t.client[0];
  assert_int_equal(test_call(&reply, &t, "GET", test_key_path(c), c->token, "", NULL, 0), 200);
  assert_string_equal(test_member(&reply, "complete"), "true");
  test_reply_clear(&reply);
  snprintf(path, sizeof path, "%s/keys/%s.%s", t.state, c->row.id, c->id);
  OK(base_file_read(&bytes, &n, path, c->n_keys));
  assert_int_equal(n, c->n_keys);
  assert_memory_equal(bytes, c->keys, n);
  base_free(bytes);
  assert_int_equal(test_count_files(t.state, "keys", c->row.id), 1);
  assert_int_equal(test_count_files(t.state, "partial", c->row.id), 0);
}

/* Damage may have made parts of other keys of it. None lies there that is not known, which its
 * token could not remove. */
static void remove_parts(const test_client *c) {
  char folder[100], path[400], id[65];
  snprintf(folder, sizeof folder, "%s/partial", t.state);
  DIR *files = opendir(folder);
  assert_non_null(files);
  for (const struct dirent *entry; (entry = readdir(files)) != NULL;)
    if (sscanf(entry->d_name, "%*16[0-9a-f].%64[0-9a-f]", id) == 1) {
      snprintf(path, sizeof path, "/v2/keys/%s", id);
      assert_int_equal(test_status(&t, "DELETE", path, c->token, "", NULL, 0), 204);
    }
  closedir(files);
  assert_int_equal(test_count_files(t.state, "partial", ""), 0);
}

static void test_mutations(void **state) {
  (void)state;
  attacker attackers[N_ATTACKERS];
  int n_answers = 0, n_refused = 0;
  for (int i = 0; i < N_ATTACKERS; i++) {
    attackers[i] = (attacker){.random = 20240917 + 7 * (uint64_t)i};
    assert_int_equal(pthread_create(&attackers[i].thread, NULL, attack_often, &attackers[i]), 0);
  }
  for (int i = 0; i < N_CHECKS; i++)
    test_check_inference(&t); /* an honest client beside them */
  for (int i = 0; i < N_ATTACKERS; i++) {
    pthread_join(attackers[i].thread, NULL);
    assert_int_equal(attackers[i].unclear, 0);
    n_answers += attackers[i].n_answers;
    n_refused += attackers[i].n_refused;
  }
  assert_true(n_answers > n_mutations / 3);
  assert_true(n_refused > n_mutations / 5);
  test_check_inference(&t);
}

/* When the last connection is closed all is as it was: no request, no connection, one set of keys
 * expanded for each client at most, and on disk what valid requests left. */
static void test_nothing_left(void **state) {
  (void)state;
  server_cache_figures figures;
  for (int i = 0; i < 2000 && atomic_load(&t.service->metrics.connections) > 0; i++)
    usleep(5000);
  assert_int_equal(atomic_load(&t.service->metrics.connections), 0);
  assert_int_equal(atomic_load(&t.service->n_requests), 0);
  server_cache_look(&figures, t.service->cache);
  assert_true(figures.n_entries <= N_CLIENTS);
  check_store();
  remove_parts(&t.client[1]);
  test_restore(&world);
  test_make_shapes(&world);
}

/* The requests are right as they stand, before and after: each gets a good answer of its route. */
static void test_valid(void **state) {
  (void)state;
  for (int i = 0; i < world.n_shapes; i++) {
    test_reply reply;
    test_restore(&world);
    test_make_shapes(&world); /* the job may be another */
    const test_shape *shape = &world.shape[i];
    test_exchange(&reply, &t, shape->bytes, shape->n);
    bool known = false;
    for (int k = 0; k < SERVER_MAX_ANSWERS; k++)
      known = known || (reply.status < 300 && reply.status == shape->route->answer[k].status);
    if (!known)
      fail_msg("%s %s: %d", shape->route->method, shape->route->path, reply.status);
    test_reply_clear(&reply);
  }
  test_check_inference(&t);
}

/* Every byte of a sample's frame and header counts. */
static void test_sample_bits(void **state) {
  (void)state;
  uint64_t random = 5;
  char lines[256];
  uint8_t *bytes = malloc(t.n_sample);
  snprintf(lines, sizeof lines, TEST_RAW "Blindsight-Key: %s\r\n", t.client[0].id);
  for (int round = 0; round < 200; round++) {
    memcpy(bytes, t.sample, t.n_sample);
    size_t at = round < 120 ? (size_t)round : below(&random, t.n_sample);
    bytes[at] = (uint8_t)(bytes[at] ^ 1 << below(&random, 8));
    int status = test_status(&t, "POST", "/v2/models/small/infer", t.client[0].token, lines, bytes,
                             t.n_sample);
    assert_true(status == 400 || status == 422);
  }
  free(bytes);
}

static int setup(void **state) {
  (void)state;
  const char *build = getenv("BUILD");
  n_mutations = build != NULL && strstr(build, "asan") != NULL ? 4 * N_MUTATIONS : N_MUTATIONS;
  test_setup(&t);
  t.options.n_connections_each = 1024;
  t.options.n_jobs = 100000;
  t.options.idle_s = 5;
  test_start(&t);
  assert_int_equal(test_upload(&t, &t.client[0]), 201);
  test_make_world(&world, &t, &t.client[1]);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  test_clear_world(&world);
  test_teardown(&t);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_valid), cmocka_unit_test(test_mutations),
                                     cmocka_unit_test(test_nothing_left),
                                     cmocka_unit_test(test_sample_bits),
                                     cmocka_unit_test(test_valid)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
