/* SPDX-License-Identifier: Apache-2.0 */
/* Features in pictures: how much hangs on each, and how many bits of it clients send. */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "cli/page/plan_page.h"
#include "cli/page/report_svg.h"

#define MOST_SHOWN 12 /* features */
#define MOST_NAME_BYTES 512

typedef struct ranked {
  size_t feature;
  double weight;
} ranked;

static int compare(const void *a, const void *b) {
  const ranked *x = a, *y = b;
  if (x->weight != y->weight)
    return x->weight < y->weight ? 1 : -1;
  return x->feature < y->feature ? -1 : x->feature > y->feature;
}

static bool has_bits(const blindsight_shape *shape, size_t n_features) {
  for (size_t f = 0; f < n_features; f++)
    if (shape->feature_inputs[f] != 1)
      return true;
  return false;
}

/* Bars point to names: each is escaped into memory of its own. */
static void set_name(cli_report_bar *bar, char *name, const char *feature) {
  base_buffer text;
  base_buffer_init(&text, MOST_NAME_BYTES - 1);
  cli_report_short_text(&text, feature, 40);
  snprintf(name, MOST_NAME_BYTES, "%.*s", (int)text.n_bytes, (const char *)text.bytes);
  base_buffer_clear(&text);
  bar->name = name;
}

static void weights(base_buffer *out, const ranked *order, size_t n, const blindsight_model *model,
                    char (*name)[MOST_NAME_BYTES]) {
  cli_report_bar bars[MOST_SHOWN] = {{0}};
  for (size_t i = 0; i < n; i++) {
    set_name(&bars[i], name[i], blindsight_model_names(model)->feature[order[i].feature]);
    bars[i].note = "";
    bars[i].value = order[i].weight;
    snprintf(bars[i].text, sizeof bars[i].text, "%.1f %%", 100.0 * order[i].weight);
  }
  base_buffer_printf(out, "<div class=\"card\"><h3>What the outputs hang on</h3>\n");
  cli_report_bars(out, "Part of the weights by feature", bars, n);
  base_buffer_printf(out, "</div>\n");
}

/* More bits than the model looks at: those that hide which they are. */
static void bits(base_buffer *out, const ranked *order, size_t n, const blindsight_model *model,
                 char (*name)[MOST_NAME_BYTES]) {
  const blindsight_shape *shape = blindsight_model_shape(model);
  cli_report_bar bars[MOST_SHOWN] = {{0}};
  char note[MOST_SHOWN][48];
  for (size_t i = 0; i < n; i++) {
    size_t f = order[i].feature;
    set_name(&bars[i], name[i], blindsight_model_names(model)->feature[f]);
    snprintf(note[i], sizeof note[i], "%zu looked at", shape->feature_used[f]);
    bars[i].note = note[i];
    bars[i].value = (double)shape->feature_inputs[f];
    bars[i].series = 1;
    snprintf(bars[i].text, sizeof bars[i].text, "%zu bits", shape->feature_inputs[f]);
  }
  base_buffer_printf(out, "<div class=\"card\"><h3>Bits that clients send</h3>\n");
  cli_report_bars(out, "Bits of edges and categories by feature", bars, n);
  base_buffer_printf(out, "</div>\n");
}

void cli_plan_features_page(base_buffer *out, const blindsight_model *model) {
  const blindsight_shape *shape = blindsight_model_shape(model);
  size_t n = blindsight_model_names(model)->n_features, shown = n < MOST_SHOWN ? n : MOST_SHOWN;
  ranked *order = base_alloc_array(n, sizeof *order);
  char(*name)[MOST_NAME_BYTES] = base_alloc_array(MOST_SHOWN, sizeof *name);
  out->failed = out->failed || order == NULL || name == NULL;
  if (!out->failed) {
    for (size_t f = 0; f < n; f++)
      order[f] = (ranked){f, shape->feature_weight[f]};
    qsort(order, n, sizeof *order, compare);
    base_buffer_printf(out, "<h2>Features</h2>\n");
    if (n > MOST_SHOWN)
      base_buffer_printf(out, "<p>The first %zu of %zu.</p>\n", shown, n);
    base_buffer_printf(out, "<div class=\"pair\">\n");
    weights(out, order, shown, model, name);
    if (has_bits(shape, n))
      bits(out, order, shown, model, name);
    base_buffer_printf(out, "</div>\n");
  }
  base_free(order);
  base_free(name);
}
