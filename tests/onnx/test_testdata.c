/* SPDX-License-Identifier: Apache-2.0 */
/* Debian's libonnx-testdata: every model of supported operators, run against its stored outputs. */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/file.h"
#include "onnx/run.h"

#define ROOT "/usr/share/libonnx-testdata/data"
#define MAX_CASES 4000
#define MAX_BYTES ((size_t)64 << 20)

/* Of libonnx-testdata 1.12.0, the version in Debian 12. */
#define MODELS_OF_1_12 1072
#define PASSED_OF_1_12 452

static char *cases[MAX_CASES];
static size_t n_cases;
static size_t n_passed, n_refused, n_failed;

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void collect(const char *folder) {
  char path[600];
  DIR *dir = opendir(folder);
  if (dir == NULL)
    return;
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    if (entry->d_name[0] == '.' || n_cases == MAX_CASES)
      continue;
    if (snprintf(path, sizeof path, "%s/%s/model.onnx", folder, entry->d_name) >= 560)
      continue;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
      continue;
    fclose(file);
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    cases[n_cases++] = base_strdup(path);
  }
  closedir(dir);
}

/* One stored tensor; CKKS_ERROR_FORMAT for sequences, strings and the like. */
static ckks_status stored(onnx_tensor *tensor, const char *folder, int set, const char *which,
                          size_t i) {
  char path[600];
  uint8_t *bytes;
  size_t n_bytes;
  snprintf(path, sizeof path, "%s/test_data_set_%d/%s_%zu.pb", folder, set, which, i);
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, MAX_BYTES));
  ckks_status status = onnx_tensor_read_bytes(tensor, bytes, n_bytes);
  base_free(bytes);
  return status;
}

static bool near(double x, double y) {
  if (isnan(x) || isnan(y))
    return isnan(x) && isnan(y);
  return x == y || fabs(x - y) <= 1e-7 + 1.01e-3 * fabs(y);
}

static bool same(const onnx_tensor *have, const onnx_tensor *want) {
  if (have->rank != want->rank || have->n != want->n || have->value == NULL)
    return false;
  for (int d = 0; d < have->rank; d++)
    if (have->dim[d] != want->dim[d])
      return false;
  for (size_t i = 0; i < have->n; i++)
    if (!near(have->value[i], want->value[i]))
      return false;
  return true;
}

/* Sets inputs, runs, compares outputs; refused = an error that names a node or the file. */
static ckks_status run_set(const onnx_graph *graph, const char *folder, int set, bool *equal) {
  onnx_run run;
  BASE_TRY(onnx_run_init(&run, graph));
  ckks_status status = CKKS_OK;
  *equal = true;
  for (size_t i = 0; i < graph->n_inputs && status == CKKS_OK; i++) {
    onnx_tensor tensor;
    status = stored(&tensor, folder, set, "input", i);
    if (status == CKKS_OK) {
      status = onnx_run_set(&run, graph->input[i].value, &tensor);
      onnx_tensor_clear(&tensor);
    }
  }
  for (size_t i = 0; i < graph->n_nodes && status == CKKS_OK; i++)
    status = onnx_run_node(&run, &graph->node[i]);
  for (size_t i = 0; i < graph->n_outputs && status == CKKS_OK; i++) {
    onnx_tensor tensor;
    status = stored(&tensor, folder, set, "output", i);
    if (status == CKKS_OK) {
      *equal = *equal && same(&run.value[graph->output[i].value], &tensor);
      onnx_tensor_clear(&tensor);
    }
  }
  onnx_run_clear(&run);
  return status;
}

static void run_case(const char *folder) {
  char path[600];
  uint8_t *bytes;
  size_t n_bytes;
  onnx_graph graph;
  bool equal = false;
  snprintf(path, sizeof path, "%s/model.onnx", folder);
  assert_int_equal(base_file_read(&bytes, &n_bytes, path, MAX_BYTES), CKKS_OK);
  ckks_status status = onnx_graph_read(&graph, bytes, n_bytes, path);
  if (status == CKKS_OK) {
    status = run_set(&graph, folder, 0, &equal);
    onnx_graph_clear(&graph);
  }
  base_free(bytes);
  n_passed += status == CKKS_OK && equal;
  n_refused += status != CKKS_OK;
  if (status != CKKS_OK) {
    /* One message, not empty, of a kind that blames the file. */
    assert_true(status == CKKS_ERROR_FORMAT || status == CKKS_ERROR_RANGE);
    assert_true(strlen(base_last_error()) > 10);
    if (getenv("ONNX_VERBOSE"))
      print_message("refused %s: %s\n", folder + strlen(ROOT) + 1, base_last_error());
  } else if (!equal) {
    n_failed++;
    print_message("WRONG %s\n", folder);
  }
}

static void test_all(void **state) {
  (void)state;
  const char *parts[] = {"node", "pytorch-converted", "pytorch-operator", "simple", "real"};
  char folder[256];
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    snprintf(folder, sizeof folder, ROOT "/%s", parts[i]);
    collect(folder);
  }
  if (n_cases == 0) {
    print_message("SKIP: libonnx-testdata is not installed\n");
    skip();
  }
  qsort(cases, n_cases, sizeof cases[0], by_name);
  for (size_t i = 0; i < n_cases; i++)
    run_case(cases[i]);
  print_message("%zu models: %zu pass in clear, %zu are refused, %zu are wrong\n", n_cases,
                n_passed, n_refused, n_failed);
  assert_int_equal(n_failed, 0);
  assert_int_equal(n_passed + n_refused, n_cases);
  if (n_cases == MODELS_OF_1_12)
    assert_int_equal(n_passed, PASSED_OF_1_12);
  for (size_t i = 0; i < n_cases; i++)
    base_free(cases[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
