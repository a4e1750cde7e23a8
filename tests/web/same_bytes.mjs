// SPDX-License-Identifier: Apache-2.0
// The browser's client, fed the stream of randomness of make_bytes.c, must write its bytes.
//   node same_bytes.mjs PACKAGE CLIENT ROWS.f64 N_ROWS PACKING FOLDER
import {readFileSync} from 'node:fs';
import {pathToFileURL} from 'node:url';
import {join, resolve} from 'node:path';

const [pack, clientFile, rowsFile, nRows, packing, folder] = process.argv.slice(2);
const {Core} = await import(pathToFileURL(resolve(pack, 'core.js')));

let state = 20240131n;
function random(bytes) {
  for (let i = 0; i < bytes.length; i++) {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    bytes[i] = Number(state >> 56n);
  }
  return bytes;
}

let failed = 0;
function same(name, ours) {
  const theirs = readFileSync(join(folder, name));
  const at = Buffer.compare(theirs, Buffer.from(ours)) === 0 ? -1
    : theirs.findIndex((byte, i) => byte !== ours[i]);
  if (at < 0 && ours.length === theirs.length) return;
  failed++;
  console.log(`${name}: ${ours.length} bytes, ${theirs.length} native; the first other is at ${at}`);
}

const core = await Core.build(readFileSync(clientFile), random);
const description = core.describe();
const bytes = readFileSync(rowsFile);
const rows = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
const time = {};
function timed(name, call) {
  const start = performance.now();
  const value = call();
  time[name] = performance.now() - start;
  return value;
}
const keys = timed('keygen', () => { core.generate(); return core.makeKeys(); });
same('me.key', core.writeKey());
same('me.keys', keys);
const sample = timed('encrypt', () => core.encrypt(rows, Number(nRows), packing));
same('me.sample', sample);
const nOutputs = description.labels.length;
const answer = timed('decrypt', () =>
  core.decrypt(readFileSync(join(folder, 'me.result')), Number(nRows), nOutputs));
// Decoding is floating point, and sines of two C libraries may differ in the last bit.
const native = readFileSync(join(folder, 'outputs.f64'));
answer.outputs.forEach((value, i) => {
  const wanted = native.readDoubleLE(8 * i);
  if (Math.abs(value - wanted) <= 1e-12 * Math.max(1, Math.abs(wanted))) return;
  failed++;
  console.log(`output ${i}: ${value}, native ${wanted}`);
});

// A .key file in is the .key file out, and what is not one is refused.
core.readKey(readFileSync(join(folder, 'me.key')));
same('me.key', core.writeKey());
core.checkKeys(readFileSync(join(folder, 'me.keys')));
for (const [what, call] of [
  ['half a key', () => core.readKey(readFileSync(join(folder, 'me.key')).subarray(0, 999))],
  ['keys for a key', () => core.readKey(keys)],
  ['a damaged result', () => core.decrypt(new Uint8Array(200), Number(nRows), nOutputs)],
  ['other keys', () => { core.generate(); core.checkKeys(keys); }],
]) {
  try {
    call();
    failed++;
    console.log(`${what}: taken`);
  } catch (error) {
    if (error.name !== 'BlindsightError' || !['format', 'mismatch'].includes(error.code)) {
      failed++;
      console.log(`${what}: ${error.stack}`);
    }
  }
}
core.close();
console.log(JSON.stringify(Object.fromEntries(
  Object.entries(time).map(([name, ms]) => [name, `${ms.toFixed(1)} ms`]))));
process.exit(failed ? 1 : 0);
