/* SPDX-License-Identifier: Apache-2.0 */
/* Plans on ciphertexts against the model in clear, message by message and slot by slot. */
#include "base/digest.h"
#include "compile/compile.h"
#include "exec/world.h"
#include "golden/bare.h"

/* What is measured stays below what was predicted, and the prediction is no fantasy. */
static void test_error_within_prediction(void **unused) {
  (void)unused;
  uint64_t state = 5;
  comparison seen = {0};
  for (int round = 0; round < 24; round++) {
    world w;
    compile_options options = test_options(round % 2 ? 1e-3 : 1e-5, 10);
    options.minimise = (blindsight_minimise)(round % 4);
    options.last_on_server = round % 5 == 0;
    world_build(&w, &state, &options);
    compare_errors(&seen, &w);
    for (int packing = 0; packing < PLAN_N_PACKINGS; packing++)
      assert_true(!w.plan.interface.layout[packing].available ||
                  w.plan.interface.cost[packing].predicted_error <= options.error * 1.05);
    world_clear(&w);
  }
  /* Tails are heavy: of about 45 runs one may pass its figure, none by much. */
  assert_true(seen.exceeded <= 2);
  assert_true(seen.closest > 0.05);
}

/* In Chebyshev's basis degrees stay cheap in bits, and what is measured below what was said. */
static void test_chebyshev_error(void **unused) {
  (void)unused;
  uint64_t state = 6;
  static const int degree[] = {4, 7, 15, 31, 63, 127, 255};
  comparison seen = {0};
  for (int round = 0; round < 14; round++) {
    world w = {.engine = NULL};
    compile_options options = test_options(1e-4, 10);
    options.throughput = round < 8;
    options.last_on_server = round % 3 == 0;
    assert_ok(test_chebyshev_network(&w.model, degree[round / 2], round % 2 ? 3 : 1, &state));
    test_rows(w.rows, N_ROWS, &w.model, &state);
    world_start(&w, &options);
    compare_errors(&seen, &w);
    world_clear(&w);
  }
  assert_true(seen.exceeded <= 1);
  assert_true(seen.closest > 0.02);
}

/* Every slot of the result ciphertext itself, also those that never leave the server. */
static void test_every_slot_is_an_output(void **unused) {
  (void)unused;
  uint64_t state = 8;
  for (int round = 0; round < 10; round++) {
    world w;
    compile_options options = test_options(1e-4, 10);
    world_build(&w, &state, &options);
    const plan_interface *interface = &w.plan.interface;
    const plan_layout *layout = &interface->layout[PLAN_LATENCY];
    if (layout->available && layout->fold == 1) {
      size_t n_slots = w.params->ring.n / 2;
      double scaled[16], clear[16], slots[512];
      ckks_plaintext *plaintext = NULL;
      ckks_ciphertext *input = NULL;
      const ckks_ciphertext *output = NULL;
      plan_pack_scale(scaled, w.rows, interface);
      plan_pack_row(slots, n_slots, scaled, interface);
      assert_ok(ckks_plaintext_build(&plaintext, w.params));
      assert_ok(ckks_ciphertext_build(&input, w.params));
      assert_ok(ckks_encode_real(plaintext, slots, n_slots, layout->input_level,
                                 layout->input_scale, w.params));
      assert_ok(ckks_encrypt(input, plaintext, w.secret, w.params));
      assert_ok(exec_session_run(&output, &input, PLAN_LATENCY, w.session));
      assert_ok(ckks_decrypt(plaintext, output, w.secret, w.params));
      assert_ok(ckks_decode_real(slots, n_slots, plaintext, w.params));
      network_forward_rows(clear, w.rows, 1, &w.model);
      for (size_t j = 0; j < n_slots; j++) {
        size_t k = j % layout->period;
        double value = encoding_polynomial_value(&interface->last, slots[j]);
        if (k < interface->n_outputs)
          assert_true(fabs(value - clear[k]) <= 0.02);
        else
          assert_true(fabs(slots[j] - layout->empty) <= 0.02);
      }
      ckks_plaintext_free(plaintext);
      ckks_ciphertext_free(input);
    }
    world_clear(&w);
  }
}

