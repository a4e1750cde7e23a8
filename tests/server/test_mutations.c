/* SPDX-License-Identifier: Apache-2.0 */
/* A thousand damaged requests: each ends in a clear refusal (or in an answer, when the damage
 * says nothing), and the clients beside them notice nothing. */
#define _GNU_SOURCE
#include "server/fixture.h"

#include <pthread.h>

#define N_MUTATIONS 1000
#define N_ATTACKERS 10
#define N_CHECKS 20

static test_service t;

typedef struct sample_request {
  char *bytes;
  size_t n;
  int status; /* as it stands */
} sample_request;

#define N_REQUESTS 8
static sample_request requests[N_REQUESTS];

static void add_request(int i, int status, const char *method, const char *path,
                        const char *headers, const void *body, size_t n) {
  requests[i].status = status;
  requests[i].n =
      test_compose(&requests[i].bytes, method, path, t.client[0].token, headers, body, n);
}

static void compose_all(void) {
  const test_client *c = &t.client[0];
  char lines[256], head[400];
  snprintf(lines, sizeof lines, TEST_RAW "Blindsight-Key: %s\r\n", c->id);
  add_request(0, 200, "POST", "/v2/models/small/infer", lines, t.sample, t.n_sample);
  int n_head = snprintf(head, sizeof head,
                        "{\"parameters\":{\"key\":\"%s\"},\"inputs\":[{\"name\":\"ciphertext\","
                        "\"shape\":[1],\"datatype\":\"BYTES\",\"parameters\":{"
                        "\"binary_data_size\":%zu}}]}",
                        c->id, t.n_sample + 4);
  uint8_t *body = malloc((size_t)n_head + 4 + t.n_sample);
  memcpy(body, head, (size_t)n_head);
  for (int i = 0; i < 4; i++)
    body[n_head + i] = (uint8_t)(t.n_sample >> (8 * i));
  memcpy(body + n_head + 4, t.sample, t.n_sample);
  snprintf(lines, sizeof lines, TEST_RAW "Inference-Header-Content-Length: %d\r\n", n_head);
  add_request(1, 200, "POST", "/v2/models/small/infer", lines, body,
              (size_t)n_head + 4 + t.n_sample);
  free(body);
  add_request(2, 200, "PUT", test_key_path(c), "", c->keys, c->n_keys);
  snprintf(lines, sizeof lines, "Content-Range: bytes 0-%zu/%zu\r\n", c->n_keys / 4 - 1, c->n_keys);
  add_request(3, 202, "PUT", test_key_path(&t.client[1]), lines, t.client[1].keys, c->n_keys / 4);
  add_request(4, 200, "GET", test_key_path(c), "", NULL, 0);
  add_request(5, 200, "GET", "/v2/models/small/client", "If-None-Match: \"abc\"\r\n", NULL, 0);
  add_request(6, 404, "DELETE", "/v2/jobs/0123456789abcdef0123456789abcdef", "", NULL, 0);
  add_request(7, 200, "GET", "/v2/models/small/versions/1", "", NULL, 0);
}

static size_t below(uint64_t *state, size_t n) {
  return (size_t)(test_random(state) % n);
}

/* Flips a bit, cuts, removes, repeats or swaps a stretch, or writes rubbish; heads are hit as
 * often as bodies, though they are short. */
static size_t mutate(char *bytes, size_t n, uint64_t *state) {
  char *body = strstr(bytes, "\r\n\r\n");
  size_t n_head = body != NULL && body + 4 <= bytes + n ? (size_t)(body - bytes) + 4 : n;
  size_t range = below(state, 2) ? n_head : n, at = below(state, range);
  size_t length = 1 + below(state, 64);
  length = length < n - at ? length : n - at;
  switch (below(state, 6)) {
  case 0:
    bytes[at] = (char)(bytes[at] ^ 1 << below(state, 8));
    return n;
  case 1:
    return at > 0 ? at : 1;
  case 2:
    memmove(bytes + at, bytes + at + length, n - at - length);
    return n - length;
  case 3: {
    size_t from = below(state, n - length + 1);
    memmove(bytes + at, bytes + from, length);
    return n;
  }
  case 4:
    memmove(bytes + at + length, bytes + at, n - at);
    return n + length;
  default:
    for (size_t i = 0; i < length; i++)
      bytes[at + i] = (char)test_random(state);
    return n;
  }
}

/* 0: not HTTP any more, or cut: no answer. 505: another version of HTTP. */
static bool is_clear(int status) {
  return status == 0 || status == 200 || status == 202 || status == 304 || status == 505 ||
         (status >= 400 && status < 500);
}

typedef struct attacker {
  pthread_t thread;
  uint64_t random;
  int n_answers, unclear;
} attacker;

static int attack(const sample_request *request, uint64_t *random) {
  const struct timeval patience = {0, 150000}; /* what was cut is never answered */
  char *bytes = calloc(request->n + 129, 1);
  test_reply reply;
  memcpy(bytes, request->bytes, request->n);
  size_t n = mutate(bytes, request->n, random);
  for (size_t more = below(random, 3); more > 0; more--)
    n = mutate(bytes, n < request->n + 64 ? n : request->n, random);
  int fd = test_connect(&t);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  test_send(fd, bytes, n);
  test_receive(&reply, fd, true);
  close(fd);
  int status = reply.status;
  test_reply_clear(&reply);
  free(bytes);
  return status;
}

static void *attack_often(void *argument) {
  attacker *a = argument;
  for (int round = 0; round < N_MUTATIONS / N_ATTACKERS; round++) {
    int status = attack(&requests[below(&a->random, N_REQUESTS)], &a->random);
    a->n_answers += status != 0;
    if (!is_clear(status))
      a->unclear = status;
  }
  return NULL;
}

static void test_mutations(void **state) {
  (void)state;
  attacker attackers[N_ATTACKERS];
  int n_answers = 0;
  for (int i = 0; i < N_ATTACKERS; i++) {
    attackers[i] = (attacker){.random = 20240917 + (uint64_t)i};
    assert_int_equal(pthread_create(&attackers[i].thread, NULL, attack_often, &attackers[i]), 0);
  }
  for (int i = 0; i < N_CHECKS; i++)
    test_check_inference(&t); /* an honest client beside them */
  for (int i = 0; i < N_ATTACKERS; i++) {
    pthread_join(attackers[i].thread, NULL);
    assert_int_equal(attackers[i].unclear, 0);
    n_answers += attackers[i].n_answers;
  }
  assert_true(n_answers > N_MUTATIONS / 3);
  test_check_inference(&t);
}

/* The requests are right as they stand, before and after. */
static void test_valid(void **state) {
  (void)state;
  for (int i = 0; i < N_REQUESTS; i++) {
    test_reply reply;
    if (i == 3) /* a part goes only where the last one ended */
      test_status(&t, "DELETE", test_key_path(&t.client[1]), t.client[0].token, "", NULL, 0);
    test_exchange(&reply, &t, requests[i].bytes, requests[i].n);
    assert_int_equal(reply.status, requests[i].status);
    test_reply_clear(&reply);
  }
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
  test_setup(&t);
  t.options.n_connections_each = 1024;
  test_start(&t);
  assert_int_equal(test_upload(&t, &t.client[0]), 201);
  compose_all();
  return 0;
}

static int teardown(void **state) {
  (void)state;
  for (int i = 0; i < N_REQUESTS; i++)
    free(requests[i].bytes);
  test_teardown(&t);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_valid), cmocka_unit_test(test_mutations),
                                     cmocka_unit_test(test_sample_bits),
                                     cmocka_unit_test(test_valid)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
