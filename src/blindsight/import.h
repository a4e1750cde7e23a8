/* SPDX-License-Identifier: Apache-2.0 */
/* What importing did, and the parts that it is shown from. */
#ifndef BLINDSIGHT_IMPORT_H
#define BLINDSIGHT_IMPORT_H
#include "blindsight/objects.h"
#include "onnx/import.h"

/** `shown` first: a pointer to it is one to the whole. */
typedef struct blindsight_import_whole {
  blindsight_import shown;
  onnx_import_report report;
  onnx_import_input_shape input;
  bool pixels, bytes, own_bytes;
  blindsight_fit *fit;
  blindsight_composed *composed;
} blindsight_import_whole;

/** Fills `shown` in from the report; CKKS_ERROR_MEMORY. */
ckks_status blindsight_import_view(blindsight_import_whole *whole);
#endif
