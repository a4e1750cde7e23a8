/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs: inferences that nobody waits for. */
#ifndef SERVER_JOB_CREATE_H
#define SERVER_JOB_CREATE_H
#include "server/http/request.h"

/** Stores a job and queues it; answers the request. */
void server_job_create(server_request *request, const char *key, const uint8_t *sample,
                       size_t n_sample);
#endif
