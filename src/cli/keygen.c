/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight keygen: a client's secret key, and the keys with which a server may compute. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "blindsight.h"
#include "cli/cli.h"
#include "cli/line.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/print.h"

typedef struct keys {
  char *secret_path, *evaluation_path;
  bool json;
  blindsight_client *client;
  ckks_secret_key *secret;
  uint8_t *bytes;
  size_t n_bytes;
} keys;

/* Whoever loses a secret key loses every result that was encrypted under it. */
static ckks_status fail_exists(const keys *k) {
  return base_fail(CKKS_ERROR_IO, "%s: exists; --force replaces it for good", k->secret_path);
}

static ckks_status check_paths(const keys *k, bool force) {
  BASE_TRY(cli_output_check_file(k->evaluation_path));
  BASE_TRY(cli_output_check_file(k->secret_path));
  if (access(k->secret_path, F_OK) == 0 && !force)
    return fail_exists(k);
  if (access(k->secret_path, F_OK) != 0)
    BASE_TRY(cli_output_check_made(k->secret_path));
  return cli_output_check_made(k->evaluation_path);
}

/* Unless it is to replace one, a secret key is made where there is none at that moment: of two
 * who come at once one makes it. */
static ckks_status write_secret(const keys *k, bool force) {
  bool made;
  if (force)
    return ckks_secret_key_save(k->secret_path, k->secret, blindsight_client_params(k->client));
  BASE_TRY(blindsight_client_create_key(&made, k->secret_path, k->secret, k->client));
  return made ? CKKS_OK : fail_exists(k);
}

/*
 * Old evaluation keys belong to no new secret key. With --force they go before it comes; else
 * behind it: they may be another's, who was the first. A secret key without evaluation keys is of
 * no use and does not stay.
 */
static ckks_status write_files(const keys *k, bool force) {
  cli_output_hold();
  if (force)
    unlink(k->evaluation_path);
  ckks_status status = write_secret(k, force);
  if (status == CKKS_OK) {
    unlink(k->evaluation_path);
    status = base_file_write(k->evaluation_path, k->bytes, k->n_bytes, 0644);
    if (status != CKKS_OK)
      unlink(k->secret_path);
  }
  cli_output_release();
  return status;
}

static ckks_status generate(keys *k, const char *client, const char *name, bool force) {
  char bytes[16];
  k->secret_path = cli_output_name(name, ".key");
  k->evaluation_path = cli_output_name(name, ".keys");
  if (k->secret_path == NULL || k->evaluation_path == NULL)
    return CKKS_ERROR_MEMORY;
  BASE_TRY(check_paths(k, force));
  BASE_TRY(blindsight_client_load(&k->client, client));
  BASE_TRY(blindsight_client_keygen(&k->secret, &k->bytes, &k->n_bytes, k->client));
  BASE_TRY(write_files(k, force));
  if (k->json)
    return cli_print_json(json_pack("{s:s, s:s, s:I}", "secret", k->secret_path, "evaluation",
                                    k->evaluation_path, "bytes", (json_int_t)k->n_bytes));
  cli_print_field(stdout, "secret", "%s: keep it, show it to nobody", k->secret_path);
  cli_print_field(stdout, "evaluation", "%s, %s: for the server", k->evaluation_path,
                  cli_print_bytes(bytes, k->n_bytes));
  return CKKS_OK;
}

int cli_keygen(int argc, char **argv) {
  const char *client = NULL, *name = NULL;
  bool force = false;
  keys k = {0};
  const cli_option options[] = {
      {"output", 'o', CLI_TEXT, &name, "NAME", "write NAME.key and NAME.keys", 0, 0, true},
      {"force", 0, CLI_FLAG, &force, NULL, "replace a secret key that is there already", 0, 0, 0},
      {"json", 0, CLI_FLAG, &k.json, NULL, "print JSON", 0, 0, 0}};
  const cli_command command = {
      "keygen", "CLIENT",
      "Makes a secret key for one model, and the evaluation keys that its server needs.", options,
      sizeof options / sizeof options[0]};
  int code = cli_options_parse(&client, &command, argc, argv);
  if (code >= 0)
    return code;
  cli_line_wait("making keys");
  ckks_status status = generate(&k, client, name, force);
  base_free(k.secret_path);
  base_free(k.evaluation_path);
  ckks_bytes_free(k.bytes);
  ckks_secret_key_free(k.secret);
  blindsight_client_free(k.client);
  return cli_print_status(status);
}
