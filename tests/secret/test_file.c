/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "base/digest.h"
#include "base/file.h"
#include "base/frame.h"
#include "ckks/params_bytes.h"
#include "golden/content.h"
#include "secret/fixture.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of this program's own; every test writes the one file in it. */
static char folder[] = "/tmp/test_key_file_XXXXXX";
static char path[64];

static int make_folder(void **unused) {
  (void)unused;
  if (mkdtemp(folder) == NULL)
    return -1;
  snprintf(path, sizeof path, "%s/secret.key", folder);
  return 0;
}

static int remove_folder(void **unused) {
  (void)unused;
  unlink(path);
  return rmdir(folder);
}

static unsigned mode_of(const char *name) {
  struct stat info;
  assert_int_equal(stat(name, &info), 0);
  return info.st_mode & 07777;
}

/* Replaces the file, so that no mode of an older one stays. */
static void write_bytes(const uint8_t *bytes, size_t n_bytes) {
  unlink(path);
  assert_int_equal(base_file_write(path, bytes, n_bytes, 0600), CKKS_OK);
}

static void the_key_comes_back(void **unused) {
  (void)unused;
  ckks_params_literal literals[] = {literal_f64(), literal_u64()};
  for (int i = 0; i < 2; i++) {
    ckks_params *params = build_params(literals[i]);
    ckks_secret_key *key = key_of(1, params), *back;
    assert_int_equal(ckks_secret_key_save(path, key, params), CKKS_OK);
    if (ckks_secret_key_load(&back, path, params) != CKKS_OK)
      fail_msg("%s", ckks_last_error());
    assert_memory_equal(back->ternary, key->ternary, 1024);
    assert_memory_equal(back->params_hash, key->params_hash, CKKS_HASH_BYTES);
    int64_t a[1024], b[1024];
    for (int limb = 0; limb < params->ring.n_moduli; limb++) {
      limb_integers(a, ring_poly_limb(&key->s, limb), limb, params);
      limb_integers(b, ring_poly_limb(&back->s, limb), limb, params);
      assert_memory_equal(a, b, sizeof a);
    }
    ckks_secret_key_free(key);
    ckks_secret_key_free(back);
    ckks_params_free(params);
  }
}

/* Frame, parameters, then (s_0 + 1) + 4 (s_1 + 1) + 16 (s_2 + 1) + 64 (s_3 + 1), ... */
static void the_file_is_as_documented(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  int8_t ternary[1024] = {1, 0, -1, 1, -1, -1, 0, 1};
  ckks_secret_key *key;
  uint8_t *bytes;
  size_t n_bytes;
  base_frame frame;
  assert_int_equal(secret_key_from_ternary(&key, ternary, params), CKKS_OK);
  assert_int_equal(ckks_secret_key_save(path, key, params), CKKS_OK);
  assert_int_equal(base_file_read(&bytes, &n_bytes, path, 1 << 20), CKKS_OK);
  assert_int_equal(base_frame_read(&frame, bytes, n_bytes, BASE_FRAME_SECRET_KEY, "it"), CKKS_OK);
  assert_memory_equal(frame.params_hash, params->hash, CKKS_HASH_BYTES);
  size_t n_params = 16 + 8 * 7;
  assert_int_equal(frame.n_payload, n_params + 1024 / 4);
  uint8_t digest[BASE_DIGEST_BYTES];
  base_digest(digest, frame.payload, n_params);
  assert_memory_equal(digest, params->hash, sizeof digest);
  assert_int_equal(frame.payload[n_params], 2 + 4 * 1 + 16 * 0 + 64 * 2);
  assert_int_equal(frame.payload[n_params + 1], 0 + 4 * 0 + 16 * 1 + 64 * 2);
  for (size_t i = 2; i < 256; i++)
    assert_int_equal(frame.payload[n_params + i], 1 + 4 + 16 + 64);
  base_free(bytes);
  ckks_secret_key_free(key);
  ckks_params_free(params);
}

