/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs that a former process left. */
#ifndef SERVER_JOB_RECOVERY_H
#define SERVER_JOB_RECOVERY_H
#include "server/service.h"

/** Queues what a former process left undone. */
ckks_status server_job_recovery_run(server_service *service);
#endif
