/* SPDX-License-Identifier: Apache-2.0 */
#include <png.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "table/png.h"

bool table_png_is(const uint8_t *bytes, size_t n_bytes) {
  static const uint8_t magic[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  return n_bytes >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

/* Sizes are known before pixels are made: a small file cannot ask for much memory. */
static ckks_status read_pixels(uint8_t *pixels, png_image *image, const size_t shape[3],
                               const char *name) {
  if (image->width != shape[2] || image->height != shape[1])
    return base_fail(CKKS_ERROR_FORMAT, "%s: %u x %u pixels where the model takes %zu x %zu", name,
                     (unsigned)image->width, (unsigned)image->height, shape[2], shape[1]);
  image->format = shape[0] == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_color black = {0, 0, 0};
  if (!png_image_finish_read(image, &black, pixels, 0, NULL))
    return base_fail(CKKS_ERROR_FORMAT, "%s: %s", name, image->message);
  return CKKS_OK;
}

/* PNG has the channels of a pixel side by side, networks want them one after the other. */
ckks_status table_png_read(double *row, const size_t shape[3], const uint8_t *bytes, size_t n_bytes,
                           const char *name) {
  png_image image = {.version = PNG_IMAGE_VERSION};
  size_t n = shape[1] * shape[2], channels = shape[0];
  if (channels != 1 && channels != 3)
    return base_fail(CKKS_ERROR_FORMAT, "%s: the model takes %zu channels; a PNG has 1 or 3", name,
                     channels);
  if (!png_image_begin_read_from_memory(&image, bytes, n_bytes))
    return base_fail(CKKS_ERROR_FORMAT, "%s: %s", name, image.message);
  uint8_t *pixels = base_alloc(n * channels);
  ckks_status status =
      pixels != NULL ? read_pixels(pixels, &image, shape, name) : base_fail_memory(n * channels);
  for (size_t i = 0; i < n * channels && status == CKKS_OK; i++)
    row[i] = pixels[i % n * channels + i / n];
  if (pixels != NULL)
    base_wipe(pixels, n * channels);
  base_free(pixels);
  png_image_free(&image);
  return status;
}
