/* SPDX-License-Identifier: Apache-2.0 */
/* Images are rows whose features are named after pixels. */
#include "encoding/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encoding/encoding.h"

void encoding_image_name(char name[80], const size_t image[3], size_t i) {
  size_t x = i % image[2], y = i / image[2] % image[1], channel = i / (image[1] * image[2]);
  if (image[0] == 1)
    snprintf(name, 80, "y%zux%zu", y, x);
  else
    snprintf(name, 80, "c%zuy%zux%zu", channel, y, x);
}

/* A letter and a number after it; moves *at behind them. */
static bool read_index(size_t *index, const char **at, char letter) {
  char *end;
  if (**at != letter || (*at)[1] < '0' || (*at)[1] > '9')
    return false;
  *index = strtoul(*at + 1, &end, 10);
  *at = end;
  return *index < ENCODING_MAX_FEATURES;
}

/* The last name tells how large the image must be; then all of them must be as it says. */
bool encoding_image_shape(size_t image[3], char *const *feature, size_t n_features) {
  size_t last[3] = {0};
  const char *at = feature[n_features - 1];
  if ((*at == 'c' && !read_index(&last[0], &at, 'c')) || !read_index(&last[1], &at, 'y') ||
      !read_index(&last[2], &at, 'x') || *at != '\0')
    return false;
  for (int i = 0; i < 3; i++)
    image[i] = last[i] + 1;
  if (image[0] * image[1] * image[2] != n_features)
    return false;
  for (size_t i = 0; i < n_features; i++) {
    char name[80];
    encoding_image_name(name, image, i);
    if (strcmp(name, feature[i]) != 0)
      return false;
  }
  return true;
}
