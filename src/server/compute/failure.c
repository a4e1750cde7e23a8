/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "server/compute/failure.h"

#include <errno.h>
#include <stdio.h>

#include "server/store/database.h"

int server_failure_translate(char code[32], char message[512], ckks_status status) {
  static const struct {
    ckks_status status;
    int http;
  } table[] = {{CKKS_ERROR_FORMAT, 400},   {CKKS_ERROR_ARGUMENT, 400}, {CKKS_ERROR_MISMATCH, 422},
               {CKKS_ERROR_KEY, 422},      {CKKS_ERROR_RANGE, 422},    {CKKS_ERROR_LEVEL, 422},
               {CKKS_ERROR_SECURITY, 422}, {CKKS_ERROR_MEMORY, 503},   {CKKS_ERROR_CANCELLED, 503}};
  int http = 500;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
    if (table[i].status == status)
      http = table[i].http;
  if (status == CKKS_ERROR_IO && (server_database_full() || errno == ENOSPC || errno == EDQUOT))
    http = 507;
  /* What the system says is for the owner's eyes: it names paths. */
  snprintf(code, 32, "%s", http == 507 ? "disk_full" : ckks_status_name(status));
  snprintf(message, 512, "%s",
           http == 500   ? "the server cannot do that now; its log says why"
           : http == 507 ? "the server's disk is full"
                         : base_last_error());
  if (http >= 500)
    fprintf(stderr, "blindsight: %s\n", base_last_error());
  return http;
}
