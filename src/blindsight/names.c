/* SPDX-License-Identifier: Apache-2.0 */
#include "blindsight/objects.h"

_Static_assert((int)BLINDSIGHT_CLASSES == (int)ENCODING_CLASSES &&
                   (int)BLINDSIGHT_VALUES == (int)ENCODING_VALUES &&
                   (int)BLINDSIGHT_LABELS == (int)ENCODING_LABELS &&
                   BLINDSIGHT_NO_LABEL == ENCODING_NOTHING,
               "what outputs are");

blindsight_names blindsight_names_view(const char *name, char *const *feature, size_t n_features,
                                       char *const *label, size_t n_labels,
                                       const encoding_meaning *meaning,
                                       const encoding_input *input) {
  return (blindsight_names){.name = name,
                            .n_features = n_features,
                            .n_labels = n_labels,
                            .feature = (const char *const *)feature,
                            .label = (const char *const *)label,
                            .kind = (blindsight_kind)meaning->kind,
                            .end = encoding_meaning_end_name(meaning->end),
                            .complete = meaning->complete,
                            .encoding = (const struct blindsight_encoding *)(const void *)input};
}

const char *const *blindsight_names_categories(size_t *n, const blindsight_names *names,
                                               size_t feature) {
  if (n != NULL)
    *n = 0;
  if (n == NULL || names == NULL || names->encoding == NULL)
    return NULL;
  const encoding_input *input = (const encoding_input *)(const void *)names->encoding;
  if (feature >= input->n_features || input->feature[feature].kind != ENCODING_CATEGORIES)
    return NULL;
  *n = input->feature[feature].n_values;
  return (const char *const *)input->feature[feature].category;
}
