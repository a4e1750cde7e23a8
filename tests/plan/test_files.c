/* SPDX-License-Identifier: Apache-2.0 */
/* Model, server and client files: there and back, and each way in which they can be wrong. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "compile/compile.h"
#include "network/files.h"
#include "network/models.h"
#include "plan/files.h"

typedef enum file_kind { MODEL, SERVER, CLIENT, N_FILES } file_kind;

/* One compiled model for all tests: compiling takes a while. */
typedef struct fixture {
  network_model model;
  plan_plan plan;
  char folder[32];
  uint8_t *bytes[N_FILES];
  size_t n_bytes[N_FILES];
} fixture;
static fixture f;

static char *path_of(const char *name) {
  static char path[64];
  snprintf(path, sizeof path, "%s/%s", f.folder, name);
  return path;
}

static int set_up(void **state) {
  (void)state;
  compile_options options;
  strcpy(f.folder, "/tmp/model_files_XXXXXX");
  if (mkdtemp(f.folder) == NULL || test_model_build(&f.model, 7) != CKKS_OK)
    return -1;
  compile_options_default(&options);
  options.error = 1e-3;
  options.throughput = false;
  if (compile_model(&f.plan, &f.model, &options) != CKKS_OK ||
      network_files_bytes(&f.bytes[MODEL], &f.n_bytes[MODEL], &f.model) != CKKS_OK ||
      plan_files_server_bytes(&f.bytes[SERVER], &f.n_bytes[SERVER], &f.plan) != CKKS_OK)
    return -1;
  return plan_files_client_bytes(&f.bytes[CLIENT], &f.n_bytes[CLIENT], &f.plan.interface) !=
         CKKS_OK;
}

static int tear_down(void **state) {
  (void)state;
  for (int kind = 0; kind < N_FILES; kind++)
    base_free(f.bytes[kind]);
  plan_clear(&f.plan);
  network_clear(&f.model);
  return rmdir(f.folder);
}

/* Parses as `kind` and drops the result. */
static ckks_status parse(file_kind kind, const uint8_t *bytes, size_t n_bytes) {
  network_model model;
  plan_plan plan;
  plan_interface interface;
  ckks_status status;
  switch (kind) {
  case MODEL:
    status = network_files_parse(&model, bytes, n_bytes, "the file");
    if (status != CKKS_OK)
      assert_null(model.layer);
    network_clear(&model);
    return status;
  case SERVER:
    status = plan_files_server_parse(&plan, bytes, n_bytes, "the file");
    if (status != CKKS_OK)
      assert_null(plan.vector);
    plan_clear(&plan);
    return status;
  default:
    status = plan_files_client_parse(&interface, bytes, n_bytes, "the file");
    if (status != CKKS_OK) {
      assert_null(interface.params);
      assert_null(interface.feature);
    }
    plan_interface_clear(&interface);
    return status;
  }
}

static void expect_failure(ckks_status status, ckks_status expected, const char *text) {
  assert_int_equal(status, expected);
  assert_int_equal(strncmp(base_last_error(), "the file: ", 10), 0);
  if (strstr(base_last_error(), text) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", base_last_error(), text);
}

/* ------------------------------------------------------------ there and back */

static void expect_mode(const char *path, unsigned mode) {
  struct stat info;
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, mode);
  assert_int_equal(unlink(path), 0);
}

static void test_model_file(void **state) {
  (void)state;
  network_model back;
  const char *path = path_of("m.model");
  assert_int_equal(network_files_write(path, &f.model), CKKS_OK);
  assert_int_equal(network_files_read(&back, path), CKKS_OK);
  assert_true(test_same_model(&back, &f.model));
  network_clear(&back);
  expect_mode(path, 0600);
}

