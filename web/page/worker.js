// SPDX-License-Identifier: Apache-2.0
// The client, off the page's thread. Messages {id, call, ...} are answered by {id, value} or
// {id, error}; {progress} and {sample} come in between.
import {connect, indexedDBStore, models} from './index.js';

const MOST_SHOWN_BYTES = 256 * 96;

const store = indexedDBStore();
let model;
let running = new AbortController(); // what the page may stop

const progress = (shown) => postMessage({progress: shown});

function fresh() {
  running = new AbortController();
  return running.signal;
}

const calls = {
  stop: () => running.abort(),
  models: ({url, token}) => models(url, {token, progress}),
  async connect({url, token, name}) {
    model?.close();
    model = await connect(url, {token, model: name, progress});
    return {name: model.name, version: model.version, description: model.description};
  },
  keys: () => model.keys({store, progress, signal: fresh()}),
  check: ({rows}) => model.check(rows),
  async predict({rows}) {
    let bytes = 0;
    const onSample = (sample) => {
      bytes += sample.length;
      postMessage({sample: {bytes, shown: sample.slice(-MOST_SHOWN_BYTES)}});
    };
    const predictions = await model.predict(rows, {progress, onSample, signal: fresh()});
    return {predictions, bytes};
  },
  exportKey: () => model.exportKey(),
  async forget() {
    await model.forget({progress});
    await store.remove(model.description.plan);
  },
};

addEventListener('message', async ({data: {id, call, ...given}}) => {
  try {
    postMessage({id, value: await calls[call](given)});
  } catch (error) {
    postMessage({id, error: {code: error.code, message: error.message, row: error.row}});
  }
});
