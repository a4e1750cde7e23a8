/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One compiled model on a service elsewhere: finds it, fetches and checks its client file,
 * brings the evaluation keys there once, sends samples, receives results.
 */
#ifndef CLIENT_REMOTE_H
#define CLIENT_REMOTE_H
#include "blindsight.h"
#include "client/http.h"
#include "client/rows.h"
#include "plan/plan.h"

#define CLIENT_REMOTE_NAME_BYTES 129
#define CLIENT_REMOTE_ID_CHARS 64
#define CLIENT_REMOTE_USUAL_PARALLEL 4
#define CLIENT_REMOTE_MOST_PARALLEL 64

typedef struct client_remote {
  client_http *http;
  char model[CLIENT_REMOTE_NAME_BYTES], version[40];
  plan_interface interface;
  char key_id[CLIENT_REMOTE_ID_CHARS + 1]; /**< of the keys uploaded; "" = none yet */
  const uint8_t *keys;                     /**< the caller's; sent again when they are lost */
  size_t n_keys;
  unsigned n_parallel;  /**< requests in flight, 1 to CLIENT_REMOTE_MOST_PARALLEL */
  blindsight_jobs jobs; /**< which samples go as jobs ("Prefer: respond-async"); AUTO */
} client_remote;

/**
 * `model`: NAME or NAME@VERSION; NULL = the only one that the server has (CKKS_ERROR_ARGUMENT
 * names them all when there are several). `plan`: hex digits that the plan's identity must begin
 * with, at least 16; NULL = any. The client file must be what its ETag, the digest of the file,
 * says, and safe to encrypt under (plan_files_client_parse). client_remote_clear after success.
 */
ckks_status client_remote_init(client_remote *remote, const client_http_options *http,
                               const char *model, const char *plan);
void client_remote_clear(client_remote *remote);

/** Two digits a byte, and a NUL. */
void client_remote_hex(char *out, const uint8_t *bytes, size_t n);
/** The name of evaluation keys on servers: the digest of their bytes in hex. */
void client_remote_key_id(char id[CLIENT_REMOTE_ID_CHARS + 1], const uint8_t *keys, size_t n_keys);
/**
 * Brings the keys there, unless they are; goes on where an interrupted upload stopped. They must
 * stay where they are until the remote is cleared. *sent (may be NULL): bytes that travelled.
 */
ckks_status client_remote_upload(client_remote *remote, const uint8_t *keys, size_t n_keys,
                                 uint64_t *sent);
/** Shreds the uploaded keys on the server. */
ckks_status client_remote_forget(client_remote *remote);

/** The model's path and `end`. */
void client_remote_path(char path[256], const client_remote *remote, const char *end);
/**
 * One sample there, its result back (base_free). Uploads the keys again when the server has
 * them no more. Where the sample goes as a job and the server takes jobs, its result is asked
 * for until it is there, whatever happens to connections and the server meanwhile; a server that
 * takes none answers at once.
 */
ckks_status client_remote_infer(uint8_t **result, size_t *n_result, const uint8_t *sample,
                                size_t n_sample, plan_packing packing, size_t n_rows,
                                client_remote *remote);
/**
 * Sorted rows to n_rows x n_outputs: one request a row, or one for each plan_pack_rows of them, by
 * packing; n_parallel of them at a time, by as many threads. Rows outside the box go alone, and so
 * do, once more, those whose batch was spoilt. Outputs are NaN where the state says so afterwards.
 * Progress is shown to the caller's thread. client_remote_upload comes first.
 */
ckks_status client_remote_predict_rows(double *outputs, client_rows *sorted, plan_packing packing,
                                       const ckks_secret_key *secret, client_remote *remote);
/** Raw rows, n_rows x n_features; those outside the box are refused: their outputs are NaN. */
ckks_status client_remote_predict(double *outputs, const double *rows, size_t n_rows,
                                  plan_packing packing, const ckks_secret_key *secret,
                                  client_remote *remote);
#endif