static void test_server_file(void **state) {
  (void)state;
  plan_plan back;
  uint8_t *again;
  size_t n_again;
  const char *path = path_of("m.server");
  assert_int_equal(plan_files_server_write(path, &f.plan), CKKS_OK);
  assert_int_equal(plan_files_server_read(&back, path), CKKS_OK);
  assert_memory_equal(back.interface.id, f.plan.interface.id, PLAN_ID_BYTES);
  assert_int_equal(plan_files_server_bytes(&again, &n_again, &back), CKKS_OK);
  assert_int_equal(n_again, f.n_bytes[SERVER]);
  assert_memory_equal(again, f.bytes[SERVER], n_again);
  base_free(again);
  plan_clear(&back);
  expect_mode(path, 0600);
}

static void test_client_file(void **state) {
  (void)state;
  plan_interface back;
  uint8_t *again;
  size_t n_again;
  const char *path = path_of("m.client");
  assert_int_equal(plan_files_client_write(path, &f.plan.interface), CKKS_OK);
  assert_int_equal(plan_files_client_read(&back, path), CKKS_OK);
  assert_memory_equal(ckks_params_hash(back.params), f.bytes[CLIENT] + 16, CKKS_HASH_BYTES);
  assert_int_equal(plan_files_client_bytes(&again, &n_again, &back), CKKS_OK);
  assert_int_equal(n_again, f.n_bytes[CLIENT]);
  assert_memory_equal(again, f.bytes[CLIENT], n_again);
  base_free(again);
  plan_interface_clear(&back);
  expect_mode(path, 0644);
}

/* The client's file holds no weight: no vector of the plan, no weight of the model. */
static void test_client_file_has_no_weights(void **state) {
  (void)state;
  uint8_t word[8];
  for (size_t l = 0; l < f.model.n_layers; l++) {
    const network_layer *layer = &f.model.layer[l];
    assert_int_equal(layer->weight.start[layer->n_out], layer->n_in * layer->n_out);
    for (size_t i = 0; i < layer->n_in * layer->n_out; i++) {
      memcpy(word, &layer->weight.value[i], 8);
      for (size_t at = 0; at + 8 <= f.n_bytes[CLIENT]; at++)
        assert_memory_not_equal(f.bytes[CLIENT] + at, word, 8);
    }
  }
}

static void test_no_file(void **state) {
  (void)state;
  network_model model;
  plan_plan plan;
  plan_interface interface;
  const char *path = path_of("absent");
  assert_int_equal(network_files_read(&model, path), CKKS_ERROR_IO);
  assert_int_equal(strncmp(base_last_error(), path, strlen(path)), 0);
  assert_int_equal(plan_files_server_read(&plan, path), CKKS_ERROR_IO);
  assert_int_equal(plan_files_client_read(&interface, path), CKKS_ERROR_IO);
  path = path_of("no/folder");
  assert_int_equal(network_files_write(path, &f.model), CKKS_ERROR_IO);
  assert_int_equal(strncmp(base_last_error(), path, strlen(path)), 0);
}

/* -------------------------------------------------------------- wrong files */

static void test_kinds(void **state) {
  (void)state;
  static const char *const names[] = {"model file", "server file", "client file"};
  for (int is = 0; is < N_FILES; is++)
    for (int needed = 0; needed < N_FILES; needed++) {
      ckks_status status = parse((file_kind)needed, f.bytes[is], f.n_bytes[is]);
      char text[80];
      snprintf(text, sizeof text, "this is a %s where a %s is needed", names[is], names[needed]);
      if (is == needed)
        assert_int_equal(status, CKKS_OK);
      else
        expect_failure(status, CKKS_ERROR_FORMAT, text);
    }
}

static void test_truncated(void **state) {
  (void)state;
  for (int kind = 0; kind < N_FILES; kind++)
    for (size_t n = 0; n < f.n_bytes[kind]; n += 1 + n / 4)
      assert_int_equal(parse((file_kind)kind, f.bytes[kind], n), CKKS_ERROR_FORMAT);
  expect_failure(parse(MODEL, f.bytes[MODEL], f.n_bytes[MODEL] - 1), CKKS_ERROR_FORMAT,
                 "truncated");
}

