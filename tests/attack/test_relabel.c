/* SPDX-License-Identifier: Apache-2.0 */
/* One row declared, 4096 asked: the ciphertexts of a batch are the same whatever it says of
 * itself, and every slot of the answer holds an output. */
#define _GNU_SOURCE
#include "attack/world.h"

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
  me->status = test_call(&reply, t, "POST", "/v2/models/small/infer", c->token, lines, relabelled,
                         n_sample);
  if (me->status == 200) {
    result = attack_relabel(reply.body, reply.n_body, (uint32_t)n);
    OK(client_decrypt(&found, &n_rows, result, reply.n_body, "result", c->secret, &bare));
    assert_int_equal(n_rows, n);
    memcpy(outputs, found, n * bare.n_outputs * sizeof *outputs);
    base_free(found);
    base_free(result);
  }
  test_reply_clear(&reply);
  base_free(relabelled);
  base_free(sample);
  free(raw);
  return me->status == 200;
}

/* What a budget of that many predictions a day lets be stolen by one batch that declares one. */
static double steal(int *status, uint64_t budget) {
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
  thief me = {.t = &t, .declared = 1};
  bool done = steal_run(&copy, &task, door, &me, 1);
  double part = done ? steal_recovered(&truth, &copy, 0.01) : 0.0;
  printf("budget %llu: status %d, %.1f %% of the weights to 1 %%, %.1f %% to 1e-4\n",
         (unsigned long long)budget, me.status, 100.0 * part,
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
  assert_true(steal(&status, 1) == 0.0);
  assert_int_equal(status, 429);
}

/* Who pays for them gets them: that is what a budget is a matter of. */
static void test_whole_batch(void **state) {
  (void)state;
  int status;
  assert_true(steal(&status, 4096) > 0.9);
  assert_int_equal(status, 200);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_prediction),
                                     cmocka_unit_test(test_whole_batch)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
