/* SPDX-License-Identifier: Apache-2.0 */
/* Ensembles against rows whose sums are known: "features; sums" a line, commas between. */
#ifndef TREES_ROWS_H
#define TREES_ROWS_H
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trees/ensemble.h"

#define MAX_NUMBERS 64

static size_t numbers(double *out, char *text) {
  size_t n = 0;
  for (char *at = text; *at != '\0' && n < MAX_NUMBERS; n++) {
    out[n] = strtod(at, &at);
    at += *at == ',';
  }
  return n;
}

/* Sums of classes whose softmax is taken mean what they mean up to a common number. */
static void compare_rows(const trees_ensemble *e, char *rows, double tolerance, const char *file) {
  size_t n_rows = 0;
  for (char *line = strtok(rows, "\n"); line != NULL; line = strtok(NULL, "\n"), n_rows++) {
    double row[MAX_NUMBERS], wanted[MAX_NUMBERS], have[MAX_NUMBERS];
    char *sums = strchr(line, ';');
    assert_non_null(sums);
    *sums = '\0';
    assert_int_equal(numbers(row, line), e->n_features);
    assert_int_equal(numbers(wanted, sums + 1), e->n_outputs);
    trees_ensemble_forward(have, row, e);
    double common = e->meaning.end == ENCODING_END_SOFTMAX ? wanted[0] - have[0] : 0.0;
    for (size_t k = 0; k < e->n_outputs; k++)
      if (!(fabs(have[k] + common - wanted[k]) <= tolerance * fmax(1.0, fabs(wanted[k]))))
        fail_msg("%s, row %zu, output %zu: %.17g where %.17g is right", file, n_rows, k,
                 have[k] + common, wanted[k]);
  }
  assert_true(n_rows >= 6);
}
#endif
