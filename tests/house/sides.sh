#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs that use one side of blindsight.h and link the static library: a server holds nothing
# that knows secret keys, a client nothing that computes on ciphertexts.
# shellcheck disable=SC1091,SC2034 # not followed
. tests/house/check.inc

cat >"$TEST_TMP/server.c" <<'C'
#include "blindsight.h"
int main(int argc, char **argv) {
  blindsight_model *model = NULL;
  blindsight_server *server = NULL;
  blindsight_session *session = NULL;
  uint8_t *result = NULL;
  size_t n_result = 0;
  const uint8_t *bytes = (const uint8_t *)argv[0];
  int n = blindsight_model_load(&model, argv[argc - 1]);
  n += blindsight_server_compile(&server, model, NULL);
  n += blindsight_server_load(&server, argv[argc - 1]);
  if (server)
    n += blindsight_client_save("-", blindsight_server_client(server));
  n += blindsight_server_prepare(server, 0);
  n += blindsight_session_build(&session, server, bytes, 1, 1);
  n += blindsight_session_save(argv[0], session);
  n += blindsight_session_load(&session, server, argv[0], 1);
  n += blindsight_session_infer(&result, &n_result, bytes, 1, session);
  return n == 0;
}
C
cat >"$TEST_TMP/client.c" <<'C'
#include "blindsight.h"
int main(int argc, char **argv) {
  blindsight_client *client = NULL;
  blindsight_predictions *out;
  ckks_secret_key *secret = NULL;
  uint8_t *keys = NULL, *sample = NULL;
  size_t n_keys = 0, n_sample = 0;
  const double row[] = {0};
  blindsight_remote *remote = NULL;
  bool made;
  int n = blindsight_client_load(&client, argv[argc - 1]);
  n += blindsight_client_keygen(&secret, &keys, &n_keys, client);
  n += blindsight_client_create_key(&made, argv[argc - 1], secret, client);
  n += blindsight_client_load_key(&secret, argv[argc - 1], client);
  n += blindsight_client_encrypt(&sample, &n_sample, NULL, row, 1, BLINDSIGHT_LATENCY, secret,
                                 client);
  n += blindsight_client_decrypt(&out, sample, n_sample, secret, client);
  n += blindsight_remote_build(&remote, argv[argc - 1], NULL);
  if (remote)
    n += blindsight_remote_predict(&out, row, 1, BLINDSIGHT_PACKING_AUTO, remote);
  return n == 0;
}
C

# symbols PROGRAM PATTERN: those it holds of a pattern; in the archives, private names have the
# library's name in front.
symbols() {
  nm -P "$1" | cut -d ' ' -f 1 | sed 's/^\(ckks\|blindsight\)_private_//' | grep -E "$2"
}
lacks() {
  ! symbols "$1" "$2"
}

server_has='^(exec|eval)_' client_has='^(secret|client)_|^ckks_(encrypt|decrypt)$'
for side in server client; do
  # HTTP is the client's alone.
  libraries=
  [ $side = server ] || libraries=-lcurl
  check "$side links" ${CC:-cc} -Iinclude -o "$TEST_TMP/$side" "$TEST_TMP/$side.c" \
    "$BUILD/libblindsight.a" "$BUILD/libckks.a" $libraries -lsodium -ljansson -lm -pthread
  check "$side runs to its end" "$TEST_TMP/$side" "$TEST_TMP/none"
done
# Each pattern is known to find something where it should.
check "the server computes" symbols "$TEST_TMP/server" "$server_has"
check "the server knows no key" lacks "$TEST_TMP/server" \
  '^(secret|client)_|^ckks_(secret_key_|decrypt|encrypt$|public_key_generate|evaluation_keys_gen)'
check "the client knows its key" symbols "$TEST_TMP/client" "$client_has"
check "the client computes nothing" lacks "$TEST_TMP/client" '^(exec|eval)_|^ckks_evaluator_'
check "the client speaks HTTP" symbols "$TEST_TMP/client" '^client_http_'
check "the server does not" lacks "$TEST_TMP/server" '^curl_'
finish
