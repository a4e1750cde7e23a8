/* SPDX-License-Identifier: Apache-2.0 */
/* Compiling says what it tries and how much of it, and stops wherever it is told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/status.h"
#include "compile/compile.h"
#include "compile/plans.h"

typedef struct watching {
  int calls, stages, stop_at; /* 0 = never */
  double last;
  char stage[64];
} watching;

static int watch(void *context, const char *stage, double fraction) {
  watching *w = context;
  assert_true(fraction >= 0.0 && fraction <= 1.0);
  if (strcmp(stage, w->stage) != 0) {
    snprintf(w->stage, sizeof w->stage, "%s", stage);
    w->stages++;
  } else if (fraction > 0.0) {
    assert_true(fraction >= w->last); /* what begins anew begins at 0 */
  }
  w->last = fraction;
  return ++w->calls == w->stop_at;
}

static ckks_status compiled(watching *w, double error) {
  uint64_t state = 5;
  network_model model;
  plan_plan plan;
  compile_options options;
  compile_options_default(&options);
  options.log2_n = 13;
  options.headroom = 30;
  options.error = error;
  options.progress = watch;
  options.progress_context = w;
  assert_int_equal(test_network(&model, &state), CKKS_OK);
  test_calibrate(&model, &state);
  model.fitted_error = 3.24e-3;
  ckks_status status = compile_model(&plan, &model, &options);
  if (status == CKKS_OK)
    plan_clear(&plan);
  network_clear(&model);
  return status;
}

static void it_says_what_is_tried(void **unused) {
  (void)unused;
  watching w = {0};
  assert_int_equal(compiled(&w, 0.0), CKKS_OK);
  assert_true(w.calls > 50 && w.stages >= 4);
  assert_string_equal(w.stage, "writing the programs");
}

/* Also in the searches that are allowed to find nothing: for a coarser error, for the price. */
static void it_stops_wherever_it_is_told_to(void **unused) {
  (void)unused;
  watching all = {0};
  assert_int_equal(compiled(&all, 0.0), CKKS_OK);
  for (int i = 0; i <= 12; i++) {
    int at = i == 12 ? all.calls : 1 + i * (all.calls - 1) / 12;
    watching w = {.stop_at = at};
    assert_int_equal(compiled(&w, 0.0), CKKS_ERROR_CANCELLED);
    assert_int_equal(w.calls, at);
    assert_non_null(strstr(ckks_last_error(), "compiling was stopped"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_says_what_is_tried),
      cmocka_unit_test(it_stops_wherever_it_is_told_to),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
