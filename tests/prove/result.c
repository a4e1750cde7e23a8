/* SPDX-License-Identifier: Apache-2.0 */
/* For `make prove`: a result whose payload is any bytes, read for a small model: up to four rows or
 * one batch that are whole, and whatever is refused. */
#include "prove/message.h"

/* Arrays by what they hold, zeroed, with nothing behind them, and may fail. */
void *base_alloc_array(size_t n, size_t size) {
  static wire_sparse sparse[4];
  static ring_word c0[RING_SIZE], c1[RING_SIZE];
  if (Frama_C_interval(0, 1))
    return NULL;
  if (size == sizeof *sparse) {
    /*@ assert n <= 4; */
    memset(sparse, 0, sizeof sparse);
    return sparse + 4 - n;
  }
  /*@ assert n <= 512 && size == 8; */
  ring_word *words = n == RING_SIZE ? c1 : c0;
  Frama_C_make_unknown((char *)words, sizeof c0);
  return words + RING_SIZE - n;
}

static void read_payload(const plan_interface *interface) {
  wire_result result;
  if (wire_result_read(&result, payload, n_payload, "result", interface) == CKKS_OK)
    wire_result_clear(&result);
}

int main(void) {
  /* Those of one to four rows, of batches of up to 32, 96, 224 rows. */
  static const size_t right[3][MOST_RIGHT + 1] = {
      {2149, 4270, 6391, 8512, 10633}, {5788, 6428, 7708, 12000}, {12000}};
  read_all(right, read_payload);
  return 0;
}
