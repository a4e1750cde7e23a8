// SPDX-License-Identifier: Apache-2.0
// The page in a real browser against a real server (tests/web/browser.sh starts both).
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import * as chromium from './chromium.mjs';
import {browser, faults, finish, hosts, table, token, url, WAIT} from './chromium.mjs';

const {IMAGES: images} = process.env;
const context = await chromium.newContext();
const newPage = () => chromium.newPage(context);
let page = await newPage();
// All of one page here, which some tests leave for another.
const test = (name, run) => chromium.test(name, () => page, run);
const until = (condition) => chromium.until(page, condition);
const shot = (name) => chromium.shot(page, name);
const ready = () => chromium.ready(page);
const answered = () => chromium.answered(page);
const enter = (secret) => chromium.enter(page, secret);
const choose = (name) => images ? chromium.choose(page, name) : undefined;
const accessible = (what) => chromium.accessible(page, what);
const noSideways = () => chromium.noSideways(page);

const [header, ...rows] = table('validation.csv');
const clear = table('clear.csv').slice(1);

await test('it opens', async () => {
  await page.goto(url);
  await page.waitForSelector('#token');
  await noSideways();
  await shot('enter');
  await accessible('at the door');
});
await test('a wrong token is said to be wrong', async () => {
  await enter(`${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`);
  await page.waitForSelector('#enter .notice');
  assert.match(await page.textContent('#enter .notice'), /token/);
  faults.splice(0); // the browser notes the 401
});
let cold, first, times;
await test('the right one opens the model, and makes keys', async () => {
  const start = Date.now();
  await enter();
  await choose('wdbc');
  await ready();
  cold = Date.now() - start;
  const facts = await page.textContent('#facts');
  for (const pattern of [/30 values a row/, /one of 2 classes: B, M/, /128 bits/, /kB there/]) assert.match(facts, pattern);
  assert.match(await page.textContent('#key-text'), /A new key was made.*MB of evaluation keys/);
  assert.equal(await page.inputValue('#token'), '');
  await noSideways();
  await accessible('with a model');
});
await test('a row by keyboard, and its answer', async () => {
  await page.focus('#f0');
  for (const value of rows[0].slice(0, 30)) {
    await page.keyboard.type(value);
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter'); // the button is next
  await answered();
  assert.equal(await page.textContent('.verdict'), clear[0][1]);
  assert.match(await page.textContent('#result'), /inside the ranges/);
  assert.equal(await page.locator('.bars li').count(), 2);
  const shown = await page.$$eval('.bars .value', (all) => all.map((e) => Number(e.textContent)));
  shown.forEach((x, i) => assert.ok(Math.abs(x - Number(clear[0][2 + i])) < 1e-2, `${x}`));
  assert.match(await page.textContent('#sent-text'), /^\d{6} bytes/);
  // The picture is noise: its bytes are spread evenly.
  const bins = await page.$eval('#noise', (canvas) => {
    const count = Array(16).fill(0), {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4) count[data[i] >> 4]++;
    return count;
  });
  assert.ok(Math.max(...bins) < 1.3 * Math.min(...bins), bins.join());
  await noSideways();
  await shot('answer');
  await accessible('with an answer');
});
await test('a row outside is not sent', async () => {
  await page.fill('#f3', '1000000');
  await page.press('#f3', 'Enter');
  await page.waitForSelector('#row-error:not([hidden])');
  assert.match(await page.textContent('#row-error'), /area_mean.*1e\+06.*It was not sent/);
  assert.equal(await page.getAttribute('#f3', 'aria-invalid'), 'true');
  await page.fill('#f3', 'much');
  await page.press('#f3', 'Enter');
  await until(() => /1 field is no number/.test(document.getElementById('row-error').textContent));
  await accessible('with an error');
});
await test('a table of 114 rows', async () => {
  await page.setInputFiles('#csv', 'validation.csv');
  await until(() => document.querySelectorAll('#rows tbody tr').length === 114);
  const labels = await page.$$eval('#rows tbody tr', (all) => all.map((row) => row.cells[1].textContent));
  assert.deepEqual(labels, clear.map((line) => line[1]));
  await noSideways();
  await accessible('with many rows');
});
await test('a table without a column', async () => {
  await page.setInputFiles('#csv', {name: 'x.csv', mimeType: 'text/csv', buffer: Buffer.from(`${header.slice(1).join()}\n${rows[0].slice(1).join()}\n`)});
  await until(() => /no column "radius_mean"/.test(document.getElementById('row-error').textContent));
});
await test('the key outlives the page, and no script reads what wraps it', async () => {
  await page.close();
  page = await newPage();
  await page.goto(url);
  await enter();
  await choose('wdbc');
  await ready();
  assert.match(await page.textContent('#key-text'), /The key of your last visit was taken.*already/);
  const kept = await page.evaluate(async () => {
    const db = await new Promise((resolve) => { const r = indexedDB.open('blindsight', 1); r.onsuccess = () => resolve(r.result); });
    const read = (store) => new Promise((resolve) => { const r = db.transaction(store).objectStore(store).getAll(); r.onsuccess = () => resolve(r.result); });
    const [key] = await read('wrapping'), [entry] = await read('keys');
    const exported = await crypto.subtle.exportKey('raw', key).then(() => 'read', (error) => error.name);
    db.close();
    return {exported, extractable: key.extractable, wrapped: Array.from(new Uint8Array(entry.wrapped).subarray(0, 8))};
  });
  assert.deepEqual([kept.exported, kept.extractable], ['InvalidAccessError', false]);
  assert.notEqual(Buffer.from(kept.wrapped).toString(), 'BLINDSGT');
});
if (process.env.TIMES) await test('times', async () => {
  times = await page.evaluate(async (bearer) => {
    const {Core} = await import(new URL('core.js', location.href));
    const {connect} = await import(new URL('index.js', location.href));
    const file = await fetch('/v2/models/wdbc/client', {headers: {Authorization: `Bearer ${bearer}`}});
    const core = await Core.build(new Uint8Array(await file.arrayBuffer()));
    const row = new Float64Array(core.describe().features.map((f) => f.usual));
    const best = (n, call) => Math.min(...Array.from({length: n}, () => {
      const start = performance.now();
      call();
      return performance.now() - start;
    }));
    const found = {keys_ms: best(15, () => { core.generate(); core.makeKeys(); }),
      encrypt_ms: best(40, () => core.encrypt(row, 1, 'latency'))};
    // A real answer, caught on its way, under the key that it is for.
    let result;
    const caught = async (...given) => {
      const answer = await fetch(...given);
      if (/\/infer$/.test(String(given[0]))) result = new Uint8Array(await answer.clone().arrayBuffer());
      return answer;
    };
    const model = await connect(location.origin, {token: bearer, model: 'wdbc', fetch: caught});
    await model.keys();
    await model.predict(row);
    core.readKey(model.exportKey());
    found.decrypt_ms = best(40, () => core.decrypt(result, 1, 2));
    model.close();
    core.close();
    return found;
  }, token);
});
await test('from a cold page to the first prediction', async () => {
  // Another browser, which has seen nothing: the page, the module, keys made and sent, a row.
  const fresh = await browser.newContext({viewport: {width: 390, height: 844}});
  const other = await fresh.newPage();
  other.setDefaultTimeout(WAIT);
  const start = Date.now();
  await other.goto(url);
  await other.fill('#token', token);
  await other.press('#token', 'Enter');
  if (images) {
    await other.waitForSelector('#choice-field:not([hidden])');
    await other.selectOption('#choice', 'wdbc');
  }
  await other.waitForSelector('#key:not([hidden])');
  await other.click('#usual');
  await other.click('#predict');
  await other.waitForSelector('.verdict');
  first = Date.now() - start;
  assert.match(await other.textContent('.verdict'), /^[BM]$/);
  await fresh.close();
});
await test('the key can be saved', async () => {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#export')]);
  assert.equal(download.suggestedFilename(), 'wdbc.key');
  await download.saveAs('page.key');
  assert.equal(readFileSync('page.key').subarray(0, 8).toString(), 'BLINDSGT');
});
await test('in the dark, wide, with animals of the keyboard only', async () => {
  await page.emulateMedia({colorScheme: 'dark'});
  await page.setViewportSize({width: 1100, height: 900});
  await page.click('#usual');
  await page.focus('#predict');
  await page.keyboard.press('Enter');
  await answered();
  await shot('dark');
  await accessible('in the dark');
  await page.emulateMedia({colorScheme: 'light'});
  await page.setViewportSize({width: 390, height: 844});
});

if (images) await test('a digit, drawn', async () => {
  await page.selectOption('#choice', 'digits');
  await ready();
  await page.waitForSelector('#pad-field:not([hidden])');
  await page.locator('#pad').scrollIntoViewIfNeeded();
  const {x, y} = await page.locator('#pad').boundingBox();
  await page.mouse.move(x + 80, y + 60); // a seven
  await page.mouse.down();
  await page.mouse.move(x + 190, y + 60, {steps: 8});
  await page.mouse.move(x + 120, y + 220, {steps: 12});
  await page.mouse.up();
  await page.click('#predict');
  await answered();
  assert.equal(await page.textContent('.verdict'), '7');
  assert.equal(await page.locator('.bars li').count(), 10);
  await noSideways();
  await shot('digit');
  await accessible('with a digit');
  await page.setInputFiles('#image', images);
  await until(() => /scaled to 28/.test(document.getElementById('pad-state').textContent));
  await page.click('#predict');
  await until(() => document.querySelector('.verdict')?.textContent === '1');
  await page.focus('#pad');
  for (const key of ['Delete', 'ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowUp', ' ', ...Array(9).fill('ArrowDown'), ' '])
    await page.keyboard.press(key); // a one, by keyboard
  await page.click('#predict');
  await until(() => /^1$/.test(document.querySelector('.verdict')?.textContent));
});

if (images) await test('a picture of the camera', async () => {
  await page.click('#camera');
  await page.waitForSelector('#camera-field:not([hidden])');
  assert.equal(await page.isHidden('#camera'), true);
  await noSideways();
  await accessible('with the camera');
  await page.keyboard.press('Enter'); // the focus is on the button that takes it
  await until(() => /a picture of the camera/.test(document.getElementById('pad-state').textContent));
  assert.equal(await page.evaluate(() => document.getElementById('video').srcObject), null);
  const colours = await page.$eval('#pad', (canvas) => new Set(canvas.getContext('2d').getImageData(0, 0, 280, 280).data).size);
  assert.ok(colours > 3, `${colours} shades`); // Chromium's own pattern, not black
  await page.click('#predict');
  await answered();
  assert.match(await page.textContent('.verdict'), /^\d$/);
  await page.click('#camera');
  await page.waitForSelector('#camera-field:not([hidden])');
  await page.click('#camera-off');
  assert.equal(await page.isHidden('#camera-field'), true);
  await context.clearPermissions();
});
const {XRAYS: xrays} = process.env;
if (xrays) await test('X-rays, as the native client says', async () => {
  await page.selectOption('#choice', 'xray');
  await ready();
  for (const [file, label] of readFileSync(`${xrays}/wanted`, 'utf8').trim().split('\n').map((line) => line.split(' '))) {
    await page.setInputFiles('#image', `${xrays}/${file}`);
    await until(() => /scaled to 28/.test(document.getElementById('pad-state').textContent));
    await page.click('#predict');
    await answered();
    assert.equal(await page.textContent('.verdict'), label, file);
    await page.evaluate(() => { document.getElementById('pad-state').textContent = ''; });
  }
  await shot('xray');
  await accessible('with an X-ray');
});

await test('the key can be forgotten', async () => {
  await page.click('#forget');
  await page.waitForSelector('#enter:not([hidden])');
  assert.equal(await page.isHidden('#model'), true);
});
await test('the example of twenty lines', async () => {
  await page.goto(`${url}/example.html`);
  await enter();
  await until(() => /^[BM] \(-?\d\.\d{3}, -?\d\.\d{3}\)$/.test(document.getElementById('answer').textContent));
});
await test('a server that is gone is said to be', async () => {
  await page.goto(`${url}/?server=http://127.0.0.1:9`);
  assert.equal(await page.inputValue('#server'), 'http://127.0.0.1:9');
  await enter();
  await until(() => /waiting for the server: no answer/.test(document.getElementById('status').textContent));
  hosts.delete('http://127.0.0.1:9'); // asked for, and what the policy forbids
  faults.splice(0);
});
await test('nothing was loaded from anywhere else, and the browser had nothing to complain of', () => {
  assert.deepEqual([...hosts], [new URL(url).origin]);
  assert.deepEqual(faults, []);
});
if (process.env.TIMES) console.log(`${JSON.stringify(times)}; keys made, sent and ready ${cold} ms after the token; a cold page and its first prediction ${first} ms`);
await finish();