/* On any number of threads, which compute the digest at different times: a bit flipped anywhere in
 * the file is "damaged" and named once; a value too large under a right digest is called that. */
static void assert_keys_refused(const world *w) {
  uint8_t *bytes = base_alloc(w->n_key_bytes);
  ckks_evaluation_keys *keys = NULL;
  for (int n_threads = 1; n_threads <= 3; n_threads++) {
    base_threads *threads;
    assert_ok(base_threads_build(&threads, n_threads));
    for (size_t at = BASE_FRAME_HEADER_BYTES; at < w->n_key_bytes; at += 1 + w->n_key_bytes / 13) {
      memcpy(bytes, w->key_bytes, w->n_key_bytes);
      bytes[at] ^= 0x80;
      assert_int_equal(exec_keys_read(&keys, bytes, w->n_key_bytes, "k", w->engine, threads),
                       CKKS_ERROR_FORMAT);
      assert_string_equal(ckks_last_error(), "k: damaged (the digest does not match)");
      assert_null(keys);
    }
    memcpy(bytes, w->key_bytes, w->n_key_bytes);
    memset(bytes + BASE_FRAME_HEADER_BYTES + 4 + 40, 0xff, 16);
    base_digest(bytes + w->n_key_bytes - BASE_DIGEST_BYTES, bytes,
                w->n_key_bytes - BASE_DIGEST_BYTES);
    assert_int_equal(exec_keys_read(&keys, bytes, w->n_key_bytes, "k", w->engine, threads),
                     CKKS_ERROR_FORMAT);
    assert_non_null(strstr(ckks_last_error(), "k: evaluation key 0: digit 0, limb 0"));
    assert_ok(exec_keys_read(&keys, w->key_bytes, w->n_key_bytes, "k", w->engine, threads));
    assert_int_equal(keys->n_keys, w->keys->n_keys);
    ckks_evaluation_keys_free(keys);
    base_threads_free(threads);
  }
  base_free(bytes);
}

