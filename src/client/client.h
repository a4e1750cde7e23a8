/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The client's side of a plan: keys, encryption of rows, decryption of results. Knows
 * the public client file (plan_interface) and its own secret key; never the model.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H
#include "ckks.h"
#include "plan/plan.h"

/** A fresh secret key and the frame of the evaluation keys that the plan needs (base_free). */
ckks_status client_keygen(ckks_secret_key **secret, uint8_t **keys, size_t *n_keys,
                          const plan_interface *interface);
/** The same for a secret key that there is already. */
ckks_status client_keys(uint8_t **keys, size_t *n_keys, const ckks_secret_key *secret,
                        const plan_interface *interface);
/**
 * Scales and encrypts n_rows raw rows (row-major, NaN = missing) into a sample frame.
 * *n_outside counts values beyond the certified range (may be NULL). CKKS_ERROR_RANGE where a
 * value is missing and the model says that none may be.
 */
ckks_status client_encrypt(uint8_t **out, size_t *n_bytes, const double *rows, size_t n_rows,
                           plan_packing packing, size_t *n_outside, const ckks_secret_key *secret,
                           const plan_interface *interface);
/**
 * Decrypts a result frame and applies what the plan leaves to the client: the last polynomial,
 * and the end that its outputs' meaning names (softmax ...). *outputs is
 * n_rows x n_outputs, row-major (base_free after base_wipe).
 */
ckks_status client_decrypt(double **outputs, size_t *n_rows, const uint8_t *bytes, size_t n_bytes,
                           const char *name, const ckks_secret_key *secret,
                           const plan_interface *interface);
#endif
