/* SPDX-License-Identifier: Apache-2.0 */
/* When to try again, and what to say when not. */
#define _POSIX_C_SOURCE 200809L
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"
#include "client/http.h"
#include "client/http_link.h"
#include "rand/rand.h"

#define LONGEST_PAUSE_S 8.0
#define SLICE_S 0.1 /* how soon a pause notices that nobody waits for it any more */
#define MAX_TOKEN_FILE_BYTES ((size_t)4096)

client_http_patience client_http_patience_begin(const client_http *http) {
  return (client_http_patience){.left_s = http->options.patience_s,
                                .next_s = http->options.pause_ms / 1000.0};
}

bool client_http_is_passing(const client_http_answer *answer) {
  switch (answer->status) {
  case 0:
    return answer->broken;
  case 502:
  case 503:
  case 504:
    return true;
  case 409: /* another upload of the same key; other conflicts do not say when they end */
  case 429:
    return answer->has_retry_after;
  default:
    return false;
  }
}

/* --- pauses */

/* Half to all of it, by chance: clients that a restart has thrown out do not return as one. */
static double spread(double seconds) {
  uint8_t byte = 255;
  (void)rand_entropy(&byte, 1);
  return seconds * (0.5 + (byte + 1) / 512.0);
}

ckks_status client_http_rest(double seconds, const char *stage, const client_http *http) {
  while (seconds > 0) {
    double part = seconds < SLICE_S ? seconds : SLICE_S;
    struct timespec wait = {(time_t)part, (long)(1e9 * (part - (double)(time_t)part))};
    BASE_TRY(client_http_show(http, stage, 0));
    nanosleep(&wait, NULL);
    seconds -= part;
  }
  return CKKS_OK;
}

/* What is waited for, and how much longer it may take: nobody looks at a silent program for long.
 */
static const char *say_waiting(client_http *http, const client_http_answer *answer, double left_s) {
  const char *last = base_last_error();
  size_t n_url = strlen(http->url);
  if (answer->status != 0)
    snprintf(http->waiting, sizeof http->waiting,
             "waiting for the server: it is busy (HTTP %ld); given up in %.0f s", answer->status,
             left_s);
  else
    snprintf(http->waiting, sizeof http->waiting,
             "waiting for the server: %.140s; given up in %.0f s",
             strncmp(last, http->url, n_url) == 0 && last[n_url] == ':' ? last + n_url + 2 : last,
             left_s);
  return http->waiting;
}

ckks_status client_http_pause(client_http_patience *patience, const client_http_answer *answer,
                              const client_http_request *request, client_http *http) {
  double seconds = spread(patience->next_s);
  if (answer->has_retry_after && answer->retry_after_s > seconds)
    seconds = answer->retry_after_s;
  if (seconds > patience->left_s) {
    ckks_status status = CKKS_ERROR_IO; /* the last attempt's words, when it got no answer */
    if (answer->status != 0)
      status = client_http_fail(answer, request, http);
    if (answer->status != 0 && answer->has_retry_after)
      return base_fail_in(status, "try again in %u s", answer->retry_after_s);
    return patience->n_pauses == 0
               ? status
               : base_fail_in(status, "given up after %u attempts", patience->n_pauses + 1);
  }
  patience->left_s -= seconds;
  patience->next_s =
      patience->next_s * 2 < LONGEST_PAUSE_S ? patience->next_s * 2 : LONGEST_PAUSE_S;
  patience->n_pauses++;
  return client_http_rest(seconds, say_waiting(http, answer, patience->left_s), http);
}

ckks_status client_http_call(client_http_answer *answer, const client_http_request *request,
                             client_http *http) {
  client_http_patience patience = client_http_patience_begin(http);
  for (;;) {
    ckks_status status = client_http_attempt(answer, request, http);
    if (!client_http_is_passing(answer))
      return status;
    status = client_http_pause(&patience, answer, request, http);
    if (status != CKKS_OK)
      return status;
    client_http_answer_clear(answer);
  }
}

/* --- errors */

ckks_status client_http_fail(const client_http_answer *answer, const client_http_request *request,
                             const client_http *http) {
  json_t *body = answer->body.n_bytes > 0
                     ? json_loadb((const char *)answer->body.bytes, answer->body.n_bytes, 0, NULL)
                     : NULL;
  const char *message = json_string_value(json_object_get(body, "message"));
  ckks_status status = answer->status == 422 ? CKKS_ERROR_MISMATCH : CKKS_ERROR_IO;
  if (message != NULL)
    (void)base_fail(status, "%.200s: %.240s (HTTP %ld)", http->url, message, answer->status);
  else if (answer->status == 401)
    (void)base_fail(status, "%.200s: a valid token is needed (HTTP 401)", http->url);
  else
    (void)base_fail(status, "%.200s%.100s: HTTP %ld", http->url, request->path, answer->status);
  json_decref(body);
  return status;
}

/* --- the token */

static ckks_status read_token(char **out, const char *path) {
  uint8_t *bytes;
  size_t n_bytes;
  BASE_TRY(base_file_read_private(&bytes, &n_bytes, path, MAX_TOKEN_FILE_BYTES));
  char *text = (char *)bytes;
  text[strcspn(text, "\r\n")] = '\0';
  *out = base_strdup(text);
  base_wipe(bytes, n_bytes);
  base_free(bytes);
  return *out != NULL ? CKKS_OK : base_fail_memory(MAX_TOKEN_FILE_BYTES);
}

ckks_status client_http_token(char **out, const char *given, const char *path) {
  *out = NULL;
  if (given == NULL && path != NULL)
    return read_token(out, path);
  const char *text = given != NULL ? given : getenv("BLINDSIGHT_TOKEN");
  if (text == NULL)
    return CKKS_OK;
  *out = base_strdup(text);
  return *out != NULL ? CKKS_OK : base_fail_memory(strlen(text) + 1);
}
