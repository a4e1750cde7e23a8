/* SPDX-License-Identifier: Apache-2.0 */
#include "blindsight.h"

const char *blindsight_state_name(blindsight_state state) {
  static const char *const names[] = {"inside",  "clipped", "outside",
                                      "refused", "beyond",  "spoilt"};
  return (unsigned)state < sizeof names / sizeof names[0] ? names[state] : NULL;
}