static void test_flipped_bits(void **state) {
  (void)state;
  for (int kind = 0; kind < N_FILES; kind++)
    for (size_t at = 0; at < f.n_bytes[kind]; at += 1 + f.n_bytes[kind] / 50) {
      f.bytes[kind][at] ^= 4;
      ckks_status status = parse((file_kind)kind, f.bytes[kind], f.n_bytes[kind]);
      f.bytes[kind][at] ^= 4;
      expect_failure(status, CKKS_ERROR_FORMAT, "");
    }
}

/* A copy of a file with some bytes replaced and a digest that is right again. */
static ckks_status parse_altered(file_kind kind, size_t at, const void *bytes, size_t n) {
  uint8_t *copy = base_alloc(f.n_bytes[kind]);
  assert_non_null(copy);
  memcpy(copy, f.bytes[kind], f.n_bytes[kind]);
  memcpy(copy + at, bytes, n);
  size_t n_digested = f.n_bytes[kind] - BASE_DIGEST_BYTES;
  base_digest(copy + n_digested, copy, n_digested);
  ckks_status status = parse(kind, copy, f.n_bytes[kind]);
  base_free(copy);
  return status;
}

#define PARAMS_HASH_AT 16
#define PLAN_ID_AT 48
#define PAYLOAD BASE_FRAME_HEADER_BYTES
#define SECURITY_AT (PAYLOAD + PLAN_ID_BYTES + 4)

static void test_headers_disagree(void **state) {
  (void)state;
  static const uint8_t other[32] = {1, 2, 3};
  expect_failure(parse_altered(MODEL, PARAMS_HASH_AT, other, 32), CKKS_ERROR_FORMAT, "not zero");
  expect_failure(parse_altered(MODEL, PLAN_ID_AT, other, 32), CKKS_ERROR_FORMAT, "not zero");
  for (int kind = SERVER; kind <= CLIENT; kind++) {
    expect_failure(parse_altered((file_kind)kind, PARAMS_HASH_AT, other, 32), CKKS_ERROR_FORMAT,
                   "header names other parameters");
    expect_failure(parse_altered((file_kind)kind, PLAN_ID_AT, other, 32), CKKS_ERROR_FORMAT,
                   "header names another plan");
    expect_failure(parse_altered((file_kind)kind, PAYLOAD, other, 32), CKKS_ERROR_FORMAT,
                   "header names another plan");
  }
}

/* Whoever changes a weight cannot keep the name that clients know the plan by. */
static void test_altered_weights(void **state) {
  (void)state;
  double half = 0.5;
  const uint8_t *end = f.bytes[SERVER] + f.n_bytes[SERVER] - 8, *at = f.bytes[SERVER];
  double value = 0.0;
  for (int i = 0; i < f.plan.n_vectors && value == 0.0; i++)
    for (size_t j = 0; j < f.plan.vector[i].period && value == 0.0; j++)
      value = f.plan.vector[i].value[j];
  while (at < end && memcmp(at, &value, 8) != 0)
    at++;
  assert_true(at < end);
  expect_failure(parse_altered(SERVER, (size_t)(at - f.bytes[SERVER]), &half, 8), CKKS_ERROR_FORMAT,
                 "identity");
}

/* The parameters' hash is made right again: only what they are is left to object to. */
static ckks_status parse_with_params(file_kind kind, size_t at, const void *bytes, size_t n) {
  uint8_t *keep = f.bytes[kind], *copy = base_alloc(f.n_bytes[kind]);
  const ckks_params_literal *literal = &f.plan.interface.literal;
  size_t n_params = 16 + 8 * (size_t)(literal->n_q + literal->n_p);
  assert_non_null(copy);
  memcpy(copy, keep, f.n_bytes[kind]);
  memcpy(copy + at, bytes, n);
  base_digest(copy + PARAMS_HASH_AT, copy + PAYLOAD + PLAN_ID_BYTES, n_params);
  f.bytes[kind] = copy;
  ckks_status status = parse_altered(kind, at, bytes, n);
  f.bytes[kind] = keep;
  base_free(copy);
  return status;
}

