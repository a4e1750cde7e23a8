// SPDX-License-Identifier: Apache-2.0
// The page in the hands of whoever comes: categories, tables in other shapes, two tabs, a reload in the
// middle, a server that stalls, files that are none (tests/web/strangers.sh starts all of it).
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import * as chromium from './chromium.mjs';
import {answered, browser, choose, enter, faults, newContext, newPage, ready, shot, table, until, url} from './chromium.mjs';

const {SERVER, IMAGES: images} = process.env;
const context = await newContext({colorScheme: 'dark'});
let page = await newPage(context);
const test = (name, run) => chromium.test(name, () => page, run);
const wrong = (pattern) => until(page, `/${pattern}/.test(document.getElementById('row-error').textContent)`);

/** A file let go over the page, as from a desktop. */
async function drop(name, type, bytes, over = 'body') {
  const transfer = await page.evaluateHandle(([text, fileName, fileType]) => {
    const given = new DataTransfer();
    given.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], fileName, {type: fileType}));
    return given;
  }, [Buffer.from(bytes).toString('base64'), name, type]);
  for (const event of ['dragover', 'drop']) await page.dispatchEvent(over, event, {dataTransfer: transfer});
}
const labels = () => page.$$eval('#rows tbody tr', (all) => all.map((row) => row.cells[1].textContent));

await test('categories in the form', async () => {
  await page.goto(url);
  await enter(page);
  await choose(page, 'colours');
  await ready(page);
  const names = await page.$$eval('#f1 option', (all) => all.map((option) => option.value));
  assert.deepEqual(names, ['', 'blue', 'green', 'red', '(other)']);
  const [[, first]] = table('native.csv').slice(1), [[size, colour]] = table('plain.csv').slice(1);
  await page.selectOption('#f1', colour);
  await page.fill('#f0', size);
  await page.click('#predict');
  await answered(page);
  assert.equal(await page.textContent('.verdict'), first);
  await chromium.noSideways(page);
  await shot(page, 'categories');
  await chromium.accessible(page, 'with categories, in the dark');
});
await test('a table with semicolons, decimal commas, gaps and colours that nobody has seen', async () => {
  await drop('nasty.csv', 'text/csv', readFileSync('nasty.csv'));
  await until(page, () => document.querySelectorAll('#rows tbody tr').length > 1);
  await answered(page);
  const native = table('nasty_native.csv').map((line) => [line[0], line[1].replace('""', '')]);
  assert.deepEqual(await labels(), native.slice(1).map((line) => line[1] || '–'));
  assert.match(await page.textContent('#result'), /1 text of "colour" is none that the model knows: taken as \(other\)/);
  const download = page.waitForEvent('download');
  await page.click('#save');
  const saved = readFileSync(await (await download).path(), 'utf8').trim().split('\n').map((line) => line.split(','));
  assert.deepEqual(saved[0], ['row', 'predicted', 'no', 'yes', 'state']);
  assert.deepEqual(saved.map((line) => line.slice(0, 2)), native);
  await shot(page, 'table');
  await chromium.accessible(page, 'with notes');
});
await test('files that are none', async () => {
  const text = 'colour,size\nred,1\n';
  await drop('x.csv', 'text/csv', Buffer.from(text, 'utf16le'));
  await wrong('x.csv: it is no CSV text in UTF-8');
  await drop('x.csv', 'text/csv', Buffer.from(text.replace('red', 'r\xe9d'), 'latin1'));
  await wrong('x.csv: it is no UTF-8; if it is Latin-1');
  await drop('x.csv', 'text/csv', 'colour,size\nred,0x1f\n');
  await wrong('x.csv: line 2: column 2 "size": "0x1f" where a number is needed');
  await drop('x.csv', 'text/csv', 'colour,size\nred\n');
  await wrong('x.csv: line 2: 1 columns where the header has 2');
  await page.setInputFiles('#csv', 'huge.csv');
  await wrong('huge.csv: it has 70 MB; this page takes up to 64 MB');
});
await test('a server that stalls: it is stopped, and goes on later', async () => {
  process.kill(Number(SERVER), 'SIGSTOP');
  try {
    await drop('plain.csv', 'text/csv', readFileSync('plain.csv'));
    await page.waitForSelector('#stop:not([hidden])');
    await page.click('#stop');
    await until(page, () => document.getElementById('status').textContent === 'Stopped.');
    assert.equal(await page.isDisabled('#predict'), false);
  } finally {
    process.kill(Number(SERVER), 'SIGCONT');
  }
  await drop('plain.csv', 'text/csv', readFileSync('plain.csv'));
  await until(page, () => document.querySelectorAll('#rows tbody tr').length > 1);
  await answered(page);
  assert.deepEqual(await labels(), table('native.csv').slice(1).map((line) => line[1]));
});
await test('a reload in the middle', async () => {
  await drop('plain.csv', 'text/csv', readFileSync('plain.csv'));
  await page.reload();
  await enter(page);
  await choose(page, 'colours');
  await ready(page);
  assert.match(await page.textContent('#key-text'), /The key of your last visit/);
});
await test('a quantity', async () => {
  await choose(page, 'price');
  await ready(page);
  const [[, native]] = table('price_native.csv').slice(1), [[size, colour]] = table('plain.csv').slice(1);
  await page.selectOption('#f1', colour);
  await page.fill('#f0', size);
  await page.click('#predict');
  await answered(page);
  const shown = Number(await page.textContent('.verdict'));
  assert.ok(Math.abs(shown - Number(native)) < 1e-3 * Math.max(1, Math.abs(shown)), `${shown}, natively ${native}`);
  await shot(page, 'quantity');
});
await test('two tabs at once, in a browser that has no key yet', async () => {
  const fresh = await newContext(), tabs = [await newPage(fresh), await newPage(fresh)];
  await Promise.all(tabs.map(async (tab) => {
    await tab.goto(url);
    await enter(tab);
    await choose(tab, 'colours');
    await ready(tab);
    await tab.click('#usual');
    await tab.click('#predict');
    await answered(tab);
  }));
  const [one, two] = await Promise.all(tabs.map((tab) => tab.textContent('.verdict')));
  assert.equal(one, two);
  const made = await Promise.all(tabs.map(async (tab) => /A new key/.test(await tab.textContent('#key-text'))));
  assert.equal(made.filter(Boolean).length, 1);
  await fresh.close();
});
if (images) await test('pictures that are none, and one dropped', async () => {
  await choose(page, 'digits');
  await ready(page);
  await drop('words.png', 'image/png', 'these are words');
  await wrong('words.png is no image that this browser reads');
  await drop('one.png', 'image/png', readFileSync(images), '#pad');
  await until(page, () => /one.png, scaled to 28/.test(document.getElementById('pad-state').textContent));
  await page.click('#predict');
  await answered(page);
  assert.equal(await page.textContent('.verdict'), '1');
});
await test('the browser had nothing to complain of', () => assert.deepEqual(faults, []));
await browser.contexts().at(0)?.close();
await chromium.finish();
