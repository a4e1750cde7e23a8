/* SPDX-License-Identifier: Apache-2.0 */
/* Samples: what is written is read, and a header that lies is not believed. */
#include "wire/messages.h"

/* u8 packing, u8 log2 fold, u8 rows repeated, u8 zero, u32 rows, u32 ciphertexts, 16 owner */
enum { AT_PACKING, AT_FOLD, AT_REPEATS, AT_ZERO, AT_ROWS = 4, AT_COUNT = 8, HEADER = 28 };

/* `n_rows` rows of random ciphertexts with as few coefficients as the fold leaves. */
static void write_sample(uint8_t **bytes, size_t *n_bytes, size_t n_rows, plan_packing packing,
                         const plan_interface *interface) {
  uint64_t state = 3 + n_rows;
  wire_sample sample;
  const plan_layout *layout = &interface->layout[packing];
  assert_int_equal(wire_sample_init(&sample, packing, n_rows, interface), CKKS_OK);
  for (int i = 0; i < CKKS_OWNER_BYTES; i++)
    sample.owner[i] = (uint8_t)(200 + i);
  for (size_t i = 0; i < sample.n_ciphertexts; i++) {
    ckks_ciphertext *c = random_ciphertext(interface->params, layout->input_level, 2, true, &state);
    c->scale = layout->input_scale;
    sample.ciphertext[i] = c;
  }
  assert_int_equal(wire_sample_write(bytes, n_bytes, &sample, interface), CKKS_OK);
  wire_sample_clear(&sample);
}

static ckks_status read_sample(const uint8_t *bytes, size_t n_bytes,
                               const plan_interface *interface) {
  wire_sample sample;
  ckks_status status = wire_sample_read(&sample, bytes, n_bytes, "sample", interface);
  wire_sample_clear(&sample);
  return status;
}

/* Coefficients that did not travel are zero, the others come back: again the same bytes. */
static void what_is_written_is_read(void **unused) {
  (void)unused;
  plan_interface interface;
  golden_interface(&interface);
  for (int p = 0; p < PLAN_N_PACKINGS; p++) {
    uint8_t *bytes, *again;
    size_t n_bytes, n_again;
    wire_sample sample;
    if (!interface.layout[p].available)
      continue;
    const size_t fold = interface.layout[p].fold;
    write_sample(&bytes, &n_bytes, 2, (plan_packing)p, &interface);
    assert_int_equal(wire_sample_read(&sample, bytes, n_bytes, "sample", &interface), CKKS_OK);
    assert_int_equal(sample.packing, p);
    assert_int_equal(sample.n_rows, 2);
    for (int i = 0; i < CKKS_OWNER_BYTES; i++)
      assert_int_equal(sample.owner[i], 200 + i);
    const ring_ring *ring = &interface.params->ring;
    ring_word *words = base_alloc_array(ring->n, sizeof *words);
    uint64_t *values = base_alloc_array(ring->n, sizeof *values);
    ring->kernel->ntt_inverse(words, ring_poly_limb(&sample.ciphertext[0]->part[0], 0),
                              ring->ntt[0]);
    ring->kernel->to_uint64(values, words, ring->n, &ring->modulus[0]);
    size_t n_nonzero = 0;
    for (size_t i = 0; i < ring->n; i++) {
      assert_true(i % fold == 0 || values[i] == 0);
      n_nonzero += values[i] != 0;
    }
    assert_true(n_nonzero > ring->n / fold / 2);
    assert_int_equal(wire_sample_write(&again, &n_again, &sample, &interface), CKKS_OK);
    assert_int_equal(n_again, n_bytes);
    assert_memory_equal(again, bytes, n_bytes);
    base_free(values);
    base_free(words);
    ckks_bytes_free(again);
    ckks_bytes_free(bytes);
    wire_sample_clear(&sample);
  }
  plan_interface_clear(&interface);
}

