/* SPDX-License-Identifier: Apache-2.0 */
/* One row declared, 4096 asked: the ciphertexts of a batch are the same whatever it says of
 * itself, and every slot of the evaluation holds an output. What leaves are the coefficients for
 * the rows that were declared and counted. */
#define _GNU_SOURCE
#include "attack/world.h"
#include "server/store/audit_read.h"
#include "wire/sample.h"

typedef struct thief {
  test_service *t;
  uint32_t declared;
  int status; /* of the answer */
} thief;

static bool door(void *context, double *outputs, const double *scaled, size_t n) {
  thief *me = context;
  test_service *t = me->t;
  const test_client *c = &t->client[0];
  plan_interface bare = attack_interface(&t->plan.interface);
  double *raw = attack_raw(scaled, n, &bare), *found = NULL;
  uint8_t *sample, *relabelled, *result;
  size_t n_sample, n_rows;
  char lines[256];
  test_reply reply;
  OK(client_encrypt(&sample, &n_sample, raw, n, PLAN_THROUGHPUT, NULL, c->secret, &bare));
  relabelled = attack_relabel(sample, n_sample, me->declared);
  snprintf(lines, sizeof lines, TEST_RAW "Blindsight-Key: %s\r\n", c->id);
  me->status =
      test_call(&reply, t, "POST", "/v2/models/small/infer", c->token, lines, relabelled, n_sample);
  if (me->status == 200) {
    OK(client_decrypt(&found, &n_rows, reply.body, reply.n_body, "result", c->secret, &bare));
    assert_int_equal(n_rows, me->declared);
    memcpy(outputs, found, n_rows * bare.n_outputs * sizeof *outputs);
    base_free(found);
    /* Called what it was asked for, it is too short. */
    result = attack_relabel(reply.body, reply.n_body, (uint32_t)n);
    assert_int_equal(
        client_decrypt(&found, &n_rows, result, reply.n_body, "result", c->secret, &bare),
        me->declared < n ? CKKS_ERROR_FORMAT : CKKS_OK);
    base_free(found);
    base_free(result);
  }
  test_reply_clear(&reply);
  base_free(relabelled);
  base_free(sample);
  free(raw);
  return me->status == 200;
}

/* What a budget of that many predictions a day lets be stolen by one batch that declares so. */
static double steal(int *status, uint64_t budget, uint32_t declared) {
  test_service t;
  server_limits limits;
  steal_network truth, copy;
  server_token_defaults(&limits);
  limits.predictions_per_day = budget;
  attack_setup(&t, &limits);
  test_start(&t);
  assert_int_equal(test_upload(&t, &t.client[0]), 201);
  attack_truth(&truth, &t.model);
  assert_true(steal_network_init(&copy, truth.d, truth.h, truth.o));
  steal_task task = attack_task(&t.model, t.plan.interface.params->ring.n / 2);
  thief me = {.t = &t, .declared = declared};
  bool done = steal_run(&copy, &task, door, &me, 1);
  double part = done ? steal_recovered(&truth, &copy, 0.01) : 0.0;
  printf(
      "budget %llu, %u rows declared: status %d, %.1f %% of the weights to 1 %%, %.1f %% to 1e-4\n",
      (unsigned long long)budget, declared, me.status, 100.0 * part,
      100.0 * (done ? steal_recovered(&truth, &copy, 1e-4) : 0.0));
  *status = me.status;
  steal_network_clear(&truth);
  steal_network_clear(&copy);
  test_teardown(&t);
  return part;
}

static void test_one_prediction(void **state) {
  (void)state;
  int status;
  assert_true(steal(&status, 1, 1) < 0.05); /* what zeros and luck are right about */
  assert_int_equal(status, 200);
  assert_true(steal(&status, 1, 4096) == 0.0);
  assert_int_equal(status, 429);
}

/* Who pays for them gets them: that is what a budget is a matter of. */
static void test_whole_batch(void **state) {
  (void)state;
  int status;
  assert_true(steal(&status, 4096, 4096) > 0.9);
  assert_int_equal(status, 200);
}

/* A batch of the small network, three rows declared: what the books say of it. */
static test_service small;

static int small_setup(void **state) {
  (void)state;
  server_limits limits;
  double rows[9];
  server_token_defaults(&limits);
  limits.predictions_per_day = 11;
  test_setup_limits(&small, &limits);
  for (int i = 0; i < 9; i++)
    rows[i] = small.row[i % 3];
  base_free(small.sample);
  OK(client_encrypt(&small.sample, &small.n_sample, rows, 3, PLAN_THROUGHPUT, NULL,
                    small.client[0].secret, &small.plan.interface));
  test_start(&small);
  assert_int_equal(test_upload(&small, &small.client[0]), 201);
  return 0;
}

/* A guarded plan: its answers to a row have a slot that holds no output, and so a number more. */
static int guarded_setup(void **state) {
  (void)state;
  server_limits limits;
  server_token_defaults(&limits);
  limits.predictions_per_day = 5;
  test_setup_by(&small, &limits, COMPILE_CONTRACT_GUARDED);
  test_start(&small);
  assert_int_equal(test_upload(&small, &small.client[0]), 201);
  return 0;
}

static int small_teardown(void **state) {
  (void)state;
  test_teardown(&small);
  return 0;
}

