/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The public half of what numbers mean: how a row becomes numbers, and numbers a prediction. Every
 * client applies it; neither weights nor keys are known here.
 */
#ifndef ENCODING_ENCODING_H
#define ENCODING_ENCODING_H
#include "encoding/image.h"
#include "encoding/input.h"
#include "encoding/meaning.h"
#include "encoding/names.h"
#include "encoding/outputs.h"
#include "encoding/polynomial.h"

#define ENCODING_MAX_FEATURES 16384
#define ENCODING_MAX_CLASSES 1024
#endif
