/* SPDX-License-Identifier: Apache-2.0 */
/* Programs run as processes of their own, one after the other. */
#ifndef CLI_DEMO_CHILD_H
#define CLI_DEMO_CHILD_H
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct cli_demo_child {
  double ms;             /**< from its start to its end */
  size_t peak_rss_bytes; /**< its largest resident set */
  uint8_t *output;       /**< what it printed, one NUL byte behind (base_free) */
  size_t n_output;
} cli_demo_child;

/**
 * Runs argv (NULL at its end; argv[0] a path) to its end. Its standard error is appended to the
 * file `messages`, but stays the terminal when `visible` and there is one. The child dies with
 * this process, however that ends. CKKS_ERROR_IO names program, exit code and its last message;
 * nothing is left in *child then.
 */
ckks_status cli_demo_child_run(cli_demo_child *child, const char *const *argv, const char *messages,
                               bool visible);
#endif
