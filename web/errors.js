// SPDX-License-Identifier: Apache-2.0
// Errors by kind, the kinds being those of the C library (include/ckks.h, ckks_status).

/** The names of ckks_status, in its order. */
export const codes = ['ok', 'argument', 'memory', 'security', 'level', 'range', 'mismatch', 'key',
  'format', 'io', 'entropy', 'cancelled'];

/** What went wrong: `code` for programs, `message` for people, `status` of HTTP where there was one. */
export class BlindsightError extends Error {
  constructor(code, message, details = {}) {
    super(message);
    this.name = code === 'cancelled' ? 'AbortError' : 'BlindsightError';
    this.code = code;
    Object.assign(this, details);
  }
}

/** Throws when the caller has given up. */
export function checkSignal(signal) {
  if (signal?.aborted) throw new BlindsightError('cancelled', 'stopped on request');
}
