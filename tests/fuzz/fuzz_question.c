/* SPDX-License-Identifier: Apache-2.0 */
/* Questions as they come to a server: a sample as the body, JSON with base64, or a JSON head and a
 * binary tensor. The first byte says which, the next two how long the head is said to be. The
 * reader is the service's own, with a request that has no connection. */
#define server_question_read fuzz_question_read
#define server_question_clear fuzz_question_clear
#define server_request_header fuzz_question_header
#include "server/http/question.c"

#include <stdlib.h>

#include "fuzz/accepted.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static const char *key_header, *type_header, *length_header;

const char *fuzz_question_header(const server_request *request, const char *name) {
  (void)request;
  return strcmp(name, "Blindsight-Key") == 0                    ? key_header
         : strcmp(name, "Content-Type") == 0                    ? type_header
         : strcmp(name, "Inference-Header-Content-Length") == 0 ? length_header
                                                                : NULL;
}

/* What is accepted names a key, and its sample lies within what came. */
static void check(const server_question *q, const server_body *body) {
  if (strlen(q->key) != 64)
    abort();
  if (q->decoded == NULL && (q->sample < body->map || q->n_sample > body->n_bytes ||
                             (size_t)(q->sample - body->map) > body->n_bytes - q->n_sample))
    abort();
  fuzz_accept();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  static const char key[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  static const char *const types[] = {NULL, BYTES, JSON, "text/plain"};
  if (n_bytes < 3)
    return 0;
  char length[16];
  snprintf(length, sizeof length, "%u", (unsigned)bytes[1] << 8 | bytes[2]);
  type_header = types[bytes[0] & 3];
  key_header = bytes[0] & 4 ? key : NULL;
  length_header = bytes[0] & 8 ? length : NULL;
  server_request *request = calloc(1, sizeof *request);
  server_question q;
  if (request == NULL)
    abort();
  request->body = (server_body){.fd = -1, .map = bytes + 3, .n_bytes = n_bytes - 3};
  request->reply.fd = -1;
  bool accepted = server_question_read(&q, request);
  if (accepted)
    check(&q, &request->body);
  else if (request->reply.status < 400)
    abort(); /* refused, and nothing said */
  server_question_clear(&q);
  base_free(request->reply.bytes);
  free(request);
  return 0;
}
