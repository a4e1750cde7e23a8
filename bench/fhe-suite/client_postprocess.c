/* SPDX-License-Identifier: Apache-2.0 */
/* Step 9, the client: of each image the digit whose output is the largest. */
#include <stdio.h>
#include <stdlib.h>

#include "suite.h"

int main(int argc, char **argv) {
  const suite_size *size = suite_argument(argc, argv);
  double *output;
  size_t n_bytes;
  suite_path path;
  suite_io(path, size, "intermediate/outputs");
  suite_read((uint8_t **)&output, &n_bytes, path, false);
  size_t n_outputs = n_bytes / sizeof *output / size->n_images;
  if (n_outputs == 0 || n_bytes != size->n_images * n_outputs * sizeof *output)
    suite_fail("%s: %zu bytes for %zu images", path, n_bytes, size->n_images);
  suite_io(path, size, "encrypted_model_predictions.txt");
  FILE *file = fopen(path, "w");
  if (file == NULL)
    suite_fail("%s: cannot be written", path);
  for (size_t i = 0; i < size->n_images; i++)
    fprintf(file, "%zu\n", blindsight_predictions_largest(output + i * n_outputs, n_outputs));
  if (fclose(file) != 0)
    suite_fail("%s: could not be written", path);
  free(output);
  return 0;
}
