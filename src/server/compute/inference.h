/* SPDX-License-Identifier: Apache-2.0 */
/* One inference, whoever waits for it. */
#ifndef SERVER_INFERENCE_H
#define SERVER_INFERENCE_H
#include "server/service.h"

/** One inference by a worker, from sample to result (base_free). */
typedef struct server_inference {
  server_service *service;
  server_model *model;
  const char *token, *key;
  uint64_t predictions_per_day;
  const uint8_t *sample;
  size_t n_sample;
  int worker;
  uint8_t *result;
  size_t n_result;
  size_t n_counted; /* predictions: wire_head_peek_predictions */
  int status;       /* 200, or what went wrong: */
  char code[32], message[512];
  const char *field;
} server_inference;
void server_inference_run(server_inference *inference);
/** What was predicted is not given out: it does not count for the token either. */
void server_inference_give_back(server_inference *inference);
#endif
