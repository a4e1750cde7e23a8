/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in files: made once, taken from then on, never mixed up, never written over. */
#define _DEFAULT_SOURCE
#include "client/store.h"

#include <pthread.h>
#include <sys/stat.h>

#include "base/frame.h"
#include "blindsight/fixture.h"
#include "blindsight/objects.h"
#include "client/client.h"
#include "secret/secret.h"

static blindsight_server *server;
static const plan_interface *interface;
static const ckks_params *params;

static int make_world(void **state) {
  server = test_server();
  interface = blindsight_server_client(server)->interface;
  params = interface->params;
  return test_folder_make(state);
}

static int clear_world(void **state) {
  blindsight_server_free(server);
  return test_folder_remove(state);
}

static ckks_status open_store(client_store *store, const char *name) {
  return client_store_open(store, test_path(name), "test.client", interface);
}

static unsigned mode_of(const char *name) {
  struct stat info;
  assert_int_equal(stat(test_path(name), &info), 0);
  return info.st_mode & 0777;
}

static void test_made_once(void **state) {
  client_store store, again;
  (void)state;
  assert_int_equal(open_store(&store, "a.key"), CKKS_OK);
  assert_true(store.made_secret && store.made_keys);
  assert_string_equal(store.keys_path, test_path("a.keys"));
  assert_int_equal(mode_of("a.key"), 0600);
  assert_int_equal(open_store(&again, "a.key"), CKKS_OK);
  assert_false(again.made_secret || again.made_keys);
  assert_int_equal(again.n_keys, store.n_keys);
  assert_memory_equal(again.keys, store.keys, store.n_keys);
  client_store_clear(&again);
  /* They work together. */
  blindsight_session *session = NULL;
  assert_int_equal(blindsight_session_build(&session, server, store.keys, store.n_keys, 1),
                   CKKS_OK);
  uint8_t *sample, *result;
  size_t n_sample, n_result, n_rows;
  double *outputs;
  assert_int_equal(
      client_encrypt(&sample, &n_sample, test_rows, 2, PLAN_LATENCY, NULL, store.secret, interface),
      CKKS_OK);
  assert_int_equal(blindsight_session_infer(&result, &n_result, sample, n_sample, session),
                   CKKS_OK);
  assert_int_equal(
      client_decrypt(&outputs, &n_rows, result, n_result, "result", store.secret, interface),
      CKKS_OK);
  assert_int_equal(n_rows, 2);
  base_free(outputs);
  base_free(sample);
  base_free(result);
  blindsight_session_free(session);
  client_store_clear(&store);
}

static void test_names(void **state) {
  static const char *const names[][2] = {{"b", "b.keys"}, {"c.secret", "c.secret.keys"}};
  client_store store;
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(open_store(&store, names[i][0]), CKKS_OK);
    assert_string_equal(store.keys_path, test_path(names[i][1]));
    client_store_clear(&store);
  }
}

static void copy(const char *to, const char *from) {
  uint8_t *bytes;
  size_t n_bytes;
  assert_int_equal(base_file_read(&bytes, &n_bytes, test_path(from), 1 << 26), CKKS_OK);
  assert_int_equal(base_file_write(test_path(to), bytes, n_bytes, 0644), CKKS_OK);
  base_free(bytes);
}

