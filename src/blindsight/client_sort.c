/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "blindsight/objects.h"
#include "client/rows.h"

#define SAME(state) ((int)BLINDSIGHT_##state == (int)CLIENT_ROWS_##state)
_Static_assert(SAME(INSIDE) && SAME(CLIPPED) && SAME(OUTSIDE) && SAME(REFUSED) && SAME(BEYOND) &&
                   SAME(SPOILT),
               "the states of blindsight.h are those of rows");
_Static_assert(SAME(REFUSE) && SAME(CLIP) && SAME(MARK), "and so is what is done with rows");

static blindsight_outlier outlier_of(const plan_fault *fault, const plan_interface *interface) {
  size_t i = fault->feature;
  return (blindsight_outlier){i, fault->value, interface->low[i], interface->high[i]};
}

/* Both kinds in the order in which they were given. */
static void fill(blindsight_sorted *out, const client_rows *rows, const plan_interface *interface) {
  const double *shared = rows->shared_value, *alone = rows->alone_value;
  size_t n = rows->n_features;
  for (size_t row = 0; row < rows->n_rows; row++) {
    out->state[row] = (blindsight_state)rows->state[row];
    if (out->state[row] != BLINDSIGHT_INSIDE)
      out->outlier[row] = outlier_of(&rows->fault[row], interface);
    if (out->state[row] == BLINDSIGHT_REFUSED)
      continue;
    const double **from = out->state[row] == BLINDSIGHT_OUTSIDE ? &alone : &shared;
    memcpy(out->value + out->n_sent * n, *from, n * sizeof *out->value);
    *from += n;
    out->number[out->n_sent++] = row;
  }
  out->n_outside = rows->n_alone;
}

static ckks_status check(const blindsight_sort_options *options, const plan_interface *interface) {
  BASE_TRY(blindsight_objects_require_packing(options->packing, interface));
  if ((unsigned)options->out_of_range > BLINDSIGHT_MARK)
    return base_fail(CKKS_ERROR_ARGUMENT, "out_of_range = %d: is none of blindsight_out_of_range",
                     (int)options->out_of_range);
  return CKKS_OK;
}

ckks_status blindsight_client_sort(blindsight_sorted **out, const double *rows, size_t n_rows,
                                   const blindsight_sort_options *options,
                                   const blindsight_client *client) {
  blindsight_sort_options o;
  client_rows sorted;
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(rows, "rows"));
  BASE_TRY(blindsight_objects_require(client, "client"));
  blindsight_sort_options_default(&o, sizeof o);
  BASE_TRY(blindsight_options_take(&o, sizeof o, options));
  if (n_rows < 1)
    return base_fail(CKKS_ERROR_ARGUMENT, "n_rows = 0: must be 1 or more");
  const plan_interface *interface = client->interface;
  if (o.packing == BLINDSIGHT_PACKING_AUTO)
    o.packing = blindsight_client_packing(client, n_rows);
  BASE_TRY(check(&o, interface));
  /* In throughput packing there is no ciphertext of one row's own. */
  bool refused = o.packing == BLINDSIGHT_THROUGHPUT && o.out_of_range == BLINDSIGHT_MARK;
  ckks_status status = client_rows_sort(
      &sorted, rows, n_rows, refused ? CLIENT_ROWS_REFUSE : (client_rows_policy)o.out_of_range,
      interface);
  if (status == CKKS_OK)
    status = blindsight_sorted_build(out, n_rows, interface->n_features);
  if (status == CKKS_OK) {
    (*out)->packing = o.packing;
    fill(*out, &sorted, interface);
  }
  client_rows_clear(&sorted);
  return status;
}
