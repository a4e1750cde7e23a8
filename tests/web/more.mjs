// SPDX-License-Identifier: Apache-2.0
// Models of images and of categories: what Node predicts is what the native client predicted
// (tests/web/client.sh starts the service and writes the files).
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {connect, memoryStore} from 'blindsight-client';

const {URL_: url, TOKEN: token} = process.env;
let passed = 0, failed = 0;
async function test(name, run) {
  try {
    await run();
    passed++;
  } catch (error) {
    failed++;
    console.log(`${name}: ${error.stack}`);
  }
}
const table = (file) => readFileSync(file, 'utf8').trim().split('\n').slice(1).map((line) => line.split(','));

/** Labels as native, outputs within `limit` of its own. */
function asNative(predictions, file, limit) {
  const native = table(file);
  let largest = 0;
  assert.equal(predictions.length, native.length);
  native.forEach(([row, label, ...outputs], i) => {
    assert.equal(predictions[i].state, 'inside', `row ${row}`);
    assert.equal(predictions[i].label, label, `row ${row}`);
    outputs.forEach((text, j) => {
      const error = Math.abs(predictions[i].outputs[j] - Number(text)) / Math.max(1, Math.abs(Number(text)));
      largest = Math.max(largest, error);
    });
  });
  assert.ok(largest > 0 && largest < limit, `outputs differ by ${largest}`);
}

await test('200 images', async () => {
  const model = await connect(url, {token, model: 'images'});
  await model.keys({store: memoryStore()});
  const {width, height} = model.description.image, n = width * height;
  const bytes = readFileSync('images.raw');
  const images = Array.from({length: bytes.length / n}, (_, i) => ({width, height, data: bytes.subarray(i * n, (i + 1) * n)}));
  assert.equal(images.length, 200);
  asNative(await model.predict(images), 'images.csv', 4e-2);
  // The same image as a browser has it.
  const rgba = Uint8ClampedArray.from({length: 4 * n}, (_, i) => i % 4 === 3 ? 255 : images[0].data[i >> 2]);
  assert.equal((await model.predict({width, height, data: rgba})).label, table('images.csv')[0][1]);
  model.close();
});

await test('categories', async () => {
  const model = await connect(url, {token, model: 'colours'});
  await model.keys({store: memoryStore()});
  const [colour, size] = model.description.features;
  assert.equal(colour.kind, 'categories');
  for (const name of ['blue', 'green', 'red']) assert.ok(colour.categories.includes(name), name);
  assert.equal(size.name, 'size');
  const rows = table('colours.csv').slice(0, 40).map(([name, x]) => ({colour: name, size: Number(x)}));
  asNative(await model.predict(rows), 'native.csv', 1e-3);
  const numbers = rows.map((row) => [colour.categories.indexOf(row.colour), row.size]);
  asNative(await model.predict(numbers), 'native.csv', 1e-3);
  await assert.rejects(model.predict({colour: 'mauve', size: 1}), /row 0: "colour" has no category "mauve"/);
  await assert.rejects(model.predict({colour: 'red', sise: 1}), /the model has no feature "sise"/);
  model.close();
});
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
