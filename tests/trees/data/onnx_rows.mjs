// SPDX-License-Identifier: Apache-2.0
// Writes pipeline_NAME.rows from pipeline_NAME.onnx and .in: outputs of ONNX Runtime behind each
// row. Needs onnxruntime-node of npm (1.30.0 wrote what is here): node onnx_rows.mjs FOLDER
import { readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const require = createRequire(process.cwd() + '/');
const ort = require('onnxruntime-node');

for (const file of readdirSync(process.argv[2])) {
  if (!/^pipeline_.*\.onnx$/.test(file)) continue;
  const base = process.argv[2] + '/' + file.slice(0, -5);
  const session = await ort.InferenceSession.create(base + '.onnx');
  const lines = readFileSync(base + '.in', 'utf8').trim().split('\n').map((l) => l.split(','));
  const feeds = {};
  const names = session.inputNames;
  const width = names.length > 1 ? 1 : lines[0].length;
  names.forEach((name, i) => {
    const cells = lines.flatMap((l) => l.slice(i * width, (i + 1) * width));
    const text = cells[0].startsWith('=');
    const type = session.inputMetadata[i].type;
    const data = text ? cells.map((c) => c.slice(1)) : cells.map(Number);
    const array = type === 'float64' ? Float64Array.from(data) : text ? data : Float32Array.from(data);
    feeds[name] = new ort.Tensor(text ? 'string' : type, array, [lines.length, width]);
  });
  const { scores } = await session.run(feeds, ['scores']);
  const n = scores.dims[1];
  const out = lines.map((l, r) =>
    l.join(',') + ';' + Array.from(scores.data.slice(r * n, (r + 1) * n)).join(','));
  writeFileSync(base + '.rows', out.join('\n') + '\n');
  unlinkSync(base + '.in');
}
