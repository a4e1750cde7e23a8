/* SPDX-License-Identifier: Apache-2.0 */
/* What is decided before the body. */
#ifndef SERVER_ADMISSION_H
#define SERVER_ADMISSION_H
#include "server/http/request.h"

/** Decides all that can be decided before the body; what is answered then needs no body. */
void server_admission_decide(server_request *request, const char *method, const char *target,
                             const char *version);
#endif
