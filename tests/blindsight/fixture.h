/* SPDX-License-Identifier: Apache-2.0 */
/* A small model, its server, and a folder for files, for the tests of blindsight.h. */
#ifndef TESTS_BLINDSIGHT_FIXTURE_H
#define TESTS_BLINDSIGHT_FIXTURE_H
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "blindsight.h"

/* 3 features, 2 labels, a square between two layers. */
static const char test_json[] =
    "{\"name\": \"example\", \"features\": [\"age\", \"glucose\", \"bmi\"],"
    " \"scaler\": {\"mean\": [33.2, 121.6, 32.4], \"deviation\": [11.7, 30.5, 6.9]},"
    " \"max_abs_input\": 4, \"labels\": [\"healthy\", \"ill\"],"
    " \"layers\": [{\"weight\": [[0.3, 0.9, 0.4], [-0.2, -0.8, 0.1]], \"bias\": [0.05, -0.1],"
    "               \"activation\": \"square\", \"max_abs\": 5.5},"
    "              {\"weight\": [[-1.3, 1.1], [1.4, -1.2]], \"bias\": [0.2, -0.2],"
    "               \"activation\": \"identity\", \"max_abs\": 20}]}";

/* Two rows of each label, one with a missing value. */
#define TEST_N_ROWS 4
static const double test_rows[TEST_N_ROWS * 3] = {25, 100, 22, 60, 180, 40,
                                                  47, NAN, 28, 33, 95,  31};

static inline blindsight_model *test_model(void) {
  blindsight_model *model = NULL;
  assert_int_equal(blindsight_model_read_json(&model, test_json, sizeof test_json - 1, "test.json"),
                   CKKS_OK);
  return model;
}

static inline blindsight_compile_options test_options(void) {
  blindsight_compile_options options;
  blindsight_compile_options_default(&options, sizeof options);
  options.error = 1e-4;
  return options;
}

static inline blindsight_server *test_server(void) {
  blindsight_model *model = test_model();
  blindsight_compile_options options = test_options();
  blindsight_server *server = NULL;
  assert_int_equal(blindsight_server_compile(&server, model, &options), CKKS_OK);
  blindsight_model_free(model);
  return server;
}

/* --- files in a folder of the test program's own */

static char test_folder[32];

static inline int test_folder_make(void **state) {
  (void)state;
  strcpy(test_folder, "/tmp/blindsight_XXXXXX");
  return mkdtemp(test_folder) == NULL;
}

static inline int test_folder_remove(void **state) {
  (void)state;
  char command[64];
  snprintf(command, sizeof command, "rm -r %s", test_folder);
  return system(command);
}

/* Valid until the next call but three. */
static inline const char *test_path(const char *name) {
  static char paths[4][64];
  static unsigned next;
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", test_folder, name);
  return path;
}

static inline const char *test_file(const char *name, const char *text) {
  const char *path = test_path(name);
  assert_int_equal(base_file_write(path, text, strlen(text), 0600), CKKS_OK);
  return path;
}

/* --- errors */

#define assert_fails(call, expected, words)                                                        \
  do {                                                                                             \
    assert_int_equal((call), expected);                                                            \
    if (strstr(ckks_last_error(), words) == NULL)                                                  \
      fail_msg("\"%s\" does not say \"%s\"", ckks_last_error(), words);                            \
  } while (0)

/*
 * Runs `call` with allocation 1, 2, ... failing until it passes; after a few dozen not each one.
 * What it left behind is checked by `after_failure` and freed, on success, by the caller.
 */
#define assert_survives_failing_memory(call, after_failure)                                        \
  do {                                                                                             \
    long failing = 1;                                                                              \
    for (;; failing += 1 + failing / 24) {                                                         \
      base_alloc_fail_at(failing);                                                                 \
      ckks_status status_ = (call);                                                                \
      base_alloc_fail_at(0);                                                                       \
      if (status_ == CKKS_OK)                                                                      \
        break;                                                                                     \
      assert_int_equal(status_, CKKS_ERROR_MEMORY);                                                \
      after_failure;                                                                               \
    }                                                                                              \
    assert_true(failing > 1);                                                                      \
  } while (0)
#endif
