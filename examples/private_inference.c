/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private inference in C, three parties in one program: the owner of the model trains and
 * compiles it, a client encrypts rows, a server answers without seeing them. In
 * life only the server, the client file, keys, sample and result change hands.
 *   private_inference [DATA.csv]     (default data/wdbc.csv, from the root of the sources)
 */
#include <blindsight.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void check(ckks_status status) {
  if (status == CKKS_OK)
    return;
  fprintf(stderr, "%s: %s\n", ckks_status_name(status), ckks_last_error());
  exit(1);
}

/* Prints, per row, the truth, both predictions, and how far apart their outputs are. */
static void compare(const blindsight_rows *rows, const blindsight_predictions *clear,
                    const blindsight_predictions *encrypted, const blindsight_names *names) {
  double worst = 0;
  size_t n_right = 0, n_same = 0;
  for (size_t row = 0; row < encrypted->n_rows; row++) {
    n_right += (int)encrypted->largest[row] == rows->label[row];
    n_same += encrypted->largest[row] == clear->largest[row];
    for (size_t i = row * clear->n_outputs; i < (row + 1) * clear->n_outputs; i++)
      worst = fmax(worst,
                   fabs(encrypted->output[i] - clear->output[i]) / fmax(1, fabs(clear->output[i])));
  }
  printf("first row     truth %s, predicted %s\n", names->label[rows->label[0]],
         names->label[encrypted->largest[0]]);
  printf("encrypted     %zu of %zu rows right, %zu of %zu as in clear, outputs off by %.0e\n",
         n_right, encrypted->n_rows, n_same, encrypted->n_rows, worst);
}

int main(int argc, char **argv) {
  const char *path = argc > 1 ? argv[1] : "data/wdbc.csv";
  blindsight_train_options options;
  blindsight_rows_options row_options;
  blindsight_train_options_default(&options, sizeof options);
  blindsight_rows_options_default(&row_options, sizeof row_options);
  options.label = row_options.label = "diagnosis";
  blindsight_model *model;
  blindsight_server *server;
  blindsight_session *session;
  ckks_secret_key *secret;
  blindsight_rows *rows;
  blindsight_predictions *clear, *encrypted;
  uint8_t *keys, *sample, *result;
  size_t n_keys, n_sample, n_result, n_rows = 10;

  /* The owner of the model. */
  check(blindsight_model_train(&model, NULL, path, &options));
  check(blindsight_server_compile(&server, model, NULL));
  const blindsight_client *client = blindsight_server_client(server);
  const blindsight_names *names = blindsight_client_names(client);
  const blindsight_facts *facts = blindsight_client_facts(client);
  printf("compiled      N = %zu, %.0f bits, depth %d, keys %.1f MB, upload %.0f kB a row\n",
         ckks_params_n(blindsight_client_params(client)),
         ckks_params_log2_qp(blindsight_client_params(client)), facts->depth,
         (double)facts->key_bytes / 1e6,
         (double)facts->cost[BLINDSIGHT_LATENCY].upload_bytes / 1e3);

  /* A client: keys, and rows of its own. */
  check(blindsight_client_keygen(&secret, &keys, &n_keys, client));
  check(blindsight_rows_load(&rows, path, names, &row_options));
  check(blindsight_client_encrypt(&sample, &n_sample, NULL, rows->value, n_rows, BLINDSIGHT_LATENCY,
                                  secret, client));

  /* The server: no row and no prediction is ever in clear here. */
  check(blindsight_session_build(&session, server, keys, n_keys, 1));
  check(blindsight_session_infer(&result, &n_result, sample, n_sample, session));

  /* The client again; and, to compare, the owner in clear. */
  check(blindsight_client_decrypt(&encrypted, result, n_result, secret, client));
  check(blindsight_model_predict(&clear, rows->value, n_rows, model));
  printf("travelled     keys %zu bytes once, sample %zu, result %zu\n", n_keys, n_sample, n_result);
  compare(rows, clear, encrypted, names);

  blindsight_predictions_free(clear);
  blindsight_predictions_free(encrypted);
  blindsight_rows_free(rows);
  ckks_bytes_free(keys);
  ckks_bytes_free(sample);
  ckks_bytes_free(result);
  ckks_secret_key_free(secret);
  blindsight_session_free(session);
  blindsight_server_free(server);
  blindsight_model_free(model);
  return 0;
}
