/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds stored inputs to a fuzz target: the arguments are files and folders of files. What is named
 * as a file, or begins with "whole" in a folder, is a seed that must be accepted: one that has gone
 * stale fails the test. Files with the magic of ours are tried as payloads, too. */
#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/accepted.h"

typedef int fuzz_input(const uint8_t *bytes, size_t n_bytes);
int test_replay(fuzz_input *input, int argc, char **argv);

#define HEADER_BYTES 88 /* of a frame, and its digest */
#define DIGEST_BYTES 32

static void replay_payload(fuzz_input *input, const uint8_t *bytes, size_t n_bytes) {
  if (n_bytes < HEADER_BYTES + DIGEST_BYTES || memcmp(bytes, "BLINDSGT", 8) != 0)
    return;
  size_t n = n_bytes - HEADER_BYTES - DIGEST_BYTES;
  uint8_t *payload = malloc(n > 0 ? n : 1);
  if (payload == NULL)
    return;
  memcpy(payload, bytes + HEADER_BYTES, n);
  input(payload, n);
  free(payload);
}

static int replay_file(fuzz_input *input, const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0)
    return 0;
  long n = ftell(file);
  rewind(file);
  /* Exactly as long as the input, so that a sanitizer sees the first byte read beyond it. */
  uint8_t *bytes = malloc(n > 0 ? (size_t)n : 1);
  int whole = bytes && n >= 0 && fread(bytes, 1, (size_t)n, file) == (size_t)n;
  fclose(file);
  if (whole) {
    input(bytes, (size_t)n);
    replay_payload(input, bytes, (size_t)n);
  }
  free(bytes);
  return whole;
}

/* Whether it could be read, and was accepted where that is asked for. */
static bool replay_seed(fuzz_input *input, const char *path, bool must_pass, int *n_whole) {
  unsigned long before = fuzz_n_accepted;
  if (!replay_file(input, path)) {
    fprintf(stderr, "cannot replay %s\n", path);
    return false;
  }
  if (must_pass && fuzz_n_accepted == before) {
    fprintf(stderr, "%s: a whole seed, and it is refused: make it anew\n", path);
    return false;
  }
  *n_whole += must_pass;
  return true;
}

/* Number of inputs replayed, -1 when one failed. */
static int replay_folder(fuzz_input *input, DIR *folder, const char *path, int *n_whole) {
  int n = 0;
  for (struct dirent *entry; (entry = readdir(folder));) {
    char name[4096];
    if (entry->d_name[0] == '.')
      continue;
    snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
    if (!replay_seed(input, name, strncmp(entry->d_name, "whole", 5) == 0, n_whole))
      return -1;
    n++;
  }
  return n;
}

int test_replay(fuzz_input *input, int argc, char **argv) {
  input((const uint8_t *)"", 0);
  int n_inputs = 1, n_whole = 0;
  for (int i = 1; i < argc; i++) {
    DIR *folder = opendir(argv[i]);
    int n = folder ? replay_folder(input, folder, argv[i], &n_whole)
                   : (replay_seed(input, argv[i], true, &n_whole) ? 1 : -1);
    if (folder)
      closedir(folder);
    if (n < 0)
      return 1;
    n_inputs += n;
  }
  if (n_whole == 0) {
    fprintf(stderr, "no whole seed among %d inputs\n", n_inputs);
    return 1;
  }
  printf("%d inputs replayed, %d of them whole and accepted\n", n_inputs, n_whole);
  return 0;
}
