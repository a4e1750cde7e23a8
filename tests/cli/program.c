/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands say they are, when tests call them. */
#include "cli/cli.h"

const char cli_program[] = "blindsight";
