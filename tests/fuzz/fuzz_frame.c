/* SPDX-License-Identifier: Apache-2.0 */
/* The container of every file, and the reader of bytes below it. */
#include "base/alloc.h"
#include "base/frame.h"
#include "fuzz/accepted.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void demand(bool holds) {
  if (!holds)
    abort();
}

/* What is accepted must be written again byte for byte. */
static void read_as_frame(const uint8_t *bytes, size_t n_bytes) {
  base_frame frame;
  if (base_frame_read(&frame, bytes, n_bytes, 0, "message") != CKKS_OK) {
    demand(frame.payload == NULL && frame.n_payload == 0 && base_last_error()[0] != '\0');
    return;
  }
  base_buffer again;
  fuzz_accept();
  base_buffer_init(&again, n_bytes);
  base_frame_begin(&again, frame.kind, frame.params_hash, frame.plan_id);
  base_buffer_append(&again, frame.payload, frame.n_payload);
  demand(base_frame_end(&again) == CKKS_OK);
  demand(again.n_bytes == n_bytes && memcmp(again.bytes, bytes, n_bytes) == 0);
  base_buffer_clear(&again);
}

/* A fuzzer never finds a digest by chance: the input as header and payload, rightly signed. */
static void read_signed(const uint8_t *bytes, size_t n_bytes) {
  uint8_t *copy = base_alloc(n_bytes + BASE_DIGEST_BYTES);
  demand(copy != NULL);
  if (n_bytes > 0)
    memcpy(copy, bytes, n_bytes);
  base_digest(copy + n_bytes, copy, n_bytes);
  read_as_frame(copy, n_bytes + BASE_DIGEST_BYTES);
  base_free(copy);
}

/* Any payload in a right frame must come out as it went in. */
static void read_wrapped(const uint8_t *bytes, size_t n_bytes) {
  base_buffer buffer;
  base_frame frame;
  base_buffer_init(&buffer, n_bytes + BASE_FRAME_OVERHEAD_BYTES);
  base_frame_begin(&buffer, BASE_FRAME_MODEL, NULL, NULL);
  base_buffer_append(&buffer, bytes, n_bytes);
  demand(base_frame_end(&buffer) == CKKS_OK);
  demand(base_frame_read(&frame, buffer.bytes, buffer.n_bytes, BASE_FRAME_MODEL, "message") ==
         CKKS_OK);
  demand(frame.n_payload == n_bytes && (n_bytes == 0 || !memcmp(frame.payload, bytes, n_bytes)));
  base_buffer_clear(&buffer);
}

static void read_text(base_reader *reader, size_t max_bytes) {
  size_t before = reader->at;
  char *text = NULL;
  if (base_reader_text(reader, &text, max_bytes, "text") != CKKS_OK) {
    demand(text == NULL && reader->failed);
    return;
  }
  size_t length = strlen(text); /* no NUL within */
  demand(length <= max_bytes && reader->at == before + 2 + length);
  demand(base_is_text(text, length));
  demand(memcmp(text, reader->bytes + before + 2, length) == 0);
  base_free(text);
}

/* One read of the kind that an earlier byte of the input chose; true when it must have failed. */
static bool read_once(base_reader *reader, uint8_t choice) {
  size_t left = base_reader_left(reader), wanted = 0;
  uint8_t out[64];
  switch (choice % 8) {
  case 0:
    base_reader_u8(reader);
    return left < 1;
  case 1:
    base_reader_u16(reader);
    return left < 2;
  case 2:
    base_reader_u32(reader);
    return left < 4;
  case 3:
    base_reader_u64(reader);
    return left < 8;
  case 4:
    base_reader_f64(reader);
    return left < 8;
  case 5:
    wanted = choice / 4U; /* 1 to 63 */
    base_reader_copy(reader, out, wanted);
    return left < wanted;
  case 6: /* a length as hostile as the input */
    wanted = (size_t)base_reader_u64(reader);
    demand((base_reader_view(reader, wanted) == NULL) == reader->failed);
    return left < 8 || left - 8 < wanted;
  default:
    read_text(reader, choice);
    return reader->failed;
  }
}

/* The input read as the choices of what to read next, and those as read from it. */
static void read_anything(const uint8_t *bytes, size_t n_bytes) {
  base_reader reader;
  base_reader_init(&reader, bytes, n_bytes);
  for (size_t i = 0; i < n_bytes && i < 64; i++) {
    bool failed_before = reader.failed;
    bool must_fail = read_once(&reader, bytes[i]);
    demand(reader.failed == (failed_before || must_fail));
    demand(reader.at <= n_bytes && base_reader_left(&reader) == n_bytes - reader.at);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  read_as_frame(bytes, n_bytes);
  read_signed(bytes, n_bytes);
  read_wrapped(bytes, n_bytes);
  read_anything(bytes, n_bytes);
  return 0;
}
