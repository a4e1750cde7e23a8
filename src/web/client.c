/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client.h"

#include "base/alloc.h"
#include "plan/files.h"
#include "secret/secret.h"
#include "web/web.h"

WEB_EXPORT(client_build)
ckks_status web_client_build(web_client **out, const uint8_t *bytes, size_t n_bytes) {
  *out = NULL;
  web_client *client = base_alloc(sizeof *client);
  if (client == NULL)
    return base_fail_memory(sizeof *client);
  ckks_status status = plan_files_client_parse(&client->interface, bytes, n_bytes, "client file");
  if (status == CKKS_OK)
    *out = client;
  else
    base_free(client);
  return status;
}

WEB_EXPORT(client_free) void web_client_free(web_client *client) {
  if (client == NULL)
    return;
  ckks_secret_key_free(client->secret);
  plan_interface_clear(&client->interface);
  base_free(client);
}

/* --- the secret key */

static void take_secret(web_client *client, ckks_secret_key *secret) {
  ckks_secret_key_free(client->secret);
  client->secret = secret;
}

static ckks_status need_secret(const web_client *client) {
  return client->secret != NULL ? CKKS_OK
                                : base_fail(CKKS_ERROR_KEY, "there is no key yet: keys() first");
}

WEB_EXPORT(client_generate) ckks_status web_client_generate(web_client *client) {
  ckks_secret_key *secret = NULL;
  BASE_TRY(ckks_secret_key_generate(&secret, client->interface.params));
  take_secret(client, secret);
  return CKKS_OK;
}

WEB_EXPORT(client_read_key)
ckks_status web_client_read_key(web_client *client, const uint8_t *bytes, size_t n_bytes) {
  ckks_secret_key *secret = NULL;
  BASE_TRY(secret_file_read(&secret, bytes, n_bytes, "key", client->interface.params));
  take_secret(client, secret);
  return CKKS_OK;
}

WEB_EXPORT(client_write_key)
ckks_status web_client_write_key(uint8_t **out, size_t *n_bytes, const web_client *client) {
  base_buffer buffer;
  *out = NULL;
  *n_bytes = 0;
  BASE_TRY(need_secret(client));
  ckks_status status = secret_file_write(&buffer, client->secret, client->interface.params);
  if (status == CKKS_OK) {
    *out = buffer.bytes;
    *n_bytes = buffer.n_bytes;
  } else {
    base_buffer_clear(&buffer);
  }
  return status;
}

/* --- the evaluation keys */

WEB_EXPORT(client_make_keys)
ckks_status web_client_make_keys(uint8_t **out, size_t *n_bytes, const web_client *client) {
  *out = NULL;
  *n_bytes = 0;
  BASE_TRY(need_secret(client));
  return client_keys(out, n_bytes, client->secret, &client->interface);
}

WEB_EXPORT(client_check_keys)
ckks_status web_client_check_keys(const uint8_t *bytes, size_t n_bytes, const web_client *client) {
  bool fit;
  BASE_TRY(need_secret(client));
  BASE_TRY(client_keys_fit(&fit, bytes, n_bytes, "keys", client->secret, &client->interface));
  return fit ? CKKS_OK
             : base_fail(CKKS_ERROR_MISMATCH, "keys: of another plan, or of another secret key");
}
