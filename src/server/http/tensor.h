/* SPDX-License-Identifier: Apache-2.0 */
/* Results as the Open Inference Protocol has them. */
#ifndef SERVER_TENSOR_H
#define SERVER_TENSOR_H
#include "server/http/question.h"

/** Answers a question that had a JSON head; takes inference->result. */
void server_tensor_answer(server_request *request, const server_question *question,
                          server_inference *inference);
#endif
