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
 * Whether a frame of evaluation keys is for this plan and was made from this secret key
 * (NULL: from none). What is no such frame at all is CKKS_ERROR_FORMAT, `name` in front.
 */
ckks_status client_keys_fit(bool *fit, const uint8_t *bytes, size_t n_bytes, const char *name,
                            const ckks_secret_key *secret, const plan_interface *interface);
/** What an answer is worth. */
typedef enum client_mark {
  CLIENT_MARK_NONE,   /**< what the plan promises */
  CLIENT_MARK_BEYOND, /**< its values left the band, or the modulus: not to be believed */
  CLIENT_MARK_SPOILT  /**< some row of its batch did; sent alone it may be right */
} client_mark;

/**
 * Scales and encrypts n_rows raw rows (row-major, NaN = missing) into a sample frame.
 * CKKS_ERROR_RANGE names a row outside the plan's box (client_fail_row), or one where a value is
 * missing and the model says that none may be. With n_outside, rows outside the box are counted
 * and go all the same, in latency packing, where they harm no other: nothing is promised of them,
 * and the caller has to say so. client/rows.h sorts rows by what is to be done with them.
 */
ckks_status client_encrypt(uint8_t **out, size_t *n_bytes, const double *rows, size_t n_rows,
                           plan_packing packing, size_t *n_outside, const ckks_secret_key *secret,
                           const plan_interface *interface);
/**
 * Decrypts a result frame and applies what the plan leaves to the client: the last polynomial,
 * and the end that its outputs' meaning names (softmax ...). *outputs is
 * n_rows x n_outputs, row-major (base_free after base_wipe); of rows with a mark NaN, so that
 * nobody takes them for answers. (*marks)[row] is a client_mark (base_free).
 */
ckks_status client_decrypt_marked(double **outputs, uint8_t **marks, size_t *n_rows,
                                  const uint8_t *bytes, size_t n_bytes, const char *name,
                                  const ckks_secret_key *secret, const plan_interface *interface);
/** The same without the marks: NaN says enough. */
ckks_status client_decrypt(double **outputs, size_t *n_rows, const uint8_t *bytes, size_t n_bytes,
                           const char *name, const ckks_secret_key *secret,
                           const plan_interface *interface);
/** CKKS_ERROR_RANGE with a text that names row, feature, value and limit. */
ckks_status client_fail_row(size_t row, const plan_fault *fault, const plan_interface *interface);
#endif
