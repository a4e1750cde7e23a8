/* SPDX-License-Identifier: Apache-2.0 */
/* What this process takes of its machine. */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H
#include <stdint.h>

typedef struct server_process_figures {
  double cpu_s; /* of all cores, since the start */
  uint64_t resident_bytes, open_files, most_files;
} server_process_figures;

/** What cannot be told is 0. */
void server_process_look(server_process_figures *out);
#endif
