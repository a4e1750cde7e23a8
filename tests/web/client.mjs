// SPDX-License-Identifier: Apache-2.0
// The npm package against a real server (tests/web/client.sh starts it and sets the environment).
import assert from 'node:assert/strict';
import {existsSync, readFileSync, statSync} from 'node:fs';
import {createServer} from 'node:http';
import {once} from 'node:events';
import {BlindsightError, connect, fileStore, memoryStore, models} from 'blindsight-client';

const {URL_: url, TOKEN: token, PLAN: plan} = process.env;
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
const kind = (code, more = {}) => (error) => {
  assert.ok(error instanceof BlindsightError, error.stack);
  assert.equal(error.code, code, error.stack);
  for (const [name, value] of Object.entries(more)) assert.equal(error[name], value, error.stack);
  return true;
};
const table = (file) => readFileSync(file, 'utf8').trim().split('\n').slice(1).map((line) => line.split(','));
const rows = table('validation.csv').map((line) => line.slice(0, 30).map(Number));
const clear = table('clear.csv');

function asInClear(predictions, from = 0) {
  predictions.forEach((p, i) => {
    const [, label, ...outputs] = clear[from + i];
    assert.equal(p.state, 'inside', `row ${i}`);
    assert.equal(p.label, label, `row ${i}`);
    outputs.forEach((text, j) => {
      const error = Math.abs(p.outputs[j] - Number(text)) / Math.max(1, Math.abs(Number(text)));
      assert.ok(error < 1e-4, `row ${i}, output ${j}: ${p.outputs[j]} where clear is ${text}`);
    });
  });
}

const model = await connect(url, {token, plan});
await test('the description is the client file', () => {
  const d = model.description;
  assert.equal(d.features.length, 30);
  assert.equal(d.features[0].name, 'radius_mean');
  assert.deepEqual(d.labels, ['B', 'M']);
  assert.equal(d.plan, plan);
  assert.equal(d.securityBits, 128);
  assert.ok(d.features.every((f) => f.kind === 'scale' && !f.required && f.low < f.usual && f.usual < f.high));
  assert.equal(d.image, null);
  assert.deepEqual(model.name, 'wdbc');
});
await test('the list of models', async () =>
  assert.deepEqual((await models(url, {token})).map((m) => m.name), ['wdbc']));
await test('no prediction without a key', () =>
  assert.rejects(model.predict(rows[0]), kind('key')));

const stages = new Set();
const store = fileStore('js.key');
await test('keys are made, kept and sent', async () => {
  const fractions = [];
  const keys = await model.keys({store, progress: (p) => { stages.add(p.stage); fractions.push(p.fraction); }});
  assert.equal(keys.made, true);
  assert.equal(keys.bytes, model.description.keyBytes);
  assert.equal(keys.sent, keys.bytes);
  assert.equal(statSync('js.key').mode & 0o777, 0o600);
  assert.deepEqual(Buffer.from(model.exportKey()), readFileSync('js.key'));
  assert.ok(stages.has('sending the keys') && fractions.length > 3 && fractions.at(-1) === 1);
});
await test('keys too large for this memory are refused before they are made', async () => {
  const large = await connect(url, {token});
  large.description.keyBytes = 2.25e9; // of one that bootstraps
  await assert.rejects(large.keys(), {code: 'memory', message: /its keys take 2.25 GB, more than a browser holds.*blindsight predict/});
  large.close();
});
await test('the second time they are taken, and nothing is sent', async () => {
  const keys = await (await connect(url, {token})).keys({store});
  assert.deepEqual([keys.made, keys.sent], [false, 0]);
});
for (const packing of ['latency', 'throughput'])
  await test(`114 rows, ${packing}`, async () => asInClear(await model.predict(rows, {packing})));