static void test_wrong_messages(void **unused) {
  (void)unused;
  uint64_t state = 21;
  world a, b;
  compile_options options = test_options(1e-3, 10);
  world_build(&a, &state, &options);
  world_build(&b, &state, &options);
  uint8_t *sample = NULL, *result = NULL;
  size_t n_sample = 0, n_result = 0;
  ckks_evaluation_keys *keys = NULL;
  assert_ok(client_encrypt(&sample, &n_sample, a.rows, 1, PLAN_THROUGHPUT, NULL, a.secret,
                           &a.plan.interface));
  /* Another model's: told apart from damage. */
  assert_int_equal(exec_infer(&result, &n_result, sample, n_sample, "x.sample", b.session),
                   CKKS_ERROR_MISMATCH);
  assert_non_null(strstr(ckks_last_error(), "x.sample"));
  assert_null(result);
  assert_int_equal(exec_keys_read(&keys, a.key_bytes, a.n_key_bytes, "x.keys", b.engine, NULL),
                   CKKS_ERROR_MISMATCH);
  assert_null(keys);
  assert_keys_refused(&a);
  for (size_t at = 0; at < n_sample; at += 1 + n_sample / 97) {
    sample[at] ^= 0x10;
    assert_int_not_equal(exec_infer(&result, &n_result, sample, n_sample, "s", a.session), CKKS_OK);
    sample[at] ^= 0x10;
    assert_int_not_equal(exec_infer(&result, &n_result, sample, at, "s", a.session), CKKS_OK);
  }
  /* Another client of the same model: told on either side, before anything is computed. */
  ckks_secret_key *other = NULL;
  uint8_t *other_keys = NULL, *other_sample = NULL;
  size_t n_other = 0, n_rows = 0;
  double *outputs = NULL;
  assert_ok(client_keygen(&other, &other_keys, &n_other, &a.plan.interface));
  assert_ok(client_encrypt(&other_sample, &n_other, a.rows, 1, PLAN_THROUGHPUT, NULL, other,
                           &a.plan.interface));
  assert_int_equal(exec_infer(&result, &n_result, other_sample, n_other, "o", a.session),
                   CKKS_ERROR_MISMATCH);
  assert_ok(exec_infer(&result, &n_result, sample, n_sample, "s", a.session));
  assert_int_equal(
      client_decrypt(&outputs, &n_rows, result, n_result, "r", other, &a.plan.interface),
      CKKS_ERROR_MISMATCH);
  assert_null(outputs);
  base_free(result);
  base_free(other_keys);
  base_free(other_sample);
  ckks_secret_key_free(other);
  /* A key that is missing is named before anything runs. */
  exec_session *session = NULL;
  a.keys->n_keys--;
  assert_int_equal(exec_session_build(&session, a.engine, a.keys), CKKS_ERROR_KEY);
  a.keys->n_keys++;
  assert_null(session);
  assert_int_equal(client_encrypt(&result, &n_result, a.rows, 0, PLAN_THROUGHPUT, NULL, a.secret,
                                  &a.plan.interface),
                   CKKS_ERROR_ARGUMENT);
  assert_int_equal(client_encrypt(&result, &n_result, b.rows, 1, PLAN_THROUGHPUT, NULL, b.secret,
                                  &a.plan.interface),
                   CKKS_ERROR_MISMATCH);
  base_free(sample);
  world_clear(&a);
  world_clear(&b);
}

/* Damage behind the digest of samples and results: never accepted out of range, never a crash. */
static void test_damaged_payloads(void **unused) {
  (void)unused;
  uint64_t state = 33;
  world w;
  compile_options options = test_options(1e-3, 10);
  world_build(&w, &state, &options);
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
    uint8_t *sample = NULL, *result = NULL;
    size_t n_sample = 0, n_result = 0;
    if (!w.plan.interface.layout[packing].available)
      continue;
    assert_ok(client_encrypt(&sample, &n_sample, w.rows, 2, (plan_packing)packing, NULL, w.secret,
                             &w.plan.interface));
    for (int round = 0; round < 300; round++) {
      wire_sample read;
      size_t at = BASE_FRAME_HEADER_BYTES + test_random(&state) % (round % 2 ? 16 : n_sample - 120);
      uint8_t before = sample[at];
      sample[at] = (uint8_t)test_random(&state);
      base_digest(sample + n_sample - 32, sample, n_sample - 32);
      if (wire_sample_read(&read, sample, n_sample, "s", &w.plan.interface) == CKKS_OK)
        wire_sample_clear(&read);
      else
        assert_null(read.ciphertext);
      sample[at] = before;
    }
    base_digest(sample + n_sample - 32, sample, n_sample - 32);
    assert_ok(exec_infer(&result, &n_result, sample, n_sample, "s", w.session));
    for (int round = 0; round < 300; round++) {
      wire_result read;
      size_t at = BASE_FRAME_HEADER_BYTES + test_random(&state) % (round % 2 ? 16 : n_result - 120);
      uint8_t before = result[at];
      result[at] = (uint8_t)test_random(&state);
      base_digest(result + n_result - 32, result, n_result - 32);
      if (wire_result_read(&read, result, n_result, "r", &w.plan.interface) == CKKS_OK)
        wire_result_clear(&read);
      result[at] = before;
    }
    base_free(sample);
    base_free(result);
  }
  world_clear(&w);
}

