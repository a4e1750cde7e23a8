/* SPDX-License-Identifier: Apache-2.0 */
/* One attempt at one request, by libcurl. */
#include "client/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/http_link.h"

ckks_status client_http_show(const client_http *http, const char *stage, double fraction) {
  if (http->options.progress == NULL ||
      http->options.progress(http->options.context, stage, fraction) == 0)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_CANCELLED, "stopped on request");
}

#define ASKING "asking the server" /* the stage of requests that have no other */
#define LEAST_RATE 1024L           /* bytes a second, up and down: who drips is as good as silent */
#define SLICE_MS 100 /* how soon a silent connection notices that nobody waits for it any more */

/* --- what libcurl calls */

typedef struct attempt {
  client_http *http;
  const client_http_request *request;
  client_http_answer *answer;
  size_t at; /* of the body */
  bool stopped, too_long;
} attempt;

static size_t take_body(char *bytes, size_t size, size_t n, void *context) {
  attempt *a = context;
  base_buffer *body = &a->answer->body;
  a->too_long = size * n > body->ceiling_bytes - body->n_bytes;
  base_buffer_append(body, bytes, size * n);
  return body->failed ? 0 : size * n;
}

static size_t give_body(char *out, size_t size, size_t n, void *context) {
  attempt *a = context;
  size_t left = a->request->n_body - a->at, take = size * n < left ? size * n : left;
  memcpy(out, a->request->body + a->at, take);
  a->at += take;
  return take;
}

/* A kept connection may turn out to be closed: then the body starts anew. */
static int seek_body(void *context, curl_off_t offset, int origin) {
  attempt *a = context;
  if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > a->request->n_body)
    return CURL_SEEKFUNC_FAIL;
  a->at = (size_t)offset;
  return CURL_SEEKFUNC_OK;
}

static int show_progress(void *context, curl_off_t n_down, curl_off_t down, curl_off_t n_up,
                         curl_off_t up) {
  attempt *a = context;
  const client_http_request *r = a->request;
  (void)n_down;
  (void)down;
  (void)n_up;
  double whole = (double)r->n_before + (double)r->n_body;
  double done = (double)r->n_before + (double)up;
  const char *stage = r->stage != NULL              ? r->stage
                      : a->http->waiting[0] != '\0' ? a->http->waiting
                                                    : ASKING;
  a->stopped = client_http_show(a->http, stage, whole > 0 ? done / whole : 0) != CKKS_OK;
  return a->stopped;
}

/* The value of a header line of that name, its blanks taken off, in `out`; false for others. */
static bool header_value(char *out, size_t size, const char *line, size_t n, const char *name) {
  size_t length = strlen(name), first = length + 1;
  if (n <= first || strncasecmp(line, name, length) != 0 || line[length] != ':')
    return false;
  while (first < n && (line[first] == ' ' || line[first] == '\t'))
    first++;
  while (n > first && (line[n - 1] == '\r' || line[n - 1] == '\n' || line[n - 1] == ' '))
    n--;
  if (n - first >= size)
    return false;
  memcpy(out, line + first, n - first);
  out[n - first] = '\0';
  return true;
}

static bool read_number(uint64_t *value, const char *text) {
  size_t n = strspn(text, "0123456789");
  if (n == 0 || n > 18 || text[n] != '\0')
    return false;
  *value = strtoull(text, NULL, 10);
  return true;
}

static size_t take_header(char *line, size_t size, size_t n, void *context) {
  client_http_answer *answer = ((attempt *)context)->answer;
  char value[80];
  uint64_t number;
  n *= size;
  if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) { /* "100 Continue" may have come before */
    answer->has_retry_after = answer->has_offset = answer->complete = false;
    answer->tag[0] = answer->version[0] = '\0';
  } else if (header_value(value, sizeof value, line, n, "Retry-After")) {
    answer->has_retry_after = read_number(&number, value) && number <= 1000000;
    answer->retry_after_s = answer->has_retry_after ? (unsigned)number : 0;
  } else if (header_value(value, sizeof value, line, n, "Upload-Offset")) {
    answer->has_offset = read_number(&answer->offset, value);
  } else if (header_value(value, sizeof value, line, n, "Upload-Complete")) {
    answer->complete = strcmp(value, "?1") == 0;
  } else if (!header_value(answer->tag, sizeof answer->tag, line, n, "ETag")) {
    (void)header_value(answer->version, sizeof answer->version, line, n, "Blindsight-Version");
  }
  return n;
}

/* --- one attempt */

#define SET(option, value)                                                                         \
  do {                                                                                             \
    if (code == CURLE_OK)                                                                          \
      code = curl_easy_setopt(curl, option, value);                                                \
  } while (0)

/* Who the server must be, and who we are. */
static CURLcode set_link(client_http *http, const char *url) {
  CURL *curl = http->curl;
  CURLcode code = CURLE_OK;
  http->error[0] = '\0';
  SET(CURLOPT_URL, url);
  SET(CURLOPT_ERRORBUFFER, http->error);
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_USERAGENT, http->agent);
  SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(CURLOPT_CAINFO, http->cacert);
  SET(CURLOPT_SSLCERT, http->cert);
  SET(CURLOPT_SSLKEY, http->cert_key);
  SET(CURLOPT_CONNECTTIMEOUT, (long)http->options.timeout_s);
  SET(CURLOPT_LOW_SPEED_LIMIT, LEAST_RATE);
  SET(CURLOPT_LOW_SPEED_TIME, (long)http->options.timeout_s);
  return code;
}

