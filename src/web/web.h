/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The client as WebAssembly shows it to JavaScript (web/core.js): one compiled model, its secret
 * key, rows in and predictions out. No socket, no file, no evaluation. Pointers are those of the
 * module's memory; buffers that come out are the caller's, for web_memory_free, which wipes them.
 * Every function that returns a ckks_status leaves its words in web_memory_error.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H
#include "base/bytes.h"
#include "plan/plan.h"

/** What JavaScript may call, and the linker therefore keeps. */
#if defined(__wasm__)
#define WEB_EXPORT(name) __attribute__((export_name(#name)))
#else
#define WEB_EXPORT(name)
#endif

/* --- memory.c */
/** n bytes, zeroed; NULL when there are no more. */
void *web_memory_alloc(size_t n_bytes);
/** Wipes and frees; NULL allowed. */
void web_memory_free(void *memory, size_t n_bytes);
/** The words of the last error, NUL behind them. */
const char *web_memory_error(void);
/** BLAKE2b-256: how keys are named on servers, and what the ETag of a client file is. */
void web_memory_digest(uint8_t *out, const uint8_t *bytes, size_t n_bytes);

/* --- client.c */
typedef struct web_client {
  plan_interface interface;
  ckks_secret_key *secret; /**< NULL = none yet */
} web_client;

/** From the bytes of a client file, which is held against the security table. */
ckks_status web_client_build(web_client **out, const uint8_t *bytes, size_t n_bytes);
void web_client_free(web_client *client);
/** A new secret key, from crypto.getRandomValues; one that there was is wiped. */
ckks_status web_client_generate(web_client *client);
/** A .key file's bytes in; on error the key that there was stays. */
ckks_status web_client_read_key(web_client *client, const uint8_t *bytes, size_t n_bytes);
/** And out. */
ckks_status web_client_write_key(uint8_t **out, size_t *n_bytes, const web_client *client);
/** The evaluation keys for the server, a .keys file. */
ckks_status web_client_make_keys(uint8_t **out, size_t *n_bytes, const web_client *client);
/** CKKS_OK when these are evaluation keys for this plan, made from this secret key; else
 * CKKS_ERROR_MISMATCH, or CKKS_ERROR_FORMAT. */
ckks_status web_client_check_keys(const uint8_t *bytes, size_t n_bytes, const web_client *client);

/* --- rows.c */
/** The packing for so many rows: 0 latency, 1 throughput. */
int web_rows_packing(size_t n_rows, const web_client *client);
/**
 * state[n_rows]: 0 inside the box, 1 clipped, 2 outside and sent alone, 3 refused. `policy` as in
 * client/rows.h; clipped rows are changed where they stand.
 */
ckks_status web_rows_sort(uint8_t *state, double *rows, size_t n_rows, int policy,
                          const web_client *client);
/** CKKS_OK, or CKKS_ERROR_RANGE: web_memory_error says what is wrong with that row. */
ckks_status web_rows_check(const double *row, size_t number, const web_client *client);
/** `outside`: rows outside the box go all the same, in latency packing. */
ckks_status web_rows_encrypt(uint8_t **out, size_t *n_bytes, const double *rows, size_t n_rows,
                             int packing, int outside, const web_client *client);
/** outputs: n_rows x outputs of the model; marks[n_rows]: client_mark. An answer for another number
 * of rows is CKKS_ERROR_FORMAT. */
ckks_status web_rows_decrypt(double *outputs, uint8_t *marks, size_t n_rows, const uint8_t *bytes,
                             size_t n_bytes, const web_client *client);
/** Index of the label that outputs predict, -1 where there is none. */
int web_rows_predicted(const double *outputs, const web_client *client);

/* --- describe.c */
/** What the client file says, as JSON text without a NUL (web/index.d.ts: Description). */
ckks_status web_describe_client(uint8_t **out, size_t *n_bytes, const web_client *client);
#endif
