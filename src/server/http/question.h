/* SPDX-License-Identifier: Apache-2.0 */
/* The question of an inference, in whichever form it came, and its answer in the form wanted. */
#ifndef SERVER_QUESTION_H
#define SERVER_QUESTION_H
#include <jansson.h>

#include "server/compute/inference.h"
#include "server/http/request.h"

/** Bytes before an element of a binary tensor: its length. */
#define SERVER_QUESTION_PREFIX 4

typedef struct server_question {
  const char *key;
  const uint8_t *sample;
  size_t n_sample;
  json_t *head;     /* NULL: the body is the sample */
  uint8_t *decoded; /* the sample, where it came in base64 */
  bool binary;      /* wanted of the answer */
} server_question;

/** Of a whole body; false = answered. Clear it in any case. */
bool server_question_read(server_question *out, server_request *request);
void server_question_clear(server_question *question);
#endif