static CURLcode set_request(attempt *a, struct curl_slist *headers) {
  CURL *curl = a->http->curl;
  const client_http_request *request = a->request;
  CURLcode code = CURLE_OK;
  SET(CURLOPT_HTTPHEADER, headers);
  SET(CURLOPT_WRITEFUNCTION, take_body);
  SET(CURLOPT_WRITEDATA, a);
  SET(CURLOPT_HEADERFUNCTION, take_header);
  SET(CURLOPT_HEADERDATA, a);
  SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->max_answer_bytes); /* if it says so */
  SET(CURLOPT_NOPROGRESS, 0L);
  SET(CURLOPT_XFERINFOFUNCTION, show_progress);
  SET(CURLOPT_XFERINFODATA, a);
  if (request->body != NULL) {
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->n_body);
    SET(CURLOPT_READFUNCTION, give_body);
    SET(CURLOPT_READDATA, a);
    SET(CURLOPT_SEEKFUNCTION, seek_body);
    SET(CURLOPT_SEEKDATA, a);
  }
  if (strcmp(request->method, "HEAD") == 0)
    SET(CURLOPT_NOBODY, 1L);
  else if (strcmp(request->method, "GET") != 0)
    SET(CURLOPT_CUSTOMREQUEST, request->method);
  return code;
}

static bool add_header(struct curl_slist **headers, const char *text) {
  struct curl_slist *longer = curl_slist_append(*headers, text);
  if (longer != NULL)
    *headers = longer;
  return longer != NULL;
}

/* NULL when out of memory: there is always one, libcurl's own guess of a type taken out. */
static struct curl_slist *list_headers(const client_http *http,
                                       const client_http_request *request) {
  struct curl_slist *headers = NULL;
  bool good = add_header(&headers, "Accept: application/octet-stream, application/json");
  if (good && http->authorization != NULL)
    good = add_header(&headers, http->authorization);
  for (size_t i = 0; good && i < CLIENT_HTTP_MAX_HEADERS && request->header[i] != NULL; i++)
    good = add_header(&headers, request->header[i]);
  if (good)
    return headers;
  curl_slist_free_all(headers);
  return NULL;
}

/* What may be different the next time: the network, a server that restarts. */
static bool may_pass(CURLcode code) {
  switch (code) {
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_CONNECT:
  case CURLE_OPERATION_TIMEDOUT:
  case CURLE_PARTIAL_FILE:
  case CURLE_GOT_NOTHING:
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_HTTP2:
  case CURLE_HTTP2_STREAM:
    return true;
  default:
    return false;
  }
}

static ckks_status fail_transport(attempt *a, CURLcode code) {
  client_http *http = a->http;
  if (a->stopped)
    return base_fail(CKKS_ERROR_CANCELLED, "stopped on request");
  if (code == CURLE_FILESIZE_EXCEEDED || a->too_long)
    return base_fail(CKKS_ERROR_FORMAT, "%s%s: the answer is larger than the limit of %zu bytes",
                     http->url, a->request->path, a->request->max_answer_bytes);
  a->answer->broken = may_pass(code);
  if (code == CURLE_OUT_OF_MEMORY || a->answer->body.failed)
    return base_fail_memory(a->answer->body.n_bytes);
  return base_fail(CKKS_ERROR_IO, "%s: %s", http->url, client_http_reason(code, http->error));
}

/* libcurl by itself asks once a second whether to go on, which is long for who pressed Ctrl-C. */
static CURLcode perform(client_http *http) {
  int running = 1, left;
  CURLcode code = CURLE_OK;
  CURLMcode multi = curl_multi_add_handle(http->multi, http->curl);
  while (multi == CURLM_OK && running != 0) {
    multi = curl_multi_perform(http->multi, &running);
    if (multi == CURLM_OK && running != 0)
      multi = curl_multi_poll(http->multi, NULL, 0, SLICE_MS, NULL);
  }
  if (multi != CURLM_OK)
    code = multi == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
  for (CURLMsg *message; (message = curl_multi_info_read(http->multi, &left)) != NULL;)
    if (message->msg == CURLMSG_DONE && code == CURLE_OK)
      code = message->data.result;
  curl_multi_remove_handle(http->multi, http->curl);
  return code;
}

ckks_status client_http_attempt(client_http_answer *answer, const client_http_request *request,
                                client_http *http) {
  attempt a = {.http = http, .request = request, .answer = answer};
  base_buffer url;
  *answer = (client_http_answer){0};
  base_buffer_init(&answer->body, request->max_answer_bytes);
  base_buffer_init(&url, 2 * CLIENT_HTTP_MAX_URL);
  base_buffer_printf(&url, "%s%s", http->url, request->path);
  base_buffer_u8(&url, 0);
  struct curl_slist *headers = list_headers(http, request);
  ckks_status status = headers != NULL ? base_buffer_status(&url) : base_fail_memory(1);
  if (status == CKKS_OK) {
    curl_easy_reset(http->curl); /* the connection stays */
    CURLcode code = set_link(http, (const char *)url.bytes);
    if (code == CURLE_OK)
      code = set_request(&a, headers);
    if (code == CURLE_OK)
      code = perform(http);
    if (code == CURLE_OK)
      code = curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &answer->status);
    if (code == CURLE_OK) {
      http->waiting[0] = '\0';
    } else {
      answer->status = 0;
      status = fail_transport(&a, code);
    }
  }
  curl_slist_free_all(headers);
  base_buffer_clear(&url);
  return status;
}

void client_http_answer_clear(client_http_answer *answer) {
  base_buffer_clear(&answer->body);
  *answer = (client_http_answer){0};
}
