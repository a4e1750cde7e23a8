/* SPDX-License-Identifier: Apache-2.0 */
/* Why there was no answer, in words of ours and with the option that helps; what libcurl says is
 * shown where we know nothing better. */
#include <string.h>

#include "client/http_link.h"

/* The texts of both TLS libraries that libcurl is built with in Debian. */
static const char *untrusted(const char *curl_says) {
  static const struct {
    const char *in, *reason;
  } cases[] = {{"expired", "its certificate has expired: the server needs a new one"},
               {"not yet", "its certificate is not valid yet: look at the clocks"},
               {"activat", "its certificate is not valid yet: look at the clocks"},
               {"match", "its certificate is for another name than the address has"},
               {"host name", "its certificate is for another name than the address has"},
               {"revoked", "its certificate was revoked"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    if (strstr(curl_says, cases[i].in) != NULL)
      return cases[i].reason;
  return "certificate verification failed: no authority that is trusted here signed it; --cacert "
         "names another";
}

static const char *broken(const char *curl_says) {
  if (strstr(curl_says, "ertificate required") != NULL ||
      strstr(curl_says, "ertificate is required") != NULL)
    return "it asks for a client certificate: --cert and --cert-key";
  return "the connection broke off before there was an answer";
}

const char *client_http_reason(CURLcode code, const char *curl_says) {
  switch (code) {
  case CURLE_URL_MALFORMAT:
    return "this is no address of a server";
  case CURLE_COULDNT_RESOLVE_HOST:
    return "no machine has this name: is the address right, and is there a network?";
  case CURLE_COULDNT_RESOLVE_PROXY:
    return "no machine has the proxy's name: look at https_proxy and no_proxy";
  case CURLE_COULDNT_CONNECT:
    return "no server answers there: is the port right, and does it run?";
  case CURLE_OPERATION_TIMEDOUT:
    return "nothing came for so long, or less than a kilobyte a second: --timeout says how long "
           "to wait";
  case CURLE_SSL_CONNECT_ERROR:
    return strstr(curl_says, "ertificate") != NULL
               ? broken(curl_says)
               : "no TLS is spoken there, or no version of it that we speak; http:// with --plain "
                 "does without";
  case CURLE_PEER_FAILED_VERIFICATION:
    return untrusted(curl_says);
  case CURLE_SSL_CACERT_BADFILE:
    return "--cacert is no PEM file of certificates";
  case CURLE_SSL_CERTPROBLEM:
    return "--cert and --cert-key are no certificate and its key, in PEM";
  case CURLE_GOT_NOTHING:
  case CURLE_PARTIAL_FILE:
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
    return broken(curl_says);
  default:
    return curl_says[0] != '\0' ? curl_says : curl_easy_strerror(code);
  }
}
