/* SPDX-License-Identifier: Apache-2.0 */
/* Status codes with one line of text per thread. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H
#include "ckks.h"

/**
 * Records a printf-style message (at most 511 bytes, control characters
 * replaced by '?') for the calling thread and returns `status`, so that an
 * error is one statement: return base_fail(CKKS_ERROR_LEVEL, "...", ...).
 */
ckks_status base_fail(ckks_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Puts "context: " in front of the recorded message; returns `status`. */
ckks_status base_fail_in(ckks_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** base_fail(CKKS_ERROR_MEMORY, ...) naming how many bytes were wanted. */
ckks_status base_fail_memory(size_t n_bytes);
/** Bytes of a recorded message, its NUL among them. */
#define BASE_MESSAGE_BYTES 512
const char *base_last_error(void);
/** Records the text, cleaned and cut as base_fail says. */
void base_last_error_set(const char *text);

/** Returns from the enclosing function when `call` fails. */
#define BASE_TRY(call)                                                                             \
  do {                                                                                             \
    ckks_status base_try_status_ = (call);                                                         \
    if (base_try_status_ != CKKS_OK)                                                               \
      return base_try_status_;                                                                     \
  } while (0)

/** Refuses a pointer that is NULL, naming the enclosing function and the argument. */
#define BASE_NOT_NULL(pointer)                                                                     \
  do {                                                                                             \
    if ((pointer) == NULL)                                                                         \
      return base_fail(CKKS_ERROR_ARGUMENT, "%s: %s is NULL", __func__, #pointer);                 \
  } while (0)

/** Jumps to `label` with `status` set when `call` fails. */
#define BASE_GOTO(status, call, label)                                                             \
  do {                                                                                             \
    (status) = (call);                                                                             \
    if ((status) != CKKS_OK)                                                                       \
      goto label;                                                                                  \
  } while (0)

/** States a bound: aborts in debug builds, vanishes in release. */
#ifdef BASE_DEBUG
void base_assert_failed(const char *expression, const char *file, int line);
#define BASE_ASSERT(e) ((e) ? (void)0 : base_assert_failed(#e, __FILE__, __LINE__))
#else
#define BASE_ASSERT(e) ((void)sizeof(e))
#endif
#endif
