/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 3, the server: makes ready what does not depend on any input. The weights are encoded, and
 * the evaluation keys, which a client uploads once, are expanded: both are kept as they stand in
 * memory. The harness does not say for which size, so it is done wherever there are keys.
 */
#include <stdlib.h>

#include "suite.h"

static void prepare(const suite_size *size) {
  uint8_t *keys;
  size_t n_keys;
  suite_path path;
  blindsight_server *server;
  blindsight_session *session;
  suite_io(path, size, "public_keys/evaluation.keys");
  suite_read(&keys, &n_keys, path, true);
  if (keys == NULL)
    return;
  suite_plan(path, size, "server");
  suite_check(blindsight_server_load(&server, path), path);
  suite_check(blindsight_session_build(&session, server, keys, n_keys, suite_threads()), path);
  free(keys);
  suite_folder(size, "server");
  suite_io(path, size, "server/session");
  suite_check(blindsight_session_save(path, session), path);
  blindsight_session_free(session);
  blindsight_server_free(server);
}

int main(void) {
  for (size_t i = 0; i < SUITE_N_SIZES; i++)
    prepare(&suite_sizes[i]);
  return 0;
}
