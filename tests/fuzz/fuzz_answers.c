/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile server says of jobs and errors. The readers are the client's own; no request is
 * made. */
#define client_remote_infer fuzz_remote_infer
#define client_http_attempt fuzz_http_attempt
#include "client/remote_infer.c"
#undef client_http_attempt

#include <stdlib.h>

#include "fuzz/accepted.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

/* forget_job's request. */
ckks_status fuzz_http_attempt(client_http_answer *answer, const client_http_request *request,
                              client_http *http) {
  (void)request;
  (void)http;
  *answer = (client_http_answer){0};
  return base_fail(CKKS_ERROR_IO, "there is no server here");
}

static client_http *http(void) {
  static client_http *built;
  client_http_options options;
  client_http_options_default(&options);
  options.url = "http://127.0.0.1:9";
  if (built == NULL && client_http_build(&built, &options) != CKKS_OK)
    abort();
  return built;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  static const long statuses[] = {202, 200, 404, 401, 422, 429, 500, 503};
  if (n_bytes < 1)
    return 0;
  client_remote remote = {.http = http()};
  inference i = {.remote = &remote, .job_path = "/v2/jobs/0"};
  client_http_answer answer = {.status = statuses[bytes[0] % 8]};
  const client_http_request request = {.method = "GET", .path = "/v2/jobs/0"};
  ckks_status status = CKKS_OK;
  base_buffer_init(&answer.body, n_bytes);
  base_buffer_append(&answer.body, bytes + 1, n_bytes - 1);
  if (answer.status == 202 && take_job(&i, &answer) == CKKS_OK) {
    /* An id of hex digits, and nothing else, becomes part of a path. */
    if (strncmp(i.job_path, "/v2/jobs/", 9) != 0 ||
        strspn(i.job_path + 9, "0123456789abcdef") != strlen(i.job_path + 9))
      abort();
    fuzz_accept();
  }
  if (answer.status == 200 && is_done(&status, &answer, &i) && status == CKKS_OK)
    fuzz_accept();
  if (client_http_fail(&answer, &request, remote.http) == CKKS_OK || base_last_error()[0] == '\0')
    abort();
  base_buffer_clear(&answer.body);
  return 0;
}