await test('as jobs', async () => asInClear(await model.predict(rows.slice(0, 3), {jobs: 'always'})));
await test('one row, a record, typed arrays', async () => {
  const one = await model.predict(rows[0]);
  asInClear([one]);
  const {features} = model.description;
  const record = Object.fromEntries(features.map((f, i) => [f.name, String(rows[1][i])]));
  asInClear([await model.predict(record)], 1);
  asInClear(await model.predict(rows.slice(2, 4).map((row) => Float32Array.from(row))), 2);
});

const wild = rows[0].slice();
wild[3] = 1e6;
await test('a row outside is refused, and named', async () => {
  await assert.rejects(model.predict(wild), (error) =>
    kind('range', {row: 0})(error) && /"area_mean" is 1e\+06; this model answers for/.test(error.message));
  assert.match(model.check(wild)[0], /area_mean/);
  assert.deepEqual(model.check(rows.slice(0, 3)), ['', '', '']);
});
await test('among others it is marked', async () => {
  const [good, bad] = await model.predict([rows[0], wild]);
  asInClear([good]);
  assert.equal(bad.state, 'refused');
  assert.equal(bad.label, null);
  assert.ok(bad.outputs.every(Number.isNaN));
  assert.match(bad.reason, /area_mean/);
});
await test('clipped or marked when asked', async () => {
  const [clipped] = await model.predict([wild], {outside: 'clip'});
  assert.equal(clipped.state, 'clipped');
  assert.equal(clipped.label, 'M');
  const [outside] = await model.predict([wild], {outside: 'mark'});
  assert.ok(['outside', 'beyond'].includes(outside.state), outside.state);
  assert.ok(outside.state !== 'beyond' || outside.outputs.every(Number.isNaN));
});
await test('what is no row', async () => {
  for (const input of [[], [1, 2], [rows[0], [1]], {radius: 1}, [{radius_mean: 'big'}], null, 7,
    [Infinity, ...rows[0].slice(1)], new Float64Array(31), {width: 2, height: 2, data: new Uint8Array(4)}])
    await assert.rejects(model.predict(input), kind('argument'));
  await assert.rejects(model.predict(rows, {outside: 'never'}), kind('argument'));
  await assert.rejects(model.predict(rows, {parallel: 65}), kind('argument'));
  await assert.rejects(model.predict(rows, {packing: 'x'}), kind('argument'));
});

await test('a native key comes in', async () => {
  const other = await connect(url, {token});
  const mine = memoryStore();
  const keys = await other.keys({store: mine, key: new Uint8Array(readFileSync('native.key'))});
  assert.equal(keys.made, false);
  asInClear([await other.predict(rows[0])]);
  assert.deepEqual(Buffer.from((await mine.get(plan)).secret), readFileSync('native.key'));
  await assert.rejects(other.keys({store, key: new Uint8Array(readFileSync('native.key'))}), kind('argument'));
  await assert.rejects(other.keys({key: new Uint8Array(readFileSync('native.key')).fill(1, 200, 201)}), kind('format'));
  other.close();
});
await test('two at once make one key', async () => {
  const shared = fileStore('both.key');
  const pair = await Promise.all([connect(url, {token}), connect(url, {token})]);
  const made = await Promise.all(pair.map((m) => m.keys({store: shared})));
  assert.equal(made.filter((k) => k.made).length, 1);
  assert.deepEqual(pair[0].exportKey(), pair[1].exportKey());
  asInClear(await Promise.all(pair.map((m, i) => m.predict(rows[i]))));
});
await test('keys that are gone are sent again', async () => {
  await model.forget();
  await assert.rejects(model.predict(rows[0]), kind('key'));
  const {id} = await model.keys({store});
  const answer = await fetch(`${url}/v2/keys/${id}`, {method: 'DELETE', headers: {Authorization: `Bearer ${token}`}});
  assert.equal(answer.status, 204);
  asInClear([await model.predict(rows[5])], 5);
});
await test('an upload goes on where it stopped', async () => {
  await model.forget();
  const fresh = await connect(url, {token});
  let puts = 0;
  const broken = await connect(url, {token, patience: 0, fetch: (to, init) => {
    if (init.method === 'PUT' && ++puts > 1) return Promise.reject(new TypeError('cut'));
    return fetch(to, init);
  }});
  await assert.rejects(broken.keys({store}), kind('io'));
  const {sent, bytes} = await fresh.keys({store});
  assert.equal(bytes - sent, 1 << 20);
  asInClear([await fresh.predict(rows[0])]);
});

