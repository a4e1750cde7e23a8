// SPDX-License-Identifier: Apache-2.0
// Rows to predictions, as src/client/remote_predict.c has it: rows outside the box apart, several
// requests in flight, rows whose batch was spoilt by another once more alone.
import {BlindsightError, checkSignal} from './errors.js';
import {infer} from './infer.js';

const STATES = ['inside', 'clipped', 'outside', 'refused'];
const MARK_SPOILT = 2;
const MAX_ROWS = 65536; // of a message
const MAX_RESULT_BYTES = 2 ** 31;
const SLACK_BYTES = 65536;
const MOST_PARALLEL = 64;

function resultLimit(packing, nRows) {
  return Math.min(Math.ceil(nRows / packing.rows) * packing.downloadBytes + SLACK_BYTES, MAX_RESULT_BYTES);
}

/** Rows `numbers` by one packing; gives {outputs, mark} of each. */
async function runPart(model, values, numbers, packing, outside, options, show) {
  const {core, description} = model, nFeatures = description.features.length;
  const nOutputs = description.labels.length, facts = description[packing];
  const step = Math.min(facts.rows, MAX_ROWS), answers = new Array(numbers.length);
  const job = options.jobs === 'always' || (options.jobs === 'auto' && packing === 'throughput');
  let next = 0, failed;
  const work = async () => {
    while (next < numbers.length && failed === undefined) {
      const first = next, some = numbers.slice(first, first + step);
      next += some.length;
      const rows = new Float64Array(some.length * nFeatures);
      some.forEach((row, i) =>
        rows.set(values.subarray(row * nFeatures, (row + 1) * nFeatures), i * nFeatures));
      const sample = core.encrypt(rows, some.length, packing, outside);
      rows.fill(0);
      options.onSample?.(sample);
      const result = await infer(model, sample, job, resultLimit(facts, some.length), options);
      checkSignal(options.signal);
      const {outputs, marks} = core.decrypt(result, some.length, nOutputs);
      some.forEach((_, i) => {
        answers[first + i] = {outputs: outputs.slice(i * nOutputs, (i + 1) * nOutputs), mark: marks[i]};
      });
      show(some.length);
    }
  };
  const workers = Array.from({length: Math.min(options.parallel, Math.ceil(numbers.length / step))}, () =>
    work().catch((error) => { failed ??= error; }));
  await Promise.all(workers);
  if (failed !== undefined) throw failed;
  return answers;
}

function checkOptions(description, options) {
  if (!['refuse', 'clip', 'mark'].includes(options.outside))
    throw new BlindsightError('argument', `outside: ${options.outside}: must be refuse, clip or mark`);
  if (!['auto', 'never', 'always'].includes(options.jobs))
    throw new BlindsightError('argument', `jobs: ${options.jobs}: must be auto, never or always`);
  if (!(Number.isInteger(options.parallel) && options.parallel >= 1 && options.parallel <= MOST_PARALLEL))
    throw new BlindsightError('argument', `parallel: must be 1 to ${MOST_PARALLEL}`);
  if (options.packing !== 'latency' && options.packing !== 'throughput')
    throw new BlindsightError('argument', `packing: ${options.packing}: must be latency or throughput`);
  if (description[options.packing] === null)
    throw new BlindsightError('argument', `the model was not compiled for ${options.packing} packing`);
}

/** The prediction of a row that has outputs, or NaN where its state says so. */
function prediction(model, outputs, state) {
  const index = state === 'refused' || state === 'beyond' ? -1 : model.core.predicted(outputs);
  return {state, index: index < 0 ? null : index,
    label: index < 0 ? null : model.description.labels[index], outputs};
}

/** values: nRows rows, one behind the other. A prediction for each. */
export async function predictRows(model, values, nRows, given) {
  const options = {outside: 'refuse', jobs: 'auto', parallel: 4, packing: model.core.packing(nRows), ...given};
  const {core, description} = model, nFeatures = description.features.length;
  checkOptions(description, options);
  const raw = values.slice(), states = core.sort(values, nRows, options.outside);
  const predictions = new Array(nRows);
  let done = 0;
  const show = (n) => {
    done += n;
    options.progress?.({stage: 'predicting', fraction: done / nRows});
  };
  options.progress?.({stage: 'predicting', fraction: 0});
  const rowsOf = (...wanted) => Array.from(states.keys()).filter((i) => wanted.includes(states[i]));
  const finish = (row, {outputs, mark}) => {
    predictions[row] = prediction(model, outputs, mark === 0 ? STATES[states[row]] : 'beyond');
  };
  const run = async (rows, packing, alone) => {
    const answers = await runPart(model, values, rows, packing, alone, options, show);
    const again = description.latency === null || packing === 'latency' ? []
      : rows.filter((_, i) => answers[i].mark === MARK_SPOILT);
    rows.forEach((row, i) => { if (!again.includes(row)) finish(row, answers[i]); });
    if (again.length > 0) {
      const second = await runPart(model, values, again, 'latency', false, options, () => {});
      again.forEach((row, i) => finish(row, second[i]));
    }
  };
  await run(rowsOf(0, 1), options.packing, false);
  await run(rowsOf(2), 'latency', true);
  for (let row = 0; row < nRows; row++) {
    if (states[row] === 3)
      predictions[row] = prediction(model, new Float64Array(description.labels.length).fill(NaN), 'refused');
    if (states[row] !== 0)
      predictions[row].reason = core.fault(raw.subarray(row * nFeatures, (row + 1) * nFeatures), row);
  }
  raw.fill(0);
  values.fill(0);
  return predictions;
}
