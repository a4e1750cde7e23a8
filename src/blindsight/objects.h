/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the opaque types of blindsight.h hold. The sides share this header and no function that
 * would draw one into the other: client_*.c and remote.c alone touch secret keys, session.c and
 * server.c alone compute on ciphertexts, server_compile.c alone knows the compiler.
 */
#ifndef BLINDSIGHT_OBJECTS_H
#define BLINDSIGHT_OBJECTS_H
#include "base/status.h"
#include "blindsight.h"
#include "network/network.h"
#include "plan/plan.h"

struct blindsight_model {
  network_model model;
  blindsight_names names; /**< views of it, made anew by blindsight_model_view */
  blindsight_shape shape;
  blindsight_layer *layer;
  blindsight_units_of *units;
  double *feature_weight;
  size_t *feature_inputs, *feature_used;
};

/** Loaded, it owns its interface; a server's or a remote's view of itself borrows one. */
struct blindsight_client {
  const plan_interface *interface;
  plan_interface own_interface;
  char *origin; /**< the file that it came from; NULL: the model's name will do */
  blindsight_names names;
  blindsight_facts facts;
};

/** An engine is made when it is needed: who compiles or simulates needs none. */
typedef struct blindsight_engine blindsight_engine;

struct blindsight_server {
  plan_plan plan;
  blindsight_engine *engine;
  blindsight_client client; /**< borrows from plan */
  blindsight_compiled compiled;
  blindsight_account account[PLAN_N_PACKINGS];
  blindsight_stage stage[PLAN_N_PACKINGS][PLAN_MAX_STAGES + 2];
};

/** CKKS_ERROR_ARGUMENT naming the argument when it is NULL. */
static inline ckks_status blindsight_objects_require(const void *argument, const char *name) {
  return argument != NULL ? CKKS_OK : base_fail(CKKS_ERROR_ARGUMENT, "%s is NULL", name);
}

/** CKKS_ERROR_ARGUMENT unless the plan has that packing. */
static inline ckks_status blindsight_objects_require_packing(blindsight_packing packing,
                                                             const plan_interface *interface) {
  if ((unsigned)packing < BLINDSIGHT_N_PACKINGS && interface->layout[packing].available)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_ARGUMENT, "packing = %d: the model was not compiled for %s packing",
                   (int)packing,
                   packing == BLINDSIGHT_LATENCY      ? "latency"
                   : packing == BLINDSIGHT_THROUGHPUT ? "throughput"
                                                      : "such a");
}

/* --- options.c */
/** Hands n_known bytes of defaults, or as many as the caller's struct has, to it: zero behind. */
void blindsight_options_give(void *options, size_t size, const void *defaults, size_t n_known);
/**
 * Takes the caller's options over the defaults in *options. NULL given is none. A struct of a
 * newer header is refused: its options would not be heard.
 */
ckks_status blindsight_options_take(void *options, size_t n_known, const void *given);

/* --- names.c */
/** Names as blindsight.h shows them. */
blindsight_names blindsight_names_view(const char *name, char *const *feature, size_t n_features,
                                       char *const *label, size_t n_labels,
                                       const encoding_meaning *meaning,
                                       const encoding_input *input);

/* --- rows.c */
/** Rows that a caller hands over: there, at least one, nothing infinite (NaN is missing). */
ckks_status blindsight_rows_check(const double *rows, size_t n_rows, char *const *feature,
                                  size_t n_features);
/** Room for n_rows, their labels or true values too when asked for. */
ckks_status blindsight_rows_build(blindsight_rows **out, size_t n_rows, size_t n_features,
                                  bool with_labels, bool with_targets);

/* --- sorted.c */
/** Room for n_rows of n_features, none of them sent. */
ckks_status blindsight_sorted_build(blindsight_sorted **out, size_t n_rows, size_t n_features);

/* --- predictions.c */
/** Room for n_rows of n_outputs, all zero: states are INSIDE. */
ckks_status blindsight_predictions_build(blindsight_predictions **out, size_t n_rows,
                                         size_t n_outputs);
/** Sets `largest` from `output`. On any other status frees them: *out is NULL then. */
ckks_status blindsight_predictions_finish(blindsight_predictions **out, ckks_status status,
                                          encoding_kind kind);

/* --- client.c */
/** Fills names and facts in from the interface. */
void blindsight_client_view(blindsight_client *client);
/** What messages call the origin of the parameters. */
const char *blindsight_client_origin(const blindsight_client *client);
/** A client of bytes of its file. */
ckks_status blindsight_client_parse(blindsight_client **out, const uint8_t *bytes, size_t n_bytes,
                                    const char *name);

/* --- model.c */
/** An empty one, to be filled and finished. */
ckks_status blindsight_model_build(blindsight_model **out);
/** Makes its views; on any other status than CKKS_OK, and on an error, *out is freed and NULL. */
ckks_status blindsight_model_finish(blindsight_model **out, ckks_status status);

/* --- server.c */
ckks_status blindsight_server_build(blindsight_server **out);
ckks_status blindsight_server_finish(blindsight_server **out, ckks_status status);
#endif
