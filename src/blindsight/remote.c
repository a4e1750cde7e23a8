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
  blindsight_connection connection;
  blindsight_out_of_range out_of_range;
  bool ready; /**< its keys were brought there */
};

_Static_assert(BLINDSIGHT_MAX_PARALLEL == CLIENT_REMOTE_MOST_PARALLEL, "requests in flight");

void blindsight_remote_options_default(blindsight_remote_options *options, size_t size) {
  client_http_options http;
  client_http_options_default(&http);
  const blindsight_remote_options defaults = {.timeout_s = http.timeout_s,
                                              .patience_s = http.patience_s,
                                              .parallel = CLIENT_REMOTE_USUAL_PARALLEL};
  blindsight_options_give(options, size, &defaults, sizeof defaults);
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
  r->remote.jobs = options->jobs;
  r->out_of_range = options->out_of_range;
  return status;
}

static ckks_status check(const blindsight_remote_options *options) {
  if (options->timeout_s == 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "timeout_s = 0: must be 1 or more");
  if (options->parallel < 1 || options->parallel > BLINDSIGHT_MAX_PARALLEL)
    return base_fail(CKKS_ERROR_ARGUMENT, "parallel = %u: must be 1 to %d", options->parallel,
                     BLINDSIGHT_MAX_PARALLEL);
  if ((unsigned)options->jobs > BLINDSIGHT_JOBS_ALWAYS)
    return base_fail(CKKS_ERROR_ARGUMENT, "jobs = %d: is none of blindsight_jobs",
                     (int)options->jobs);
  if ((unsigned)options->out_of_range > BLINDSIGHT_MARK)
    return base_fail(CKKS_ERROR_ARGUMENT, "out_of_range = %d: is none of blindsight_out_of_range",
                     (int)options->out_of_range);
  return CKKS_OK;
}

/* What the outside is shown of remote and store. */
static void view(blindsight_remote *r) {
  uint64_t n_sent = r->connection.n_sent;
  r->connection = (blindsight_connection){.model = r->remote.model,
                                          .version = r->remote.version,
                                          .key_id = r->remote.key_id,
                                          .keys_path = r->store.keys_path,
                                          .made_secret = r->store.made_secret,
                                          .made_keys = r->store.made_keys,
                                          .key_bytes = r->store.n_keys,
                                          .n_sent = n_sent};
}

ckks_status blindsight_remote_build(blindsight_remote **out, const char *url,
                                    const blindsight_remote_options *options) {
  blindsight_remote_options o;
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(url, "url"));
  blindsight_remote_options_default(&o, sizeof o);
  BASE_TRY(blindsight_options_take(&o, sizeof o, options));
  BASE_TRY(check(&o));
  blindsight_remote *r = base_alloc(sizeof *r);
  if (r == NULL)
    return base_fail_memory(sizeof *r);
  ckks_status status = connect_to(r, url, &o);
  if (status != CKKS_OK) {
    base_free(r);
    return status;
  }
  r->client.interface = &r->remote.interface;
  blindsight_client_view(&r->client);
  view(r);
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
  return remote != NULL ? &remote->client : NULL;
}

const blindsight_connection *blindsight_remote_connection(const blindsight_remote *remote) {
  return remote != NULL ? &remote->connection : NULL;
}

/* --- its key */

static ckks_status fail_no_key(void) {
  return base_fail(CKKS_ERROR_KEY, "there is no key: blindsight_remote_use_key comes first");
}

ckks_status blindsight_remote_open_key(blindsight_remote *remote, const char *path) {
  BASE_TRY(blindsight_objects_require(remote, "remote"));
  BASE_TRY(blindsight_objects_require(path, "path"));
  client_remote *r = &remote->remote;
  client_store_clear(&remote->store);
  remote->ready = false;
  r->key_id[0] = '\0';
  remote->connection.n_sent = 0;
  ckks_status status = client_store_open(&remote->store, path, r->model, &r->interface);
  if (status != CKKS_OK)
    client_store_clear(&remote->store);
  view(remote);
  return status;
}

/* Keys that could not be brought there are not used. */
ckks_status blindsight_remote_send_keys(blindsight_remote *remote) {
  BASE_TRY(blindsight_objects_require(remote, "remote"));
  client_store *store = &remote->store;
  if (store->secret == NULL)
    return fail_no_key();
  ckks_status status =
      client_remote_upload(&remote->remote, store->keys, store->n_keys, &remote->connection.n_sent);
  remote->ready = status == CKKS_OK;
  if (status != CKKS_OK)
    remote->remote.key_id[0] = '\0';
  view(remote);
  return status;
}

ckks_status blindsight_remote_use_key(blindsight_remote *remote, const char *path) {
  BASE_TRY(blindsight_remote_open_key(remote, path));
  return blindsight_remote_send_keys(remote);
}

/* --- rows */

static ckks_status predict_rows(blindsight_predictions *p, const double *rows,
                                blindsight_packing packing, blindsight_remote *remote) {
  client_rows sorted;
  ckks_status status =
      client_rows_sort(&sorted, rows, p->n_rows, (client_rows_policy)remote->out_of_range,
                       &remote->remote.interface);
  if (status == CKKS_OK)
    status = client_remote_predict_rows(p->output, &sorted, (plan_packing)packing,
                                        remote->store.secret, &remote->remote);
  for (size_t row = 0; row < p->n_rows && status == CKKS_OK; row++)
    p->state[row] = (blindsight_state)sorted.state[row];
  client_rows_clear(&sorted);
  return status;
}

ckks_status blindsight_remote_predict(blindsight_predictions **out, const double *rows,
                                      size_t n_rows, blindsight_packing packing,
                                      blindsight_remote *remote) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(rows, "rows"));
  BASE_TRY(blindsight_objects_require(remote, "remote"));
  const plan_interface *interface = &remote->remote.interface;
  if (packing == BLINDSIGHT_PACKING_AUTO)
    packing = blindsight_client_packing(&remote->client, n_rows);
  BASE_TRY(blindsight_objects_require_packing(packing, interface));
  if (n_rows < 1)
    return base_fail(CKKS_ERROR_ARGUMENT, "n_rows = 0: must be 1 or more");
  if (!remote->ready)
    return fail_no_key();
  BASE_TRY(blindsight_predictions_build(out, n_rows, interface->n_outputs));
  return blindsight_predictions_finish(out, predict_rows(*out, rows, packing, remote),
                                       interface->meaning.kind);
}

ckks_status blindsight_remote_forget_keys(blindsight_remote *remote) {
  BASE_TRY(blindsight_objects_require(remote, "remote"));
  if (remote->remote.key_id[0] == '\0')
    return fail_no_key();
  ckks_status status = client_remote_forget(&remote->remote);
  view(remote);
  return status;
}
