// SPDX-License-Identifier: Apache-2.0
// The WebAssembly module (src/web/web.h): one instance for each model, so that no two share memory.
import {crypto} from './crypto.js';
import {BlindsightError, codes} from './errors.js';

const PIECE_BYTES = 65536; // the most that getRandomValues gives at a time
const POLICIES = ['refuse', 'clip', 'mark'];
const IO = 29; // what WASI calls EIO

let compiled; // the module, compiled once

async function compile() {
  const url = new URL('./blindsight.wasm', import.meta.url);
  if (url.protocol === 'file:') {
    const {readFile} = await import('node:fs/promises');
    return WebAssembly.compile(await readFile(url));
  }
  const answer = await fetch(url, {credentials: 'omit'});
  if (!answer.ok) throw new BlindsightError('io', `${url}: HTTP ${answer.status}`);
  return WebAssembly.compile(await answer.arrayBuffer());
}

/** Compiles the module, from its bytes where they are given; once for all models. */
export async function load(bytes) {
  if (bytes !== undefined) compiled = WebAssembly.compile(bytes);
  compiled ??= compile();
  try {
    return await compiled;
  } catch (error) {
    compiled = undefined; // another attempt may do better
    throw error;
  }
}

/** A model's client file, its secret key, and the memory of both. */
export class Core {
  #exports;
  #client = 0;

  /** `random(bytes)` fills bytes; crypto.getRandomValues unless a test says otherwise. */
  static async build(clientFile, random = (bytes) => crypto.getRandomValues(bytes)) {
    const core = new Core();
    const instance = await WebAssembly.instantiate(await load(), {
      wasi_snapshot_preview1: {random_get: (at, n) => core.#random(at, n, random)},
    });
    core.#exports = instance.exports;
    core.#exports._initialize();
    core.#client = core.#withBytes(clientFile, (bytes, n) =>
      core.#withOut((out) => core.#exports.client_build(out, bytes, n)));
    return core;
  }

  #random(at, n, random) {
    try {
      for (let done = 0; done < n; done += PIECE_BYTES)
        random(new Uint8Array(this.#buffer, at + done, Math.min(PIECE_BYTES, n - done)));
      return 0;
    } catch {
      return IO;
    }
  }

  // Views do not survive growing: they are made anew each time.
  get #buffer() {
    return this.#exports.memory.buffer;
  }

  #bytes(at, n) {
    return new Uint8Array(this.#buffer, at, n);
  }

  #check(status) {
    if (status === 0) return;
    const at = this.#exports.error();
    const bytes = this.#bytes(at, 512);
    const text = new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
    throw new BlindsightError(codes[status] ?? 'argument', text);
  }

  // --- memory of a call: given back, wiped, whatever happens

  #with(n, use) {
    const at = this.#exports.alloc(n) >>> 0;
    if (at === 0) throw new BlindsightError('memory', `out of memory: ${n} bytes were wanted`);
    try {
      return use(at);
    } finally {
      this.#exports.free(at, n);
    }
  }

  #withBytes(bytes, use) {
    return this.#with(Math.max(bytes.length, 1), (at) => {
      this.#bytes(at, bytes.length).set(bytes);
      return use(at, bytes.length);
    });
  }

  #withNumbers(numbers, use) {
    return this.#with(Math.max(numbers.length, 1) * 8, (at) => {
      new Float64Array(this.#buffer, at, numbers.length).set(numbers);
      return use(at);
    });
  }

  /** A pointer that a function writes. */
  #withOut(call) {
    return this.#with(4, (out) => {
      this.#check(call(out));
      return new DataView(this.#buffer).getUint32(out, true);
    });
  }

  /** Bytes that a function makes, copied out; its own copy is wiped. */
  #take(call) {
    return this.#with(8, (out) => {
      this.#check(call(out, out + 4));
      const view = new DataView(this.#buffer);
      const at = view.getUint32(out, true), n = view.getUint32(out + 4, true);
      const bytes = this.#bytes(at, n).slice();
      this.#exports.free(at, n);
      return bytes;
    });
  }

  // --- the client (web.h says what each does)

  describe() {
    const text = this.#take((out, n) => this.#exports.describe(out, n, this.#client));
    return JSON.parse(new TextDecoder().decode(text));
  }

  digest(bytes) {
    return this.#withBytes(bytes, (at, n) => this.#with(32, (out) => {
      this.#exports.digest(out, at, n);
      return Array.from(this.#bytes(out, 32), (b) => b.toString(16).padStart(2, '0')).join('');
    }));
  }

  generate() {
    this.#check(this.#exports.client_generate(this.#client));
  }

  readKey(file) {
    this.#withBytes(file, (at, n) => this.#check(this.#exports.client_read_key(this.#client, at, n)));
  }

  writeKey() {
    return this.#take((out, n) => this.#exports.client_write_key(out, n, this.#client));
  }

  makeKeys() {
    return this.#take((out, n) => this.#exports.client_make_keys(out, n, this.#client));
  }

  checkKeys(file) {
    this.#withBytes(file, (at, n) =>
      this.#check(this.#exports.client_check_keys(at, n, this.#client)));
  }

  // --- rows

  packing(nRows) {
    return this.#exports.rows_packing(nRows, this.#client) === 0 ? 'latency' : 'throughput';
  }

  /** States of rows by number (web.h); clipped rows are changed in `rows`. */
  sort(rows, nRows, policy) {
    return this.#withNumbers(rows, (at) => this.#with(nRows, (state) => {
      const number = POLICIES.indexOf(policy);
      this.#check(this.#exports.rows_sort(state, at, nRows, number, this.#client));
      rows.set(new Float64Array(this.#buffer, at, rows.length));
      return this.#bytes(state, nRows).slice();
    }));
  }

  /** What is wrong with a row, in words; '' when nothing is. */
  fault(row, number) {
    try {
      this.#withNumbers(row, (at) =>
        this.#check(this.#exports.rows_check(at, number, this.#client)));
      return '';
    } catch (error) {
      return error.message;
    }
  }

  encrypt(rows, nRows, packing, outside = false) {
    return this.#withNumbers(rows, (at) => this.#take((out, n) =>
      this.#exports.rows_encrypt(out, n, at, nRows, packing === 'latency' ? 0 : 1, outside ? 1 : 0,
        this.#client)));
  }

  decrypt(result, nRows, nOutputs) {
    return this.#withBytes(result, (at, n) => this.#with(nRows * nOutputs * 8, (outputs) =>
      this.#with(nRows, (marks) => {
        this.#check(this.#exports.rows_decrypt(outputs, marks, nRows, at, n, this.#client));
        return {
          outputs: new Float64Array(this.#buffer, outputs, nRows * nOutputs).slice(),
          marks: this.#bytes(marks, nRows).slice(),
        };
      })));
  }

  predicted(outputs) {
    return this.#withNumbers(outputs, (at) => this.#exports.rows_predicted(at, this.#client));
  }

  /** Wipes the secret key; the object is spent. */
  close() {
    if (this.#client !== 0) this.#exports.client_free(this.#client);
    this.#client = 0;
  }
}
