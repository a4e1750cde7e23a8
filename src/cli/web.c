/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "cli/web.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As long as paths are here, a name behind them still fits. */
#define MAX_FOLDER 3900

static bool is_page(const char *folder) {
  char file[CLI_WEB_MAX_PATH + 16];
  snprintf(file, sizeof file, "%s/index.html", folder);
  return access(file, R_OK) == 0;
}

ckks_status cli_web_folder(char found[CLI_WEB_MAX_PATH], const char **folder) {
  static const char *const places[] = {"/../share/blindsight/web", "/../web/page"};
  char program[MAX_FOLDER];
  if ((*folder)[0] != '\0')
    return CKKS_OK;
  ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
  program[n > 0 ? n : 0] = '\0';
  char *slash = strrchr(program, '/');
  if (n <= 0 || n == (ssize_t)sizeof program - 1 || slash == NULL)
    return base_fail(CKKS_ERROR_IO, "--web: where this program lies is not known; name the folder");
  *slash = '\0';
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    snprintf(found, CLI_WEB_MAX_PATH, "%s%s", program, places[i]);
    *folder = found;
    if (is_page(found))
      return CKKS_OK;
  }
  *folder = "";
  return base_fail(CKKS_ERROR_IO,
                   "--web: no page belongs to this program (%s%s): run make wasm before make "
                   "install, or name the page's folder",
                   program, places[0]);
}
