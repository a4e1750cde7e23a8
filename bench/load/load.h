/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the files of load_server share: the load, its clients, and what the cores could have done
 * in the same time.
 */
#ifndef BENCH_LOAD_LOAD_H
#define BENCH_LOAD_LOAD_H
#include <pthread.h>
#include <stdatomic.h>

#include "ckks.h"
#include "plan/files.h"

#define LOAD_MAX_CLIENTS 64
#define LOAD_MAX_TIMES 2000000

typedef struct load {
  int port, n_clients, n_workers, pid; /* pid of the server, 0 = not known */
  const char *token, *client_file, *server_file;
  char model[128];
  size_t n_rows; /* of a request */
  plan_packing packing;
  double seconds;  /* at least so long */
  long n_requests; /* at least so many are answered */
  plan_interface interface;
  atomic_long n_done, n_busy, n_wrong;
  atomic_bool stop;
  double *times; /* of those that were answered */
} load;

typedef struct load_client {
  load *load;
  pthread_t thread;
  ckks_secret_key *secret;
  uint8_t *keys, *sample;
  size_t n_keys, n_sample;
  char id[65];
  char *answer;
  long n_answers;
  double wanted[ENCODING_MAX_CLASSES]; /* what the first answer said */
  bool has_wanted;
} load_client;

double load_now(void);
/** Ends the program with the last error. */
_Noreturn void load_fail(const char *what);

/* --- client.c */

/** Keys and a sample of its own; the keys are brought to the server. */
void load_client_prepare(load_client *client);
/** Asks until the load is stopped; a thread's function. */
void *load_client_ask(void *client);

/* --- pure.c */

/**
 * What a request costs when nothing but it is done, in seconds of a core: read, evaluated,
 * hidden, written, from message to message. As many loops as the server has workers take the
 * clients' samples and keys in turn for about `seconds`.
 */
double load_pure_measure(load_client *clients, const load *load, double seconds);

/* --- cores.c */

/** Seconds of the cores that this process may use, since some moment. */
typedef struct load_cores {
  double at, own, server;
  double busy;   /* in programs, whichever */
  double stolen; /* by other virtual machines */
  int n;
} load_cores;
load_cores load_cores_look(const load *load);
/** Memory that the server holds, in bytes; 0 when its pid is not known. */
double load_cores_memory(const load *load);
#endif
