// SPDX-License-Identifier: Apache-2.0
// What came back: one answer in large, many in a table, all of them as a file.
import {element, number, plural} from './element.js';

const MOST_SHOWN_ROWS = 1000;
const STATES = {
  inside: 'inside the ranges that the model answers for',
  clipped: 'values were moved into the ranges that the model answers for',
  outside: 'outside the ranges that the model answers for: nothing is promised',
  refused: 'not sent: outside the ranges that the model answers for',
  beyond: 'not to be believed: the values overflowed on the way',
};

/** Outputs that are quantities: as many digits as a plan usually keeps. */
const quantity = (x) => number(x, 6);

/** Bars of probabilities as they are, of scores from the least to the largest. */
function bars({outputs, index}, {labels, end, kind}) {
  const list = Array.from(outputs);
  const probabilities = ['softmax', 'sigmoid', 'one-vs-rest'].includes(end);
  const low = probabilities ? 0 : Math.min(0, ...list), high = probabilities ? 1 : Math.max(...list, low + 1e-9);
  return element('ul', {class: 'bars', 'aria-label': probabilities ? 'Probabilities' : 'Scores'},
    ...list.map((value, i) => {
      const parts = [element('span', {}, i === index ? element('strong', {}, labels[i]) : labels[i])];
      parts.push(kind === 'values' ? element('span', {}) : element('meter', {min: low, max: high, value, 'aria-label': labels[i]}));
      parts.push(element('span', {class: 'value'}, probabilities ? `${(100 * value).toFixed(1)} %` : quantity(value)));
      return element('li', {}, ...parts);
    }));
}

function oneAnswer(first, description) {
  const lost = first.state === 'beyond' || first.state === 'refused';
  const verdict = first.label ?? (lost ? 'No answer'
    : description.kind === 'values' && first.outputs.length === 1 ? quantity(first.outputs[0]) : 'The outputs');
  return [element('p', {class: 'verdict'}, verdict),
    element('p', {class: first.state === 'inside' ? 'quiet' : 'notice'}, STATES[first.state]),
    ...(lost ? [] : [bars(first, description)])];
}

function summary(predictions) {
  const counts = new Map();
  for (const p of predictions) {
    const key = p.label ?? (p.state === 'inside' ? 'outputs' : p.state);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [element('p', {class: 'verdict'}, plural(predictions.length, 'row')),
    element('p', {}, [...counts].map(([key, n]) => `${key}: ${n}`).join(', '))];
}

function tableOf(predictions, {labels}) {
  const head = element('tr', {}, ...['row', 'prediction', ...labels.slice(0, 4), 'range'].map((text) => element('th', {scope: 'col'}, text)));
  const body = predictions.slice(0, MOST_SHOWN_ROWS).map((p, i) => element('tr', {},
    element('th', {scope: 'row'}, String(i + 1)), element('td', {}, p.label ?? '–'),
    ...Array.from(p.outputs.slice(0, 4), (x) => element('td', {}, Number.isNaN(x) ? '–' : quantity(x))),
    element('td', {}, p.reason ? `${p.state}: ${p.reason.replace(/^row \d+: /, '')}` : p.state)));
  return element('table', {'aria-label': 'Predictions'}, element('thead', {}, head), element('tbody', {}, ...body));
}

/** {result, table}: elements for one prediction, or for many; `notes` stand with them. */
export function answerOf(predictions, description, notes = []) {
  const said = notes.map((note) => element('p', {class: 'notice'}, note));
  if (predictions.length === 1) return {result: [...oneAnswer(predictions[0], description), ...said], table: null};
  if (predictions.length > MOST_SHOWN_ROWS)
    said.push(element('p', {class: 'quiet'}, `The first ${MOST_SHOWN_ROWS} stand here, all of them in the file.`));
  return {result: [...summary(predictions), ...said], table: tableOf(predictions, description)};
}

const quoted = (text) => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** All predictions as CSV: the rows' numbers as the commands count them, from 0. */
export function csvOf(predictions, {labels}) {
  const lines = [['row', 'predicted', ...labels, 'state']];
  predictions.forEach((p, i) => lines.push([String(i), p.label ?? '',
    ...Array.from(p.outputs, (x) => Number.isNaN(x) ? '' : String(x)), p.state]));
  return lines.map((line) => `${line.map(quoted).join(',')}\n`).join('');
}
