/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that training never saw, for who wants to try the model on them. */
#ifndef CLI_TRAIN_VALIDATION_H
#define CLI_TRAIN_VALIDATION_H
#include "blindsight.h"

/** CSV as a client would have it: the columns of the model, then the label. A file of mode 0600.
 * CKKS_ERROR_MEMORY, _IO. */
ckks_status cli_train_validation_write(const char *path, const blindsight_rows *rows,
                                       const blindsight_names *names, const char *label);
#endif
