/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for jobs that come twice because their answer was lost: one job for each name. */
#define _GNU_SOURCE
#include "server/fixture.h"

#include <pthread.h>

static test_service t;

#define ASYNC "Prefer: respond-async\r\n"

/* A request for a job under a name (whole header lines), the sample's first n bytes. */
static int ask_for(test_reply *reply, const char *path, const test_client *c, const char *key,
                   const char *named, size_t n) {
  char lines[600];
  snprintf(lines, sizeof lines, TEST_RAW "Blindsight-Key: %s\r\n" ASYNC "%s", key, named);
  return test_call(reply, &t, "POST", path, c->token, lines, t.sample, n);
}

/* The id of the job that it gives. */
static void made(char id[33], const test_client *c, const char *named) {
  test_reply reply;
  char path[80];
  assert_int_equal(ask_for(&reply, "/v2/models/small/infer", c, t.client[0].id, named, t.n_sample),
                   202);
  snprintf(id, 33, "%.32s", test_member(&reply, "id"));
  assert_int_equal(strlen(id), 32);
  snprintf(path, sizeof path, "/v2/jobs/%s", id);
  assert_string_equal(test_header(&reply, "Location"), path);
  assert_string_equal(test_header(&reply, "Preference-Applied"), "respond-async");
  test_reply_clear(&reply);
}

static void refused(const char *path, const char *key, const char *named, size_t n, int status,
                    const char *field) {
  test_reply reply;
  assert_int_equal(ask_for(&reply, path, &t.client[0], key, named, n), status);
  assert_string_equal(test_member(&reply, "code"), "idempotency");
  assert_string_equal(test_member(&reply, "field"), field);
  test_reply_clear(&reply);
}

static void wait_for(const char *id) {
  test_reply reply;
  char path[80];
  snprintf(path, sizeof path, "/v2/jobs/%s", id);
  for (bool done = false; !done; usleep(2000)) {
    assert_int_equal(test_call(&reply, &t, "GET", path, t.client[0].token, "", NULL, 0), 200);
    done = strcmp(test_member(&reply, "state"), "queued") != 0;
    if (done)
      assert_string_equal(test_member(&reply, "state"), "done");
    test_reply_clear(&reply);
  }
}

static int on_job(const char *method, const char *id, const char *end) {
  char path[80];
  snprintf(path, sizeof path, "/v2/jobs/%s%s", id, end);
  return test_status(&t, method, path, t.client[0].token, "", NULL, 0);
}

/* Waiting or done, after a restart, too: the same job, and one sample on disk. */
static void test_same_job(void **state) {
  (void)state;
  const test_client *c = &t.client[0];
  char first[33], again[33], other[33];
  made(first, c, "Idempotency-Key: a\r\n");
  made(again, c, "idempotency-key: a\r\n");
  assert_string_equal(first, again);
  wait_for(first);
  made(again, c, "Idempotency-Key: a\r\n");
  assert_string_equal(first, again);
  test_stop(&t);
  test_start(&t);
  made(again, c, "Idempotency-Key: a\r\n");
  assert_string_equal(first, again);
  assert_int_equal(test_count_files(t.state, "jobs", ""), 1); /* the result */
  made(other, c, "Idempotency-Key: b\r\n");
  assert_string_not_equal(first, other);
  made(again, c, "");
  made(first, c, ""); /* without a name each is its own */
  assert_string_not_equal(first, again);
}

/* With its job a name is forgotten. */
static void test_forgotten(void **state) {
  (void)state;
  char first[33], again[33];
  made(first, &t.client[0], "Idempotency-Key: to-go\r\n");
  wait_for(first);
  assert_int_equal(on_job("DELETE", first, ""), 204);
  made(again, &t.client[0], "Idempotency-Key: to-go\r\n");
  assert_string_not_equal(first, again);
}

/* Another sample, model version or key under a name that stands for something: refused, and what
 * stands there stays. */
static void test_another_question(void **state) {
  (void)state;
  static const char named[] = "Idempotency-Key: question\r\n", infer[] = "/v2/models/small/infer";
  const char *key = t.client[0].id;
  char first[33], again[33], nobodys[65];
  made(first, &t.client[0], named);
  snprintf(nobodys, sizeof nobodys, "%064d", 9);
  refused(infer, key, named, t.n_sample - 1, 422, "Idempotency-Key");
  refused(infer, nobodys, named, t.n_sample, 422, "Idempotency-Key");
  refused("/v2/models/small/versions/1/infer", key, named, t.n_sample, 422, "Idempotency-Key");
  made(again, &t.client[0], named);
  assert_string_equal(first, again);
}

