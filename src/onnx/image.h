/* SPDX-License-Identifier: Apache-2.0 */
/* Which tensors of a network are images: channels, rows, columns, or zeros where they are lists. */
#ifndef ONNX_IMAGE_H
#define ONNX_IMAGE_H
#include "onnx/fold.h"

/** Whether two-dimensional convolutions leave no doubt: the input is an image, rank and all. */
bool onnx_image_is_pixels(const onnx_fold *fold);
/** The input, where it could be one: 1 or 3 channels, and no signal for 1-D convolutions. */
void onnx_image_input(size_t image[3], const onnx_fold *fold);
/** A layer's tensors side by side, where they have equal rows and columns; a signal has one row. */
void onnx_image_layer(size_t image[3], const onnx_fold *fold, int layer);
#endif
