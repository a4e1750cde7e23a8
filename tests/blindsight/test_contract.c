/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract at the head of blindsight.h: NULL for each pointer of each function, outputs after
 * an error, and the stack that calls need.
 */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "blindsight/fixture.h"

#include <pthread.h>

/* One object of each kind, and everything else that calls take. */
static struct {
  blindsight_model *model;
  blindsight_server *server;
  const blindsight_client *client;
  blindsight_session *session;
  blindsight_rows *rows;
  blindsight_units *units;
  ckks_secret_key *secret;
  uint8_t *keys, *sample;
  size_t n_keys, n_sample;
  const char *csv;
} w;

/* --- NULL */

/* What a function writes to must be empty after an error, whatever it held before. */
static void *out = &w;
static size_t n_out = 7, n_more = 7;
static bool flag = true;
static blindsight_packing packing;

static void assert_refused(ckks_status status, const char *name, const char *function) {
  char text[64];
  snprintf(text, sizeof text, "%s is NULL", name);
  if (status != CKKS_ERROR_ARGUMENT || strstr(ckks_last_error(), text) == NULL)
    fail_msg("%s without %s: status %d, \"%s\"", function, name, (int)status, ckks_last_error());
  out = &w;
}

/* The outputs of the call are emptied even then. */
#define REFUSES(name, call) assert_refused((call), name, #call)
#define REFUSES_AND_EMPTIES(name, call)                                                            \
  do {                                                                                             \
    out = &w;                                                                                      \
    ckks_status status_ = (call);                                                                  \
    if (out != NULL)                                                                               \
      fail_msg("%s leaves something in its output", #call);                                        \
    assert_refused(status_, name, #call);                                                          \
  } while (0)
#define OUT(type) ((type **)(void *)&out)

static void no_model_takes_null(void **state) {
  (void)state;
  blindsight_train_options train;
  blindsight_train_options_default(&train, sizeof train);
  train.label = "truth";
  REFUSES("out", blindsight_model_train(NULL, NULL, w.csv, &train));
  REFUSES_AND_EMPTIES("path", blindsight_model_train(OUT(blindsight_model), NULL, NULL, &train));
  REFUSES_AND_EMPTIES("options", blindsight_model_train(OUT(blindsight_model), NULL, w.csv, NULL));
  train.label = NULL;
  REFUSES_AND_EMPTIES("options.label",
                      blindsight_model_train(OUT(blindsight_model), NULL, w.csv, &train));
  train.label = "truth";
  train.n_drop = 1;
  REFUSES_AND_EMPTIES("options.drop",
                      blindsight_model_train(OUT(blindsight_model), NULL, w.csv, &train));
  train.n_drop = 0;
  train.n_categories = 1;
  REFUSES_AND_EMPTIES("options.categories",
                      blindsight_model_train(OUT(blindsight_model), NULL, w.csv, &train));
  REFUSES("out", blindsight_model_import(NULL, NULL, w.csv, NULL));
  REFUSES("out", blindsight_model_import_trees(NULL, NULL, w.csv, NULL));
  REFUSES_AND_EMPTIES("path",
                      blindsight_model_import_trees(OUT(blindsight_model), NULL, NULL, NULL));
  REFUSES("out", blindsight_model_is_trees(NULL, w.csv));
  REFUSES("path", blindsight_model_is_trees(&(bool){false}, NULL));
  REFUSES_AND_EMPTIES("path", blindsight_model_import(OUT(blindsight_model), NULL, NULL, NULL));
  REFUSES("out", blindsight_model_read_json(NULL, "{}", 2, "x"));
  REFUSES_AND_EMPTIES("text", blindsight_model_read_json(OUT(blindsight_model), NULL, 2, "x"));
  REFUSES("text", blindsight_model_write_json(NULL, w.model));
  REFUSES_AND_EMPTIES("model", blindsight_model_write_json(OUT(char), NULL));
  REFUSES("out", blindsight_model_load(NULL, "x"));
  REFUSES_AND_EMPTIES("path", blindsight_model_load(OUT(blindsight_model), NULL));
  REFUSES("path", blindsight_model_save(NULL, w.model));
  REFUSES("model", blindsight_model_save("x", NULL));
  REFUSES("model", blindsight_model_set_name(NULL, "x"));
  REFUSES("name", blindsight_model_set_name(w.model, NULL));
  REFUSES("model", blindsight_model_calibrate(NULL, test_rows, 1));
  REFUSES("rows", blindsight_model_calibrate(w.model, NULL, 1));
  REFUSES("out", blindsight_model_predict(NULL, test_rows, 1, w.model));
  REFUSES_AND_EMPTIES("rows",
                      blindsight_model_predict(OUT(blindsight_predictions), NULL, 1, w.model));
  REFUSES_AND_EMPTIES("model",
                      blindsight_model_predict(OUT(blindsight_predictions), test_rows, 1, NULL));
}

static void no_rows_take_null(void **state) {
  (void)state;
  const int label[] = {0, 1};
  const size_t place[] = {0};
  const double output[] = {1, 2, 3, 4};
  const blindsight_names *names = blindsight_model_names(w.model);
  blindsight_rows_options options;
  blindsight_rows_options_default(&options, sizeof options);
  REFUSES("out", blindsight_rows_load(NULL, w.csv, names, NULL));
  REFUSES_AND_EMPTIES("path", blindsight_rows_load(OUT(blindsight_rows), NULL, names, NULL));
  REFUSES_AND_EMPTIES("names", blindsight_rows_load(OUT(blindsight_rows), w.csv, NULL, NULL));
  options.n_more = 1;
  REFUSES_AND_EMPTIES("options.more",
                      blindsight_rows_load(OUT(blindsight_rows), w.csv, names, &options));
  REFUSES("rows", blindsight_rows_keep(NULL, place, 1));
  REFUSES("place", blindsight_rows_keep(w.rows, NULL, 1));
  REFUSES("out", blindsight_metrics_compute(NULL, output, label, 2, names));
  REFUSES_AND_EMPTIES("output",
                      blindsight_metrics_compute(OUT(blindsight_metrics), NULL, label, 2, names));
  REFUSES_AND_EMPTIES("label",
                      blindsight_metrics_compute(OUT(blindsight_metrics), output, NULL, 2, names));
  REFUSES_AND_EMPTIES("names",
                      blindsight_metrics_compute(OUT(blindsight_metrics), output, label, 2, NULL));
  REFUSES("out", blindsight_metrics_values(NULL, output, output, 2, names));
  REFUSES_AND_EMPTIES("output",
                      blindsight_metrics_values(OUT(blindsight_metrics), NULL, output, 2, names));
  REFUSES_AND_EMPTIES("target",
                      blindsight_metrics_values(OUT(blindsight_metrics), output, NULL, 2, names));
  REFUSES_AND_EMPTIES("names",
                      blindsight_metrics_values(OUT(blindsight_metrics), output, output, 2, NULL));
}

static void no_server_takes_null(void **state) {
  (void)state;
  REFUSES("out", blindsight_server_compile(NULL, w.model, NULL));
  REFUSES_AND_EMPTIES("model", blindsight_server_compile(OUT(blindsight_server), NULL, NULL));
  REFUSES("out", blindsight_server_load(NULL, "x"));
  REFUSES_AND_EMPTIES("path", blindsight_server_load(OUT(blindsight_server), NULL));
  REFUSES("path", blindsight_server_save(NULL, w.server));
  REFUSES("server", blindsight_server_save("x", NULL));
  REFUSES("server", blindsight_server_prepare(NULL, 0));
  REFUSES("out",
          blindsight_server_simulate(NULL, test_rows, 1, BLINDSIGHT_LATENCY, 1, 1, w.server));
  REFUSES_AND_EMPTIES("rows", blindsight_server_simulate(OUT(blindsight_predictions), NULL, 1,
                                                         BLINDSIGHT_LATENCY, 1, 1, w.server));
  REFUSES_AND_EMPTIES("server", blindsight_server_simulate(OUT(blindsight_predictions), test_rows,
                                                           1, BLINDSIGHT_LATENCY, 1, 1, NULL));
  REFUSES("out", blindsight_session_build(NULL, w.server, w.keys, w.n_keys, 1));
  REFUSES_AND_EMPTIES("server",
                      blindsight_session_build(OUT(blindsight_session), NULL, w.keys, w.n_keys, 1));
  REFUSES_AND_EMPTIES("keys",
                      blindsight_session_build(OUT(blindsight_session), w.server, NULL, 1, 1));
  REFUSES("path", blindsight_session_save(NULL, w.session));
  REFUSES("session", blindsight_session_save("x", NULL));
  REFUSES("out", blindsight_session_load(NULL, w.server, "x", 1));
  REFUSES_AND_EMPTIES("server", blindsight_session_load(OUT(blindsight_session), NULL, "x", 1));
  REFUSES_AND_EMPTIES("path", blindsight_session_load(OUT(blindsight_session), w.server, NULL, 1));
  REFUSES("result", blindsight_session_infer(NULL, &n_out, w.sample, w.n_sample, w.session));
  REFUSES_AND_EMPTIES(
      "n_result", blindsight_session_infer(OUT(uint8_t), NULL, w.sample, w.n_sample, w.session));
  REFUSES_AND_EMPTIES("sample", blindsight_session_infer(OUT(uint8_t), &n_out, NULL, 1, w.session));
  REFUSES_AND_EMPTIES("session",
                      blindsight_session_infer(OUT(uint8_t), &n_out, w.sample, w.n_sample, NULL));
  REFUSES("packing", blindsight_message_peek(NULL, &n_out, w.sample, w.n_sample));
  REFUSES("n_rows", blindsight_message_peek(&packing, NULL, w.sample, w.n_sample));
  REFUSES("bytes", blindsight_message_peek(&packing, &n_out, NULL, 1));
}

static void no_client_takes_null(void **state) {
  (void)state;
  REFUSES("out", blindsight_client_load(NULL, "x"));
  REFUSES_AND_EMPTIES("path", blindsight_client_load(OUT(blindsight_client), NULL));
  REFUSES("path", blindsight_client_save(NULL, w.client));
  REFUSES("client", blindsight_client_save("x", NULL));
}

static void no_key_takes_null(void **state) {
  (void)state;
  uint8_t *bytes = NULL;
  REFUSES("secret", blindsight_client_keygen(NULL, &bytes, &n_out, w.client));
  REFUSES_AND_EMPTIES("keys",
                      blindsight_client_keygen(OUT(ckks_secret_key), NULL, &n_out, w.client));
  REFUSES_AND_EMPTIES("n_bytes",
                      blindsight_client_keygen(OUT(ckks_secret_key), &bytes, NULL, w.client));
  REFUSES_AND_EMPTIES("client",
                      blindsight_client_keygen(OUT(ckks_secret_key), &bytes, &n_out, NULL));
  REFUSES("made", blindsight_client_create_key(NULL, "x", w.secret, w.client));
  REFUSES("path", blindsight_client_create_key(&flag, NULL, w.secret, w.client));
  assert_false(flag);
  REFUSES("secret", blindsight_client_create_key(&flag, "x", NULL, w.client));
  REFUSES("client", blindsight_client_create_key(&flag, "x", w.secret, NULL));
  REFUSES("secret", blindsight_client_load_key(NULL, "x", w.client));
  REFUSES_AND_EMPTIES("path", blindsight_client_load_key(OUT(ckks_secret_key), NULL, w.client));
  REFUSES_AND_EMPTIES("client", blindsight_client_load_key(OUT(ckks_secret_key), "x", NULL));
}

static void no_message_takes_null(void **state) {
  (void)state;
  blindsight_state inside[1] = {BLINDSIGHT_INSIDE};
#define ENCRYPT(sample, n, rows, secret, client)                                                   \
  blindsight_client_encrypt(sample, n, &n_more, rows, 1, BLINDSIGHT_LATENCY, secret, client)
  REFUSES("sample", ENCRYPT(NULL, &n_out, test_rows, w.secret, w.client));
  REFUSES_AND_EMPTIES("n_bytes", ENCRYPT(OUT(uint8_t), NULL, test_rows, w.secret, w.client));
  REFUSES_AND_EMPTIES("rows", ENCRYPT(OUT(uint8_t), &n_out, NULL, w.secret, w.client));
  REFUSES_AND_EMPTIES("secret", ENCRYPT(OUT(uint8_t), &n_out, test_rows, NULL, w.client));
  REFUSES_AND_EMPTIES("client", ENCRYPT(OUT(uint8_t), &n_out, test_rows, w.secret, NULL));
  assert_true(n_out == 0 && n_more == 0);
#define DECRYPT(out, result, secret, client)                                                       \
  blindsight_client_decrypt(out, result, w.n_sample, secret, client)
  REFUSES("out", DECRYPT(NULL, w.sample, w.secret, w.client));
  REFUSES_AND_EMPTIES("result", DECRYPT(OUT(blindsight_predictions), NULL, w.secret, w.client));
  REFUSES_AND_EMPTIES("secret", DECRYPT(OUT(blindsight_predictions), w.sample, NULL, w.client));
  REFUSES_AND_EMPTIES("client", DECRYPT(OUT(blindsight_predictions), w.sample, w.secret, NULL));
  REFUSES("out", blindsight_client_sort(NULL, test_rows, 1, NULL, w.client));
  REFUSES_AND_EMPTIES("rows",
                      blindsight_client_sort(OUT(blindsight_sorted), NULL, 1, NULL, w.client));
  REFUSES_AND_EMPTIES("client",
                      blindsight_client_sort(OUT(blindsight_sorted), test_rows, 1, NULL, NULL));
  REFUSES("predictions", blindsight_predictions_spread(NULL, inside, 1));
  REFUSES("state", blindsight_predictions_spread((blindsight_predictions *)&w, NULL, 1));
  blindsight_sorted_free(NULL);
}

static void no_remote_takes_null(void **state) {
  (void)state;
  REFUSES("out", blindsight_remote_build(NULL, "http://127.0.0.1:1", NULL));
  REFUSES_AND_EMPTIES("url", blindsight_remote_build(OUT(blindsight_remote), NULL, NULL));
  REFUSES("remote", blindsight_remote_open_key(NULL, "x"));
  REFUSES("remote", blindsight_remote_send_keys(NULL));
  REFUSES("remote", blindsight_remote_use_key(NULL, "x"));
  REFUSES("remote", blindsight_remote_forget_keys(NULL));
  REFUSES("out", blindsight_remote_predict(NULL, test_rows, 1, BLINDSIGHT_LATENCY, NULL));
  REFUSES_AND_EMPTIES("rows", blindsight_remote_predict(OUT(blindsight_predictions), NULL, 1,
                                                        BLINDSIGHT_LATENCY, NULL));
  REFUSES_AND_EMPTIES("remote", blindsight_remote_predict(OUT(blindsight_predictions), test_rows, 1,
                                                          BLINDSIGHT_LATENCY, NULL));
}

static void no_file_takes_null(void **state) {
  (void)state;
  REFUSES("out", blindsight_file_load(NULL, "x"));
  REFUSES_AND_EMPTIES("path", blindsight_file_load(OUT(blindsight_file), NULL));
  REFUSES("out", blindsight_units_load(NULL, "x"));
  REFUSES_AND_EMPTIES("path", blindsight_units_load(OUT(blindsight_units), NULL));
  REFUSES("out", blindsight_units_measure(NULL));
  REFUSES("path", blindsight_units_save(NULL, w.units));
  REFUSES("units", blindsight_units_save("x", NULL));
  REFUSES("path", blindsight_units_cache_path(NULL));
}

/* Those that return no status. */
static void questions_about_nothing_have_no_answer(void **state) {
  (void)state;
  char text[BLINDSIGHT_TEXT_BYTES];
  double coefficient[BLINDSIGHT_MAX_POWERS + 1];
  int level;
  assert_null(blindsight_model_names(NULL));
  assert_null(blindsight_model_shape(NULL));
  assert_null(blindsight_client_names(NULL));
  assert_null(blindsight_client_facts(NULL));
  assert_null(blindsight_client_params(NULL));
  assert_null(blindsight_server_client(NULL));
  assert_null(blindsight_server_account(NULL, BLINDSIGHT_LATENCY));
  assert_null(blindsight_server_compiled(NULL));
  assert_null(blindsight_remote_client(NULL));
  assert_null(blindsight_remote_connection(NULL));
  assert_null(blindsight_names_categories(NULL, blindsight_client_names(w.client), 0));
  assert_null(blindsight_names_categories(&n_out, NULL, 0));
  assert_int_equal(n_out, 0);
  assert_null(blindsight_state_name((blindsight_state)6));
  assert_int_equal(blindsight_client_packing(NULL, 1), 0);
  assert_int_equal(blindsight_predictions_largest(NULL, 3), 0);
  assert_int_equal(blindsight_activation(NULL, "square"), 0);
  assert_int_equal(blindsight_activation(coefficient, NULL), 0);
  assert_false(blindsight_server_operation(NULL, &level, w.server, BLINDSIGHT_LATENCY, 0));
  assert_false(blindsight_server_operation(text, NULL, w.server, BLINDSIGHT_LATENCY, 0));
  assert_false(blindsight_server_operation(text, &level, NULL, BLINDSIGHT_LATENCY, 0));
  blindsight_rows_options_default(NULL, 8);
  blindsight_train_options_default(NULL, 8);
  blindsight_import_options_default(NULL, 8);
  blindsight_trees_options_default(NULL, 8);
  blindsight_compile_options_default(NULL, 8);
  blindsight_remote_options_default(NULL, 8);
  blindsight_sort_options_default(NULL, 8);
  blindsight_rows_free(NULL);
  blindsight_predictions_free(NULL);
  blindsight_metrics_free(NULL);
  blindsight_training_free(NULL);
  blindsight_import_free(NULL);
  blindsight_model_free(NULL);
  blindsight_units_free(NULL);
  blindsight_server_free(NULL);
  blindsight_session_free(NULL);
  blindsight_client_free(NULL);
  blindsight_remote_free(NULL);
  blindsight_file_free(NULL);
}

/* --- options that were not built together with the library */

static void older_options_have_defaults_behind_them(void **state) {
  (void)state;
  struct {
    size_t size;
    double error;
    int guard;
  } older = {.guard = 77};
  blindsight_server *server;
  blindsight_compile_options_default((blindsight_compile_options *)(void *)&older, 2 * 8);
  assert_int_equal(older.size, 16);
  assert_true(older.error == 0);
  assert_int_equal(older.guard, 77);
  older.error = 1e-3;
  assert_int_equal(
      blindsight_server_compile(&server, w.model, (blindsight_compile_options *)(void *)&older),
      CKKS_OK);
  const blindsight_facts *facts = blindsight_client_facts(blindsight_server_client(server));
  assert_true(facts->cost[BLINDSIGHT_LATENCY].predicted_error > 1e-5);
  assert_int_equal(
      ckks_params_get_literal(blindsight_client_params(blindsight_server_client(server)))->security,
      CKKS_SECURITY_128);
  blindsight_server_free(server);
}

static void newer_options_are_refused(void **state) {
  (void)state;
  struct {
    blindsight_compile_options known;
    double more;
  } newer;
  blindsight_compile_options_default(&newer.known, sizeof newer);
  assert_true(newer.known.size == sizeof newer && newer.more == 0);
  blindsight_server *server = (blindsight_server *)&w;
  assert_fails(blindsight_server_compile(&server, w.model, &newer.known), CKKS_ERROR_ARGUMENT,
               "options.size");
  assert_null(server);
  newer.known.size = 0; /* never set */
  assert_fails(blindsight_server_compile(&server, w.model, &newer.known), CKKS_ERROR_ARGUMENT,
               "options.size = 0");
}

/* --- stack */

/* cmocka's assertions are for its own thread. */
#define MUST(call)                                                                                 \
  do {                                                                                             \
    if ((call) != CKKS_OK) {                                                                       \
      fprintf(stderr, "%s: %s\n", #call, ckks_last_error());                                       \
      abort();                                                                                     \
    }                                                                                              \
  } while (0)

/* All that a model's owner, a client and a server do, in a thread of this much stack. */
#define STACK_BYTES ((size_t)128 << 10)

static void run_owner(blindsight_server **server, blindsight_model **model) {
  blindsight_train_options options;
  blindsight_training *training;
  blindsight_predictions *noisy;
  blindsight_metrics *metrics;
  blindsight_train_options_default(&options, sizeof options);
  options.label = "truth";
  options.n_epochs = 2;
  MUST(blindsight_model_train(model, &training, w.csv, &options));
  blindsight_training_free(training);
  MUST(blindsight_model_calibrate(*model, test_rows, TEST_N_ROWS));
  MUST(blindsight_model_save(test_path("m"), *model));
  MUST(blindsight_server_compile(server, *model, NULL));
  MUST(blindsight_server_save(test_path("s"), *server));
  assert_int_equal(
      blindsight_server_simulate(&noisy, test_rows, TEST_N_ROWS, BLINDSIGHT_LATENCY, 1, 1, *server),
      CKKS_OK);
  const int truth[TEST_N_ROWS] = {0, 1, 1, 0};
  MUST(blindsight_metrics_compute(&metrics, noisy->output, truth, TEST_N_ROWS,
                                  blindsight_model_names(*model)));
  blindsight_metrics_free(metrics);
  blindsight_predictions_free(noisy);
}

static void run_onnx(void) {
  blindsight_model *model;
  blindsight_import *report;
  blindsight_import_options options;
  blindsight_server *server;
  blindsight_import_options_default(&options, sizeof options);
  options.calibrate = "data/wdbc.csv";
  options.label = "diagnosis";
  MUST(blindsight_model_import(&model, &report, "examples/residual/wdbc.onnx", &options));
  if (report->n_activations == 0)
    abort();
  MUST(blindsight_server_compile(&server, model, NULL));
  blindsight_server_free(server);
  blindsight_import_free(report);
  blindsight_model_free(model);
}

static void run_sides(const blindsight_server *server, blindsight_packing how) {
  const blindsight_client *client = blindsight_server_client(server);
  ckks_secret_key *secret, *loaded;
  blindsight_session *session;
  blindsight_predictions *predictions;
  blindsight_file *file;
  uint8_t *keys, *sample, *result;
  size_t n_keys, n_sample, n_result;
  bool made;
  remove(test_path("k"));
  MUST(blindsight_client_keygen(&secret, &keys, &n_keys, client));
  MUST(blindsight_client_create_key(&made, test_path("k"), secret, client));
  MUST(blindsight_client_load_key(&loaded, test_path("k"), client));
  MUST(blindsight_client_encrypt(&sample, &n_sample, NULL, test_rows, TEST_N_ROWS, how, loaded,
                                 client));
  MUST(blindsight_session_build(&session, server, keys, n_keys, 2));
  MUST(blindsight_session_infer(&result, &n_result, sample, n_sample, session));
  MUST(blindsight_client_decrypt(&predictions, result, n_result, secret, client));
  MUST(blindsight_file_load(&file, test_path("s")));
  blindsight_file_free(file);
  blindsight_predictions_free(predictions);
  blindsight_session_free(session);
  ckks_bytes_free(keys);
  ckks_bytes_free(sample);
  ckks_bytes_free(result);
  ckks_secret_key_free(secret);
  ckks_secret_key_free(loaded);
}

static void *run_all(void *unused) {
  blindsight_model *model;
  blindsight_server *server;
  run_owner(&server, &model);
  run_sides(server, BLINDSIGHT_LATENCY);
  run_sides(server, BLINDSIGHT_THROUGHPUT);
  blindsight_server_free(server);
  blindsight_model_free(model);
  run_onnx();
  return unused;
}

static void small_stacks_are_enough(void **state) {
  (void)state;
  pthread_attr_t small;
  pthread_t thread;
  assert_int_equal(pthread_attr_init(&small), 0);
  assert_int_equal(pthread_attr_setstacksize(&small, STACK_BYTES), 0);
  assert_int_equal(pthread_create(&thread, &small, run_all, NULL), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  pthread_attr_destroy(&small);
}

/* --- the world */

static int make_world(void **state) {
  if (test_folder_make(state) != 0)
    return 1;
  w.csv =
      strdup(test_file("t.csv", "age,glucose,bmi,truth\n25,100,22,healthy\n60,180,40,ill\n"
                                "47,,28,ill\n33,95,31,healthy\n29,99,25,healthy\n61,170,39,ill\n"));
  w.model = test_model();
  w.server = test_server();
  w.client = blindsight_server_client(w.server);
  const blindsight_names *names = blindsight_client_names(w.client);
  return blindsight_rows_load(&w.rows, w.csv, names, NULL) != CKKS_OK ||
         blindsight_client_keygen(&w.secret, &w.keys, &w.n_keys, w.client) != CKKS_OK ||
         blindsight_client_encrypt(&w.sample, &w.n_sample, NULL, test_rows, 1, BLINDSIGHT_LATENCY,
                                   w.secret, w.client) != CKKS_OK ||
         blindsight_session_build(&w.session, w.server, w.keys, w.n_keys, 1) != CKKS_OK;
}

static int clear_world(void **state) {
  free((void *)(uintptr_t)w.csv);
  blindsight_session_free(w.session);
  ckks_bytes_free(w.keys);
  ckks_bytes_free(w.sample);
  ckks_secret_key_free(w.secret);
  blindsight_rows_free(w.rows);
  blindsight_server_free(w.server);
  blindsight_model_free(w.model);
  return test_folder_remove(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_model_takes_null),
      cmocka_unit_test(no_rows_take_null),
      cmocka_unit_test(no_server_takes_null),
      cmocka_unit_test(no_client_takes_null),
      cmocka_unit_test(no_key_takes_null),
      cmocka_unit_test(no_message_takes_null),
      cmocka_unit_test(no_remote_takes_null),
      cmocka_unit_test(no_file_takes_null),
      cmocka_unit_test(questions_about_nothing_have_no_answer),
      cmocka_unit_test(older_options_have_defaults_behind_them),
      cmocka_unit_test(newer_options_are_refused),
      cmocka_unit_test(small_stacks_are_enough),
  };
  return cmocka_run_group_tests(tests, make_world, clear_world);
}
