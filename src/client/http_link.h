/* SPDX-License-Identifier: Apache-2.0 */
/* What http.c and http_retry.c both see of a client_http. */
#ifndef CLIENT_HTTP_LINK_H
#define CLIENT_HTTP_LINK_H
#include <curl/curl.h>

#include "client/http.h"

#define CLIENT_HTTP_MAX_TOKEN 512
#define CLIENT_HTTP_MAX_URL 2048

struct client_http {
  CURL *curl;
  CURLM *multi;                /**< keeps the connection, and waits in slices */
  client_http_options options; /**< its texts are these, without the token: */
  char *url;                   /**< without a slash at its end */
  char *cacert, *cert, *cert_key;
  char *authorization; /**< the header, NULL = none */
  char agent[32];
  char error[CURL_ERROR_SIZE];
  char waiting[200]; /**< what is shown during pauses, and until there is an answer again */
};

/** Why there was no answer, in our words; curl_says: its error buffer, "" = nothing. */
const char *client_http_reason(CURLcode code, const char *curl_says);
#endif
