/* SPDX-License-Identifier: Apache-2.0 */
/* What the base modulus must hold for a contract (docs/math.md, "Ranges"). */
#ifndef COMPILE_ROOM_H
#define COMPILE_ROOM_H
#include "compile/compile.h"
#include "compile/stage.h"

/** What noise may add to values that go as far as they can, as a part of them. */
#define COMPILE_ROOM_FOR_NOISE (1.0 / 32.0)
/** What outputs, before the client's polynomial, may be at most in a guarded plan. */
double compile_room_band(const compile_stages *stages, const compile_options *options);
/** The largest output that the base modulus must hold for a contract. */
double compile_room_held(const compile_stages *stages, const compile_options *options,
                         compile_contract contract);
/** Bits of the base modulus beyond those of the output's scale, for an output so large: its size,
 * the growth of what travels of it, and the sign. */
int compile_room_bits(double held);
#endif
