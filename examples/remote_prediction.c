/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Predictions by a model on a service elsewhere, which sees neither rows nor predictions.
 *   BLINDSIGHT_TOKEN=bst_... remote_prediction https://HOST:PORT DATA.csv [CACERT.pem]
 * The key is made at the first run (remote.key), and its public half sent then.
 */
#include <blindsight.h>
#include <stdio.h>
#include <stdlib.h>

static void check(ckks_status status) {
  if (status == CKKS_OK)
    return;
  fprintf(stderr, "%s: %s\n", ckks_status_name(status), ckks_last_error());
  exit(1);
}

int main(int argc, char **argv) {
  blindsight_remote_options options;
  blindsight_remote *remote;
  blindsight_rows *rows;
  blindsight_predictions *predictions;
  if (argc < 3) {
    fprintf(stderr, "usage: remote_prediction URL DATA.csv [CACERT.pem]\n");
    return 2;
  }
  blindsight_remote_options_default(&options, sizeof options);
  options.cacert = argc > 3 ? argv[3] : NULL;

  check(blindsight_remote_build(&remote, argv[1], &options));
  check(blindsight_remote_use_key(remote, "remote.key"));
  const blindsight_names *names = blindsight_client_names(blindsight_remote_client(remote));
  check(blindsight_rows_load(&rows, argv[2], names, NULL));
  check(blindsight_remote_predict(&predictions, rows->value, rows->n_rows, BLINDSIGHT_PACKING_AUTO,
                                  remote));
  for (size_t row = 0; row < predictions->n_rows; row++)
    printf("%zu,%s\n", row, names->label[predictions->largest[row]]);

  blindsight_predictions_free(predictions);
  blindsight_rows_free(rows);
  blindsight_remote_free(remote);
  return 0;
}