/* A file written without this library, by the documentation alone: read, and written again. */
static void the_golden_file_is_understood(void **unused) {
  (void)unused;
  ckks_params *params = build_params(golden_literal);
  ckks_secret_key *key = NULL;
  uint8_t *bytes;
  size_t n_bytes;
  base_buffer again;
  if (base_file_read(&bytes, &n_bytes, GOLDEN_DIR "/secret_key.bin", 1 << 16) != CKKS_OK ||
      secret_file_read(&key, bytes, n_bytes, "golden", params) != CKKS_OK)
    fail_msg("%s", ckks_last_error());
  static const int8_t first[8] = {-1, 1, -1, 0, -1, 0, 0, 0};
  assert_memory_equal(key->ternary, first, sizeof first);
  assert_int_equal(secret_file_write(&again, key, params), CKKS_OK);
  assert_int_equal(again.n_bytes, n_bytes);
  assert_memory_equal(again.bytes, bytes, n_bytes);
  base_buffer_clear(&again);
  base_free(bytes);
  ckks_secret_key_free(key);
  ckks_params_free(params);
}

/* Whatever the umask, and whatever the mode of the file before. */
static void only_the_owner_may_read(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_secret_key *key = key_of(2, params), *back = NULL;
  mode_t before = umask(0);
  assert_int_equal(ckks_secret_key_save(path, key, params), CKKS_OK);
  assert_int_equal(mode_of(path), 0600);
  assert_int_equal(chmod(path, 0666), 0);
  assert_int_equal(ckks_secret_key_save(path, key, params), CKKS_OK);
  assert_int_equal(mode_of(path), 0600);
  umask(before);
  unsigned open_modes[] = {0640, 0604, 0644, 0620, 0602, 0610, 0666, 0777};
  for (size_t i = 0; i < sizeof open_modes / sizeof *open_modes; i++) {
    char shown[16];
    snprintf(shown, sizeof shown, "mode %03o", open_modes[i]);
    assert_int_equal(chmod(path, open_modes[i]), 0);
    assert_fails(ckks_secret_key_load(&back, path, params), CKKS_ERROR_IO, shown);
    assert_non_null(strstr(ckks_last_error(), "chmod 600"));
    assert_non_null(strstr(ckks_last_error(), path));
    assert_null(back);
  }
  assert_int_equal(chmod(path, 0400), 0);
  assert_int_equal(ckks_secret_key_load(&back, path, params), CKKS_OK);
  ckks_secret_key_free(back);
  ckks_secret_key_free(key);
  ckks_params_free(params);
}

static void missing_files_are_named(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_secret_key *key = key_of(3, params), *back = NULL;
  assert_fails(ckks_secret_key_load(&back, "/nonexistent/it.key", params), CKKS_ERROR_IO,
               "/nonexistent/it.key");
  assert_fails(ckks_secret_key_save("/nonexistent/it.key", key, params), CKKS_ERROR_IO,
               "/nonexistent/it.key");
  assert_fails(ckks_secret_key_load(&back, folder, params), CKKS_ERROR_IO, folder);
  assert_fails(ckks_secret_key_load(&back, "-", params), CKKS_ERROR_IO, "standard input");
  assert_null(back);
  ckks_secret_key_free(key);
  ckks_params_free(params);
}

/* ------------------------------------------------------------ bad bytes */

static uint8_t *good_file(size_t *n_bytes, const ckks_params *params) {
  ckks_secret_key *key = key_of(4, params);
  uint8_t *bytes;
  assert_int_equal(ckks_secret_key_save(path, key, params), CKKS_OK);
  assert_int_equal(base_file_read(&bytes, n_bytes, path, 1 << 20), CKKS_OK);
  ckks_secret_key_free(key);
  return bytes;
}

static void refuse_file(ckks_status expected, const char *text, const ckks_params *params) {
  ckks_secret_key *key = NULL;
  ckks_status status = ckks_secret_key_load(&key, path, params);
  assert_null(key);
  assert_int_equal(status, expected);
  assert_non_null(strstr(ckks_last_error(), path));
  if (strstr(ckks_last_error(), text) == NULL)
    fail_msg("\"%s\" does not hold \"%s\"", ckks_last_error(), text);
}

static void damage_is_refused(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  size_t n_bytes;
  uint8_t *bytes = good_file(&n_bytes, params);
  for (size_t n = 0; n < n_bytes; n += n < 130 ? 7 : 41) {
    write_bytes(bytes, n);
    refuse_file(CKKS_ERROR_FORMAT, "", params);
  }
  for (size_t i = 0; i < n_bytes; i += 3) {
    bytes[i] ^= (uint8_t)(1 << i % 8);
    write_bytes(bytes, n_bytes);
    refuse_file(CKKS_ERROR_FORMAT, "", params);
    bytes[i] ^= (uint8_t)(1 << i % 8);
  }
  base_free(bytes);
  ckks_params_free(params);
}

