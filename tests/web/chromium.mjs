// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium before the page of a real server (tests/web/chromium.inc starts both), and tests that
// are counted.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {chromium} from 'playwright-core';

export const {URL_: url, TOKEN: token, SHOTS: shots} = process.env;
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const WAIT = 60000; // of a busy machine
export const browser = await chromium.launch({executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--no-proxy-server', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']});
export const faults = []; // what the browser itself complains of: the policy, a script's error
export const hosts = new Set();
let passed = 0, failed = 0;

export async function newContext(options = {}) {
  const context = await browser.newContext({viewport: {width: 390, height: 844}, colorScheme: 'light', ...options});
  context.setDefaultTimeout(WAIT);
  return context;
}

/** A page, watched. */
export async function newPage(context) {
  const page = await context.newPage();
  page.on('console', (message) => { if (message.type() === 'error') faults.push(message.text()); });
  page.on('pageerror', (error) => faults.push(error.stack));
  page.on('request', (request) => { if (!request.url().startsWith('blob:')) hosts.add(new URL(request.url()).origin); });
  return page;
}

/** `page` gives the one to be pictured where the test fails. */
export async function test(name, page, run) {
  if (failed > 2) return; // what follows would only wait
  try {
    await run();
    passed++;
  } catch (error) {
    failed++;
    console.log(`${name}: ${error.stack}`);
    await page().screenshot({path: `${shots}/failed.png`, fullPage: true}).catch(() => {});
  }
}

/** Until it is so; the page's policy forbids what playwright's own wait does. */
export async function until(page, condition) {
  for (const end = Date.now() + WAIT; ;) {
    if (await page.evaluate(condition)) return;
    if (Date.now() > end) throw new Error(`never: ${condition}; the status is "${await page.textContent('#status')}"`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}
export const ready = (page) => until(page, () => document.getElementById('status').textContent === 'Ready.');
export const answered = (page) => until(page, () =>
  !document.getElementById('answer').hidden && / ms, | s, /.test(document.getElementById('status').textContent));
export const shot = (page, name) => page.screenshot({path: `${shots}/${name}.png`, fullPage: true});

export async function enter(page, secret = token) {
  await page.fill('#token', secret);
  await page.press('#token', 'Enter');
}
/** Where there are several models none is opened by itself. */
export async function choose(page, name) {
  await page.waitForSelector('#choice-field:not([hidden])');
  await page.selectOption('#choice', name);
}
export async function accessible(page, what) {
  // Through the debugger, which the page's policy does not bind.
  await page.evaluate(axeSource);
  const {violations} = await page.evaluate(() => globalThis.axe.run(document,
    {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}));
  assert.deepEqual(violations.map((v) => `${v.id} (${v.impact}): ${v.nodes.map((n) => n.html).join(' ')}`), [], what);
}
export const noSideways = async (page) => assert.ok(await page.evaluate(() =>
  document.documentElement.scrollWidth <= document.documentElement.clientWidth), 'it scrolls sideways');
export const table = (file) => readFileSync(file, 'utf8').trim().split('\n').map((line) => line.split(','));

export async function finish() {
  await browser.close();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}
