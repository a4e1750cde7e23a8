// SPDX-License-Identifier: Apache-2.0
// What a program in TypeScript says; tests/web/browser.sh has it checked, strictly.
import {BlindsightError, connect, indexedDBStore, memoryStore, models} from 'blindsight-client';
import type {Description, Model, Prediction, Store} from 'blindsight-client';

const store: Store = memoryStore();
const stop = new AbortController();
const model: Model = await connect('https://models.example.org', {token: 't', signal: stop.signal, patience: 5});
const keys = await model.keys({store, progress: ({stage, fraction}) => console.log(stage, fraction)});
const {features, image}: Description = model.description;
const one: Prediction = await model.predict(new Float64Array(30), {outside: 'mark'});
const record: Prediction = await model.predict({radius: 1.5, colour: 'red', missing: null});
const many: Prediction[] = await model.predict([[1, 2], [3, 'red']], {packing: 'throughput', parallel: 8});
const pixels: Prediction = await model.predict({width: 28, height: 28, data: new Uint8ClampedArray(28 * 28 * 4)});
const faults: string[] = model.check([[1, 2]]);
const names: string[] = (await models('https://models.example.org')).map(({name}) => name);
try {
  await model.forget();
} catch (error) {
  if (error instanceof BlindsightError && error.code === 'io') console.log(error.status, error.row);
}
const label: string | null = one.label;
console.log(keys.made, features[0].low, image?.width, record.state, many.length, pixels.outputs[0], faults,
  names, label, indexedDBStore({database: 'x'}), model.exportKey().length);
model.close();
