/* SPDX-License-Identifier: Apache-2.0 */
/* Step 2, the client: a secret key, which stays, and the evaluation keys for the server. */
#include <stdio.h>

#include "suite.h"

int main(int argc, char **argv) {
  const suite_size *size = suite_argument(argc, argv);
  blindsight_client *client = suite_client(size);
  ckks_secret_key *secret;
  uint8_t *keys;
  size_t n_keys;
  suite_path path;
  suite_folder(size, "public_keys");
  suite_folder(size, "secret_key");
  suite_check(blindsight_client_keygen(&secret, &keys, &n_keys, client), "keys");
  suite_io(path, size, "public_keys/evaluation.keys");
  suite_write(path, keys, n_keys);
  suite_io(path, size, "secret_key/secret.key");
  bool made;
  remove(path);
  suite_check(blindsight_client_create_key(&made, path, secret, client), path);
  if (!made)
    suite_fail("%s: there already", path);
  ckks_secret_key_free(secret);
  ckks_bytes_free(keys);
  blindsight_client_free(client);
  return 0;
}
