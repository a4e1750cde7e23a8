/* SPDX-License-Identifier: Apache-2.0 */
/* Weights and keys as they stand in memory, in a file: the same bits, or a refusal. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "compile/convnets.h"
#include "exec/stored.h"
#include "exec/world.h"
#include "heap.h"

enum { HEADER_BYTES = 4096, N_IMAGES = 16, MOST_FEATURES = 64 };

static world w;
static char path[64];

static int make(void **unused) {
  (void)unused;
  uint64_t state = 71;
  const size_t image[] = {1, 8, 8};
  const test_convolution c[] = {{1, 4, 3, 1, 1}, {1, 4, 3, 1, 1}};
  static double rows[N_IMAGES * MOST_FEATURES];
  assert_ok(test_convnet(&w.model, image, c, 2, 3, &state));
  test_images(rows, N_IMAGES, &w.model, &state);
  assert_ok(network_calibrate(&w.model, rows, N_IMAGES));
  memcpy(w.rows, rows, sizeof w.rows);
  compile_options options = test_options(1e-3, 11);
  world_start(&w, &options);
  strcpy(path, "/tmp/stored_XXXXXX");
  close(mkstemp(path));
  return 0;
}

static int clear(void **unused) {
  (void)unused;
  world_clear(&w);
  unlink(path);
  return 0;
}

/* The same bits at the end of both programs. */
static void assert_same_results(exec_session *a, exec_session *b, plan_packing packing) {
  const plan_interface *interface = &w.plan.interface;
  const ckks_ciphertext *out_a[16], *out_b[16];
  uint8_t *bytes;
  size_t n_bytes;
  wire_sample sample;
  assert_ok(client_encrypt(&bytes, &n_bytes, w.rows, 1, packing, NULL, w.secret, interface));
  assert_ok(wire_sample_read(&sample, bytes, n_bytes, "sample", interface));
  assert_ok(exec_session_run(out_a, sample.ciphertext, packing, a));
  assert_ok(exec_session_run(out_b, sample.ciphertext, packing, b));
  int n_outputs = w.plan.program[packing].n_outputs;
  for (int i = 0; i < n_outputs; i++)
    for (int part = 0; part < 2; part++)
      assert_memory_equal(ring_poly_limb(&out_a[i]->part[part], 0),
                          ring_poly_limb(&out_b[i]->part[part], 0),
                          w.params->ring.n * sizeof(ring_word));
  wire_sample_clear(&sample);
  base_free(bytes);
}

/* With all weights encoded, with all as integers; results are hidden with the same key. */
static void gives_the_same(void **unused) {
  (void)unused;
  for (int compact = 0; compact < 2; compact++) {
    exec_engine *engine;
    exec_session *session, *own;
    exec_stored stored;
    assert_ok(exec_engine_build(&engine, &w.plan, compact ? 0 : EXEC_WEIGHTS_BYTES));
    assert_ok(exec_stored_write(path, engine, w.keys));
    assert_ok(exec_stored_open(&stored, path, &w.plan));
    assert_ok(exec_keys_check(stored.keys, stored.engine));
    assert_memory_equal(stored.keys->owner, w.keys->owner, CKKS_OWNER_BYTES);
    assert_memory_equal(stored.keys->zero->a.data, w.keys->zero->a.data, 8 * w.params->ring.n);
    assert_memory_equal(stored.keys->zero->b.data, w.keys->zero->b.data, 8 * w.params->ring.n);
    assert_ok(exec_session_build(&own, engine, w.keys));
    assert_ok(exec_session_build(&session, stored.engine, stored.keys));
    assert_same_results(own, session, PLAN_LATENCY);
    assert_same_results(own, session, PLAN_THROUGHPUT);
    exec_session_free(session);
    exec_session_free(own);
    exec_stored_close(&stored);
    exec_engine_free(engine);
  }
}

static ckks_status open_bytes(const uint8_t *bytes, size_t n_bytes) {
  exec_stored stored;
  FILE *file = fopen(path, "wb"); /* the mode stays; nothing is synced */
  assert_int_equal(fwrite(bytes, 1, n_bytes, file), n_bytes);
  assert_int_equal(fclose(file), 0);
  ckks_status status = exec_stored_open(&stored, path, &w.plan);
  if (status != CKKS_OK)
    assert_null(stored.map.bytes);
  exec_stored_close(&stored);
  return status;
}

