/* SPDX-License-Identifier: Apache-2.0 */
/* Step 8, the client: the outputs of every image, decrypted. */
#include <stdlib.h>

#include "suite.h"

/* The outputs of one result, at `output`, which has room for n_images. */
static size_t decrypt(double *output, const suite_size *size, size_t number, size_t n_images,
                      const ckks_secret_key *secret, const blindsight_client *client) {
  uint8_t *result;
  size_t n_result, n_outputs = blindsight_client_names(client)->n_labels;
  suite_path path;
  blindsight_predictions *predictions;
  suite_io(path, size, "ciphertexts_download/result_%zu", number);
  suite_read(&result, &n_result, path, false);
  suite_check(blindsight_client_decrypt(&predictions, result, n_result, secret, client), path);
  size_t n_rows = predictions->n_rows;
  if (n_rows > n_images)
    suite_fail("%s: %zu images where at most %zu are missing", path, n_rows, n_images);
  for (size_t i = 0; i < n_rows * n_outputs; i++)
    output[i] = predictions->output[i];
  blindsight_predictions_free(predictions);
  free(result);
  return n_rows;
}

int main(int argc, char **argv) {
  const suite_size *size = suite_argument(argc, argv);
  blindsight_client *client = suite_client(size);
  size_t n_outputs = blindsight_client_names(client)->n_labels;
  ckks_secret_key *secret;
  suite_path path;
  suite_io(path, size, "secret_key/secret.key");
  suite_check(blindsight_client_load_key(&secret, path, client), path);
  double *output = malloc(size->n_images * n_outputs * sizeof *output);
  if (output == NULL)
    suite_fail("no memory for the outputs of %zu images", size->n_images);
  size_t n_done = 0;
  for (size_t number = 0; n_done < size->n_images; number++)
    n_done +=
        decrypt(output + n_done * n_outputs, size, number, size->n_images - n_done, secret, client);
  suite_io(path, size, "intermediate/outputs");
  suite_write(path, output, size->n_images * n_outputs * sizeof *output);
  free(output);
  ckks_secret_key_free(secret);
  blindsight_client_free(client);
  return 0;
}
