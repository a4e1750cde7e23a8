/* SPDX-License-Identifier: Apache-2.0 */
/* Models in files, and networks in ONNX that become models. */
#ifndef CLI_MODEL_H
#define CLI_MODEL_H
#include <jansson.h>
#include <stdio.h>

#include "blindsight.h"

/** Whether `path` is called as ONNX files are. */
bool cli_model_is_network(const char *path);
/** A model file; an ONNX file is refused with what makes a model of it. */
ckks_status cli_model_load(blindsight_model **out, const char *path);
/** What a network takes and gives, and what became of its activations. */
void cli_model_print_import(FILE *out, const blindsight_import *report,
                            const blindsight_model *model,
                            const blindsight_import_options *options);
/** The same for programs. */
json_t *cli_model_import_json(const blindsight_import *report);
#endif
