/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client.h"

#include <math.h>
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
  base_buffer_reserve(&buffer, interface->key_bytes);
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

/* Behind the evaluation keys stands which secret key they were made from, then the public key. */
static bool is_owner(const base_frame *frame, const ckks_secret_key *secret,
                     const ckks_params *params) {
  size_t n_behind = CKKS_OWNER_BYTES + wire_zero_key_bytes(params);
  return frame->n_payload >= n_behind &&
         memcmp(frame->payload + frame->n_payload - n_behind, secret->owner, CKKS_OWNER_BYTES) == 0;
}

ckks_status client_keys_fit(bool *fit, const uint8_t *bytes, size_t n_bytes, const char *name,
                            const ckks_secret_key *secret, const plan_interface *interface) {
  const ckks_params *params = interface->params;
  base_frame frame;
  *fit = false;
  BASE_TRY(base_frame_read(&frame, bytes, n_bytes, BASE_FRAME_EVALUATION_KEYS, name));
  *fit = secret != NULL && is_owner(&frame, secret, params) &&
         memcmp(frame.params_hash, ckks_params_hash(params), CKKS_HASH_BYTES) == 0 &&
         memcmp(frame.plan_id, interface->id, PLAN_ID_BYTES) == 0;
  return CKKS_OK;
}

/* --- encryption */

typedef struct encrypting {
  const ckks_secret_key *secret;
  const plan_interface *interface;
  const ckks_params *params;
  double *scaled, *slots; /* n_rows x inputs; N/2 */
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
  size_t n_slots = e->params->ring.n / 2, n_inputs = plan_n_inputs(e->interface);
  size_t n_rows = plan_pack_rows(e->interface, sample->packing);
  for (size_t i = 0; i < sample->n_ciphertexts; i++) {
    if (sample->packing == PLAN_LATENCY) {
      plan_pack_row(e->slots, n_slots, e->scaled + i * n_inputs, e->interface);
    } else {
      size_t batch = i / n_inputs, first = batch * n_rows;
      plan_pack_column(e->slots, n_slots, e->scaled + first * n_inputs,
                       plan_pack_batch(e->interface, e->n_rows, batch), i % n_inputs, e->interface);
    }
    BASE_TRY(encrypt_slots(&sample->ciphertext[i], e, sample->packing));
  }
  return CKKS_OK;
}

ckks_status client_fail_row(size_t row, const plan_fault *fault, const plan_interface *interface) {
  const char *name = interface->feature[fault->feature];
  if (isnan(fault->limit))
    return base_fail(CKKS_ERROR_RANGE, "row %zu: \"%s\" is missing, and this model needs it", row,
                     name);
  if (interface->input.feature != NULL &&
      interface->input.feature[fault->feature].kind == ENCODING_CATEGORIES)
    return base_fail(CKKS_ERROR_RANGE,
                     "row %zu: \"%s\" is %g; its categories are whole numbers from 0 to %g", row,
                     name, fault->value, interface->high[fault->feature]);
  return base_fail(CKKS_ERROR_RANGE, "row %zu: \"%s\" is %g; this model answers for %g to %g", row,
                   name, fault->value, interface->low[fault->feature],
                   interface->high[fault->feature]);
}

/* A row from outside could spoil all others of its batch, and would be answered wrongly. */
static ckks_status check_rows(size_t *n_outside, const double *rows, size_t n_rows,
                              plan_packing packing, const plan_interface *interface) {
  plan_fault fault;
  size_t outside = 0;
  for (size_t row = 0; row < n_rows; row++) {
    if (plan_box_holds(rows + row * interface->n_features, interface, &fault))
      continue;
    if (n_outside == NULL || packing != PLAN_LATENCY || isnan(fault.limit))
      return client_fail_row(row, &fault, interface);
    outside++;
  }
  if (n_outside != NULL)
    *n_outside = outside;
  return CKKS_OK;
}

static ckks_status encrypt_rows(encrypting *e, wire_sample *sample, const double *rows) {
  size_t n_features = e->interface->n_features, n_inputs = plan_n_inputs(e->interface);
  e->scaled = base_alloc_array(e->n_rows * n_inputs, sizeof *e->scaled);
  e->slots = base_alloc_array(e->params->ring.n / 2, sizeof *e->slots);
  if (!e->scaled || !e->slots)
    return base_fail_memory(e->n_rows * n_inputs * sizeof *e->scaled);
  for (size_t row = 0; row < e->n_rows; row++)
    plan_pack_scale(e->scaled + row * n_inputs, rows + row * n_features, e->interface);
  BASE_TRY(ckks_plaintext_build(&e->plaintext, e->params));
  return encrypt_all(e, sample);
}

static void encrypting_clear(encrypting *e) {
  if (e->scaled)
    base_wipe(e->scaled, e->n_rows * plan_n_inputs(e->interface) * sizeof *e->scaled);
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
  BASE_TRY(check_rows(n_outside, rows, n_rows, packing, interface));
  ckks_status status = wire_sample_init(&sample, packing, n_rows, interface);
  memcpy(sample.owner, secret->owner, CKKS_OWNER_BYTES);
  if (status == CKKS_OK)
    status = encrypt_rows(&e, &sample, rows);
  if (status == CKKS_OK)
    status = wire_sample_write(out, n_bytes, &sample, interface);
  encrypting_clear(&e);
  wire_sample_clear(&sample);
  return status;
}

