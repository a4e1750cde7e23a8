/* SPDX-License-Identifier: Apache-2.0 */
/* What an error is to a client. */
#ifndef SERVER_FAILURE_H
#define SERVER_FAILURE_H
#include "base/status.h"

/** HTTP status, code and text that a failure stands for; logs what is the server's own fault. */
int server_failure_translate(char code[32], char message[512], ckks_status status);
#endif
