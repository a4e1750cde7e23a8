/* SPDX-License-Identifier: Apache-2.0 */
/* Samples and results of the golden plan, and fields of them that lie. */
#ifndef TESTS_WIRE_MESSAGES_H
#define TESTS_WIRE_MESSAGES_H
#include "plan/files.h"
#include "wire/fixture.h"
#include "wire/sample.h"

static inline void golden_interface(plan_interface *interface) {
  size_t n;
  uint8_t *bytes = golden_file("plan.client", &n);
  assert_int_equal(plan_files_client_parse(interface, bytes, n, "plan.client"), CKKS_OK);
  base_free(bytes);
}

/* A little-endian field of the payload that says something else, its frame made whole again. */
typedef struct lie {
  size_t at, n_field;
  uint32_t value;
} lie;

typedef ckks_status (*message_reader)(const uint8_t *bytes, size_t n_bytes,
                                      const plan_interface *interface);

/* Each lie by itself is refused as what it is; so is a message that is shorter or longer. */
static inline void assert_lies_refused(message_reader read, const uint8_t *bytes, size_t n_bytes,
                                       const lie *lies, size_t n_lies,
                                       const plan_interface *interface) {
  assert_int_equal(read(bytes, n_bytes, interface), CKKS_OK);
  for (size_t i = 0; i < n_lies; i++) {
    uint8_t *damaged = base_alloc(n_bytes);
    memcpy(damaged, bytes, n_bytes);
    for (size_t k = 0; k < lies[i].n_field; k++)
      damaged[PAYLOAD + lies[i].at + k] = (uint8_t)(lies[i].value >> 8 * k);
    repair_frame(damaged, n_bytes);
    if (read(damaged, n_bytes, interface) != CKKS_ERROR_FORMAT)
      fail_msg("%u at %zu is believed", lies[i].value, lies[i].at);
    base_free(damaged);
  }
  for (size_t n = n_bytes - 1; n <= n_bytes + 1; n += 2) {
    uint8_t *other = base_alloc(n);
    memcpy(other, bytes, n < n_bytes ? n : n_bytes);
    repair_frame(other, n);
    assert_int_equal(read(other, n, interface), CKKS_ERROR_FORMAT);
    base_free(other);
  }
}
#endif
