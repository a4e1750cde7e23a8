/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is: for people, without a key. */
#include "base/file.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/frame.h"
#include "base/wipe.h"
#include "blindsight/objects.h"
#include "ckks/params.h"
#include "ckks/params_bytes.h"
#include "network/files.h"
#include "plan/files.h"
#include "wire/head.h"

#define MAX_BYTES ((size_t)1 << 32)

/* `shown` first: a pointer to it is one to the whole. */
typedef struct whole {
  blindsight_file shown;
  uint8_t params_hash[BLINDSIGHT_HASH_BYTES], plan_id[BLINDSIGHT_HASH_BYTES];
  ckks_params_literal literal;
  blindsight_client *client;
  blindsight_model *model;
} whole;

typedef struct reading {
  const char *path;
  const uint8_t *bytes;
  size_t n_bytes;
  base_frame frame;
  base_reader payload;
} reading;

void blindsight_file_free(blindsight_file *file) {
  whole *w = (void *)file;
  if (w == NULL)
    return;
  blindsight_client_free(w->client);
  blindsight_model_free(w->model);
  base_free(w);
}

/* The digest was right: whoever wrote the file wrote it short. */
static ckks_status fail_short(const reading *r) {
  return base_fail(CKKS_ERROR_FORMAT, "%s: the payload is too short", r->path);
}

/* In front of a secret key stand its parameters; the key itself is not looked at. */
static ckks_status read_params(whole *w, reading *r) {
  ckks_status status = ckks_params_bytes_read(&w->literal, &r->payload);
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", r->path);
  const ckks_params_literal *p = w->shown.params = &w->literal;
  /* As ckks_params_build counts them, without building the tables of a ring. */
  for (int i = 0; i < p->n_q; i++)
    w->shown.log2_qp += log2((double)p->q[i]);
  for (int i = 0; i < p->n_p; i++)
    w->shown.log2_qp += log2((double)p->p[i]);
  if (p->security != CKKS_SECURITY_NONE)
    w->shown.log2_qp_limit = ckks_security_limit(p->log2_n, p->security);
  return CKKS_OK;
}

static ckks_status read_ciphertext(whole *w, reading *r) {
  w->shown.n_parts = base_reader_u8(&r->payload);
  w->shown.level = base_reader_u8(&r->payload);
  w->shown.is_seeded = base_reader_u8(&r->payload) != 0;
  (void)base_reader_u8(&r->payload);
  w->shown.scale = base_reader_f64(&r->payload);
  return r->payload.failed ? fail_short(r) : CKKS_OK;
}

/* What each key does follows behind; the client file lists them as well. */
static ckks_status read_evaluation_keys(whole *w, reading *r) {
  w->shown.n_keys = base_reader_u32(&r->payload);
  return r->payload.failed ? fail_short(r) : CKKS_OK;
}

static ckks_status read_message(whole *w, reading *r) {
  wire_head head;
  if (!wire_head_read(&head, &r->payload))
    return base_fail(CKKS_ERROR_FORMAT, "%s: its header is not one of a %s", r->path,
                     base_frame_kind_name(r->frame.kind));
  w->shown.is_message = true;
  w->shown.packing = (blindsight_packing)head.packing;
  w->shown.n_rows = head.n_rows;
  w->shown.n_ciphertexts = head.n_ciphertexts;
  return CKKS_OK;
}

static ckks_status read_model(whole *w, const reading *r) {
  BASE_TRY(blindsight_model_build(&w->model));
  BASE_TRY(blindsight_model_finish(
      &w->model, network_files_parse(&w->model->model, r->bytes, r->n_bytes, r->path)));
  w->shown.model = w->model;
  return CKKS_OK;
}

static ckks_status read_client(whole *w, const reading *r) {
  BASE_TRY(blindsight_client_parse(&w->client, r->bytes, r->n_bytes, r->path));
  w->shown.client = w->client;
  return CKKS_OK;
}

/* The server file is checked whole, but only what clients may know is kept. */
static ckks_status read_server(whole *w, const reading *r) {
  plan_plan plan;
  BASE_TRY(plan_files_server_parse(&plan, r->bytes, r->n_bytes, r->path));
  uint8_t *bytes = NULL;
  size_t n_bytes;
  ckks_status status = plan_files_client_bytes(&bytes, &n_bytes, &plan.interface);
  plan_clear(&plan);
  if (status == CKKS_OK)
    status = blindsight_client_parse(&w->client, bytes, n_bytes, r->path);
  base_free(bytes);
  w->shown.client = w->client;
  return status;
}

static ckks_status read_payload(whole *w, reading *r) {
  switch (r->frame.kind) {
  case BASE_FRAME_PARAMS:
    return read_params(w, r);
  case BASE_FRAME_SECRET_KEY:
    w->shown.is_secret_key = true;
    return read_params(w, r);
  case BASE_FRAME_CIPHERTEXT:
    return read_ciphertext(w, r);
  case BASE_FRAME_EVALUATION_KEYS:
    return read_evaluation_keys(w, r);
  case BASE_FRAME_SAMPLE:
  case BASE_FRAME_RESULT:
    return read_message(w, r);
  case BASE_FRAME_MODEL:
    return read_model(w, r);
  case BASE_FRAME_SERVER:
    return read_server(w, r);
  case BASE_FRAME_CLIENT:
    return read_client(w, r);
  case BASE_FRAME_PUBLIC_KEY:
    break;
  }
  return CKKS_OK;
}

/* A hash of zeros stands for none: not every kind belongs to parameters or to a plan. */
static const uint8_t *view_hash(uint8_t *copy, const uint8_t *hash) {
  static const uint8_t none[BLINDSIGHT_HASH_BYTES];
  memcpy(copy, hash, BLINDSIGHT_HASH_BYTES);
  return memcmp(copy, none, sizeof none) != 0 ? copy : NULL;
}

static ckks_status read_all(whole *w, reading *r) {
  BASE_TRY(base_frame_read(&r->frame, r->bytes, r->n_bytes, 0, base_file_name(r->path)));
  base_reader_init(&r->payload, r->frame.payload, r->frame.n_payload);
  w->shown.kind = base_frame_kind_name(r->frame.kind);
  w->shown.n_bytes = r->n_bytes;
  w->shown.params_hash = view_hash(w->params_hash, r->frame.params_hash);
  w->shown.plan_id = view_hash(w->plan_id, r->frame.plan_id);
  return read_payload(w, r);
}

/* The bytes may be a secret key or weights: they are wiped whatever became of them. */
ckks_status blindsight_file_load(blindsight_file **out, const char *path) {
  uint8_t *bytes;
  reading r = {.path = path};
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(path, "path"));
  BASE_TRY(base_file_read(&bytes, &r.n_bytes, path, MAX_BYTES));
  r.bytes = bytes;
  whole *w = base_alloc(sizeof *w);
  ckks_status status = w != NULL ? read_all(w, &r) : base_fail_memory(sizeof *w);
  base_wipe(bytes, r.n_bytes);
  base_free(bytes);
  if (status == CKKS_OK)
    *out = &w->shown;
  else if (w != NULL)
    blindsight_file_free(&w->shown);
  return status;
}
