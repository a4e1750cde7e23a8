/* SPDX-License-Identifier: Apache-2.0 */
/* Unit costs as blindsight.h shows them, and as the compiler takes them. */
#ifndef BLINDSIGHT_UNITS_H
#define BLINDSIGHT_UNITS_H
#include "blindsight/objects.h"
#include "compile/units.h"

/** The compiler's own form of what the library made. */
const compile_units *blindsight_units_values(const blindsight_units *units);
#endif
