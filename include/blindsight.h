/* SPDX-License-Identifier: Apache-2.0 */
/**
 * libblindsight: private inference under CKKS. A client encrypts rows, a server
 * evaluates its model on them and can decrypt nothing, the client decrypts the
 * predictions.
 *
 *   model owner   train or import -> blindsight_model -> compile -> server file, client file
 *   server        server file + a client's evaluation keys -> session: sample -> result
 *   client        client file -> secret key, evaluation keys; rows -> sample; result -> predictions
 *
 * A program that calls only the functions of one side and links the static library holds
 * no code of the other: a server has no symbol with which a secret key could be used.
 *
 * Conventions
 *  - Every function that can fail returns a ckks_status; ckks_last_error() then holds one
 *    line of text for the calling thread. On error outputs are NULL or zeroed.
 *  - X_load, X_read_json, X_train, X_compile, X_build make an object in *out; it is the
 *    caller's, who ends it with X_free (NULL is allowed), which wipes what is secret. A
 *    server must outlive its sessions. Nothing else is kept: every argument may
 *    be freed as soon as the call has returned, unless it says otherwise.
 *  - Bytes that come out end with ckks_bytes_free.
 *  - A path "-" is standard input or output.
 *  - Objects may be read from many threads at once; one session belongs to one thread at a time.
 */
#ifndef BLINDSIGHT_H
#define BLINDSIGHT_H

#include "ckks.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BLINDSIGHT_API CKKS_API

/** A model in clear: weights, scaler, names. Its owner's secret. */
typedef struct blindsight_model blindsight_model;
/** A compiled model: what the server needs, weights and all. Its owner's secret. */
typedef struct blindsight_server blindsight_server;
/** What anybody may know of a compiled model, and a client needs. */
typedef struct blindsight_client blindsight_client;
/** One client's keys on a server, with room to compute. */
typedef struct blindsight_session blindsight_session;
/** A compiled model on a service elsewhere, and the key with which it is used. */
typedef struct blindsight_remote blindsight_remote;

/* ------------------------------------------------------- rows, predictions */

/** Names that belong to a model or a client, and live as long as it does. */
typedef struct blindsight_names {
  const char *name; /**< of the model */
  size_t n_features, n_labels;
  const char *const *feature; /**< in the order of a row's values */
  const char *const *label;   /**< what a prediction can be */
} blindsight_names;

/** A table in clear: values as they are, not scaled; NaN where one is missing. */
typedef struct blindsight_rows {
  size_t n_rows, n_features;
  double *value; /**< row by row */
  int *label;    /**< index of each row's true label; NULL when not asked for or not there */
} blindsight_rows;

/**
 * Reads a CSV file with a header line: the columns that `names` lists, in that order,
 * whatever else the file holds. `label`, when not NULL, names the column of true labels;
 * a file without it is read all the same. Errors name file, line and column.
 */
BLINDSIGHT_API ckks_status blindsight_rows_load(blindsight_rows *rows, const char *path,
                                                const blindsight_names *names, const char *label);
/** Wipes and frees what blindsight_rows_load made. */
BLINDSIGHT_API void blindsight_rows_clear(blindsight_rows *rows);

/** What a model says of rows; the same form for clear and for encrypted inference. */
typedef struct blindsight_predictions {
  size_t n_rows, n_outputs;
  double *output; /**< row by row */
  /** Per row: the index of its largest output, which is the label predicted; SIZE_MAX where an
   * output is NaN, and for models whose outputs are values, or labels of which several may apply.
   */
  size_t *largest;
} blindsight_predictions;

/** Wipes and frees. */
BLINDSIGHT_API void blindsight_predictions_clear(blindsight_predictions *predictions);

/* ------------------------------------------------------------------ models */

/** After each epoch of training. */
typedef struct blindsight_progress {
  int epoch, n_epochs; /**< epoch counts from 1 */
  double train_loss, validation_loss, validation_accuracy;
} blindsight_progress;

