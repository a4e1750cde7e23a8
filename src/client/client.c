/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client.h"

#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "secret/secret.h"
#include "wire/sample.h"

/* The message: evaluation keys, whose they are, and a public key for level 0, with which the
 * server hides its results. */
static ckks_status write_keys(uint8_t **keys, size_t *n_keys,
                              const ckks_evaluation_keys *evaluation, const ckks_public_key *zero,
                              const ckks_secret_key *secret, const plan_interface *interface) {
  const ckks_params *params = interface->params;
  base_buffer buffer;
  base_buffer_init(&buffer, interface->key_bytes);
  base_frame_begin(&buffer, BASE_FRAME_EVALUATION_KEYS, params->hash, interface->id);
  wire_evaluation_keys_put(&buffer, evaluation, params);
  base_buffer_append(&buffer, secret->owner, CKKS_OWNER_BYTES);
  wire_zero_key_put(&buffer, zero, params);
  return wire_frame_finish(keys, n_keys, &buffer);
}

ckks_status client_keys(uint8_t **keys, size_t *n_keys, const ckks_secret_key *secret,
                        const plan_interface *interface) {
  const ckks_params *params = interface->params;
  ckks_evaluation_keys *evaluation = NULL;
  ckks_public_key *zero = NULL;
  *keys = NULL;
  *n_keys = 0;
  ckks_status status =
      ckks_evaluation_keys_generate(&evaluation, interface->key, interface->n_keys, secret, params);
  if (status == CKKS_OK)
    status = ckks_public_key_generate(&zero, secret, params);
  if (status == CKKS_OK)
    status = write_keys(keys, n_keys, evaluation, zero, secret, interface);
  ckks_public_key_free(zero);
  ckks_evaluation_keys_free(evaluation);
  return status;
}

ckks_status client_keygen(ckks_secret_key **secret, uint8_t **keys, size_t *n_keys,
                          const plan_interface *interface) {
  const ckks_params *params = interface->params;
  *keys = NULL;
  *n_keys = 0;
  BASE_TRY(ckks_secret_key_generate(secret, params));
  ckks_status status = client_keys(keys, n_keys, *secret, interface);
  if (status != CKKS_OK) {
    ckks_secret_key_free(*secret);
    *secret = NULL;
  }
  return status;
}

/* --- encryption */

typedef struct encrypting {
  const ckks_secret_key *secret;
  const plan_interface *interface;
  const ckks_params *params;
  double *scaled, *slots; /* n_rows x n_features; N/2 */
  size_t n_rows;
  ckks_plaintext *plaintext;
} encrypting;

static ckks_status encrypt_slots(ckks_ciphertext **out, const encrypting *e, plan_packing packing) {
  const plan_layout *layout = &e->interface->layout[packing];
  size_t n_slots = e->params->ring.n / 2;
  size_t period = packing == PLAN_LATENCY ? layout->stride * layout->padded : n_slots;
  BASE_TRY(ckks_encode_repeat(e->plaintext, e->slots, period, layout->input_level,
                              layout->input_scale, e->params));
  BASE_TRY(ckks_ciphertext_build_at(out, e->params, layout->input_level, 2));
  return secret_encrypt(*out, e->plaintext, e->secret, e->params);
}

static ckks_status encrypt_all(const encrypting *e, wire_sample *sample) {
  size_t n_slots = e->params->ring.n / 2, n_features = e->interface->n_features;
  for (size_t i = 0; i < sample->n_ciphertexts; i++) {
    if (sample->packing == PLAN_LATENCY) {
      plan_pack_row(e->slots, n_slots, e->scaled + i * n_features, e->interface);
    } else {
      size_t first = i / n_features * n_slots;
      plan_pack_column(e->slots, n_slots, e->scaled + first * n_features,
                       plan_pack_batch(e->n_rows, i / n_features, n_slots), i % n_features,
                       e->interface);
    }
    BASE_TRY(encrypt_slots(&sample->ciphertext[i], e, sample->packing));
  }
  return CKKS_OK;
}

static ckks_status encrypt_rows(encrypting *e, wire_sample *sample, const double *rows,
                                size_t *n_outside) {
  size_t n_features = e->interface->n_features, outside = 0;
  e->scaled = base_alloc_array(e->n_rows * n_features, sizeof *e->scaled);
  e->slots = base_alloc_array(e->params->ring.n / 2, sizeof *e->slots);
  if (!e->scaled || !e->slots)
    return base_fail_memory(e->n_rows * n_features * sizeof *e->scaled);
  for (size_t row = 0; row < e->n_rows; row++)
    outside += plan_pack_scale(e->scaled + row * n_features, rows + row * n_features, e->interface);
  if (n_outside)
    *n_outside = outside;
  BASE_TRY(ckks_plaintext_build(&e->plaintext, e->params));
  return encrypt_all(e, sample);
}

