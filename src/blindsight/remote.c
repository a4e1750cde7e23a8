/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of a service: the rooms `client` and `secret`, in the form of blindsight.h. */
#include "client/remote.h"

#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "blindsight/objects.h"
#include "client/store.h"

struct blindsight_remote {
  client_remote remote;
  client_store store;
  blindsight_client client; /**< borrows from remote */
};

void blindsight_remote_options_default(blindsight_remote_options *options) {
  client_http_options http;
  client_http_options_default(&http);
  *options = (blindsight_remote_options){.timeout_s = http.timeout_s,
                                         .patience_s = http.patience_s,
                                         .parallel = CLIENT_REMOTE_USUAL_PARALLEL};
}

static ckks_status connect_to(blindsight_remote *r, const char *url,
                              const blindsight_remote_options *options) {
  client_http_options http;
  char *token;
  client_http_options_default(&http);
  BASE_TRY(client_http_token(&token, options->token, options->token_file));
  http.url = url;
  http.token = token;
  http.cacert = options->cacert;
  http.cert = options->cert;
  http.cert_key = options->cert_key;
  http.plain = options->plain;
  http.timeout_s = options->timeout_s;
  http.patience_s = options->patience_s;
  http.progress = options->progress;
  http.context = options->context;
  ckks_status status = client_remote_init(&r->remote, &http, options->model, options->plan);
  if (token != NULL)
    base_wipe(token, strlen(token));
  base_free(token);
  r->remote.n_parallel = options->parallel;
  r->remote.jobs = options->jobs == BLINDSIGHT_JOBS_AUTO    ? CLIENT_REMOTE_JOBS_AUTO
                   : options->jobs == BLINDSIGHT_JOBS_NEVER ? CLIENT_REMOTE_JOBS_NEVER
                                                            : CLIENT_REMOTE_JOBS_ALWAYS;
  return status;
}

ckks_status blindsight_remote_build(blindsight_remote **out, const char *url,
                                    const blindsight_remote_options *options) {
  blindsight_remote_options usual;
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(url, "url"));
  blindsight_remote_options_default(&usual);
  options = options != NULL ? options : &usual;
  if (options->timeout_s == 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "timeout_s = 0: must be 1 or more");
  if (options->parallel < 1 || options->parallel > CLIENT_REMOTE_MOST_PARALLEL)
    return base_fail(CKKS_ERROR_ARGUMENT, "parallel = %u: must be 1 to %d", options->parallel,
                     CLIENT_REMOTE_MOST_PARALLEL);
  if ((unsigned)options->jobs > BLINDSIGHT_JOBS_ALWAYS)
    return base_fail(CKKS_ERROR_ARGUMENT, "jobs = %d: is none of blindsight_jobs",
                     (int)options->jobs);
  blindsight_remote *r = base_alloc(sizeof *r);
  if (r == NULL)
    return base_fail_memory(sizeof *r);
  ckks_status status = connect_to(r, url, options);
  if (status != CKKS_OK) {
    base_free(r);
    return status;
  }
  r->client.interface = &r->remote.interface;
  *out = r;
  return CKKS_OK;
}

void blindsight_remote_free(blindsight_remote *remote) {
  if (remote == NULL)
    return;
  client_store_clear(&remote->store);
  client_remote_clear(&remote->remote);
  base_free(remote);
}

const blindsight_client *blindsight_remote_client(const blindsight_remote *remote) {
  return &remote->client;
}

ckks_status blindsight_remote_use_key(blindsight_remote *remote, const char *path) {
  BASE_TRY(blindsight_objects_require(remote, "remote"));
  BASE_TRY(blindsight_objects_require(path, "path"));
  client_remote *r = &remote->remote;
  client_store_clear(&remote->store);
  r->key_id[0] = '\0';
  ckks_status status = client_store_open(&remote->store, path, r->model, &r->interface);
  if (status == CKKS_OK)
    status = client_remote_upload(r, remote->store.keys, remote->store.n_keys, NULL);
  if (status != CKKS_OK)
    client_store_clear(&remote->store);
  return status;
}

ckks_status blindsight_remote_predict(blindsight_predictions *out, const double *rows,
                                      size_t n_rows, blindsight_remote *remote) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = (blindsight_predictions){0};
  BASE_TRY(blindsight_objects_require(remote, "remote"));
  const plan_interface *interface = &remote->remote.interface;
  BASE_TRY(blindsight_rows_check(rows, n_rows, interface->feature, interface->n_features));
  if (remote->store.secret == NULL)
    return base_fail(CKKS_ERROR_KEY, "there is no key: blindsight_remote_use_key comes first");
  BASE_TRY(blindsight_predictions_init(out, n_rows, interface->n_outputs));
  ckks_status status =
      client_remote_predict(out->output, rows, n_rows, plan_pack_choose(interface, n_rows),
                            remote->store.secret, &remote->remote);
  if (status == CKKS_OK)
    blindsight_predictions_choose(out, interface->meaning.kind);
  else
    blindsight_predictions_clear(out);
  return status;
}

ckks_status blindsight_remote_forget_keys(blindsight_remote *remote) {
  BASE_TRY(blindsight_objects_require(remote, "remote"));
  if (remote->remote.key_id[0] == '\0')
    return base_fail(CKKS_ERROR_KEY, "there is no key: blindsight_remote_use_key comes first");
  return client_remote_forget(&remote->remote);
}
