/* SPDX-License-Identifier: Apache-2.0 */
/* Rows sorted by whether a plan answers for them, before anything is encrypted. */
#ifndef CLIENT_ROWS_H
#define CLIENT_ROWS_H
#include "plan/plan.h"

/** What is done with a row outside the plan's box. */
typedef enum client_rows_policy {
  CLIENT_ROWS_REFUSE, /**< it stays here */
  CLIENT_ROWS_CLIP,   /**< its values are moved into the box, and its answer says so */
  CLIENT_ROWS_MARK    /**< it goes in a ciphertext of its own, and its answer says so */
} client_rows_policy;

/** What has become of a row, and at last of its answer. */
typedef enum client_rows_state {
  CLIENT_ROWS_INSIDE,
  CLIENT_ROWS_CLIPPED,
  CLIENT_ROWS_OUTSIDE, /**< sent alone; nothing is promised of its answer */
  CLIENT_ROWS_REFUSED, /**< never sent: outputs are NaN */
  CLIENT_ROWS_BEYOND,  /**< answered with what the modulus did not hold: outputs are NaN */
  CLIENT_ROWS_SPOILT   /**< another row of its batch was, and it could not be sent again: NaN */
} client_rows_state;

typedef struct client_rows {
  size_t n_rows, n_features;          /**< as they were given */
  uint8_t *state;                     /**< of each row */
  plan_fault *fault;                  /**< of each that is not inside */
  size_t n_shared, *shared;           /**< numbers of the rows that may share ciphertexts */
  size_t n_alone, *alone;             /**< and of those that may not */
  double *shared_value, *alone_value; /**< these rows, one behind the other */
} client_rows;

/**
 * rows: n_rows raw rows, row-major. Rows that cannot be encoded at all, and those that lack a value
 * that they need, are refused under any policy; where there is no latency packing MARK refuses.
 * client_rows_clear afterwards, also on error (CKKS_ERROR_MEMORY).
 */
ckks_status client_rows_sort(client_rows *sorted, const double *rows, size_t n_rows,
                             client_rows_policy policy, const plan_interface *interface);
void client_rows_clear(client_rows *sorted);
/** How many rows are in that state. */
size_t client_rows_count(const client_rows *sorted, client_rows_state state);
#endif