static ckks_status read_by(int n_threads, wire_sample *sample, const uint8_t *bytes, size_t n_bytes,
                           const plan_interface *interface) {
  base_threads *threads;
  assert_int_equal(base_threads_build(&threads, n_threads), CKKS_OK);
  ckks_status status = wire_sample_read_threads(sample, bytes, n_bytes, "s", interface, threads);
  base_threads_free(threads);
  return status;
}

/* However many read, and whoever computes the digest: the same ciphertexts, the same words about
 * what is damaged, too large a value (in two ciphertexts, of which the first is named), or a lie.
 */
static void threads_change_nothing(void **unused) {
  (void)unused;
  plan_interface interface;
  golden_interface(&interface);
  uint8_t *bytes, *again;
  size_t n_bytes, n_again;
  wire_sample sample;
  write_sample(&bytes, &n_bytes, 5, PLAN_LATENCY, &interface);
  size_t n_each = (n_bytes - PAYLOAD - HEADER - DIGEST) / 5;
  for (int n_threads = 1; n_threads <= 4; n_threads++) {
    assert_int_equal(read_by(n_threads, &sample, bytes, n_bytes, &interface), CKKS_OK);
    assert_int_equal(wire_sample_write(&again, &n_again, &sample, &interface), CKKS_OK);
    assert_int_equal(n_again, n_bytes);
    assert_memory_equal(again, bytes, n_bytes);
    wire_sample_clear(&sample);
    memset(again + PAYLOAD + HEADER + 2 * n_each + RAND_SEED_BYTES, 0xff, 16);
    memset(again + PAYLOAD + HEADER + 4 * n_each + RAND_SEED_BYTES, 0xff, 16);
    assert_int_equal(read_by(n_threads, &sample, again, n_bytes, &interface), CKKS_ERROR_FORMAT);
    assert_string_equal(ckks_last_error(), "s: damaged (the digest does not match)");
    assert_null(sample.ciphertext);
    base_digest(again + n_bytes - DIGEST, again, n_bytes - DIGEST);
    assert_int_equal(read_by(n_threads, &sample, again, n_bytes, &interface), CKKS_ERROR_FORMAT);
    assert_non_null(strstr(ckks_last_error(), "s: ciphertext 2: coefficient 0 "));
    again[PAYLOAD + AT_COUNT]++;
    assert_int_equal(read_by(n_threads, &sample, again, n_bytes, &interface), CKKS_ERROR_FORMAT);
    assert_string_equal(ckks_last_error(), "s: damaged (the digest does not match)");
    base_digest(again + n_bytes - DIGEST, again, n_bytes - DIGEST);
    assert_int_equal(read_by(n_threads, &sample, again, n_bytes, &interface), CKKS_ERROR_FORMAT);
    assert_non_null(strstr(ckks_last_error(), "s: 6 ciphertexts for 5 rows"));
    assert_null(sample.ciphertext);
    ckks_bytes_free(again);
  }
  ckks_bytes_free(bytes);
  plan_interface_clear(&interface);
}

static void lies_are_refused(void **unused) {
  (void)unused;
  plan_interface interface;
  golden_interface(&interface);
  for (int p = 0; p < PLAN_N_PACKINGS; p++) {
    uint8_t *bytes;
    size_t n_bytes;
    if (!interface.layout[p].available)
      continue;
    write_sample(&bytes, &n_bytes, 2, (plan_packing)p, &interface);
    uint32_t count = bytes[PAYLOAD + AT_COUNT], fold = bytes[PAYLOAD + AT_FOLD];
    const lie lies[] = {
        {AT_PACKING, 1, PLAN_N_PACKINGS},
        {AT_PACKING, 1, 255},
        {AT_FOLD, 1, fold + 1},
        {AT_FOLD, 1, 31},
        {AT_FOLD, 1, 255},
        {AT_REPEATS, 1, p != PLAN_THROUGHPUT},
        {AT_REPEATS, 1, 2},
        {AT_ZERO, 1, 1},
        {AT_ZERO, 1, 0x80},
        {AT_ROWS, 4, 0},
        {AT_ROWS, 4, WIRE_MAX_ROWS + 1},
        {AT_ROWS, 4, UINT32_MAX},
        {AT_COUNT, 4, 0},
        {AT_COUNT, 4, count + 1},
        {AT_COUNT, 4, count - 1},
        {AT_COUNT, 4, UINT32_MAX},
    };
    assert_lies_refused(read_sample, bytes, n_bytes, lies, sizeof lies / sizeof lies[0],
                        &interface);
    /* Fewer rows than there are ciphertexts, all of which are there. */
    const lie fewer[] = {{AT_ROWS, 4, 1}};
    if (p == PLAN_LATENCY)
      assert_lies_refused(read_sample, bytes, n_bytes, fewer, 1, &interface);
    ckks_bytes_free(bytes);
  }
  plan_interface_clear(&interface);
}