static void test_insecure(void **state) {
  (void)state;
  static const uint8_t none[4] = {0}, more[4] = {0, 1};
  uint64_t composite = f.plan.interface.literal.q[0] - 2;
  expect_failure(parse_with_params(SERVER, SECURITY_AT, none, 4), CKKS_ERROR_SECURITY,
                 "no security at all");
  expect_failure(parse_with_params(CLIENT, SECURITY_AT, none, 4), CKKS_ERROR_SECURITY,
                 "no security at all");
  /* 256 bits are claimed for what was made for 128. */
  expect_failure(parse_with_params(CLIENT, SECURITY_AT, more, 4), CKKS_ERROR_SECURITY, "256");
  expect_failure(parse_with_params(CLIENT, SECURITY_AT + 12, &composite, 8), CKKS_ERROR_ARGUMENT,
                 "q[0]");
}

static void test_key_bytes(void **state) {
  (void)state;
  plan_interface altered = f.plan.interface;
  uint8_t *bytes;
  size_t n_bytes;
  altered.key_bytes++;
  assert_int_equal(plan_files_client_bytes(&bytes, &n_bytes, &altered), CKKS_OK);
  expect_failure(parse(CLIENT, bytes, n_bytes), CKKS_ERROR_FORMAT, "bytes announced");
  base_free(bytes);
}

/* A frame that is right around a payload with something behind its end. */
static void test_trailing(void **state) {
  (void)state;
  for (int kind = 0; kind < N_FILES; kind++) {
    base_frame frame;
    base_buffer buffer;
    assert_int_equal(base_frame_read(&frame, f.bytes[kind], f.n_bytes[kind], 0, "x"), CKKS_OK);
    base_buffer_init(&buffer, f.n_bytes[kind] + 8);
    base_frame_begin(&buffer, frame.kind, frame.params_hash, frame.plan_id);
    base_buffer_append(&buffer, frame.payload, frame.n_payload);
    base_buffer_u8(&buffer, 0);
    assert_int_equal(base_frame_end(&buffer), CKKS_OK);
    expect_failure(parse((file_kind)kind, buffer.bytes, buffer.n_bytes), CKKS_ERROR_FORMAT,
                   "bytes");
    base_buffer_clear(&buffer);
  }
}

/* A model that no reader would take is not written either. */
static void test_bad_model_is_not_written(void **state) {
  (void)state;
  const char *path = path_of("bad.model");
  double keep = f.model.deviation[0];
  f.model.deviation[0] = 0.0;
  assert_int_equal(network_files_write(path, &f.model), CKKS_ERROR_FORMAT);
  f.model.deviation[0] = keep;
  assert_int_equal(strncmp(base_last_error(), path, strlen(path)), 0);
  assert_int_equal(access(path, F_OK), -1);
}

/* Allocation k fails, for all k: an error, no leak, nothing half there. */
static void test_memory(void **state) {
  (void)state;
  for (int kind = 0; kind < N_FILES; kind++) {
    ckks_status status = CKKS_ERROR_MEMORY;
    long k = 0;
    while (status != CKKS_OK && k < 1000) {
      base_alloc_fail_at(++k);
      status = parse((file_kind)kind, f.bytes[kind], f.n_bytes[kind]);
      base_alloc_fail_at(0);
      if (status != CKKS_OK)
        assert_int_equal(status, CKKS_ERROR_MEMORY);
    }
    assert_int_equal(status, CKKS_OK);
    assert_true(k > 5);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_model_file),       cmocka_unit_test(test_server_file),
      cmocka_unit_test(test_client_file),      cmocka_unit_test(test_client_file_has_no_weights),
      cmocka_unit_test(test_no_file),          cmocka_unit_test(test_kinds),
      cmocka_unit_test(test_truncated),        cmocka_unit_test(test_flipped_bits),
      cmocka_unit_test(test_headers_disagree), cmocka_unit_test(test_altered_weights),
      cmocka_unit_test(test_insecure),         cmocka_unit_test(test_key_bytes),
      cmocka_unit_test(test_trailing),         cmocka_unit_test(test_bad_model_is_not_written),
      cmocka_unit_test(test_memory),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
