/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/room.h"

#include <math.h>

#include "compile/padded.h"

#define LEAST_GUARD_BITS 1.0

double compile_room_band(const compile_stages *stages, const compile_options *options) {
  bool batches = options->throughput && !compile_skip_any(stages);
  /* Slots without a row are inside. */
  double least = batches ? (1.0 + COMPILE_ROOM_FOR_NOISE) * stages->reach.padding : 0.0;
  return fmax(stages->max_abs_output * options->headroom, least);
}

/*
 * Bits between the band and half the base modulus for a chance of 2^-PLAN_MISS_BITS (plan/box.c).
 * A slot that holds no output tells a wrap by anything larger than errors are.
 */
static double guard_bits(const compile_stages *stages, const compile_options *options) {
  double band = compile_room_band(stages, options);
  double n_outputs = (double)stages->stage[stages->n_stages - 1].n_out;
  double period = (double)compile_padded((size_t)n_outputs + 1);
  double empty = -log2(fmin(8.0 * options->error * fmax(1.0, 1.0 / band), 1.0));
  double bits = (PLAN_MISS_BITS - (period - n_outputs) * empty) / period;
  return fmax(fmax(bits, LEAST_GUARD_BITS), options->guard_bits);
}

/* The last constant, which is encoded at the base prime: terms that cancel may leave less. */
static double last_bias(const compile_stages *stages) {
  const compile_stage *last = &stages->stage[stages->n_stages - 1];
  double most = 0.0;
  for (size_t i = 0; i < last->n_out && last->kind == COMPILE_STAGE_LAST; i++)
    most = fmax(most, fabs(last->bias[i]));
  return (1.0 + COMPILE_ROOM_FOR_NOISE) * most;
}

static double room_of(const compile_stages *stages, const compile_options *options,
                      compile_contract contract) {
  switch (contract) {
  case COMPILE_CONTRACT_AUTO:
  case COMPILE_CONTRACT_CERTIFIED:
    return (1.0 + COMPILE_ROOM_FOR_NOISE) * stages->reach.output;
  case COMPILE_CONTRACT_GUARDED:
    return compile_room_band(stages, options) * exp2(guard_bits(stages, options));
  case COMPILE_CONTRACT_ASSUMED:
    break;
  }
  return stages->max_abs_output * options->headroom;
}

double compile_room_held(const compile_stages *stages, const compile_options *options,
                         compile_contract contract) {
  return fmax(room_of(stages, options, contract), last_bias(stages));
}

int compile_room_bits(double held) {
  return 1 + (int)ceil(log2(PLAN_BOX_GROWTH * fmax(held, 1.0)));
}
