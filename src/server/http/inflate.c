/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/inflate.h"

#include <zlib.h>

#include "base/alloc.h"

#define PIECE_BYTES 65536
#define EITHER_FORM 32 /* gzip or zlib: inflateInit2 looks */

struct server_inflate {
  z_stream stream;
  bool begun, ended;
  uint8_t piece[PIECE_BYTES];
};

server_inflate *server_inflate_build(void) {
  server_inflate *self = base_alloc(sizeof *self);
  if (self == NULL || inflateInit2(&self->stream, MAX_WBITS + EITHER_FORM) == Z_OK)
    return self;
  base_free(self);
  return NULL;
}

void server_inflate_free(server_inflate *self) {
  if (self == NULL)
    return;
  (void)inflateEnd(&self->stream);
  base_free(self);
}

/* One call of zlib's. A stream may be followed by another (RFC 1952, 2.2), and by nothing else. */
static bool step(server_inflate *self, server_inflate_sink sink, void *context) {
  z_stream *stream = &self->stream;
  if (self->ended && inflateReset(stream) != Z_OK)
    return false;
  self->ended = false;
  stream->next_out = self->piece;
  stream->avail_out = PIECE_BYTES;
  int code = inflate(stream, Z_NO_FLUSH);
  size_t n = PIECE_BYTES - stream->avail_out;
  if (n > 0 && !sink(context, self->piece, n))
    return false;
  self->ended = code == Z_STREAM_END;
  return code == Z_OK || code == Z_STREAM_END || (code == Z_BUF_ERROR && stream->avail_in == 0);
}

bool server_inflate_feed(server_inflate *self, const void *bytes, size_t n_bytes,
                         server_inflate_sink sink, void *context) {
  z_stream *stream = &self->stream;
  if (n_bytes == 0) /* nothing, and no beginning of another stream */
    return true;
  stream->next_in = (uint8_t *)(uintptr_t)bytes; /* zlib does not write there */
  stream->avail_in = (uInt)n_bytes;              /* what one read of a connection brings */
  self->begun = true;
  do
    if (!step(self, sink, context))
      return false;
  while (stream->avail_in > 0 || (stream->avail_out == 0 && !self->ended));
  return true;
}

bool server_inflate_is_whole(const server_inflate *self) {
  return self->begun && self->ended;
}
