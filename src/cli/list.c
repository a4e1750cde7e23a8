/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "cli/csv.h"
#include "cli/output.h"

#define MAX_BYTES ((size_t)1 << 28)
static const char head[] = "row,state,feature,value,low,high\n";

char *cli_list_name(const char *message, const char *ending) {
  size_t n = strlen(message), n_ending = strlen(ending);
  char *stem = base_strdup(message);
  if (stem == NULL)
    return NULL;
  if (n > n_ending && strcmp(message + n - n_ending, ending) == 0)
    stem[n - n_ending] = '\0';
  char *name = cli_output_name(stem, ".rows");
  base_free(stem);
  return name;
}

ckks_status cli_list_check(const char *path) {
  char start[sizeof head] = "";
  struct stat info;
  if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
    return CKKS_OK; /* not there, or cli_output_check's */
  FILE *file = fopen(path, "rb");
  if (file == NULL)
    return CKKS_OK;
  size_t n = fread(start, 1, sizeof head - 1, file);
  fclose(file);
  if (n == 0 || strcmp(start, head) == 0)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_IO,
                   "%s: is no list of rows, and would be written over: --list FILE names another",
                   path);
}

/* --- writing */

static void put_row(base_buffer *out, size_t row, size_t number, const blindsight_sorted *sorted,
                    const blindsight_names *names) {
  const blindsight_outlier *outlier = &sorted->outlier[row];
  base_buffer_printf(out, "%zu,%s", number, blindsight_state_name(sorted->state[row]));
  if (sorted->state[row] == BLINDSIGHT_INSIDE) {
    base_buffer_printf(out, ",,,,\n");
    return;
  }
  base_buffer_u8(out, ',');
  cli_csv_label(out, names->feature[outlier->feature]);
  const double numbers[] = {outlier->value, outlier->low, outlier->high};
  for (int i = 0; i < 3; i++) {
    base_buffer_u8(out, ',');
    cli_csv_number(out, numbers[i]);
  }
  base_buffer_u8(out, '\n');
}

ckks_status cli_list_write(const char *path, const blindsight_sorted *sorted, size_t first,
                           const blindsight_names *names) {
  base_buffer text;
  base_buffer_init(&text, MAX_BYTES);
  base_buffer_printf(&text, "%s", head);
  for (size_t row = 0; row < sorted->n_rows; row++)
    put_row(&text, row, first + row, sorted, names);
  ckks_status status = base_buffer_status(&text);
  if (status == CKKS_OK)
    status = base_file_write(path, text.bytes, text.n_bytes, 0600);
  base_buffer_clear(&text);
  return status;
}

/* --- reading */

/* "17,refused,": what stands behind that is for people. */
static bool read_line(blindsight_state *state, size_t row, const char *line) {
  char *end;
  if (line[0] < '0' || line[0] > '9' || strtoull(line, &end, 10) != row || *end != ',')
    return false;
  for (int i = BLINDSIGHT_INSIDE; i <= BLINDSIGHT_REFUSED; i++) {
    const char *name = blindsight_state_name((blindsight_state)i);
    size_t n = strlen(name);
    if (strncmp(end + 1, name, n) != 0 || end[1 + n] != ',')
      continue;
    *state = (blindsight_state)i;
    return true;
  }
  return false;
}

static size_t count_lines(const char *text) {
  size_t n = 0;
  for (; (text = strchr(text, '\n')) != NULL; text++)
    n++;
  return n;
}

static ckks_status read_text(cli_list *list, const char *text, const char *path) {
  size_t n_lines = count_lines(text);
  if (strncmp(text, head, sizeof head - 1) != 0 || n_lines < 2)
    return base_fail(CKKS_ERROR_FORMAT, "%s: no list of rows, as 'blindsight encrypt' writes it",
                     path);
  list->n_rows = n_lines - 1;
  list->state = base_alloc_array(list->n_rows, sizeof *list->state);
  if (list->state == NULL)
    return base_fail_memory(list->n_rows * sizeof *list->state);
  const char *line = text + sizeof head - 1;
  if (line[0] >= '0' &&
      line[0] <= '9') /* rows of one sample of several; what is none fails below */
    list->first = strtoull(line, NULL, 10);
  if (list->first > SIZE_MAX - list->n_rows)
    return base_fail(CKKS_ERROR_FORMAT, "%s: line 2: no number of a row", path);
  for (size_t row = 0; row < list->n_rows; row++, line = strchr(line, '\n') + 1)
    if (!read_line(&list->state[row], list->first + row, line))
      return base_fail(CKKS_ERROR_FORMAT, "%s: line %zu: must begin with \"%zu,\" and a state",
                       path, row + 2, list->first + row);
  return *line == '\0' ? CKKS_OK
                       : base_fail(CKKS_ERROR_FORMAT, "%s: ends in the middle of a line", path);
}

ckks_status cli_list_read(cli_list *list, const char *path) {
  uint8_t *bytes;
  size_t n_bytes;
  *list = (cli_list){0};
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, MAX_BYTES));
  char *text = base_alloc(n_bytes + 1); /* zeroed, so it ends */
  ckks_status status = text != NULL ? CKKS_OK : base_fail_memory(n_bytes + 1);
  if (status == CKKS_OK) {
    memcpy(text, bytes, n_bytes);
    status = read_text(list, text, path);
  }
  base_free(text);
  base_free(bytes);
  return status;
}

void cli_list_clear(cli_list *list) {
  base_free(list->state);
  *list = (cli_list){0};
}
