// SPDX-License-Identifier: Apache-2.0
// Drawings in the manner of digits, as an idx file: what calibrates a network of digits where no
// digits are at hand. The same on every machine.
//   node strokes.mjs OUT
import {writeFileSync} from 'node:fs';

const N = 400, SIDE = 28;
let state = 7;
const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;

function distance(px, py, [ax, ay], [bx, by]) {
  const dx = bx - ax, dy = by - ay, t = Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
}

const body = new Uint8Array(16 + N * SIDE * SIDE);
new DataView(body.buffer).setUint32(0, 0x803);
[N, SIDE, SIDE].forEach((x, i) => new DataView(body.buffer).setUint32(4 + 4 * i, x));
for (let n = 0; n < N; n++) {
  const margin = n % 4 === 0 ? 1 : 4, pen = 1 + random();
  const points = Array.from({length: 3 + Math.floor(3 * random())}, () =>
    [margin + (SIDE - 2 * margin) * random(), margin + (SIDE - 2 * margin) * random()]);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      const d = Math.min(...points.slice(1).map((p, i) => distance(x + 0.5, y + 0.5, points[i], p)));
      body[16 + n * SIDE * SIDE + y * SIDE + x] = Math.round(255 * Math.max(0, Math.min(1, pen + 0.5 - d)));
    }
}
writeFileSync(process.argv[2], body);
