/* SPDX-License-Identifier: Apache-2.0 */
#include "client/rows.h"

#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "client/client.h"
#include "web/web.h"

WEB_EXPORT(rows_packing) int web_rows_packing(size_t n_rows, const web_client *client) {
  return (int)plan_pack_choose(&client->interface, n_rows);
}

/* --- the box */

/* Clipped rows back to where they came from. */
static void give_clipped(double *rows, const client_rows *sorted) {
  size_t n = sorted->n_features;
  for (size_t i = 0; i < sorted->n_shared; i++)
    memcpy(rows + sorted->shared[i] * n, sorted->shared_value + i * n, n * sizeof *rows);
}

WEB_EXPORT(rows_sort)
ckks_status web_rows_sort(uint8_t *state, double *rows, size_t n_rows, int policy,
                          const web_client *client) {
  client_rows sorted;
  if (policy < CLIENT_ROWS_REFUSE || policy > CLIENT_ROWS_MARK)
    return base_fail(CKKS_ERROR_ARGUMENT, "policy = %d: refuse, clip or mark", policy);
  ckks_status status =
      client_rows_sort(&sorted, rows, n_rows, (client_rows_policy)policy, &client->interface);
  if (status == CKKS_OK) {
    memcpy(state, sorted.state, n_rows);
    give_clipped(rows, &sorted);
  }
  client_rows_clear(&sorted);
  return status;
}

WEB_EXPORT(rows_check)
ckks_status web_rows_check(const double *row, size_t number, const web_client *client) {
  plan_fault fault;
  return plan_box_holds(row, &client->interface, &fault)
             ? CKKS_OK
             : client_fail_row(number, &fault, &client->interface);
}

/* --- there and back */

static ckks_status need_secret(const web_client *client) {
  return client->secret != NULL ? CKKS_OK
                                : base_fail(CKKS_ERROR_KEY, "there is no key yet: keys() first");
}

static ckks_status check_packing(int packing, const plan_interface *interface) {
  bool good = packing >= 0 && packing < PLAN_N_PACKINGS && interface->layout[packing].available;
  return good ? CKKS_OK
              : base_fail(CKKS_ERROR_ARGUMENT, "packing = %d: the model was not compiled for it",
                          packing);
}

WEB_EXPORT(rows_encrypt)
ckks_status web_rows_encrypt(uint8_t **out, size_t *n_bytes, const double *rows, size_t n_rows,
                             int packing, int outside, const web_client *client) {
  size_t n_outside;
  *out = NULL;
  *n_bytes = 0;
  BASE_TRY(need_secret(client));
  BASE_TRY(check_packing(packing, &client->interface));
  return client_encrypt(out, n_bytes, rows, n_rows, (plan_packing)packing,
                        outside != 0 ? &n_outside : NULL, client->secret, &client->interface);
}

WEB_EXPORT(rows_decrypt)
ckks_status web_rows_decrypt(double *outputs, uint8_t *marks, size_t n_rows, const uint8_t *bytes,
                             size_t n_bytes, const web_client *client) {
  double *values;
  uint8_t *mark;
  size_t n;
  BASE_TRY(need_secret(client));
  BASE_TRY(client_decrypt_marked(&values, &mark, &n, bytes, n_bytes, "result", client->secret,
                                 &client->interface));
  size_t n_values = n * client->interface.n_outputs;
  if (n == n_rows) {
    memcpy(outputs, values, n_values * sizeof *values);
    memcpy(marks, mark, n);
  }
  base_wipe(values, n_values * sizeof *values);
  base_free(values);
  base_free(mark);
  return n == n_rows
             ? CKKS_OK
             : base_fail(CKKS_ERROR_FORMAT, "result: %zu rows where %zu were sent", n, n_rows);
}

WEB_EXPORT(rows_predicted)
int web_rows_predicted(const double *outputs, const web_client *client) {
  size_t label = encoding_meaning_predicted(outputs, client->interface.n_outputs,
                                            client->interface.meaning.kind);
  return label == ENCODING_NOTHING ? -1 : (int)label;
}
