// SPDX-License-Identifier: Apache-2.0
// The client of a Blindsight service. Rows are encrypted here, answers decrypted here; the server
// computes on what it cannot read. index.d.ts is the contract.
import {Core, load} from './core.js';
import {BlindsightError} from './errors.js';
import {Http, parse} from './http.js';
import {predictRows} from './predict.js';
import {toRows} from './rows.js';
import {memoryStore} from './store.js';
import {upload} from './upload.js';

export {BlindsightError} from './errors.js';
export {fileStore, indexedDBStore, memoryStore} from './store.js';
export {load};

const MAX_CLIENT_BYTES = 4 << 20;
const MAX_LIST_BYTES = 4 << 20;
// Keys are made in the module's memory, copied out, and kept: several times their size.
const MAX_KEY_BYTES = 2 ** 29;
const NAME = /^[A-Za-z0-9._-]{1,128}$/;

function takeName(text) {
  const [name, version, ...more] = text.split('@');
  if (!NAME.test(name) || (version !== undefined && !NAME.test(version)) || more.length > 0)
    throw new BlindsightError('argument', `${text}: must be the name of a model, or NAME@VERSION`);
  return {name, version};
}

async function listModels(http, options) {
  const answer = await http.need([200], 'GET', '/v2/models', {...options, limit: MAX_LIST_BYTES});
  const {models} = parse(answer, '/v2/models');
  if (!Array.isArray(models) || models.some((m) => typeof m?.name !== 'string'))
    throw new BlindsightError('format', '/v2/models: is no list of models');
  return models;
}

async function findOnly(http, options) {
  const names = [...new Set((await listModels(http, options)).map((m) => m.name))];
  if (names.length === 0) throw new BlindsightError('argument', 'the server has no model');
  if (names.length > 1)
    throw new BlindsightError('argument', `the server has several models: name one of ${names.join(', ')}`);
  return takeName(names[0]);
}

/** The models of a server: [{name, version, plan}]. */
export async function models(url, options = {}) {
  return listModels(new Http(url, options), {signal: options.signal, progress: options.progress});
}

/** Finds a model, fetches its client file and checks it. */
export async function connect(url, options = {}) {
  const http = new Http(url, options), {signal, progress} = options;
  const wanted = options.model === undefined ? await findOnly(http, {signal, progress})
    : takeName(options.model);
  const base = `/v2/models/${wanted.name}`;
  const path = wanted.version === undefined ? base : `${base}/versions/${wanted.version}`;
  const answer = await http.need([200], 'GET', `${path}/client`, {signal, progress, limit: MAX_CLIENT_BYTES});
  const core = await Core.build(answer.body);
  try {
    if (answer.tag !== `"${core.digest(answer.body)}"`)
      throw new BlindsightError('format', `${path}/client: the client file is not the one that its tag names`);
    const version = NAME.test(answer.version) ? answer.version : wanted.version;
    const model = new Model(http, wanted.name, version, core);
    if (options.plan !== undefined) checkPlan(model, options.plan);
    return model;
  } catch (error) {
    core.close();
    throw error;
  }
}

function checkPlan(model, plan) {
  if (!/^[0-9a-f]{16,64}$/.test(plan))
    throw new BlindsightError('argument', `${plan}: a plan is named by 16 to 64 hex digits in lower case`);
  if (!model.description.plan.startsWith(plan))
    throw new BlindsightError('mismatch', `${model.name}: its plan is ` +
      `${model.description.plan.slice(0, 16)}..., not the one asked for, ${plan.slice(0, 16)}...`);
}

/** One compiled model on a service elsewhere. */
class Model {
  #link; // what infer.js and predict.js work with

  constructor(http, name, version, core) {
    const base = `/v2/models/${name}`;
    this.name = name;
    this.version = version;
    this.description = core.describe();
    this.#link = {
      http, core, description: this.description,
      path: version === undefined ? base : `${base}/versions/${version}`,
      keyId: undefined, // of the evaluation keys that the server has
      keys: undefined, // their bytes
    };
  }

  /** Takes the keys from the store, or makes them there, and brings the evaluation keys to the server. */
  async keys({store = memoryStore(), name = this.description.plan, key, signal, progress} = {}) {
    const {core, http} = this.#link, {keyBytes} = this.description;
    if (keyBytes > MAX_KEY_BYTES)
      throw new BlindsightError('memory', `${this.name}: its keys take ${(keyBytes / 1e9).toFixed(2)} GB, more than ` +
        'a browser holds: the command "blindsight predict" makes and sends them');
    this.#link.keyId = undefined;
    let entry = await store.get(name), made = false;
    if (key !== undefined) {
      core.readKey(key);
      if (entry !== null && !sameBytes(entry.secret, key))
        throw new BlindsightError('argument', `${name}: the store has another key of this name`);
    } else if (entry !== null) {
      core.readKey(entry.secret);
    } else {
      core.generate();
      made = true;
    }
    progress?.({stage: 'making the keys', fraction: 0});
    if (entry === null) {
      const fresh = {secret: core.writeKey(), keys: core.makeKeys()};
      if (await store.create(name, fresh)) {
        entry = fresh;
      } else { // somebody else was first: theirs it is, and ours is forgotten
        entry = await store.get(name);
        if (entry === null) throw new BlindsightError('io', `${name}: the store lost its key`);
        core.readKey(entry.secret);
        made = false;
      }
    }
    if (!this.#fit(entry.keys)) {
      entry.keys = core.makeKeys();
      await store.setKeys(name, entry.keys);
    }
    this.#link.keys = entry.keys;
    const id = core.digest(entry.keys);
    const sent = await upload(http, id, entry.keys, {signal, progress});
    this.#link.keyId = id;
    return {id, made, sent, bytes: entry.keys.length};
  }

  #fit(keys) {
    try {
      if (!keys) return false;
      this.#link.core.checkKeys(keys);
      return true;
    } catch (error) {
      if (error.code === 'mismatch' || error.code === 'format') return false;
      throw error;
    }
  }

  /** The secret key as the bytes of a .key file. */
  exportKey() {
    return this.#link.core.writeKey();
  }

  /** A prediction for one row, a list of them for several. */
  async predict(input, options = {}) {
    const link = this.#link;
    if (link.keyId === undefined)
      throw new BlindsightError('key', 'there is no key: model.keys() comes first');
    const {values, nRows, single} = toRows(input, this.description);
    const predictions = await predictRows(link, values, nRows, options);
    if (!single) return predictions;
    const [only] = predictions;
    if (only.state === 'refused')
      throw new BlindsightError('range', only.reason, {row: 0});
    return only;
  }

  /** What predict would refuse: for each row '' or what is wrong with it, in words. */
  check(input) {
    const {values, nRows} = toRows(input, this.description), n = this.description.features.length;
    return Array.from({length: nRows}, (_, row) =>
      this.#link.core.fault(values.subarray(row * n, (row + 1) * n), row));
  }

  /** Shreds the evaluation keys on the server. */
  async forget({signal, progress} = {}) {
    const {http, keyId} = this.#link;
    if (keyId === undefined) throw new BlindsightError('key', 'there is no key: model.keys() comes first');
    await http.need([204, 404], 'DELETE', `/v2/keys/${keyId}`, {signal, progress});
    this.#link.keyId = undefined;
  }

  /** Wipes the secret key from memory; the model is spent. */
  close() {
    this.#link.keyId = undefined;
    this.#link.core.close();
  }
}

function sameBytes(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