static void test_keys_that_do_not_belong(void **state) {
  client_store d, e;
  (void)state;
  assert_int_equal(open_store(&d, "d.key"), CKKS_OK);
  assert_int_equal(open_store(&e, "e.key"), CKKS_OK);
  client_store_clear(&d);
  client_store_clear(&e);
  /* No evaluation keys: made again from the same secret. */
  unlink(test_path("d.keys"));
  assert_int_equal(open_store(&d, "d.key"), CKKS_OK);
  assert_true(!d.made_secret && d.made_keys);
  client_store_clear(&d);
  /* Those of another secret key, of the same plan: they would give nonsense, and are replaced. */
  copy("d.keys", "e.keys");
  assert_int_equal(open_store(&d, "d.key"), CKKS_OK);
  assert_true(!d.made_secret && d.made_keys);
  client_store_clear(&d);
  assert_int_equal(open_store(&d, "d.key"), CKKS_OK);
  assert_false(d.made_keys);
  client_store_clear(&d);
  /* Those of another plan. */
  plan_interface other = *interface;
  other.id[0] ^= 1;
  assert_int_equal(client_store_open(&d, test_path("d.key"), "test.client", &other), CKKS_OK);
  assert_true(!d.made_secret && d.made_keys);
  client_store_clear(&d);
  /* A secret key that is gone: its evaluation keys are of no use to the next one. */
  unlink(test_path("d.key"));
  assert_int_equal(open_store(&d, "d.key"), CKKS_OK);
  assert_true(d.made_secret && d.made_keys);
  client_store_clear(&d);
}

static void test_files_that_are_something_else(void **state) {
  client_store store;
  (void)state;
  test_file("f.key", "a letter to my aunt");
  assert_fails(open_store(&store, "f.key"), CKKS_ERROR_FORMAT, "f.key");
  client_store_clear(&store);
  test_file("g.keys", "a letter to my uncle");
  assert_fails(open_store(&store, "g.key"), CKKS_ERROR_FORMAT, "g.keys");
  client_store_clear(&store);
  assert_int_not_equal(access(test_path("g.key"), F_OK), 0);
  /* A secret key where the evaluation keys would go stays. */
  copy("h.keys", "a.key");
  assert_fails(open_store(&store, "h.key"), CKKS_ERROR_FORMAT, "this is a secret key");
  client_store_clear(&store);
  assert_int_not_equal(access(test_path("h.key"), F_OK), 0);
  /* One that others can read is not used. */
  copy("i.key", "a.key");
  assert_fails(open_store(&store, "i.key"), CKKS_ERROR_IO, "600");
  client_store_clear(&store);
  assert_fails(open_store(&store, "none/j.key"), CKKS_ERROR_IO, "none/j.key");
  client_store_clear(&store);
}

typedef struct opener {
  pthread_t thread;
  char path[256];
  client_store store;
  ckks_status status;
} opener;

static void *open_one(void *argument) {
  opener *o = argument;
  o->status = client_store_open(&o->store, o->path, "test.client", interface);
  return NULL;
}

/* Many first runs at once: one secret key, and every one of them works with it. */
static void test_at_once(void **state) {
  enum { N = 8 };
  opener o[N];
  client_store after;
  int n_made = 0;
  (void)state;
  for (int i = 0; i < N; i++) {
    snprintf(o[i].path, sizeof o[i].path, "%s", test_path("k.key"));
    assert_int_equal(pthread_create(&o[i].thread, NULL, open_one, &o[i]), 0);
  }
  for (int i = 0; i < N; i++)
    pthread_join(o[i].thread, NULL);
  assert_int_equal(open_store(&after, "k.key"), CKKS_OK);
  assert_false(after.made_secret || after.made_keys);
  for (int i = 0; i < N; i++) {
    assert_int_equal(o[i].status, CKKS_OK);
    assert_memory_equal(o[i].store.secret->owner, after.secret->owner, CKKS_OWNER_BYTES);
    n_made += o[i].store.made_secret;
    client_store_clear(&o[i].store);
  }
  assert_int_equal(n_made, 1);
  client_store_clear(&after);
}

static void test_memory_that_fails(void **state) {
  client_store store;
  (void)state;
  assert_survives_failing_memory(open_store(&store, "a.key"), client_store_clear(&store));
  assert_false(store.made_keys);
  client_store_clear(&store);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_made_once),
                                     cmocka_unit_test(test_names),
                                     cmocka_unit_test(test_keys_that_do_not_belong),
                                     cmocka_unit_test(test_files_that_are_something_else),
                                     cmocka_unit_test(test_at_once),
                                     cmocka_unit_test(test_memory_that_fails)};
  return cmocka_run_group_tests(tests, make_world, clear_world);
}
