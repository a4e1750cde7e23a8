/* SPDX-License-Identifier: Apache-2.0 */
/* Step 5, the client: the harness's text, bytes divided by 255 with six digits, is bytes again. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "suite.h"

static uint8_t pixel(char **at, const char *path, size_t image, size_t i) {
  char *end;
  double value = strtod(*at, &end);
  if (end == *at)
    suite_fail("%s: image %zu ends at pixel %zu of %d", path, image + 1, i, SUITE_PIXELS);
  if (!(value >= 0 && value <= 1))
    suite_fail("%s: image %zu, pixel %zu is %g: must be 0 to 1", path, image + 1, i + 1, value);
  *at = end;
  return (uint8_t)lround(255 * value);
}

int main(int argc, char **argv) {
  const suite_size *size = suite_argument(argc, argv);
  uint8_t *text;
  size_t n_bytes = size->n_images * SUITE_PIXELS, n_text;
  suite_path path;
  snprintf(path, sizeof path, "datasets/%s/intermediate/test_pixels.txt", size->name);
  suite_read(&text, &n_text, path, false);
  uint8_t *bytes = malloc(n_bytes);
  if (bytes == NULL)
    suite_fail("no memory for %zu images", size->n_images);
  char *at = (char *)text;
  for (size_t i = 0; i < n_bytes; i++)
    bytes[i] = pixel(&at, path, i / SUITE_PIXELS, i % SUITE_PIXELS);
  char *end;
  strtod(at, &end);
  if (end != at)
    suite_fail("%s: more than %zu images", path, size->n_images);
  suite_folder(size, "intermediate");
  suite_io(path, size, "intermediate/pixels");
  suite_write(path, bytes, n_bytes);
  free(bytes);
  free(text);
  return 0;
}
