// SPDX-License-Identifier: Apache-2.0
// Evaluation keys on their way to a server, as src/client/remote_upload.c brings them: named by
// their digest, asked for by HEAD, sent from where they stopped. In pieces, so that progress shows.
import {BlindsightError} from './errors.js';

const PIECE_BYTES = 1 << 20;
const STAGE = 'sending the keys';

async function ask(http, path, keys, request) {
  const answer = await http.attempt('HEAD', path, request);
  if (http.isPassing(answer)) return {answer, passing: true};
  if (answer.status === 200 && answer.offset !== undefined)
    return {answer, done: answer.complete, at: answer.offset <= keys.length ? answer.offset : 0};
  if (answer.status !== 404) throw http.failure(answer, path);
  return {answer, done: false, at: 0};
}

/** The next piece; `next` is where the one behind it begins, as far as we know. */
async function put(http, path, keys, at, request) {
  const end = Math.min(at + PIECE_BYTES, keys.length);
  const range = end > at ? `bytes ${at}-${end - 1}/${keys.length}` : `bytes */${keys.length}`;
  const answer = await http.attempt('PUT', path, {
    ...request, body: keys.subarray(at, end),
    headers: {'Content-Type': 'application/octet-stream', 'Content-Range': range},
  });
  if (http.isPassing(answer)) return {answer, passing: true};
  const done = answer.status === 200 || answer.status === 201;
  if (done) return {answer, done};
  if (answer.status === 202) return {answer, next: answer.offset ?? end};
  return {answer, again: answer.status === 409, refused: answer.status === 422};
}

/** Brings the keys there unless they are; how many bytes travelled. */
export async function upload(http, id, keys, {signal, progress} = {}) {
  const path = `/v2/keys/${id}`, request = {signal, progress};
  let patience = http.patience(), best = -1, sent = 0, anew = false;
  for (let known; ;) {
    if (known === undefined) {
      const asked = await ask(http, path, keys, request);
      if (asked.done) return sent;
      if (asked.passing) {
        await http.pause(patience, asked.answer, path, request);
        continue;
      }
      known = asked.at;
    }
    if (known > best) patience = http.patience(); // who gets further, however slowly, may go on
    best = known;
    progress?.({stage: STAGE, fraction: known / keys.length});
    const piece = await put(http, path, keys, known, request);
    if (piece.done || piece.next !== undefined) sent += Math.min(PIECE_BYTES, keys.length - known);
    if (piece.done) {
      progress?.({stage: STAGE, fraction: 1});
      return sent;
    }
    if (piece.next !== undefined && piece.next > known && piece.next <= keys.length) {
      known = piece.next;
      continue;
    }
    if (piece.refused && known > 0 && !anew) {
      anew = true; // what an earlier run had sent was not these keys: all of it goes again, once
      known = undefined;
      continue;
    }
    if (!piece.passing && !piece.again && piece.next === undefined) {
      const error = http.failure(piece.answer, path);
      throw new BlindsightError(error.code, `evaluation keys: ${error.message}`, {status: error.status});
    }
    await http.pause(patience, piece.answer, path, request);
    known = undefined;
  }
}
