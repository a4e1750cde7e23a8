/* SPDX-License-Identifier: Apache-2.0 */
/* Images are rows whose features are named "y0x0", "y0x1", ... or "c0y0x0", ... */
#ifndef ENCODING_IMAGE_H
#define ENCODING_IMAGE_H
#include <stdbool.h>
#include <stddef.h>

/** Name of feature i of an image of image[0] channels, image[1] rows and image[2] columns. */
void encoding_image_name(char name[80], const size_t image[3], size_t i);
/** Whether the names are those of an image, and then its channels, rows and columns. */
bool encoding_image_shape(size_t image[3], char *const *feature, size_t n_features);
#endif
