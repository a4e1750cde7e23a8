/* SPDX-License-Identifier: Apache-2.0 */
/* For `make prove`: a sample whose payload is any bytes, read for a small model: up to four rows or
 * one batch that are whole, and whatever is refused. */
#include "prove/message.h"
#include "prove/one_thread.h"

static ring_word words[2][2][RING_SIZE];
static ckks_ciphertext ciphertext;

/* The arrays of ciphertexts and of what became of them: zeroed, with nothing behind them, and may
 * fail. */
void *base_alloc_array(size_t n, size_t size) {
  static ckks_ciphertext *room[4];
  static ckks_status status[4];
  if (size == sizeof *status) {
    /*@ assert n <= 4; */
    memset(status, 0, sizeof status);
    return Frama_C_interval(0, 1) ? status + 4 - n : NULL;
  }
  /*@ assert n <= 4 && size == sizeof(void *); */
  memset(room, 0, sizeof room);
  return Frama_C_interval(0, 1) ? room + 4 - n : NULL;
}

ckks_status ckks_ciphertext_build_at(ckks_ciphertext **out, const ckks_params *params,
                                     int max_level, int max_parts) {
  (void)params;
  *out = NULL;
  if (Frama_C_interval(0, 1))
    return CKKS_ERROR_MEMORY;
  /*@ assert max_level == 1 && max_parts == 2; */
  memset(&ciphertext, 0, sizeof ciphertext);
  for (int i = 0; i < 2; i++)
    ciphertext.part[i] = (ring_poly){words[i][0], RING_SIZE, 2};
  *out = &ciphertext;
  return CKKS_OK;
}

void ckks_ciphertext_free(ckks_ciphertext *unused) {
  (void)unused;
}

void ckks_seed_expand(ring_poly *out, int n_limbs, const uint8_t seed[RAND_SEED_BYTES],
                      const ckks_params *params) {
  (void)params;
  /*@ assert n_limbs == 2 && \valid_read(seed + (0 .. 31)) && \valid(out); */
}

static void read_payload(const plan_interface *interface) {
  wire_sample sample;
  if (wire_sample_read(&sample, payload, n_payload, "sample", interface) == CKKS_OK)
    wire_sample_clear(&sample);
}

int main(void) {
  /* Those of one to four rows, of a batch. */
  static const size_t right[3][MOST_RIGHT + 1] = {{98, 168, 238, 308, 378}, {9820, 12000}, {12000}};
  read_all(right, read_payload);
  return 0;
}