/* Each allocation of a request fails once: an error, no leak, and the next request works. */
static void test_allocation_failures(void **unused) {
  (void)unused;
  uint64_t state = 55;
  world w;
  compile_options options = test_options(1e-2, 10);
  world_build(&w, &state, &options);
  uint8_t *sample = NULL, *result = NULL;
  size_t n_sample = 0, n_result = 0, n_rows = 0;
  double *outputs = NULL;
  bool done = false;
  for (long k = 1; !done; k++) {
    base_alloc_fail_at(k);
    ckks_status status = client_encrypt(&sample, &n_sample, w.rows, 1, PLAN_THROUGHPUT, NULL,
                                        w.secret, &w.plan.interface);
    if (status == CKKS_OK)
      status = exec_infer(&result, &n_result, sample, n_sample, "s", w.session);
    if (status == CKKS_OK)
      status =
          client_decrypt(&outputs, &n_rows, result, n_result, "r", w.secret, &w.plan.interface);
    base_alloc_fail_at(0);
    done = status == CKKS_OK;
    assert_true(done || status == CKKS_ERROR_MEMORY);
    if (done)
      assert_true(largest_error(&w, outputs, n_rows) <= 1e-2);
    base_free(sample);
    base_free(result);
    base_free(outputs);
    sample = result = NULL;
    outputs = NULL;
  }
  world_clear(&w);
}

/* Latency runs allocate nothing once warm. */
static void test_warm_runs_allocate_nothing(void **unused) {
  (void)unused;
  uint64_t state = 1;
  world w;
  compile_options options = test_options(1e-3, 10);
  do {
    world_build(&w, &state, &options);
    if (w.plan.interface.layout[PLAN_LATENCY].available)
      break;
    world_clear(&w);
  } while (true);
  wire_sample sample;
  uint8_t *bytes = NULL;
  size_t n_bytes = 0;
  const ckks_ciphertext *output = NULL;
  assert_ok(
      client_encrypt(&bytes, &n_bytes, w.rows, 1, PLAN_LATENCY, NULL, w.secret, &w.plan.interface));
  assert_ok(wire_sample_read(&sample, bytes, n_bytes, "s", &w.plan.interface));
  assert_ok(exec_session_run(&output, sample.ciphertext, PLAN_LATENCY, w.session));
  long before = base_alloc_count();
  assert_ok(exec_session_run(&output, sample.ciphertext, PLAN_LATENCY, w.session));
  assert_int_equal(base_alloc_count(), before);
  wire_sample_clear(&sample);
  base_free(bytes);
  world_clear(&w);
}

/* What a result says, hidden or not, to within the error that the plan allows. */
static void assert_same_outputs(const world *w, const uint8_t *bare, const uint8_t *hidden,
                                size_t n_bytes) {
  double *outputs[2];
  size_t n_rows[2];
  assert_memory_not_equal(bare, hidden, n_bytes);
  assert_ok(client_decrypt(&outputs[0], &n_rows[0], bare, n_bytes, "bare", w->secret,
                           &w->plan.interface));
  assert_ok(client_decrypt(&outputs[1], &n_rows[1], hidden, n_bytes, "hidden", w->secret,
                           &w->plan.interface));
  assert_int_equal(n_rows[0], n_rows[1]);
  for (size_t i = 0; i < n_rows[0] * w->plan.interface.n_outputs; i++)
    assert_true(fabs(outputs[0][i] - outputs[1][i]) <= 2e-3 * fmax(1.0, fabs(outputs[0][i])));
  base_free(outputs[0]);
  base_free(outputs[1]);
}

/* Two workers, one worker, the caller: the same bytes before they are hidden, and hidden the same
 * outputs. */
