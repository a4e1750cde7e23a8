/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers: answer.c at once, answer_infer.c, answer_key.c and answer_job.c. */
#ifndef SERVER_ANSWER_H
#define SERVER_ANSWER_H
#include <jansson.h>

#include "server/http/request.h"
#include "server/store/job_row.h"

void server_answer_about(server_request *request);
void server_answer_live(server_request *request);
void server_answer_ready(server_request *request);
void server_answer_models(server_request *request);
void server_answer_model(server_request *request);
void server_answer_model_ready(server_request *request);
void server_answer_client(server_request *request);
void server_answer_openapi(server_request *request);
void server_answer_metrics(server_request *request);
void server_answer_infer(server_request *request);
void server_answer_key_put(server_request *request);
void server_answer_key_get(server_request *request);
void server_answer_key_delete(server_request *request);
void server_answer_job_get(server_request *request);
void server_answer_job_result(server_request *request);
void server_answer_job_delete(server_request *request);

/** Opens the upload that the request's body goes to; false = answered. */
bool server_answer_key_begin(server_request *request);
/** A job as clients are told of it; NULL when out of memory. */
json_t *server_answer_job_describe(const char *id, const server_job_row *row, unsigned ttl_s);
#endif
