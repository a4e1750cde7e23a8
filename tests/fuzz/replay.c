/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds stored inputs to a fuzz target: the arguments are files and folders of files. */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int fuzz_input(const uint8_t *bytes, size_t n_bytes);
int test_replay(fuzz_input *input, int argc, char **argv);

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
  if (whole)
    input(bytes, (size_t)n);
  free(bytes);
  return whole;
}

/* Number of inputs replayed, -1 when the folder holds something that cannot be read. */
static int replay_folder(fuzz_input *input, DIR *folder, const char *path) {
  int n = 0;
  for (struct dirent *entry; (entry = readdir(folder));) {
    char name[4096];
    if (entry->d_name[0] == '.')
      continue;
    snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
    if (!replay_file(input, name)) {
      fprintf(stderr, "cannot replay %s\n", name);
      return -1;
    }
    n++;
  }
  return n;
}

int test_replay(fuzz_input *input, int argc, char **argv) {
  input((const uint8_t *)"", 0);
  int n_inputs = 1;
  for (int i = 1; i < argc; i++) {
    DIR *folder = opendir(argv[i]);
    int n = folder ? replay_folder(input, folder, argv[i]) : 0;
    if (folder)
      closedir(folder);
    if (n < 0)
      return 1;
    n_inputs += n;
  }
  printf("%d inputs replayed\n", n_inputs);
  return 0;
}
