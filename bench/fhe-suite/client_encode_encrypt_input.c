/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 6, the client: samples. Few images are ciphertexts of their own, in one sample; many go in
 * batches of a sample each, so that neither side needs memory for more than one.
 */
#include <stdlib.h>

#include "suite.h"

static void encrypt(const suite_size *size, size_t number, const uint8_t *pixel, size_t n_images,
                    const ckks_secret_key *secret, const blindsight_client *client) {
  double *row = malloc(n_images * SUITE_PIXELS * sizeof *row);
  if (row == NULL)
    suite_fail("no memory for %zu images", n_images);
  for (size_t i = 0; i < n_images * SUITE_PIXELS; i++)
    row[i] = pixel[i];
  uint8_t *sample;
  size_t n_sample;
  suite_path path;
  suite_io(path, size, "ciphertexts_upload/sample_%zu", number);
  suite_check(blindsight_client_encrypt(&sample, &n_sample, NULL, row, n_images, size->packing,
                                        secret, client),
              path);
  suite_write(path, sample, n_sample);
  ckks_bytes_free(sample);
  free(row);
}

int main(int argc, char **argv) {
  const suite_size *size = suite_argument(argc, argv);
  blindsight_client *client = suite_client(size);
  ckks_secret_key *secret;
  uint8_t *pixel;
  size_t n_bytes;
  suite_path path;
  suite_io(path, size, "secret_key/secret.key");
  suite_check(blindsight_client_load_key(&secret, path, client), path);
  suite_io(path, size, "intermediate/pixels");
  suite_read(&pixel, &n_bytes, path, false);
  if (n_bytes != size->n_images * SUITE_PIXELS)
    suite_fail("%s: %zu bytes, %zu images have %zu", path, n_bytes, size->n_images,
               size->n_images * SUITE_PIXELS);
  suite_folder(size, "ciphertexts_upload");
  size_t most = suite_sample_images(size, client);
  for (size_t first = 0; first < size->n_images; first += most) {
    size_t left = size->n_images - first;
    encrypt(size, first / most, pixel + first * SUITE_PIXELS, left < most ? left : most, secret,
            client);
  }
  free(pixel);
  ckks_secret_key_free(secret);
  blindsight_client_free(client);
  return 0;
}