/* A frame that is whole, around these bytes of parameters and key. */
static void write_frame(base_frame_kind kind, const uint8_t *hash, const uint8_t *payload,
                        size_t n_payload) {
  base_buffer buffer;
  base_buffer_init(&buffer, 1 << 20);
  base_frame_begin(&buffer, kind, hash, NULL);
  base_buffer_append(&buffer, payload, n_payload);
  assert_int_equal(base_frame_end(&buffer), CKKS_OK);
  write_bytes(buffer.bytes, buffer.n_bytes);
  base_buffer_clear(&buffer);
}

static void well_framed_nonsense_is_refused(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64()), *others = build_params(literal_u64());
  size_t n_bytes, n_params = 16 + 8 * 7, n = n_params + 256;
  uint8_t *bytes = good_file(&n_bytes, params), payload[16 + 8 * 7 + 257] = {0};
  memcpy(payload, bytes + BASE_FRAME_HEADER_BYTES, n);
  write_frame(BASE_FRAME_SECRET_KEY, params->hash, payload, n - 1);
  refuse_file(CKKS_ERROR_FORMAT, "256 bytes of key", params);
  write_frame(BASE_FRAME_SECRET_KEY, params->hash, payload, n + 1);
  refuse_file(CKKS_ERROR_FORMAT, "256 bytes of key", params);
  write_frame(BASE_FRAME_SECRET_KEY, params->hash, payload, n_params - 1);
  refuse_file(CKKS_ERROR_FORMAT, "truncated", params);
  write_frame(BASE_FRAME_CIPHERTEXT, params->hash, payload, n);
  refuse_file(CKKS_ERROR_FORMAT, "secret key", params);
  /* The fourth value of two bits, at both ends. */
  payload[n_params] |= 3;
  write_frame(BASE_FRAME_SECRET_KEY, params->hash, payload, n);
  refuse_file(CKKS_ERROR_FORMAT, "not -1, 0 or 1", params);
  memcpy(payload, bytes + BASE_FRAME_HEADER_BYTES, n);
  payload[n - 1] |= 0xc0;
  write_frame(BASE_FRAME_SECRET_KEY, params->hash, payload, n);
  refuse_file(CKKS_ERROR_FORMAT, "not -1, 0 or 1", params);
  memcpy(payload, bytes + BASE_FRAME_HEADER_BYTES, n);
  /* Parameters inside that are not those of the hash outside. */
  payload[16] ^= 2;
  write_frame(BASE_FRAME_SECRET_KEY, params->hash, payload, n);
  refuse_file(CKKS_ERROR_MISMATCH, "other parameters", params);
  base_free(bytes);
  ckks_params_free(params);
  ckks_params_free(others);
}

static void other_parameters_are_refused(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64()), *others = build_params(literal_u64());
  ckks_secret_key *key = key_of(5, params);
  size_t n_bytes;
  base_free(good_file(&n_bytes, params));
  refuse_file(CKKS_ERROR_MISMATCH, "other parameters", others);
  assert_fails(ckks_secret_key_save(path, key, others), CKKS_ERROR_MISMATCH, "secret key");
  ckks_secret_key_free(key);
  ckks_params_free(params);
  ckks_params_free(others);
}

static ckks_status save_and_load(void *context) {
  const ckks_params *params = context;
  ckks_secret_key *key = NULL, *back = NULL;
  uint8_t seed[RAND_SEED_BYTES] = {6};
  ckks_status status;
  BASE_GOTO(status, test_secret_key(&key, seed, params), done);
  BASE_GOTO(status, ckks_secret_key_save(path, key, params), done);
  status = ckks_secret_key_load(&back, path, params);
done:
  ckks_secret_key_free(key);
  ckks_secret_key_free(back);
  return status;
}

static void allocations_may_fail(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  fail_each_allocation(save_and_load, params);
  ckks_params_free(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_key_comes_back),
      cmocka_unit_test(the_file_is_as_documented),
      cmocka_unit_test(the_golden_file_is_understood),
      cmocka_unit_test(only_the_owner_may_read),
      cmocka_unit_test(missing_files_are_named),
      cmocka_unit_test(damage_is_refused),
      cmocka_unit_test(well_framed_nonsense_is_refused),
      cmocka_unit_test(other_parameters_are_refused),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