static void encrypting_clear(encrypting *e) {
  if (e->scaled)
    base_wipe(e->scaled, e->n_rows * e->interface->n_features * sizeof *e->scaled);
  if (e->slots)
    base_wipe(e->slots, e->params->ring.n / 2 * sizeof *e->slots);
  base_free(e->scaled);
  base_free(e->slots);
  ckks_plaintext_free(e->plaintext);
}

ckks_status client_encrypt(uint8_t **out, size_t *n_bytes, const double *rows, size_t n_rows,
                           plan_packing packing, size_t *n_outside, const ckks_secret_key *secret,
                           const plan_interface *interface) {
  const ckks_params *params = interface->params;
  wire_sample sample;
  encrypting e = {.secret = secret, .interface = interface, .params = params, .n_rows = n_rows};
  *out = NULL;
  *n_bytes = 0;
  BASE_TRY(ckks_params_check(params, secret->params_hash, "secret key"));
  BASE_TRY(encoding_meaning_check_rows(&interface->meaning, rows, n_rows, interface->feature,
                                       interface->n_features));
  ckks_status status = wire_sample_init(&sample, packing, n_rows, interface);
  memcpy(sample.owner, secret->owner, CKKS_OWNER_BYTES);
  if (status == CKKS_OK)
    status = encrypt_rows(&e, &sample, rows, n_outside);
  if (status == CKKS_OK)
    status = wire_sample_write(out, n_bytes, &sample, interface);
  encrypting_clear(&e);
  wire_sample_clear(&sample);
  return status;
}

/* --- decryption */

/* Latency: the outputs of a row. Throughput: one output of the rows of a batch. */
static void place(double *outputs, const double *values, size_t i, const wire_result *result,
                  const plan_interface *interface) {
  size_t n = interface->n_outputs, n_slots = ckks_params_slots(interface->params);
  if (result->packing == PLAN_LATENCY) {
    memcpy(outputs + i * n, values, n * sizeof *values);
    return;
  }
  size_t first = i / n * n_slots, n_rows = plan_pack_batch(result->n_rows, i / n, n_slots);
  for (size_t row = 0; row < n_rows; row++)
    outputs[(first + row) * n + i % n] = values[row];
}

/* Values are repeated over the slots: each is the mean of its places, from the few coefficients
 * that carry it. */
static ckks_status decrypt_all(double *outputs, const wire_result *result,
                               const ckks_secret_key *secret, const plan_interface *interface) {
  const ckks_params *params = interface->params;
  size_t n_slots = ckks_params_slots(params);
  double *values = base_alloc_array(n_slots, sizeof *values);
  if (!values)
    return base_fail_memory(n_slots * sizeof *values);
  ckks_status status = CKKS_OK;
  for (size_t i = 0; i < result->n_ciphertexts && status == CKKS_OK; i++) {
    const wire_sparse *sparse = &result->sparse[i];
    status = secret_decrypt_sparse(values, sparse->c0, sparse->c1, n_slots / sparse->period,
                                   interface->layout[result->packing].output_scale, secret, params);
    if (status == CKKS_OK)
      place(outputs, values, i, result, interface);
  }
  base_wipe(values, n_slots * sizeof *values);
  base_free(values);
  return status;
}

static ckks_status decrypt_result(double *outputs, const wire_result *result,
                                  const ckks_secret_key *secret, const plan_interface *interface) {
  BASE_TRY(decrypt_all(outputs, result, secret, interface));
  for (size_t i = 0; i < result->n_rows * interface->n_outputs; i++)
    outputs[i] = encoding_polynomial_value(&interface->last, outputs[i]);
  encoding_meaning_finish(outputs, result->n_rows, interface->n_outputs, interface->meaning.end);
  return CKKS_OK;
}

ckks_status client_decrypt(double **outputs, size_t *n_rows, const uint8_t *bytes, size_t n_bytes,
                           const char *name, const ckks_secret_key *secret,
                           const plan_interface *interface) {
  const ckks_params *params = interface->params;
  wire_result result;
  *outputs = NULL;
  *n_rows = 0;
  BASE_TRY(ckks_params_check(params, secret->params_hash, "secret key"));
  BASE_TRY(wire_result_read(&result, bytes, n_bytes, name, interface));
  if (memcmp(result.owner, secret->owner, CKKS_OWNER_BYTES) != 0) {
    wire_result_clear(&result);
    return base_fail(CKKS_ERROR_MISMATCH, "%s: for another secret key than this one", name);
  }
  size_t n = result.n_rows * interface->n_outputs;
  double *values = base_alloc_array(n, sizeof *values);
  ckks_status status = values ? decrypt_result(values, &result, secret, interface)
                              : base_fail_memory(n * sizeof *values);
  if (status == CKKS_OK) {
    *outputs = values;
    *n_rows = result.n_rows;
  } else if (values) {
    base_wipe(values, n * sizeof *values);
    base_free(values);
  }
  wire_result_clear(&result);
  return status;
}
