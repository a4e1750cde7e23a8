/* SPDX-License-Identifier: Apache-2.0 */
#include "encoding/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"

/* One judge of names, for models, tables and forms alike; base_is_text judges the bytes. */
ckks_status encoding_names_check(const char *text, const char *field) {
  if (text == NULL || text[0] == '\0')
    return base_fail(CKKS_ERROR_FORMAT, "%s: empty", field);
  size_t n_bytes = strlen(text);
  if (n_bytes > ENCODING_MAX_NAME_BYTES)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu bytes where at most %d are allowed", field,
                     n_bytes, ENCODING_MAX_NAME_BYTES);
  if (!base_is_text(text, n_bytes))
    return base_fail(CKKS_ERROR_FORMAT, "%s: not printable UTF-8 text", field);
  return CKKS_OK;
}

/* The copy comes first: when there is no memory the old text stays. */
ckks_status encoding_names_set(char **field, const char *text) {
  char *copy = base_strdup(text);
  if (copy == NULL)
    return base_fail_memory(strlen(text) + 1);
  base_free(*field);
  *field = copy;
  return CKKS_OK;
}

/* --------------------------------------------------------------------- lists */

ckks_status encoding_names_init(char ***names, const char *prefix, size_t n) {
  *names = base_alloc_array(n, sizeof **names);
  if (*names == NULL)
    return base_fail_memory(n * sizeof **names);
  for (size_t i = 0; i < n; i++) {
    char text[32];
    snprintf(text, sizeof text, "%s%zu", prefix, i);
    BASE_TRY(encoding_names_set(&(*names)[i], text));
  }
  return CKKS_OK;
}

void encoding_names_free(char **names, size_t n) {
  for (size_t i = 0; names != NULL && i < n; i++)
    base_free(names[i]);
  base_free(names);
}

/* Bytes, not a locale: the order is the same everywhere. */
static int compare_texts(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, for 4096 names by pairs would be eight million comparisons each time. */
static ckks_status check_distinct(char *const *names, size_t n, const char *field) {
  char **sorted = base_alloc_array(n, sizeof *sorted);
  if (sorted == NULL)
    return base_fail_memory(n * sizeof *sorted);
  memcpy(sorted, names, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, compare_texts);
  ckks_status status = CKKS_OK;
  for (size_t i = 1; i < n && status == CKKS_OK; i++)
    if (strcmp(sorted[i - 1], sorted[i]) == 0)
      status = base_fail(CKKS_ERROR_FORMAT, "%s: \"%s\" occurs twice", field, sorted[i]);
  base_free(sorted);
  return status;
}

/* Each name by itself first: the message about a bad one can then say which it is. */
ckks_status encoding_names_check_list(char *const *names, size_t n, const char *field) {
  for (size_t i = 0; i < n; i++) {
    char path[64];
    snprintf(path, sizeof path, "%s[%zu]", field, i);
    BASE_TRY(encoding_names_check(names[i], path));
  }
  return n > 0 ? check_distinct(names, n, field) : CKKS_OK; /* none: there may be no array */
}
