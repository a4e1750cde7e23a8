/* SPDX-License-Identifier: Apache-2.0 */
/* Networks in ONNX files, for `import` and `compile`. */
#ifndef CLI_NETWORK_H
#define CLI_NETWORK_H
#include <stdio.h>

#include "onnx/import.h"

typedef struct cli_network_options {
  const char *calibrate, *label; /**< rows for the activations' ranges; a column to ignore */
  onnx_import_options import;    /**< deviation 0 = 255 for images, 1 for tables */
} cli_network_options;

void cli_network_options_default(cli_network_options *options);
/** Whether `path` is called as ONNX files are. */
bool cli_network_is(const char *path);
ckks_status cli_network_read(network_model *model, onnx_import_report *report, const char *path,
                             const cli_network_options *options);
/** A model file; an ONNX file is refused with what makes a model of it. */
ckks_status cli_network_model(network_model *model, const char *path);
void cli_network_print(FILE *out, const onnx_import_report *report);
#endif