/* --- decryption */

typedef struct decrypted {
  double *outputs; /* n_rows x n_outputs */
  uint8_t *mark;   /* of each row, client_mark */
} decrypted;

static bool is_above(double value, double limit) {
  return !(fabs(value) <= limit);
}

static void place_row(const decrypted *d, const double *values, size_t row,
                      const plan_interface *interface) {
  size_t n = interface->n_outputs;
  memcpy(d->outputs + row * n, values, n * sizeof *values);
  d->mark[row] = plan_box_believes(values, interface) ? CLIENT_MARK_NONE : CLIENT_MARK_BEYOND;
}

/* Throughput: one output of the rows of a batch. One that wrapped is wrong in every row. */
static void place_batch(const decrypted *d, const double *values, size_t i,
                        const wire_result *result, const plan_interface *interface) {
  size_t n = interface->n_outputs, batch = i / n;
  size_t first = batch * plan_pack_rows(interface, PLAN_THROUGHPUT);
  size_t n_rows = plan_pack_batch(interface, result->n_rows, batch);
  bool spoilt = plan_box_spoilt(values, n_rows, result->sparse[i].period, interface);
  for (size_t row = 0; row < n_rows; row++) {
    uint8_t *mark = &d->mark[first + row];
    d->outputs[(first + row) * n + i % n] = values[row];
    if (spoilt)
      *mark = CLIENT_MARK_SPOILT;
    else if (*mark == CLIENT_MARK_NONE && is_above(values[row], interface->max_abs_output))
      *mark = CLIENT_MARK_BEYOND;
  }
}

/* Values are repeated over the slots: each is the mean of its places, from the few coefficients
 * that carry it. */
static ckks_status decrypt_all(const decrypted *d, const wire_result *result,
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
    if (status == CKKS_OK && result->packing == PLAN_LATENCY)
      place_row(d, values, i, interface);
    else if (status == CKKS_OK)
      place_batch(d, values, i, result, interface);
  }
  base_wipe(values, n_slots * sizeof *values);
  base_free(values);
  return status;
}

/* No plausible number is left of what is not to be believed. */
static ckks_status decrypt_result(const decrypted *d, const wire_result *result,
                                  const ckks_secret_key *secret, const plan_interface *interface) {
  size_t n = interface->n_outputs;
  BASE_TRY(decrypt_all(d, result, secret, interface));
  for (size_t i = 0; i < result->n_rows * n; i++)
    d->outputs[i] = encoding_polynomial_value(&interface->last, d->outputs[i]);
  encoding_meaning_finish(d->outputs, result->n_rows, n, interface->meaning.end);
  for (size_t i = 0; i < result->n_rows * n; i++)
    if (d->mark[i / n] != CLIENT_MARK_NONE)
      d->outputs[i] = (double)NAN;
  return CKKS_OK;
}

static ckks_status decrypted_build(decrypted *d, const wire_result *result,
                                   const plan_interface *interface) {
  size_t n = result->n_rows * interface->n_outputs;
  d->outputs = base_alloc_array(n, sizeof *d->outputs);
  d->mark = base_alloc_array(result->n_rows, sizeof *d->mark);
  return d->outputs && d->mark ? CKKS_OK : base_fail_memory(n * sizeof *d->outputs);
}

static void decrypted_clear(decrypted *d, size_t n) {
  if (d->outputs)
    base_wipe(d->outputs, n * sizeof *d->outputs);
  base_free(d->outputs);
  base_free(d->mark);
  *d = (decrypted){NULL, NULL};
}

ckks_status client_decrypt_marked(double **outputs, uint8_t **marks, size_t *n_rows,
                                  const uint8_t *bytes, size_t n_bytes, const char *name,
                                  const ckks_secret_key *secret, const plan_interface *interface) {
  wire_result result;
  decrypted d = {NULL, NULL};
  *outputs = NULL;
  *marks = NULL;
  *n_rows = 0;
  BASE_TRY(ckks_params_check(interface->params, secret->params_hash, "secret key"));
  BASE_TRY(wire_result_read(&result, bytes, n_bytes, name, interface));
  ckks_status status = CKKS_OK;
  if (memcmp(result.owner, secret->owner, CKKS_OWNER_BYTES) != 0)
    status = base_fail(CKKS_ERROR_MISMATCH, "%s: for another secret key than this one", name);
  if (status == CKKS_OK)
    status = decrypted_build(&d, &result, interface);
  if (status == CKKS_OK)
    status = decrypt_result(&d, &result, secret, interface);
  if (status != CKKS_OK)
    decrypted_clear(&d, result.n_rows * interface->n_outputs);
  *outputs = d.outputs;
  *marks = d.mark;
  *n_rows = status == CKKS_OK ? result.n_rows : 0;
  wire_result_clear(&result);
  return status;
}

ckks_status client_decrypt(double **outputs, size_t *n_rows, const uint8_t *bytes, size_t n_bytes,
                           const char *name, const ckks_secret_key *secret,
                           const plan_interface *interface) {
  uint8_t *marks;
  ckks_status status =
      client_decrypt_marked(outputs, &marks, n_rows, bytes, n_bytes, name, secret, interface);
  base_free(marks);
  return status;
}
