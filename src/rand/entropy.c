/* SPDX-License-Identifier: Apache-2.0 */
#include "rand/rand.h"

#include "base/wipe.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define ENTROPY_PIECE_BYTES 256 /* the most that getentropy gives at a time */

ckks_status rand_entropy(void *out, size_t n_bytes) {
  /* Not libsodium's randombytes: it ends the process where we owe the caller a status. */
  uint8_t *bytes = out;
  for (size_t done = 0; done < n_bytes;) {
    size_t piece = n_bytes - done < ENTROPY_PIECE_BYTES ? n_bytes - done : ENTROPY_PIECE_BYTES;
    if (getentropy(bytes + done, piece) != 0) {
      int reason = errno;
      base_wipe(out, n_bytes);
      return base_fail(CKKS_ERROR_ENTROPY, "the operating system gives no randomness: %s",
                       strerror(reason));
    }
    done += piece;
  }
  return CKKS_OK;
}