static size_t counted_by_metrics(void) {
  test_reply reply;
  assert_int_equal(test_call(&reply, &small, "GET", "/metrics", small.client[0].token, "", NULL, 0),
                   200);
  const char *line = strstr((const char *)reply.body, "\nblindsight_predictions_total ");
  assert_non_null(line);
  size_t n = strtoul(line + strlen("\nblindsight_predictions_total "), NULL, 10);
  test_reply_clear(&reply);
  return n;
}

typedef struct books {
  const char *method;
  size_t rows; /* of the newest line of an inference, or of a job */
} books;

static bool find_line(void *context, const char *line) {
  books *b = context;
  json_t *value = json_loads(line, 0, NULL);
  const char *method = json_string_value(json_object_get(value, "method"));
  bool found = method != NULL && strcmp(method, b->method) == 0 &&
               json_integer_value(json_object_get(value, "status")) == 200;
  if (found)
    b->rows = (size_t)json_integer_value(json_object_get(value, "predictions"));
  json_decref(value);
  return !found;
}

static size_t counted_by_audit(const char *method) {
  books b = {method, 0};
  OK(server_audit_read_back(small.state, find_line, &b));
  return b.rows;
}

/* Ends when the job does; its status, 200 when it is done, and what it counted for. */
static int run_job(size_t *rows) {
  test_reply reply;
  char path[80];
  const test_client *c = &small.client[0];
  assert_int_equal(test_infer(&reply, &small, c->token, c->id, "Prefer: respond-async\r\n"), 202);
  snprintf(path, sizeof path, "/v2/jobs/%.32s", test_member(&reply, "id"));
  test_reply_clear(&reply);
  for (int status = 202;; usleep(2000)) {
    assert_int_equal(test_call(&reply, &small, "GET", path, c->token, "", NULL, 0), 200);
    json_t *job = json_loadb((const char *)reply.body, reply.n_body, 0, NULL);
    const char *at = json_string_value(json_object_get(job, "state"));
    *rows = (size_t)json_integer_value(json_object_get(job, "predictions"));
    if (strcmp(at, "done") == 0)
      status = 200;
    else if (strcmp(at, "failed") == 0)
      status = (int)json_integer_value(json_object_get(json_object_get(job, "error"), "status"));
    json_decref(job);
    test_reply_clear(&reply);
    if (status != 202)
      return status;
  }
}

/* Budget, audit, metrics, jobs: all count what the answer can hold, 4 for 3 rows. */
static void test_books(void **state) {
  (void)state;
  const test_client *c = &small.client[0];
  size_t rows;
  test_reply reply;
  assert_int_equal(test_infer(&reply, &small, c->token, c->id, ""), 200);
  test_reply_clear(&reply);
  assert_int_equal(counted_by_metrics(), 4);
  assert_int_equal(counted_by_audit("POST"), 4);
  assert_int_equal(run_job(&rows), 200);
  assert_int_equal(rows, 4);
  assert_int_equal(counted_by_audit("JOB"), 4);
  /* Three are left, which are not enough: it says why. */
  assert_int_equal(test_infer(&reply, &small, c->token, c->id, ""), 429);
  assert_string_equal(test_member(&reply, "code"), "predictions");
  assert_non_null(strstr(test_member(&reply, "error"), "power of two"));
  test_reply_clear(&reply);
  assert_int_equal(run_job(&rows), 429);
}

/* A row counts for the numbers that its answer carries, over the outputs: budget, audit, metrics,
 * jobs, what the service says of the model, and the plan's facts. */
static void test_books_of_rows(void **state) {
  (void)state;
  const test_client *c = &small.client[0];
  const plan_interface *interface = &small.plan.interface;
  size_t rows;
  test_reply reply;
  wire_result read;
  assert_int_equal(interface->n_outputs, 2);
  assert_int_equal(interface->layout[PLAN_LATENCY].period, 4);
  assert_int_equal(plan_pack_counted(interface), 2);
  assert_int_equal(test_call(&reply, &small, "GET", "/v2/models/small", c->token, "", NULL, 0),
                   200);
  assert_non_null(strstr((const char *)reply.body, "\"latency\":{\"predictions_each\":2,"));
  test_reply_clear(&reply);
  assert_int_equal(test_infer(&reply, &small, c->token, c->id, ""), 200);
  OK(wire_result_read(&read, reply.body, reply.n_body, "result", interface));
  assert_int_equal(read.sparse[0].period, 4);
  wire_result_clear(&read);
  test_reply_clear(&reply);
  assert_int_equal(counted_by_metrics(), 2);
  assert_int_equal(counted_by_audit("POST"), 2);
  assert_int_equal(run_job(&rows), 200);
  assert_int_equal(rows, 2);
  assert_int_equal(counted_by_audit("JOB"), 2);
  /* One is left. */
  assert_int_equal(test_infer(&reply, &small, c->token, c->id, ""), 429);
  assert_non_null(strstr(test_member(&reply, "error"), "2 for each row"));
  test_reply_clear(&reply);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_prediction), cmocka_unit_test(test_whole_batch),
      cmocka_unit_test_setup_teardown(test_books, small_setup, small_teardown),
      cmocka_unit_test_setup_teardown(test_books_of_rows, guarded_setup, small_teardown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
