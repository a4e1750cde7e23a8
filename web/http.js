// SPDX-License-Identifier: Apache-2.0
// HTTP for a client, as src/client/http*.c does it: attempts with pauses between them where the
// server is busy or a connection breaks; answers have limits; redirections are not followed.
import {crypto} from './crypto.js';
import {BlindsightError, checkSignal} from './errors.js';

const LONGEST_PAUSE_S = 8;
const LEAST_RATE = 1024; // bytes a second of an answer, over each timeout
const SLOWEST_BYTES_S = 8192; // a body may take as long as this says, and the timeout beyond

const defaults = {timeout: 60, patience: 120, pause: 0.25};

function isLoopback(host) {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}

function checkUrl(text, plain) {
  let url;
  try {
    url = new URL(text);
  } catch {
    throw new BlindsightError('argument', `${text}: is no URL`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new BlindsightError('argument', `${text}: must begin with http:// or https://`);
  if (url.username || url.password || url.search || url.hash)
    throw new BlindsightError('argument', 'the URL of a service holds no user, ? or #');
  if (url.protocol === 'http:' && !plain && !isLoopback(url.hostname))
    throw new BlindsightError('argument', `${text}: anybody on the way could read the token: use ` +
      'https:// (or allow plain connections: {plain: true})');
  return url.href.replace(/\/+$/, '');
}

function checkToken(token) {
  if (!/^[!-~]{1,512}$/.test(token))
    throw new BlindsightError('argument', 'a token has 1 to 512 visible characters');
  return token;
}

/** Waits; an abort ends it at once. */
export function rest(seconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new BlindsightError('cancelled', 'stopped on request'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, seconds * 1000);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, {once: true});
  });
}

/** Half to all of it, by chance: clients that a restart has thrown out do not return as one. */
function spread(seconds) {
  const byte = new Uint8Array(1);
  crypto.getRandomValues(byte);
  return seconds * (0.5 + (byte[0] + 1) / 512);
}

