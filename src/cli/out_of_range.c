/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/out_of_range.h"

#include <math.h>

#define MOST_WARNINGS 20

static void warn(size_t row, const blindsight_sorted *sorted, const blindsight_rows *rows,
                 const char *path, const blindsight_names *names) {
  const blindsight_outlier *outlier = &sorted->outlier[row];
  const char *feature = names->feature[outlier->feature];
  const char *state = blindsight_state_name(sorted->state[row]);
  if (isnan(outlier->value) && sorted->state[row] == BLINDSIGHT_REFUSED)
    cli_print_warning(
        "%s: row %zu (line %zu) is %s: column \"%s\" is missing, and this model needs "
        "it",
        path, rows->index[row], rows->line[row], state, feature);
  else
    cli_print_warning("%s: row %zu (line %zu) is %s: column \"%s\" is %g; the model answers for %g "
                      "to %g",
                      path, rows->index[row], rows->line[row], state, feature, outlier->value,
                      outlier->low, outlier->high);
}

void cli_out_of_range_warn(const blindsight_sorted *sorted, const blindsight_rows *rows,
                           const char *path, const blindsight_names *names) {
  size_t n = 0;
  for (size_t row = 0; row < sorted->n_rows; row++)
    if (sorted->state[row] != BLINDSIGHT_INSIDE && n++ < MOST_WARNINGS)
      warn(row, sorted, rows, path, names);
  if (n > MOST_WARNINGS)
    cli_print_warning("%s: so are %zu more rows", path, n - MOST_WARNINGS);
}

json_t *cli_out_of_range_json(const blindsight_sorted *sorted, const blindsight_rows *rows,
                              const blindsight_names *names) {
  json_t *list = json_array();
  for (size_t row = 0; row < sorted->n_rows; row++) {
    const blindsight_outlier *outlier = &sorted->outlier[row];
    if (sorted->state[row] == BLINDSIGHT_INSIDE)
      continue;
    json_array_append_new(list, json_pack("{s:I, s:I, s:s, s:s, s:o, s:o, s:o}", "row",
                                          (json_int_t)row, "line", (json_int_t)rows->line[row],
                                          "state", blindsight_state_name(sorted->state[row]),
                                          "feature", names->feature[outlier->feature], "value",
                                          cli_print_number(outlier->value), "low",
                                          cli_print_number(outlier->low), "high",
                                          cli_print_number(outlier->high)));
  }
  return list;
}