/** Start from blindsight_train_options_default. */
typedef struct blindsight_train_options {
  const char *label;       /**< column of true labels; required */
  const char *const *drop; /**< columns to ignore (an "id" column is ignored anyway) */
  size_t n_drop;
  const size_t *hidden; /**< widths of the hidden layers; default one of 16 */
  size_t n_hidden;
  const double *activation; /**< coefficients of the polynomial after each layer, lowest first;
                                 NULL: 0.5 + 0.197 x - 0.004 x^3 */
  int degree;               /**< of it, 1 to 31 */
  double learning_rate, weight_decay; /**< 0.0005, 1e-5 */
  int batch_size, n_epochs;           /**< 64, 250 */
  double training_part;               /**< of the rows, 0.8; the others measure */
  uint32_t split_seed;                /**< 42 */
  uint64_t seed;                      /**< of weights and of the order of rows; 15 */
  /** May be NULL; a result that is not zero stops the training with CKKS_ERROR_CANCELLED. */
  int (*progress)(void *context, const blindsight_progress *progress);
  void *context; /**< handed to it */
} blindsight_train_options;

BLINDSIGHT_API void blindsight_train_options_default(blindsight_train_options *options);
/** Trains a network on a CSV file and measures how large its values get. Same seeds, same bits. */
BLINDSIGHT_API ckks_status blindsight_model_train(blindsight_model **out, const char *path,
                                                  const blindsight_train_options *options);
/** A model of weights trained elsewhere (docs/model-json.md). `name` starts errors. */
BLINDSIGHT_API ckks_status blindsight_model_read_json(blindsight_model **out, const char *text,
                                                      size_t n_bytes, const char *name);
/** The other way: a string that ends with ckks_bytes_free((uint8_t *)text). */
BLINDSIGHT_API ckks_status blindsight_model_write_json(char **text, const blindsight_model *model);
BLINDSIGHT_API ckks_status blindsight_model_load(blindsight_model **out, const char *path);
/** Mode 0600. */
BLINDSIGHT_API ckks_status blindsight_model_save(const char *path, const blindsight_model *model);
BLINDSIGHT_API void blindsight_model_free(blindsight_model *model);
BLINDSIGHT_API blindsight_names blindsight_model_names(const blindsight_model *model);
/**
 * Takes from rows like those to come how large values get; an imported model that does not
 * say so itself is compiled for the worst case instead.
 */
BLINDSIGHT_API ckks_status blindsight_model_calibrate(blindsight_model *model, const double *rows,
                                                      size_t n_rows);
/** In clear. rows: n_rows times n_features values, NaN where one is missing. */
BLINDSIGHT_API ckks_status blindsight_model_predict(blindsight_predictions *out, const double *rows,
                                                    size_t n_rows, const blindsight_model *model);

/* --------------------------------------------------------------- compiling */

typedef enum blindsight_packing {
  BLINDSIGHT_LATENCY = 0,   /**< one row a ciphertext: the soonest answer */
  BLINDSIGHT_THROUGHPUT = 1 /**< one feature a ciphertext, N/2 rows: the most answers */
} blindsight_packing;
#define BLINDSIGHT_N_PACKINGS 2

typedef enum blindsight_minimise {
  BLINDSIGHT_MINIMISE_BALANCED, /**< time, keys and upload together */
  BLINDSIGHT_MINIMISE_LATENCY,
  BLINDSIGHT_MINIMISE_UPLOAD,
  BLINDSIGHT_MINIMISE_KEYS
} blindsight_minimise;

/** Start from blindsight_compile_options_default. */
typedef struct blindsight_compile_options {
  double error;             /**< allowed in |encrypted - clear| / max(1, |clear|); 1e-5 */
  ckks_security security;   /**< 128, 192 or 256 */
  int log2_n;               /**< ring degree 2^log2_n; 0 = the smallest that will do */
  bool latency, throughput; /**< packings wanted; both */
  bool last_on_server;      /**< evaluate the last activation under encryption; the client does
                                 it otherwise, and then knows it */
  double headroom;          /**< factor over the values seen in calibration; 2 */
  blindsight_minimise minimise;
} blindsight_compile_options;

BLINDSIGHT_API void blindsight_compile_options_default(blindsight_compile_options *options);
/**
 * Chooses packing and parameters and makes the server, which holds the client's half as
 * well (blindsight_server_client). options NULL = the default ones. CKKS_ERROR_RANGE and
 * CKKS_ERROR_SECURITY say why no parameters will do.
 */
