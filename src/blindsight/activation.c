/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "blindsight/objects.h"

_Static_assert(BLINDSIGHT_MAX_DEGREE == ENCODING_MAX_DEGREE &&
                   BLINDSIGHT_MAX_POWERS == ENCODING_MAX_POWERS,
               "degrees of activations");
_Static_assert(BLINDSIGHT_MAX_WIDTH == NETWORK_MAX_WIDTH, "units of a layer");
_Static_assert(BLINDSIGHT_MAX_LAYERS == NETWORK_MAX_LAYERS, "layers of a model");

int blindsight_activation(double coefficient[BLINDSIGHT_MAX_POWERS + 1], const char *name) {
  encoding_polynomial p;
  if (coefficient == NULL)
    return 0;
  memset(coefficient, 0, (BLINDSIGHT_MAX_POWERS + 1) * sizeof *coefficient);
  if (name == NULL || !encoding_polynomial_named(&p, name))
    return 0;
  memcpy(coefficient, p.coefficient, ((size_t)p.degree + 1) * sizeof *coefficient);
  return p.degree;
}