/* Before it is read, a sample says how much work it brings; nothing that cannot be is repeated. */
static void peeks_are_bounded(void **unused) {
  (void)unused;
  plan_interface interface;
  golden_interface(&interface);
  uint8_t *bytes;
  size_t n_bytes;
  write_sample(&bytes, &n_bytes, 2, PLAN_LATENCY, &interface);
  assert_int_equal(wire_head_peek_rows(bytes, n_bytes), 2);
  assert_int_equal(wire_head_peek_packing(bytes, n_bytes), PLAN_LATENCY);
  bytes[PAYLOAD] = PLAN_THROUGHPUT;
  assert_int_equal(wire_head_peek_packing(bytes, n_bytes), PLAN_THROUGHPUT);
  assert_int_equal(wire_head_peek_packing(bytes, PAYLOAD + HEADER), PLAN_LATENCY);
  assert_int_equal(wire_head_peek_packing(bytes, PAYLOAD + HEADER + DIGEST), PLAN_THROUGHPUT);
  static const struct {
    uint32_t said;
    size_t believed;
  } rows[] = {
      {0, 1}, {1, 1}, {WIRE_MAX_ROWS, WIRE_MAX_ROWS}, {WIRE_MAX_ROWS + 1, 1}, {UINT32_MAX, 1}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    for (int k = 0; k < 4; k++)
      bytes[PAYLOAD + AT_ROWS + k] = (uint8_t)(rows[i].said >> 8 * k);
    assert_int_equal(wire_head_peek_rows(bytes, n_bytes), rows[i].believed);
  }
  assert_int_equal(wire_head_peek_rows(NULL, 0), 1);
  assert_int_equal(wire_head_peek_rows(bytes, PAYLOAD + 8), 1);
  ckks_bytes_free(bytes);
  plan_interface_clear(&interface);
}

static void counts_have_limits(void **unused) {
  (void)unused;
  plan_interface interface;
  wire_sample sample;
  golden_interface(&interface);
  assert_int_equal(wire_sample_count(&interface, PLAN_LATENCY, 0), 0);
  assert_int_equal(wire_sample_count(&interface, PLAN_LATENCY, 3), 3);
  assert_int_equal(wire_sample_init(&sample, PLAN_LATENCY, 0, &interface), CKKS_ERROR_ARGUMENT);
  assert_int_equal(wire_sample_init(&sample, PLAN_LATENCY, WIRE_MAX_ROWS + 1, &interface),
                   CKKS_ERROR_ARGUMENT);
  assert_int_equal(wire_sample_init(&sample, PLAN_LATENCY, WIRE_MAX_ROWS, &interface), CKKS_OK);
  wire_sample_clear(&sample);
  interface.layout[PLAN_LATENCY].available = false;
  assert_int_equal(wire_sample_init(&sample, PLAN_LATENCY, 1, &interface), CKKS_ERROR_ARGUMENT);
  plan_interface_clear(&interface);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_is_read), cmocka_unit_test(threads_change_nothing),
      cmocka_unit_test(lies_are_refused),        cmocka_unit_test(peeks_are_bounded),
      cmocka_unit_test(counts_have_limits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
