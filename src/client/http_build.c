/* SPDX-License-Identifier: Apache-2.0 */
/* What a client says once for all its requests: whom it talks to, who it is. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "client/http.h"
#include "client/http_link.h"

#define TIMEOUT_S 60
#define PATIENCE_S 120
#define PAUSE_MS 250

void client_http_options_default(client_http_options *options) {
  *options =
      (client_http_options){.timeout_s = TIMEOUT_S, .patience_s = PATIENCE_S, .pause_ms = PAUSE_MS};
}

/* --- what may be said */

/* libcurl asks for one call before all others; the process keeps what it makes. */
static pthread_once_t started = PTHREAD_ONCE_INIT;
static CURLcode start_code;

static void start(void) {
  start_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool is_loopback(const char *host) {
  return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
         (strncmp(host, "127.", 4) == 0 && host[strspn(host, "0123456789.")] == '\0');
}

/* "" for what the URL does not have. */
static char *part_of(CURLU *url, CURLUPart part) {
  char *text = NULL, *copy = NULL;
  if (curl_url_get(url, part, &text, 0) == CURLUE_OK)
    copy = base_strdup(text);
  else
    copy = base_strdup("");
  curl_free(text);
  return copy;
}

/* Scheme and host, nothing that could carry secrets or change the path. */
static ckks_status check_parts(CURLU *url, const client_http_options *options) {
  char *scheme = part_of(url, CURLUPART_SCHEME), *host = part_of(url, CURLUPART_HOST),
       *user = part_of(url, CURLUPART_USER), *query = part_of(url, CURLUPART_QUERY),
       *fragment = part_of(url, CURLUPART_FRAGMENT);
  ckks_status status = CKKS_OK;
  if (!scheme || !host || !user || !query || !fragment)
    status = base_fail_memory(CLIENT_HTTP_MAX_URL);
  else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
    status =
        base_fail(CKKS_ERROR_ARGUMENT, "%s: must begin with http:// or https://", options->url);
  else if (user[0] != '\0' || query[0] != '\0' || fragment[0] != '\0')
    status = base_fail(CKKS_ERROR_ARGUMENT, "the URL of a service holds no user, ? or #");
  else if (strcmp(scheme, "http") == 0 && !options->plain && !is_loopback(host))
    status = base_fail(CKKS_ERROR_ARGUMENT,
                       "%s: anybody on the way could read the token: use https:// (or allow plain "
                       "connections)",
                       options->url);
  base_free(scheme);
  base_free(host);
  base_free(user);
  base_free(query);
  base_free(fragment);
  return status;
}

static ckks_status check_url(const client_http_options *options) {
  size_t length = strlen(options->url);
  if (length == 0 || length > CLIENT_HTTP_MAX_URL)
    return base_fail(CKKS_ERROR_ARGUMENT, "a URL of %zu characters: must be 1 to %d", length,
                     CLIENT_HTTP_MAX_URL);
  if (strstr(options->url, "://") == NULL)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s: must begin with http:// or https://", options->url);
  CURLU *url = curl_url();
  if (url == NULL)
    return base_fail_memory(length);
  ckks_status status;
  if (curl_url_set(url, CURLUPART_URL, options->url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
    status = base_fail(CKKS_ERROR_ARGUMENT, "%s: is no URL", options->url);
  else
    status = check_parts(url, options);
  curl_url_cleanup(url);
  return status;
}

/* What goes into a header must not end it. */
static ckks_status check_token(const char *token) {
  for (const char *at = token; *at != '\0'; at++)
    if (*at <= ' ' || *at > '~')
      return base_fail(CKKS_ERROR_ARGUMENT, "the token holds a character that no token has");
  if (token[0] == '\0' || strlen(token) > CLIENT_HTTP_MAX_TOKEN)
    return base_fail(CKKS_ERROR_ARGUMENT, "a token has 1 to %d characters", CLIENT_HTTP_MAX_TOKEN);
  return CKKS_OK;
}

/* NULL stays NULL; false when out of memory. */
static bool copy_text(char **out, const char *text) {
  *out = text != NULL ? base_strdup(text) : NULL;
  return text == NULL || *out != NULL;
}

/* --- building */

/* The texts of `options` and, NULL allowed, the header that names us. */
static ckks_status fill(client_http *http, const client_http_options *options,
                        const char *authorization) {
  http->options = *options;
  http->curl = curl_easy_init();
  http->multi = curl_multi_init();
  if (!copy_text(&http->url, options->url) || !copy_text(&http->cacert, options->cacert) ||
      !copy_text(&http->cert, options->cert) || !copy_text(&http->cert_key, options->cert_key) ||
      !copy_text(&http->authorization, authorization) || http->curl == NULL || http->multi == NULL)
    return base_fail_memory(sizeof *http);
  snprintf(http->agent, sizeof http->agent, "blindsight/%s", ckks_version());
  for (size_t n = strlen(http->url); n > 0 && http->url[n - 1] == '/'; n--)
    http->url[n - 1] = '\0';
  /* The caller's texts may go. */
  http->options.url = http->url;
  http->options.cacert = http->cacert;
  http->options.cert = http->cert;
  http->options.cert_key = http->cert_key;
  http->options.token = NULL;
  return CKKS_OK;
}

static ckks_status make(client_http **out, const client_http_options *options,
                        const char *authorization) {
  client_http *http = base_alloc(sizeof *http);
  *out = NULL;
  if (http == NULL)
    return base_fail_memory(sizeof *http);
  ckks_status status = fill(http, options, authorization);
  if (status == CKKS_OK)
    *out = http;
  else
    client_http_free(http);
  return status;
}

ckks_status client_http_build(client_http **out, const client_http_options *options) {
  char header[sizeof "Authorization: Bearer " + CLIENT_HTTP_MAX_TOKEN];
  *out = NULL;
  pthread_once(&started, start);
  if (start_code != CURLE_OK)
    return base_fail(CKKS_ERROR_IO, "libcurl: %s", curl_easy_strerror(start_code));
  BASE_TRY(check_url(options));
  if (options->token == NULL)
    return make(out, options, NULL);
  BASE_TRY(check_token(options->token));
  snprintf(header, sizeof header, "Authorization: Bearer %s", options->token);
  ckks_status status = make(out, options, header);
  base_wipe(header, sizeof header);
  return status;
}

ckks_status client_http_build_another(client_http **out, const client_http *http,
                                      client_progress progress, void *context) {
  client_http_options options = http->options;
  options.progress = progress;
  options.context = context;
  return make(out, &options, http->authorization);
}

void client_http_free(client_http *http) {
  if (http == NULL)
    return;
  curl_easy_cleanup(http->curl);
  curl_multi_cleanup(http->multi);
  if (http->authorization != NULL)
    base_wipe(http->authorization, strlen(http->authorization));
  base_free(http->authorization);
  base_free(http->url);
  base_free(http->cacert);
  base_free(http->cert);
  base_free(http->cert_key);
  base_free(http);
}

void client_http_show_to(client_http *http, client_progress progress, void *context) {
  http->options.progress = progress;
  http->options.context = context;
}