await test('a wrong token', () =>
  assert.rejects(connect(url, {token: `${token.slice(0, -1)}x`}), kind('io', {status: 401})));
await test('no server', () =>
  assert.rejects(connect('http://127.0.0.1:9', {token, patience: 0}), kind('io')));
await test('another plan, another model', async () => {
  await assert.rejects(connect(url, {token, plan: '0'.repeat(16)}), kind('mismatch'));
  await assert.rejects(connect(url, {token, model: 'other'}), kind('io', {status: 404}));
  await assert.rejects(connect(url, {token, model: '../other'}), kind('argument'));
  await assert.rejects(connect('http://example.org', {token}), kind('argument'));
  await assert.rejects(connect('ftp://127.0.0.1', {token}), kind('argument'));
});
await test('an abort ends a wait at once', async () => {
  const control = new AbortController(), start = performance.now();
  setTimeout(() => control.abort(), 50);
  await assert.rejects(connect('http://127.0.0.1:9', {token, pause: 60, patience: 120, signal: control.signal}),
    kind('cancelled', {name: 'AbortError'}));
  assert.ok(performance.now() - start < 10000);
  await assert.rejects(model.predict(rows[0], {signal: control.signal}), (error) => ['cancelled', 'key'].includes(error.code));
});

// --- a server that says what it should not
async function hostile(answer) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {server, at: `http://127.0.0.1:${server.address().port}`};
}
await test('a hostile server', async () => {
  const file = readFileSync('wdbc.client');
  const cases = [
    ['format', (q, r) => r.setHeader('ETag', '"00"').end(file)], // not what its tag names
    ['format', (q, r) => r.end(Buffer.alloc(5 << 20))], // too large
    ['format', (q, r) => r.end('{"models": 3}'), undefined],
    ['format', (q, r) => r.end('not JSON'), undefined],
    ['io', (q, r) => r.writeHead(302, {Location: `${url}/v2/models/wdbc/client`}).end()],
    ['io', (q, r) => r.writeHead(503, {'Retry-After': '99999'}).end('{}')],
    ['io', (q, r) => r.destroy()],
  ];
  for (const [code, answer, name = 'wdbc'] of cases) {
    const {server, at} = await hostile(answer);
    const listed = cases.find((c) => c[1] === answer).length === 3;
    await assert.rejects(connect(at, {token, patience: 1, model: listed ? undefined : name}), kind(code));
    server.close();
  }
});
await test('a server that drips', async () => {
  const {server, at} = await hostile((q, r) => {
    const drip = setInterval(() => r.write(' '), 20);
    r.on('close', () => clearInterval(drip));
  });
  const start = performance.now();
  await assert.rejects(connect(at, {token, timeout: 0.2, patience: 0}), kind('io'));
  assert.ok(performance.now() - start < 60000);
  server.closeAllConnections();
  server.close();
});
await test('a busy server is waited for', async () => {
  let asked = 0;
  const {server, at} = await hostile((q, r) => {
    if (++asked < 3) r.writeHead(503, {'Retry-After': '0'}).end();
    else r.end('{"models": []}');
  });
  await assert.rejects(connect(at, {token, pause: 0.01}), kind('argument'));
  assert.equal(asked, 3);
  server.close();
});
model.close();
await test('a closed model', () => assert.rejects(model.predict(rows[0]), kind('key')));
assert.ok(existsSync('js.keys'));
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