static void test_threads_change_nothing(void **unused) {
  (void)unused;
  uint64_t state = 77;
  world w;
  compile_options options = test_options(1e-3, 10);
  world_build(&w, &state, &options);
  base_threads *threads = NULL;
  exec_session *sessions[3] = {w.session, NULL, NULL};
  assert_ok(base_threads_build(&threads, 3));
  for (int i = 1; i < 3; i++)
    assert_ok(exec_session_build(&sessions[i], w.engine, w.keys));
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
    uint8_t *sample = NULL, *alone = NULL, *spread = NULL;
    size_t n_sample = 0, n_alone = 0, n_spread = 0, n_rows = packing == PLAN_LATENCY ? 6 : 1200;
    if (!w.plan.interface.layout[packing].available)
      continue;
    double *rows = base_alloc_array(n_rows * w.model.n_features, sizeof *rows);
    test_rows(rows, n_rows, &w.model, &state);
    assert_ok(client_encrypt(&sample, &n_sample, rows, n_rows, (plan_packing)packing, NULL,
                             w.secret, &w.plan.interface));
    assert_ok(bare_infer(&alone, &n_alone, sample, n_sample, w.session));
    for (int i = 1; i < 3; i++) {
      assert_ok(bare_infer(&spread, &n_spread, sample, n_sample, sessions[i]));
      assert_int_equal(n_alone, n_spread);
      assert_memory_equal(alone, spread, n_alone);
      base_free(spread);
    }
    assert_ok(exec_infer_threads(&spread, &n_spread, sample, n_sample, "s", sessions, threads));
    assert_int_equal(n_alone, n_spread);
    assert_same_outputs(&w, alone, spread, n_alone);
    base_free(rows);
    base_free(sample);
    base_free(alone);
    base_free(spread);
  }
  exec_session_free(sessions[1]);
  exec_session_free(sessions[2]);
  base_threads_free(threads);
  world_clear(&w);
}

/* A single row, and a single batch, in a ring that is worth sharing: also the same bytes. */
static void test_threads_within_one_prediction(void **unused) {
  (void)unused;
  uint64_t state = 9;
  world w;
  compile_options options = test_options(1e-3, 13);
  do {
    world_build(&w, &state, &options);
    if (w.plan.interface.layout[PLAN_LATENCY].available &&
        w.plan.interface.layout[PLAN_THROUGHPUT].available)
      break;
    world_clear(&w);
  } while (true);
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
    uint8_t *sample = NULL, *alone = NULL, *shared = NULL;
    size_t n_sample = 0, n_alone = 0, n_shared = 0;
    assert_ok(client_encrypt(&sample, &n_sample, w.rows, 1, (plan_packing)packing, NULL, w.secret,
                             &w.plan.interface));
    assert_ok(bare_infer(&alone, &n_alone, sample, n_sample, w.session));
    for (int n = 2; n <= 3; n++) {
      base_threads *threads = NULL;
      exec_session *sessions[3] = {w.session, NULL, NULL}; /* the others are not needed */
      assert_ok(base_threads_build(&threads, n));
      assert_ok(exec_session_set_threads(w.session, threads));
      assert_ok(bare_infer(&shared, &n_shared, sample, n_sample, w.session));
      assert_ok(exec_session_set_threads(w.session, NULL));
      assert_int_equal(n_alone, n_shared);
      assert_memory_equal(alone, shared, n_alone);
      base_free(shared);
      assert_ok(exec_infer_threads(&shared, &n_shared, sample, n_sample, "s", sessions, threads));
      assert_same_outputs(&w, alone, shared, n_alone);
      assert_null(exec_session_evaluator(w.session)->threads); /* given back */
      base_free(shared);
      base_threads_free(threads);
    }
    base_free(sample);
    base_free(alone);
  }
  world_clear(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_threads_change_nothing),
                                     cmocka_unit_test(test_threads_within_one_prediction),
                                     cmocka_unit_test(test_error_within_prediction),
                                     cmocka_unit_test(test_chebyshev_error),
                                     cmocka_unit_test(test_every_slot_is_an_output),
                                     cmocka_unit_test(test_wrong_messages),
                                     cmocka_unit_test(test_damaged_payloads),
                                     cmocka_unit_test(test_allocation_failures),
                                     cmocka_unit_test(test_warm_runs_allocate_nothing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
