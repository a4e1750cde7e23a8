/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutional networks as models: their matrices are written down from the definition. */
#ifndef TESTS_COMPILE_CONVNETS_H
#define TESTS_COMPILE_CONVNETS_H
#include "base/alloc.h"
#include "compile/plans.h"

#define TEST_MAX_UNITS 2048

/** An image, and how the next one is made of it: pooling by `pool`, then a convolution. */
typedef struct test_convolution {
  size_t pool, channels, kernel, stride, pad;
} test_convolution;

static inline size_t test_conv_size(size_t n, const test_convolution *c) {
  return (n / c->pool + 2 * c->pad - c->kernel) / c->stride + 1;
}

/* weight[out x in] of pooling and convolution with random kernels, and the image that it makes. */
static inline void test_conv_matrix(double *weight, size_t out[3], const size_t in[3],
                                    const test_convolution *c, uint64_t *state) {
  size_t n_in = in[0] * in[1] * in[2], area = c->kernel * c->kernel;
  double *kernel = base_alloc_array(c->channels * in[0] * area, sizeof *kernel);
  memcpy(out, (size_t[]){c->channels, test_conv_size(in[1], c), test_conv_size(in[2], c)},
         3 * sizeof *out);
  for (size_t i = 0; i < c->channels * in[0] * area; i++)
    kernel[i] = test_uniform(state) / sqrt((double)(in[0] * area));
  for (size_t row = 0; row < out[0] * out[1] * out[2]; row++) {
    size_t o = row / (out[1] * out[2]), y = row / out[2] % out[1], x = row % out[2];
    for (size_t k = 0; k < in[0] * area; k++) {
      size_t i = k / area, py = y * c->stride + k % area / c->kernel - c->pad,
             px = x * c->stride + k % c->kernel - c->pad;
      if (py >= in[1] / c->pool || px >= in[2] / c->pool) /* beyond the edge, also below 0 */
        continue;
      for (size_t p = 0; p < c->pool * c->pool; p++)
        weight[row * n_in + (i * in[1] + py * c->pool + p / c->pool) * in[2] + px * c->pool +
               p % c->pool] += kernel[o * in[0] * area + k] / (double)(c->pool * c->pool);
    }
  }
  base_free(kernel);
}

static inline ckks_status test_conv_weights(network_layer *layer, size_t out[3], const size_t in[3],
                                            const test_convolution *c, uint64_t *state) {
  size_t n = layer->n_out * layer->n_in;
  double *dense = base_alloc_array(n, sizeof *dense);
  if (dense == NULL)
    return base_fail_memory(n * sizeof *dense);
  test_conv_matrix(dense, out, in, c, state);
  ckks_status status = network_layer_set_weights(layer, dense);
  base_free(dense);
  return status;
}

/* Image, convolutions with an activation each, and a dense layer of n_out units. */
static inline ckks_status test_convnet(network_model *model, const size_t image[3],
                                       const test_convolution *c, size_t n, size_t n_out,
                                       uint64_t *state) {
  size_t widths[NETWORK_MAX_LAYERS + 1] = {image[0] * image[1] * image[2]}, at[3], next[3];
  char name[80];
  memcpy(at, image, sizeof at);
  for (size_t l = 0; l < n; l++) {
    memcpy(at,
           (size_t[]){c[l].channels, test_conv_size(at[1], &c[l]), test_conv_size(at[2], &c[l])},
           sizeof at);
    widths[l + 1] = at[0] * at[1] * at[2];
  }
  widths[n + 1] = n_out;
  BASE_TRY(network_init(model, widths, n + 1));
  memcpy(at, image, sizeof at);
  for (size_t l = 0; l <= n; l++) {
    network_layer *layer = &model->layer[l];
    if (l < n) {
      BASE_TRY(test_conv_weights(layer, next, at, &c[l], state));
      memcpy(layer->image, next, sizeof next);
      memcpy(at, next, sizeof at);
      layer->activation[0].polynomial =
          (encoding_polynomial){.degree = 2, .coefficient = {0.0, 0.5, 0.25}};
    } else {
      BASE_TRY(test_draw_weights(layer, 1.0 / sqrt((double)layer->n_in), state));
    }
    for (size_t i = 0; i < layer->n_out; i++)
      layer->bias[i] = 0.5 * test_uniform(state);
  }
  for (size_t i = 0; i < widths[0]; i++) {
    encoding_image_name(name, image, i);
    BASE_TRY(encoding_names_set(&model->feature[i], name));
  }
  return CKKS_OK;
}

/* Rows of values in [-1, 1]; with 16 such rows the ranges are set. */
static inline void test_images(double *rows, size_t n_rows, const network_model *model,
                               uint64_t *state) {
  for (size_t i = 0; i < n_rows * model->n_features; i++)
    rows[i] = test_uniform(state);
}
#endif