static void test_names(void **state) {
  (void)state;
  static const char infer[] = "/v2/models/small/infer";
  char named[300], first[33], again[33];
  const char *key = t.client[0].id;
  refused(infer, key, "Idempotency-Key: \r\n", t.n_sample, 400, "Idempotency-Key");
  refused(infer, key, "Idempotency-Key: a b\r\n", t.n_sample, 400, "Idempotency-Key");
  refused(infer, key, "Idempotency-Key: a\x7f\r\n", t.n_sample, 400, "Idempotency-Key");
  refused(infer, key, "Idempotency-Key: \xc3\xa4\r\n", t.n_sample, 400, "Idempotency-Key");
  snprintf(named, sizeof named, "Idempotency-Key: %0129d\r\n", 1);
  refused(infer, key, named, t.n_sample, 400, "Idempotency-Key");
  snprintf(named, sizeof named, "Idempotency-Key: %0128d\r\n", 1);
  made(first, &t.client[0], named);
  made(again, &t.client[0], named);
  assert_string_equal(first, again);
  made(first, &t.client[0], "Idempotency-Key: \"8e03978e-40d5'OR/**/1=1;--\"\r\n");
}

/* Without Prefer there is no job, and the header says nothing. */
static void test_at_once(void **state) {
  (void)state;
  test_reply reply;
  for (int i = 0; i < 2; i++) {
    assert_int_equal(
        test_infer(&reply, &t, t.client[0].token, t.client[0].id, "Idempotency-Key: question\r\n"),
        200);
    test_check_result(&t, reply.body, reply.n_body);
    test_reply_clear(&reply);
  }
}

/* The same name with another token is another name; nothing tells that it is taken. */
static void test_tokens_apart(void **state) {
  (void)state;
  char mine[33], others[33], again[33], path[80];
  made(mine, &t.client[0], "Idempotency-Key: shared\r\n");
  made(others, &t.client[1], "Idempotency-Key: shared\r\n");
  assert_string_not_equal(mine, others);
  made(again, &t.client[0], "Idempotency-Key: shared\r\n");
  assert_string_equal(mine, again);
  snprintf(path, sizeof path, "/v2/jobs/%s", mine);
  assert_int_equal(test_status(&t, "GET", path, t.client[1].token, "", NULL, 0), 404);
}

typedef struct asking {
  pthread_t thread;
  char id[33];
} asking;

static void *ask(void *argument) {
  asking *a = argument;
  made(a->id, &t.client[0], "Idempotency-Key: crowd\r\n");
  return NULL;
}

/* Many at once: one job. */
static void test_crowd(void **state) {
  (void)state;
  asking crowd[12];
  int before = test_count_files(t.state, "jobs", "");
  for (size_t i = 0; i < 12; i++)
    assert_int_equal(pthread_create(&crowd[i].thread, NULL, ask, &crowd[i]), 0);
  for (size_t i = 0; i < 12; i++)
    pthread_join(crowd[i].thread, NULL);
  for (size_t i = 1; i < 12; i++)
    assert_string_equal(crowd[i].id, crowd[0].id);
  wait_for(crowd[0].id);
  assert_int_equal(on_job("GET", crowd[0].id, "/result"), 200);
  while (test_count_files(t.state, "jobs", crowd[0].id) > 1) /* its sample, on its way out */
    usleep(2000);
  assert_true(test_count_files(t.state, "jobs", "") <= before + 1);
}

/* A token with as many jobs as it may have still finds the one that it has asked for. */
static void test_full(void **state) {
  (void)state;
  test_reply reply;
  char first[33], again[33];
  t.options.n_jobs = 1;
  test_stop(&t);
  test_start(&t);
  made(first, &t.client[1], "Idempotency-Key: shared\r\n"); /* there */
  assert_int_equal(ask_for(&reply, "/v2/models/small/infer", &t.client[1], t.client[0].id,
                           "Idempotency-Key: new\r\n", t.n_sample),
                   429);
  assert_string_equal(test_member(&reply, "code"), "jobs");
  test_reply_clear(&reply);
  made(again, &t.client[1], "Idempotency-Key: shared\r\n");
  assert_string_equal(first, again);
}

/* Room on disk is a limit of its own: for samples that wait, then for results. */
static void test_full_of_bytes(void **state) {
  (void)state;
  test_reply reply;
  char named[40];
  t.options.n_jobs = 1000;
  t.options.jobs_bytes = 10 * t.n_sample;
  test_stop(&t);
  test_start(&t);
  int n = 0, status = 202;
  for (; status == 202 && n < 1000; n++) {
    snprintf(named, sizeof named, "Idempotency-Key: b%d\r\n", n);
    status =
        ask_for(&reply, "/v2/models/small/infer", &t.client[0], t.client[0].id, named, t.n_sample);
    if (status != 202)
      assert_string_equal(test_member(&reply, "code"), "jobs");
    test_reply_clear(&reply);
  }
  assert_int_equal(status, 429);
  assert_true(n < 500);
}

static int setup(void **state) {
  (void)state;
  test_setup(&t);
  test_start(&t);
  assert_int_equal(test_upload(&t, &t.client[0]), 201);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  test_teardown(&t);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_job),
                                     cmocka_unit_test(test_forgotten),
                                     cmocka_unit_test(test_another_question),
                                     cmocka_unit_test(test_names),
                                     cmocka_unit_test(test_at_once),
                                     cmocka_unit_test(test_tokens_apart),
                                     cmocka_unit_test(test_crowd),
                                     cmocka_unit_test(test_full),
                                     cmocka_unit_test(test_full_of_bytes)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