BLINDSIGHT_API ckks_status blindsight_server_compile(blindsight_server **out,
                                                     const blindsight_model *model,
                                                     const blindsight_compile_options *options);

/* ------------------------------------------------------------------ server */

BLINDSIGHT_API ckks_status blindsight_server_load(blindsight_server **out, const char *path);
/** Mode 0600. */
BLINDSIGHT_API ckks_status blindsight_server_save(const char *path,
                                                  const blindsight_server *server);
BLINDSIGHT_API void blindsight_server_free(blindsight_server *server);
/** The public half, to be saved for clients or asked for facts. It is the server's own. */
BLINDSIGHT_API const blindsight_client *blindsight_server_client(const blindsight_server *server);

/**
 * Takes a client's evaluation keys (the bytes of blindsight_client_keygen), checks every one
 * of them and makes room to compute. `server` must outlive the session. n_threads (1 to 256)
 * work on one message together when it holds several rows; 1 = the caller alone.
 */
BLINDSIGHT_API ckks_status blindsight_session_build(blindsight_session **out,
                                                    const blindsight_server *server,
                                                    const uint8_t *keys, size_t n_bytes,
                                                    int n_threads);
BLINDSIGHT_API void blindsight_session_free(blindsight_session *session);
/** Sample in, result out; the same bytes whatever the number of threads. */
BLINDSIGHT_API ckks_status blindsight_session_infer(uint8_t **result, size_t *n_result,
                                                    const uint8_t *sample, size_t n_sample,
                                                    blindsight_session *session);

/* ------------------------------------------------------------------ client */

BLINDSIGHT_API ckks_status blindsight_client_load(blindsight_client **out, const char *path);
/** Mode 0644: nothing in it is secret. */
BLINDSIGHT_API ckks_status blindsight_client_save(const char *path,
                                                  const blindsight_client *client);
/** Of what blindsight_client_load made; never of blindsight_server_client. */
BLINDSIGHT_API void blindsight_client_free(blindsight_client *client);
BLINDSIGHT_API blindsight_names blindsight_client_names(const blindsight_client *client);
/** For ckks_secret_key_save, ckks_secret_key_load and facts; the client's own. */
BLINDSIGHT_API const ckks_params *blindsight_client_params(const blindsight_client *client);

/** What a compiled model asks for and costs in one packing. */
typedef struct blindsight_cost {
  bool available; /**< compiled for this packing; else all is zero */
  size_t rows;    /**< that one unit of the figures below holds: 1 or N/2 */
  size_t upload_bytes, download_bytes;
  double predicted_ms;    /**< on one thread of a machine like that of the built-in unit costs */
  double predicted_error; /**< of |encrypted - clear| / max(1, |clear|) */
} blindsight_cost;

typedef struct blindsight_facts {
  int depth;                                   /**< levels of multiplication */
  size_t n_keys, key_bytes;                    /**< of one client's upload of keys */
  double max_abs_input;                        /**< scaled values beyond it were not certified;
                                                    0 = not known */
  blindsight_cost cost[BLINDSIGHT_N_PACKINGS]; /**< by blindsight_packing */
} blindsight_facts;

BLINDSIGHT_API blindsight_facts blindsight_client_facts(const blindsight_client *client);

/**
 * A fresh secret key (ckks_secret_key_free, ckks_secret_key_save) and the evaluation keys that
 * go to the server. Every client makes its own; the secret key never leaves it.
 */
BLINDSIGHT_API ckks_status blindsight_client_keygen(ckks_secret_key **secret, uint8_t **keys,
                                                    size_t *n_bytes,
                                                    const blindsight_client *client);
/**
 * Scales and encrypts n_rows (1 to 65536) rows of n_features values, NaN where one is missing,
 * into a sample. *n_outside (may be NULL) counts values beyond facts.max_abs_input.
 */
