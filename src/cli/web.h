/* SPDX-License-Identifier: Apache-2.0 */
/* Where the page for people is. */
#ifndef CLI_WEB_H
#define CLI_WEB_H
#include "base/status.h"

#define CLI_WEB_MAX_PATH 4096
/**
 * What *folder names stays as it is; "" becomes the page that belongs to this program, in `found`:
 * ../share/blindsight/web beside it where it was installed, ../web/page where it was built.
 * CKKS_ERROR_IO where there is none.
 */
ckks_status cli_web_folder(char found[CLI_WEB_MAX_PATH], const char **folder);
#endif
