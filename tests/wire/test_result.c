/* SPDX-License-Identifier: Apache-2.0 */
/* Results: a header that lies is not believed. What they hold: tests/exec. */
#include "wire/messages.h"

/* u8 packing, u8 rows repeated, u16 zero, u32 rows, u32 ciphertexts, 16 owner */
enum { AT_PACKING, AT_REPEATS, AT_ZERO, AT_ROWS = 4, AT_COUNT = 8, AT_OWNER = 12 };

static ckks_status read_result(const uint8_t *bytes, size_t n_bytes,
                               const plan_interface *interface) {
  wire_result result;
  ckks_status status = wire_result_read(&result, bytes, n_bytes, "result", interface);
  wire_result_clear(&result);
  return status;
}

static void lies_are_refused(void **unused) {
  (void)unused;
  plan_interface interface;
  size_t n_bytes;
  golden_interface(&interface);
  uint8_t *bytes = golden_file("plan.result", &n_bytes);
  uint32_t rows = bytes[PAYLOAD + AT_ROWS], count = bytes[PAYLOAD + AT_COUNT];
  const lie lies[] = {
      {AT_PACKING, 1, PLAN_N_PACKINGS},
      {AT_PACKING, 1, 255},
      {AT_REPEATS, 1, 2},
      {AT_REPEATS, 1, bytes[PAYLOAD + AT_PACKING] != PLAN_THROUGHPUT},
      {AT_ZERO, 2, 1},
      {AT_ZERO, 2, 0x8000},
      {AT_ROWS, 4, 0},
      {AT_ROWS, 4, rows + 1},
      {AT_ROWS, 4, rows - 1},
      {AT_ROWS, 4, WIRE_MAX_ROWS + 1},
      {AT_ROWS, 4, UINT32_MAX},
      {AT_COUNT, 4, 0},
      {AT_COUNT, 4, count + 1},
      {AT_COUNT, 4, count - 1},
      {AT_COUNT, 4, UINT32_MAX},
  };
  assert_lies_refused(read_result, bytes, n_bytes, lies, sizeof lies / sizeof lies[0], &interface);
  base_free(bytes);
  plan_interface_clear(&interface);
}

static void the_header_is_told(void **unused) {
  (void)unused;
  plan_interface interface;
  wire_result result;
  size_t n_bytes;
  golden_interface(&interface);
  uint8_t *bytes = golden_file("plan.result", &n_bytes);
  assert_int_equal(wire_result_read(&result, bytes, n_bytes, "result", &interface), CKKS_OK);
  assert_int_equal(result.packing, bytes[PAYLOAD + AT_PACKING]);
  assert_int_equal(result.n_rows, bytes[PAYLOAD + AT_ROWS]);
  assert_int_equal(result.n_ciphertexts, bytes[PAYLOAD + AT_COUNT]);
  assert_memory_equal(result.owner, bytes + PAYLOAD + AT_OWNER, CKKS_OWNER_BYTES);
  wire_result_clear(&result);
  base_free(bytes);
  plan_interface_clear(&interface);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lies_are_refused),
      cmocka_unit_test(the_header_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