/* No bit may change, no byte be missing. */
static void refuses_damage(void **unused) {
  (void)unused;
  uint8_t *bytes;
  size_t n_bytes;
  assert_ok(exec_stored_write(path, w.engine, w.keys));
  assert_ok(base_file_read(&bytes, &n_bytes, path, SIZE_MAX));
  for (size_t at = 0; at < n_bytes; at += at < 256 ? 4 : n_bytes / 61 + 3) {
    bytes[at] ^= (uint8_t)(1u << at % 8);
    assert_int_equal(open_bytes(bytes, n_bytes), CKKS_ERROR_FORMAT);
    bytes[at] ^= (uint8_t)(1u << at % 8);
  }
  assert_ok(open_bytes(bytes, n_bytes));
  const size_t lengths[] = {0, 7, 8, 4095, 4096, 4104, n_bytes / 2, n_bytes - 64, n_bytes - 1};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
    assert_int_equal(open_bytes(bytes, lengths[i]), CKKS_ERROR_FORMAT);
  base_free(bytes);
}

/* A header that is whole but says something else: counts that wrap, another version. */
static void refuses_what_it_says(void **unused) {
  (void)unused;
  uint8_t *bytes;
  size_t n_bytes;
  assert_ok(exec_stored_write(path, w.engine, w.keys));
  assert_ok(base_file_read(&bytes, &n_bytes, path, SIZE_MAX));
  for (size_t at = 8; at < 8 + 160; at += 8) {
    for (int change = 0; change < 3; change++) {
      uint64_t old, new;
      memcpy(&old, bytes + at, 8);
      new = change == 0 ? old + 8 : change == 1 ? 0 : UINT64_MAX - 7;
      if (new == old)
        continue;
      memcpy(bytes + at, &new, 8);
      base_digest(bytes + HEADER_BYTES - BASE_DIGEST_BYTES, bytes,
                  HEADER_BYTES - BASE_DIGEST_BYTES);
      ckks_status status = open_bytes(bytes, n_bytes);
      /* The owner is anybody's, the ceiling may be another one where all fits below both, and what
       * stands behind the version is not read. */
      if (status == CKKS_OK)
        assert_true((at >= 32 && at < 48) || (at >= 112 && at < 136));
      else
        assert_true(status == CKKS_ERROR_FORMAT || status == CKKS_ERROR_MISMATCH);
      memcpy(bytes + at, &old, 8);
    }
  }
  base_free(bytes);
}

static void is_private(void **unused) {
  (void)unused;
  struct stat info;
  exec_stored stored;
  assert_ok(exec_stored_write(path, w.engine, w.keys));
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
  assert_int_equal(chmod(path, 0640), 0);
  assert_int_equal(exec_stored_open(&stored, path, &w.plan), CKKS_ERROR_IO);
  assert_non_null(strstr(ckks_last_error(), "chmod 600"));
  assert_int_equal(exec_stored_open(&stored, "/nowhere/at/all", &w.plan), CKKS_ERROR_IO);
  assert_int_equal(exec_stored_open(&stored, "/dev/null", &w.plan), CKKS_ERROR_IO);
  assert_int_equal(chmod(path, 0600), 0);
}

/* Another model's, and keys that are not exactly those of the plan. */
static void knows_its_plan(void **unused) {
  (void)unused;
  static world other;
  uint64_t state = 72;
  exec_stored stored;
  compile_options options = test_options(1e-3, 0);
  world_build(&other, &state, &options);
  assert_ok(exec_stored_write(path, other.engine, other.keys));
  assert_int_equal(exec_stored_open(&stored, path, &w.plan), CKKS_ERROR_MISMATCH);
  assert_int_equal(exec_stored_write(path, w.engine, other.keys), CKKS_ERROR_MISMATCH);
  w.keys->n_keys--;
  assert_int_equal(exec_stored_write(path, w.engine, w.keys), CKKS_ERROR_KEY);
  w.keys->n_keys++;
  world_clear(&other);
}

static ckks_status write_once(void) {
  return exec_stored_write(path, w.engine, w.keys);
}

static ckks_status open_once(void) {
  exec_stored stored;
  ckks_status status = exec_stored_open(&stored, path, &w.plan);
  exec_stored_close(&stored);
  return status;
}

static void survives_no_memory(void **unused) {
  (void)unused;
  ckks_status (*const step[])(void) = {write_once, open_once};
  for (int i = 0; i < 2; i++) {
    long n_allocations = -base_alloc_count();
    assert_ok(step[i]());
    n_allocations += base_alloc_count();
    assert_true(n_allocations > 0);
    for (long k = 1; k <= n_allocations; k++) {
      base_alloc_fail_at(k);
      ckks_status status = step[i]();
      base_alloc_fail_at(0);
      assert_int_equal(status, CKKS_ERROR_MEMORY);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gives_the_same),       cmocka_unit_test(refuses_damage),
      cmocka_unit_test(refuses_what_it_says), cmocka_unit_test(is_private),
      cmocka_unit_test(knows_its_plan),       cmocka_unit_test(survives_no_memory),
  };
  return cmocka_run_group_tests(tests, make, clear);
}
