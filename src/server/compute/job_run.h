/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs at work. */
#ifndef SERVER_JOB_RUN_H
#define SERVER_JOB_RUN_H
#include "server/service.h"

typedef struct server_job {
  server_task task;
  server_service *service;
  char id[33], token[17], model[129], version[33], key[65];
  uint64_t predictions_per_day;
} server_job;

/** To the pool, which owns it from then on. */
void server_job_run_queue(server_job *job);
#endif
