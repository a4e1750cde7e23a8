/* SPDX-License-Identifier: Apache-2.0 */
/* Whether bytes are keys for a model that is served. */
#ifndef SERVER_KEY_CHECK_H
#define SERVER_KEY_CHECK_H
#include "server/service.h"

/** Whether the bytes are keys that some model served takes; the digest of its plan. Reads them as
 * for an inference, and keeps nothing. */
ckks_status server_key_check(char plan[65], const uint8_t *bytes, size_t n_bytes,
                             server_service *service);
#endif