async function readBody(answer, limit, arrived, what) {
  const reader = answer.body?.getReader();
  const parts = [];
  let n = 0;
  while (reader) {
    const {done, value} = await reader.read();
    if (done) break;
    n += value.length;
    arrived(n);
    if (n > limit) {
      await reader.cancel();
      throw new BlindsightError('format', `${what}: the answer is larger than the limit of ${limit} bytes`);
    }
    parts.push(value);
  }
  const body = new Uint8Array(n);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

function wholeNumber(text, most) {
  return text !== null && /^\d{1,15}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}

/** A service elsewhere, and who we are. */
export class Http {
  constructor(url, {token, plain = false, ...options} = {}) {
    this.url = checkUrl(url, plain);
    this.token = token === undefined ? undefined : checkToken(token);
    this.options = {...defaults, ...options};
  }

  /** One attempt: {status, body, ...}, or {status: 0, error} when there was no answer. */
  async attempt(method, path, {headers = {}, body, limit = 65536, signal} = {}) {
    checkSignal(signal);
    const control = new AbortController();
    const stop = () => control.abort();
    signal?.addEventListener('abort', stop, {once: true});
    const {timeout} = this.options;
    let timer, timed = 0;
    const giveTime = (seconds) => {
      clearTimeout(timer);
      timer = setTimeout(stop, seconds * 1000);
    };
    const arrived = (bytes) => { // of the answer; a drip is as good as silence
      if (bytes - timed < timeout * LEAST_RATE) return;
      timed = bytes;
      giveTime(timeout);
    };
    giveTime(timeout + (body?.length ?? 0) / SLOWEST_BYTES_S);
    try {
      const answer = await (this.options.fetch ?? globalThis.fetch)(this.url + path, {
        method, body, signal: control.signal, redirect: 'manual', credentials: 'omit',
        cache: 'no-store', referrerPolicy: 'no-referrer',
        headers: {
          ...headers,
          Accept: 'application/octet-stream, application/json',
          ...(this.token === undefined ? {} : {Authorization: `Bearer ${this.token}`}),
        },
      });
      giveTime(timeout);
      if (answer.type === 'opaqueredirect')
        throw new BlindsightError('io', `${this.url}${path}: redirections are not followed`);
      return {
        status: answer.status,
        body: await readBody(answer, limit, arrived, this.url + path),
        retryAfter: wholeNumber(answer.headers.get('Retry-After'), 1e6),
        offset: wholeNumber(answer.headers.get('Upload-Offset'), 2 ** 50),
        complete: answer.headers.get('Upload-Complete') === '?1',
        tag: answer.headers.get('ETag') ?? '',
        version: answer.headers.get('Blindsight-Version') ?? '',
      };
    } catch (error) {
      checkSignal(signal);
      if (error instanceof BlindsightError) throw error;
      const reason = control.signal.aborted ? 'nothing came for so long, or too slowly (timeout)'
        : 'no server answers there, or it broke off: is the address right, does it run, and may ' +
          'this page ask it (CORS, certificate)?';
      return {status: 0, error: new BlindsightError('io', `${this.url}: ${reason}`, {cause: error})};
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Whether the attempt may be made again: no answer, or one that says "later". */
  isPassing(answer) {
    if ([0, 502, 503, 504].includes(answer.status)) return true;
    return [409, 429].includes(answer.status) && answer.retryAfter !== undefined;
  }

  /** What an answer stands for that is not the one wanted. */
  failure(answer, path) {
    if (answer.status === 0) return answer.error;
    let message;
    try {
      message = JSON.parse(new TextDecoder().decode(answer.body)).message;
    } catch { /* no JSON, no words */ }
    if (typeof message !== 'string')
      message = answer.status === 401 ? 'a valid token is needed' : path;
    const code = answer.status === 422 ? 'mismatch' : 'io';
    return new BlindsightError(code, `${this.url}: ${message} (HTTP ${answer.status})`,
      {status: answer.status});
  }

  patience() {
    return {left: this.options.patience, next: this.options.pause, pauses: 0};
  }

  /** Waits before the next attempt, or throws when patience is at an end. */
  async pause(patience, answer, path, {signal, progress} = {}) {
    const seconds = Math.max(spread(patience.next), answer.retryAfter ?? 0);
    if (seconds > patience.left) {
      const error = this.failure(answer, path);
      if (answer.retryAfter !== undefined) error.message = `try again in ${answer.retryAfter} s: ${error.message}`;
      else if (patience.pauses > 0) error.message = `given up after ${patience.pauses + 1} attempts: ${error.message}`;
      throw error;
    }
    patience.left -= seconds;
    patience.next = Math.min(2 * patience.next, LONGEST_PAUSE_S);
    patience.pauses++;
    const why = answer.status === 0 ? 'no answer' : `it is busy (HTTP ${answer.status})`;
    progress?.({stage: `waiting for the server: ${why}; given up in ${patience.left.toFixed(0)} s`, fraction: 0});
    await rest(seconds, signal);
  }

  /** Attempts and pauses, until there is an answer that stays. */
  async call(method, path, request = {}) {
    const patience = this.patience();
    for (;;) {
      const answer = await this.attempt(method, path, request);
      if (!this.isPassing(answer)) return answer;
      await this.pause(patience, answer, path, request);
    }
  }

  /** The same; every other status than those wanted is an error. */
  async need(wanted, method, path, request) {
    const answer = await this.call(method, path, request);
    if (!wanted.includes(answer.status)) throw this.failure(answer, path);
    return answer;
  }
}

/** The JSON of an answer, an error where it is none. */
export function parse(answer, what) {
  try {
    const value = JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(answer.body));
    if (typeof value === 'object' && value !== null) return value;
  } catch { /* said below */ }
  throw new BlindsightError('format', `${what}: the answer is no JSON object`);
}
