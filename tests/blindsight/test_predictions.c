/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "blindsight/fixture.h"
#include "blindsight/objects.h"

static void the_first_of_the_largest_is_chosen(void **state) {
  (void)state;
  blindsight_predictions *p;
  assert_int_equal(blindsight_predictions_build(&p, 4, 3), CKKS_OK);
  const double outputs[] = {1, 2, 3, 3, 2, 3, -3, -1, -2, 0, 0, 0};
  const size_t largest[] = {2, 0, 1, 0};
  for (size_t i = 0; i < 12; i++)
    assert_true(p->output[i] == 0);
  memcpy(p->output, outputs, sizeof outputs);
  assert_int_equal(blindsight_predictions_finish(&p, CKKS_OK, ENCODING_CLASSES), CKKS_OK);
  assert_memory_equal(p->largest, largest, sizeof largest);
  assert_memory_equal(p->output, outputs, sizeof outputs);
  p->output[3] = NAN; /* no label beside NaN, none for values */
  assert_int_equal(blindsight_predictions_finish(&p, CKKS_OK, ENCODING_CLASSES), CKKS_OK);
  assert_true(p->largest[0] == 2 && p->largest[1] == SIZE_MAX);
  assert_int_equal(blindsight_predictions_finish(&p, CKKS_OK, ENCODING_VALUES), CKKS_OK);
  assert_true(p->largest[0] == SIZE_MAX);
  blindsight_predictions_free(p);
}

static void sizes_that_cannot_be_are_refused(void **state) {
  (void)state;
  blindsight_predictions *p;
  assert_int_equal(blindsight_predictions_build(&p, SIZE_MAX / 8, 2), CKKS_ERROR_MEMORY);
  assert_null(p);
  assert_survives_failing_memory(blindsight_predictions_build(&p, 2, 2), assert_null(p));
  blindsight_predictions_free(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_of_the_largest_is_chosen),
      cmocka_unit_test(sizes_that_cannot_be_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