BLINDSIGHT_API ckks_status blindsight_client_encrypt(uint8_t **sample, size_t *n_bytes,
                                                     size_t *n_outside, const double *rows,
                                                     size_t n_rows, blindsight_packing packing,
                                                     const ckks_secret_key *secret,
                                                     const blindsight_client *client);
/**
 * What the server's result says. For the owner of the key alone: to publish outputs, or to
 * tell the server, can give away the key (docs/security.md).
 */
BLINDSIGHT_API ckks_status blindsight_client_decrypt(blindsight_predictions *out,
                                                     const uint8_t *result, size_t n_bytes,
                                                     const ckks_secret_key *secret,
                                                     const blindsight_client *client);

/* ------------------------------------------------- a service, over HTTP(S) */

/** Which requests a server may answer later, where it offers that. */
typedef enum blindsight_jobs {
  BLINDSIGHT_JOBS_AUTO, /**< those of thousands of rows */
  BLINDSIGHT_JOBS_NEVER,
  BLINDSIGHT_JOBS_ALWAYS
} blindsight_jobs;

/** Start from blindsight_remote_options_default. Texts that are NULL are not used. */
typedef struct blindsight_remote_options {
  const char *model;           /**< NAME or NAME@VERSION; NULL = the only one that is there */
  const char *plan;            /**< hex digits, 16 to 64, that its plan must begin with */
  const char *token;           /**< NULL: the file's, else the environment's BLINDSIGHT_TOKEN */
  const char *token_file;      /**< mode 0600 */
  const char *cacert;          /**< PEM file of authorities to trust; NULL = the system's */
  const char *cert, *cert_key; /**< the client's own, PEM files */
  bool plain;                  /**< allow http:// to other machines than this one */
  unsigned timeout_s;          /**< an attempt ends when no byte moves for so long; 60 */
  unsigned patience_s;         /**< of pauses between attempts, in all; 120, 0 = one attempt */
  unsigned parallel;           /**< requests in flight at a time, 1 to 64; 4 */
  blindsight_jobs jobs;        /**< BLINDSIGHT_JOBS_AUTO */
  /** What is done at the moment and how much of it, 0 to 1; may be NULL. A result that is not
   * zero stops it with CKKS_ERROR_CANCELLED. It is called by the caller's thread only. */
  int (*progress)(void *context, const char *stage, double fraction);
  void *context; /**< handed to it */
} blindsight_remote_options;

BLINDSIGHT_API void blindsight_remote_options_default(blindsight_remote_options *options);
/**
 * Finds the model at a URL such as https://host:8443, fetches its public client file and checks
 * it. options NULL = the default ones. Servers that are busy, and connections that break, are
 * tried again; proxies are those of the environment (https_proxy, no_proxy).
 */
BLINDSIGHT_API ckks_status blindsight_remote_build(blindsight_remote **out, const char *url,
                                                   const blindsight_remote_options *options);
BLINDSIGHT_API void blindsight_remote_free(blindsight_remote *remote);
/** Names, facts and parameters. It is the remote's own. */
BLINDSIGHT_API const blindsight_client *blindsight_remote_client(const blindsight_remote *remote);
/**
 * Takes the secret key in the file `path`, or makes one there (mode 0600) when there is none, and
 * brings the evaluation keys, which lie beside it (NAME.keys for NAME.key), to the server unless
 * it has them. An interrupted upload goes on where it stopped.
 */
BLINDSIGHT_API ckks_status blindsight_remote_use_key(blindsight_remote *remote, const char *path);
/**
 * Encrypts rows of n_features values (NaN where one is missing), sends them, decrypts: one
 * request a row, or, where the model was compiled for it and there are more than 64 rows,
 * thousands of rows in one. Several requests are in flight at a time; those of thousands of rows
 * go as jobs: the server may restart meanwhile, and nothing travels twice.
 */
BLINDSIGHT_API ckks_status blindsight_remote_predict(blindsight_predictions *out,
                                                     const double *rows, size_t n_rows,
                                                     blindsight_remote *remote);
/** Shreds the evaluation keys on the server; blindsight_remote_use_key brings them back. */
BLINDSIGHT_API ckks_status blindsight_remote_forget_keys(blindsight_remote *remote);

#ifdef __cplusplus
}
#endif
#endif
