/* SPDX-License-Identifier: Apache-2.0 */
/* Step 7, the server: samples in, results out. It has no key that could open either. */
#include <stdlib.h>

#include "suite.h"

/* False when there is no sample of that number. */
static bool infer(const suite_size *size, size_t number, blindsight_session *session) {
  uint8_t *sample, *result;
  size_t n_sample, n_result, n_rows;
  blindsight_packing packing;
  suite_path path;
  suite_io(path, size, "ciphertexts_upload/sample_%zu", number);
  suite_read(&sample, &n_sample, path, number > 0);
  if (sample == NULL)
    return false;
  double start = suite_seconds();
  suite_check(blindsight_session_infer(&result, &n_result, sample, n_sample, session), path);
  suite_check(blindsight_message_peek(&packing, &n_rows, result, n_result), path);
  suite_say("server", "%zu images evaluated in %.4f s", n_rows, suite_seconds() - start);
  free(sample);
  suite_io(path, size, "ciphertexts_download/result_%zu", number);
  suite_write(path, result, n_result);
  ckks_bytes_free(result);
  return true;
}

int main(int argc, char **argv) {
  double start = suite_seconds();
  const suite_size *size = suite_argument(argc, argv);
  blindsight_server *server;
  blindsight_session *session;
  suite_path path;
  suite_plan(path, size, "server");
  suite_check(blindsight_server_load(&server, path), path);
  suite_io(path, size, "server/session");
  suite_check(blindsight_session_load(&session, server, path, suite_threads()), path);
  suite_say("server", "model and session loaded in %.4f s", suite_seconds() - start);
  suite_folder(size, "ciphertexts_download");
  for (size_t number = 0; infer(size, number, session); number++)
    continue;
  blindsight_session_free(session);
  blindsight_server_free(server);
  return 0;
}
