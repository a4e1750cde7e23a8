/* SPDX-License-Identifier: Apache-2.0 */
/* For `make prove`: the world of samples and results. A small model's two layouts, and any payload
 * in a frame (which frame.c proves). */
#ifndef TESTS_PROVE_MESSAGE_H
#define TESTS_PROVE_MESSAGE_H
#include "prove/stand_in.h"
#include "wire/sample.h"

#define PAYLOAD_MOST 12000

static const uint8_t *payload;
static size_t n_payload;

/* Any payload, hashes that fit or do not, or none of it. */
ckks_status base_frame_read(base_frame *frame, const uint8_t *bytes, size_t n_bytes,
                            unsigned expected, const char *name) {
  (void)bytes;
  (void)n_bytes;
  (void)name;
  memset(frame, 0, sizeof *frame);
  if (Frama_C_interval(0, 1))
    return CKKS_ERROR_FORMAT;
  frame->kind = (base_frame_kind)expected;
  Frama_C_make_unknown((char *)frame->params_hash, sizeof frame->params_hash);
  Frama_C_make_unknown((char *)frame->plan_id, sizeof frame->plan_id);
  frame->payload = payload;
  frame->n_payload = n_payload;
  return CKKS_OK;
}

/* For readers that have threads, which these have not. */
ckks_status base_frame_read_unverified(base_frame *frame, const uint8_t *bytes, size_t n_bytes,
                                       unsigned expected, const char *name) {
  return base_frame_read(frame, bytes, n_bytes, expected, name);
}

static void ntt_forward(ring_word *out, const ring_word *in, const ring_ntt *ntt) {
  (void)in;
  (void)ntt;
  /*@ assert \valid(out + (0 .. 511)); */
  Frama_C_make_unknown((char *)out, RING_SIZE * sizeof *out);
}

/* Two primes of 40 and 36 bits; a row in one ciphertext, a batch in two for each of two outputs. */
static void build(plan_interface *interface, ckks_params *params) {
  static ring_modulus modulus[2] = {
      {.p = 1099511590913, .bits = 40, .f = 1099511590913.0, .inverse = 1.0 / 1099511590913.0},
      {.p = 68719403009, .bits = 36, .f = 68719403009.0, .inverse = 1.0 / 68719403009.0}};
  static ring_kernel kernel = {.ntt_forward = ntt_forward};
  static ring_ntt *ntt[2];
  static char name[] = "model";
  memset(params, 0, sizeof *params);
  params->ring.log2_n = 9;
  params->ring.n = RING_SIZE;
  params->ring.n_moduli = 2;
  params->ring.kernel = &kernel;
  params->ring.modulus = modulus;
  params->ring.ntt = ntt;
  params->literal.n_q = 2;
  ckks_params_limbs_single(params);
  memset(interface, 0, sizeof *interface);
  interface->literal.log2_n = 9;
  interface->params = params;
  interface->name = name;
  interface->n_features = 2;
  interface->n_outputs = 2;
  interface->layout[PLAN_LATENCY] = (plan_layout){.available = true,
                                                  .fold = 128,
                                                  .input_level = 1,
                                                  .input_scale = 1.0,
                                                  .period = 2,
                                                  .output_bits = 33};
  interface->layout[PLAN_THROUGHPUT] = (plan_layout){.available = true,
                                                     .fold = 1,
                                                     .input_level = 1,
                                                     .input_scale = 1.0,
                                                     .canaries = 32,
                                                     .output_bits = 40};
}

/*
 * Any payload of that packing (2: none), in so many cases as Eva must tell apart: rows from
 * first[i] on, or with a second, third or fourth byte; and lengths, those that are right for some
 * number of rows (`right`, rising, then a length that is not reached, then 0) and any between two
 * of them. A payload of a right length ends where its memory ends.
 */
#define ROWS_AT 4
#define N_CASES 12
#define MOST_RIGHT 5
#define N_LENGTHS (2 * MOST_RIGHT)
static void choose(int packing, int i, int length, const size_t right[MOST_RIGHT + 1]) {
  static const int first[] = {0, 1, 2, 3, 4, 5, 33, 97, 225, 256};
  static uint8_t room[PAYLOAD_MOST];
  size_t from = length > 1 ? right[length / 2 - 1] + 1 : 0, end = right[length / 2];
  n_payload = length % 2 ? end : (size_t)Frama_C_interval((int)from, (int)end - 1);
  uint8_t *bytes = length % 2 ? room + PAYLOAD_MOST - end : room;
  Frama_C_make_unknown((char *)room, PAYLOAD_MOST);
  payload = bytes;
  if (n_payload < 8)
    return;
  bytes[0] = (uint8_t)(packing < 2 ? packing : Frama_C_interval(2, 255));
  for (int k = i < 9 ? 1 : i - 7; k < 4; k++)
    bytes[ROWS_AT + k] = 0;
  if (i < 9)
    bytes[ROWS_AT] = (uint8_t)Frama_C_interval(first[i], first[i + 1] - 1);
  else
    bytes[ROWS_AT + i - 8] = (uint8_t)Frama_C_interval(1, 255);
}

/* False where there are no more lengths. */
static int read_one(int packing, int i, int length, const size_t right[MOST_RIGHT + 1],
                    void (*read)(const plan_interface *), const plan_interface *interface) {
  if (right[(length + 1) / 2] == 0) /* what is not reached */
    return 0;
  choose(packing, i, length, right);
  read(interface);
  return 1;
}

/* All cases of all packings; `right` of each packing, which a length of 0 ends. */
static void read_all(const size_t right[3][MOST_RIGHT + 1], void (*read)(const plan_interface *)) {
  static plan_interface interface;
  static ckks_params params;
  build(&interface, &params);
  /*@ loop unroll 3; */
  for (int packing = 0; packing < 3; packing++)
    /*@ loop unroll 12; */
    for (int i = 0; i < N_CASES; i++)
      /*@ loop unroll 10; */
      for (int length = 0;
           length < N_LENGTHS && read_one(packing, i, length, right[packing], read, &interface);
           length++)
        ;
}
#endif
