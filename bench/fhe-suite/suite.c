/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "suite.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

const suite_size suite_sizes[SUITE_N_SIZES] = {{"single", 1, BLINDSIGHT_LATENCY},
                                               {"small", 15, BLINDSIGHT_LATENCY},
                                               {"medium", 1000, BLINDSIGHT_THROUGHPUT},
                                               {"large", 10000, BLINDSIGHT_THROUGHPUT}};

void suite_fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

void suite_check(ckks_status status, const char *what) {
  if (status != CKKS_OK)
    suite_fail("%s: %s: %s", what, ckks_status_name(status), ckks_last_error());
}

const suite_size *suite_argument(int argc, char **argv) {
  if (argc != 2 || strlen(argv[1]) != 1 || argv[1][0] < '0' || argv[1][0] >= '0' + SUITE_N_SIZES)
    suite_fail("usage: %s SIZE\nSIZE is 0 (single), 1 (small), 2 (medium) or 3 (large)", argv[0]);
  return &suite_sizes[argv[1][0] - '0'];
}

int suite_threads(void) {
  const char *text = getenv("SUITE_THREADS");
  char *end = NULL;
  long n = text != NULL ? strtol(text, &end, 10) : 1;
  if (text != NULL && (end == text || *end != 0 || n < 1 || n > BLINDSIGHT_MAX_THREADS))
    suite_fail("SUITE_THREADS = %s: must be 1 to %d", text, BLINDSIGHT_MAX_THREADS);
  return (int)n;
}

double suite_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void suite_say(const char *who, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  printf("         [%s] ", who);
  vprintf(format, arguments);
  va_end(arguments);
  putchar('\n');
}

/* --- paths */

static void path_fits(int n) {
  if (n < 0 || n >= SUITE_PATH_BYTES)
    suite_fail("a path is longer than %d bytes", SUITE_PATH_BYTES);
}

void suite_io(suite_path path, const suite_size *size, const char *file, ...) {
  va_list arguments;
  int n = snprintf(path, SUITE_PATH_BYTES, "io/%s/", size->name);
  va_start(arguments, file);
  path_fits(n + vsnprintf(path + n, SUITE_PATH_BYTES - (size_t)n, file, arguments));
  va_end(arguments);
}

void suite_folder(const suite_size *size, const char *folder) {
  suite_path path;
  suite_io(path, size, "%s", folder);
  if (mkdir(path, 0700) != 0 && errno != EEXIST)
    suite_fail("%s: %s", path, strerror(errno));
}

void suite_plan(suite_path path, const suite_size *size, const char *side) {
  path_fits(snprintf(path, SUITE_PATH_BYTES, "submission/build/%s.%s",
                     size->packing == BLINDSIGHT_LATENCY ? "latency" : "throughput", side));
}

/* --- files */

void suite_read(uint8_t **bytes, size_t *n_bytes, const char *path, bool optional) {
  struct stat info;
  *bytes = NULL;
  *n_bytes = 0;
  FILE *file = fopen(path, "rb");
  if (file == NULL && optional && errno == ENOENT)
    return;
  if (file == NULL || fstat(fileno(file), &info) != 0)
    suite_fail("%s: %s", path, strerror(errno));
  *n_bytes = (size_t)info.st_size;
  *bytes = malloc(*n_bytes + 1);
  if (*bytes == NULL)
    suite_fail("%s: no memory for %zu bytes", path, *n_bytes);
  if (fread(*bytes, 1, *n_bytes, file) != *n_bytes)
    suite_fail("%s: could not be read", path);
  (*bytes)[*n_bytes] = 0; /* so that it may be read as text */
  fclose(file);
}

void suite_write(const char *path, const void *bytes, size_t n_bytes) {
  FILE *file = fopen(path, "wb");
  if (file == NULL)
    suite_fail("%s: %s", path, strerror(errno));
  size_t n_written = fwrite(bytes, 1, n_bytes, file);
  if (fclose(file) != 0 || n_written != n_bytes)
    suite_fail("%s: could not be written", path);
}

/* --- the compiled model */

blindsight_client *suite_client(const suite_size *size) {
  suite_path path;
  blindsight_client *client;
  suite_plan(path, size, "client");
  suite_check(blindsight_client_load(&client, path), path);
  if (blindsight_client_names(client)->n_features != SUITE_PIXELS)
    suite_fail("%s: the model has %zu features, an image has %d", path,
               blindsight_client_names(client)->n_features, SUITE_PIXELS);
  if (!blindsight_client_facts(client)->cost[size->packing].available)
    suite_fail("%s: not compiled for the packing of size \"%s\"", path, size->name);
  return client;
}

size_t suite_sample_images(const suite_size *size, const blindsight_client *client) {
  size_t most = blindsight_client_facts(client)->cost[size->packing].rows;
  return size->packing == BLINDSIGHT_LATENCY || most > size->n_images ? size->n_images : most;
}
