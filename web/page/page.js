// SPDX-License-Identifier: Apache-2.0
// The page: what it shows. What it computes is the worker's.
import {rowsOf} from './csv.js';
import {Pad, imageOf} from './pad.js';

const $ = (id) => document.getElementById(id);
const show = (id, shown = true) => { $(id).hidden = !shown; };
const MOST_SHOWN_ROWS = 1000;

/** An element with attributes and children; texts are texts, never HTML. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const bytes = (n) => n < 1e3 ? `${n} bytes` : n < 1e6 ? `${(n / 1e3).toFixed(1)} kB` : `${(n / 1e6).toFixed(2)} MB`;
const number = (x, digits = 4) => Number.isInteger(x) ? String(x) : Number(x.toPrecision(digits)).toString();
/** Outputs that are quantities: as many digits as a plan usually keeps. */
const quantity = (x) => number(x, 6);
/** What a feature may be; trees answer for any number there is (1e300 stands for no limit). */
const range = ({low, high}) => low <= -1e300 && high >= 1e300 ? 'any number' : `${number(low)} to ${number(high)}`;
const plural = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`;

// --- the worker

const worker = new Worker('worker.js', {type: 'module'});
const waiting = new Map();
let lastId = 0;

function ask(call, given = {}) {
  return new Promise((resolve, reject) => {
    waiting.set(++lastId, {resolve, reject});
    worker.postMessage({id: lastId, call, ...given});
  });
}

worker.addEventListener('message', ({data}) => {
  if (data.progress !== undefined) showProgress(data.progress);
  else if (data.sample !== undefined) showSample(data.sample);
  else {
    const {resolve, reject} = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error !== undefined) reject(Object.assign(new Error(data.error.message), data.error));
    else resolve(data.value);
  }
});
worker.addEventListener('error', () => say('This page could not start: its files are not all there.'));

function say(text) {
  $('status').textContent = text;
}

function showProgress({stage, fraction}) {
  say(`${stage} …`);
  show('progress', fraction > 0 && fraction < 1);
  $('progress').value = fraction;
}

/** One thing at a time; what goes wrong is said where it happened. */
async function busy(errorPlace, run) {
  const buttons = [...document.querySelectorAll('button')];
  buttons.forEach((button) => { button.disabled = true; });
  if (errorPlace !== null) errorPlace.hidden = true;
  try {
    return await run();
  } catch (error) {
    say('');
    const place = errorPlace ?? $('enter').querySelector('.notice') ?? $('enter').appendChild(
      element('p', {class: 'notice', role: 'alert'}));
    place.textContent = error.message;
    place.hidden = false;
    return undefined;
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
    show('progress', false);
  }
}

// --- entering

let server = new URL('.', location.href).href.replace(/\/$/, ''); // who delivered this page, usually
let token, description, pad;

/** From another host, or a file, the page does not know its server. */
async function findServer() {
  const given = new URLSearchParams(location.search).get('server');
  const answer = given === null ? await fetch('v2').then((a) => a.json()).catch(() => null) : null;
  if (answer?.name === 'blindsight') return;
  show('server-field');
  $('server').value = given ?? '';
  $('server').required = true;
}
findServer();

$('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  $('enter').querySelector('.notice')?.remove();
  busy(null, async () => {
    token = $('token').value.trim();
    if ($('server').value !== '') server = $('server').value;
    say('asking the server …');
    const list = await ask('models', {url: server, token});
    if (list.length === 0) throw new Error('This server has no model.');
    const names = [...new Set(list.map((m) => m.name))];
    $('choice').replaceChildren(...names.map((name) => element('option', {value: name}, name)));
    if (names.length === 1) await open(names[0]);
    else { // opening one makes keys for it: that is for whoever chooses
      $('choice').prepend(element('option', {value: '', disabled: '', selected: ''}, 'choose one'));
      show('choice-field');
      show('model');
      say(`${names.length} models are here.`);
    }
    show('enter', false);
    $('token').value = '';
    (names.length === 1 ? $('model-title') : $('choice')).focus();
  });
});

$('choice').addEventListener('change', () => busy($('row-error'), () => open($('choice').value)));

async function open(name) {
  for (const id of ['sent', 'answer', 'key']) show(id, false);
  const model = await ask('connect', {url: server, token, name});
  description = model.description;
  showModel(model);
  showInput();
  const keys = await ask('keys');
  $('key-text').textContent = `${keys.made ? 'A new key was made for this model' : 'The key of your last visit was taken'}; ` +
    `it rests in this browser, encrypted. The server got ${bytes(keys.bytes)} of evaluation keys, which decrypt nothing` +
    `${keys.sent === 0 ? ' (they were there already)' : ''}.`;
  show('key');
  say('Ready.');
}

function showModel({name, version}) {
  const d = description, packing = d.latency ?? d.throughput;
  const out = d.kind === 'classes' ? `one of ${plural(d.labels.length, 'class').replace(/ss+$/, 'sses')}: ${d.labels.slice(0, 12).join(', ')}${d.labels.length > 12 ? ' …' : ''}`
    : `${plural(d.labels.length, d.kind === 'labels' ? 'label' : 'value')}: ${d.labels.slice(0, 12).join(', ')}`;
  const goesIn = d.image !== null ? `an image of ${d.image.width} × ${d.image.height} pixels${d.image.channels === 3 ? ' in colour' : ''}`
    : `${plural(d.features.length, 'value')} a row`;
  const facts = [
    ['name', version === undefined ? name : `${name}, version ${version}`],
    ['goes in', goesIn],
    ['comes out', out],
    ['travels', `${bytes(packing.uploadBytes)} there, ${bytes(packing.downloadBytes)} back for ${packing.rows === 1 ? 'a row' : `up to ${packing.rows} rows`}; once, ${bytes(d.keyBytes)} of keys`],
    ['security', `${d.securityBits} bits (ring of 2^${d.log2N}, modulus of ${Math.round(d.log2QP)} bits of ${Math.round(d.log2QPLimit)} allowed)`],
    ['range', d.contract === 'certified' ? 'inside the ranges given, no value can overflow: that is proved' : 'a value that overflows is noticed, and said'],
    ['plan', d.plan.slice(0, 16)],
  ];
  $('facts').replaceChildren(...facts.flatMap(([term, text]) => [element('dt', {}, term), element('dd', {}, text)]));
  show('model');
}

// --- input

function field(feature, index) {
  const id = `f${index}`, hint = feature.categories === undefined
    ? `${range(feature)}${feature.required ? '' : '; empty = missing'}`
    : feature.required ? 'choose one' : 'may be missing';
  const input = feature.categories === undefined
    ? element('input', {id, type: 'text', inputmode: 'decimal', autocomplete: 'off', 'aria-describedby': `${id}h`, placeholder: number(feature.usual)})
    : element('select', {id, 'aria-describedby': `${id}h`}, element('option', {value: ''}, '–'),
      ...feature.categories.map((name) => element('option', {value: name}, name)));
  return element('div', {class: 'field'}, element('label', {for: id}, feature.name,
    element('span', {class: 'hint', id: `${id}h`}, hint)), input);
}

function showInput() {
  const {image, features} = description;
  show('input');
  show('pad-field', image !== null);
  show('usual', image === null);
  show('drop-field', image === null);
  show('row-error', false);
  $('fields').replaceChildren(...(image === null ? features.map(field) : []));
  stopCamera();
  if (image === null) return;
  pad ??= new Pad($('pad'), (text) => { $('pad-state').textContent = text; });
  pad.clear();
}

$('clear').addEventListener('click', () => {
  pad.clear();
  $('pad-state').textContent = 'cleared';
  $('pad').focus();
});

$('image').addEventListener('change', () => busy($('row-error'), async () => {
  const [file] = $('image').files;
  if (file === undefined) return;
  pad.show(await imageOf(file, description.image).catch(() => {
    throw new Error(`${file.name} is no image that this browser reads.`);
  }));
  const {width, height} = description.image;
  $('pad-state').textContent = `${file.name}, scaled to ${width} × ${height} pixels`;
}));

// --- the camera

let stream = null;

function stopCamera() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  $('video').srcObject = null;
  show('camera-field', false);
  show('camera', navigator.mediaDevices?.getUserMedia !== undefined);
}

$('camera').addEventListener('click', () => busy($('row-error'), async () => {
  stream = await navigator.mediaDevices.getUserMedia({video: {facingMode: 'environment'}}).catch((error) => {
    throw new Error(error.name === 'NotAllowedError' ? 'The camera was not allowed.' : 'No camera is here that can be used.');
  });
  $('video').srcObject = stream;
  await $('video').play();
  show('camera', false);
  show('camera-field');
}).then(() => { if (stream !== null) $('take').focus(); }));

$('take').addEventListener('click', () => busy($('row-error'), async () => {
  pad.show(await imageOf($('video'), description.image));
  const {width, height} = description.image;
  stopCamera();
  $('pad-state').textContent = `a picture of the camera, its middle scaled to ${width} × ${height} pixels`;
}).then(() => $('predict').focus()));

$('camera-off').addEventListener('click', () => {
  stopCamera();
  $('camera').focus();
});

$('usual').addEventListener('click', () => {
  description.features.forEach((feature, i) => {
    $(`f${i}`).value = feature.categories === undefined ? number(feature.usual)
      : feature.categories[Math.round(feature.usual)] ?? feature.categories[0];
  });
});

/** The row of the form; fields that are no numbers are marked. */
function formRow() {
  const wrong = [];
  const row = description.features.map((feature, i) => {
    const input = $(`f${i}`), text = input.value.trim().replace(',', '.');
    const bad = feature.categories === undefined && text !== '' && !Number.isFinite(Number(text));
    if (bad) wrong.push(input);
    if (bad) input.setAttribute('aria-invalid', 'true');
    else input.removeAttribute('aria-invalid');
    return text === '' ? null : feature.categories === undefined ? Number(text) : input.value;
  });
  if (wrong.length > 0) {
    wrong[0].focus();
    throw new Error(`${plural(wrong.length, 'field')} ${wrong.length === 1 ? 'is no number' : 'are no numbers'}.`);
  }
  if (row.every((value) => value === null)) {
    $('f0').focus();
    throw new Error('Nothing is filled in.');
  }
  return row;
}

$('row-form').addEventListener('submit', (event) => {
  event.preventDefault();
  busy($('row-error'), async () => {
    let input;
    if (description.image !== null) {
      const image = pad.take(description.image);
      if (image === null) throw new Error('The pad is empty: draw something, open an image or use the camera.');
      input = {width: image.width, height: image.height, data: image.data};
    } else {
      input = formRow();
      const [fault] = await ask('check', {rows: [input]});
      if (fault !== '') {
        const name = fault.match(/"(.*)"/)?.[1], index = description.features.findIndex((f) => f.name === name);
        if (index >= 0) {
          $(`f${index}`).setAttribute('aria-invalid', 'true');
          $(`f${index}`).focus();
        }
        throw new Error(`${fault.replace(/^row 0: /, '')}. It was not sent.`);
      }
    }
    await predict([input]);
  });
});

async function openTable(file) {
  await busy($('row-error'), async () => predict(rowsOf(await file.text(), description.features)));
}
$('csv').addEventListener('change', () => {
  const [file] = $('csv').files;
  if (file !== undefined) openTable(file);
  $('csv').value = '';
});
for (const [name, over] of [['dragover', true], ['dragleave', false], ['drop', false]])
  $('drop').addEventListener(name, (event) => {
    event.preventDefault();
    $('drop').classList.toggle('over', over);
    if (name === 'drop' && event.dataTransfer.files.length > 0) openTable(event.dataTransfer.files[0]);
  });

// --- what leaves, and what comes back

/** The ciphertext, a byte a pixel. */
function showSample({bytes: n, shown}) {
  const canvas = $('noise'), context = canvas.getContext('2d');
  const image = context.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < canvas.width * canvas.height; i++)
    image.data.set([shown[i % shown.length], shown[i % shown.length], shown[i % shown.length], 255], 4 * i);
  context.putImageData(image, 0, 0);
  $('sent-text').textContent = `${n} bytes, in which nobody without your key finds anything. Here the last ` +
    `${Math.min(shown.length, canvas.width * canvas.height)}, each a pixel.`;
  show('sent');
}

async function predict(rows) {
  show('answer', false);
  const start = performance.now();
  const {predictions, bytes: n} = await ask('predict', {rows});
  const ms = Math.round(performance.now() - start);
  showAnswer(predictions);
  say(`${plural(rows.length, 'row')} in ${ms < 10000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`}, ${bytes(n)} sent.`);
  $('answer-title').focus();
}

const STATES = {
  inside: 'inside the ranges that the model answers for',
  clipped: 'values were moved into the ranges that the model answers for',
  outside: 'outside the ranges that the model answers for: nothing is promised',
  refused: 'not sent: outside the ranges that the model answers for',
  beyond: 'not to be believed: the values overflowed on the way',
};

/** Bars of probabilities as they are, of scores from the least to the largest. */
function bars({outputs, index}) {
  const {labels, end, kind} = description, list = Array.from(outputs);
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

function showAnswer(predictions) {
  show('answer');
  const [first] = predictions;
  $('rows').replaceChildren();
  if (predictions.length === 1) {
    const verdict = first.label ?? (first.state === 'beyond' || first.state === 'refused' ? 'No answer'
      : description.kind === 'values' && first.outputs.length === 1 ? quantity(first.outputs[0]) : 'The outputs');
    $('result').replaceChildren(element('p', {class: 'verdict'}, verdict),
      element('p', {class: first.state === 'inside' ? 'quiet' : 'notice'}, STATES[first.state]),
      ...(first.state === 'refused' || first.state === 'beyond' ? [] : [bars(first)]));
    return;
  }
  const counts = new Map();
  for (const p of predictions) {
    const key = p.label ?? (p.state === 'inside' ? 'outputs' : p.state);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  $('result').replaceChildren(element('p', {class: 'verdict'}, plural(predictions.length, 'row')),
    element('p', {}, [...counts].map(([key, n]) => `${key}: ${n}`).join(', ')));
  const head = element('tr', {}, ...['row', 'prediction', ...description.labels.slice(0, 4), 'range'].map((text) => element('th', {scope: 'col'}, text)));
  const body = predictions.slice(0, MOST_SHOWN_ROWS).map((p, i) => element('tr', {},
    element('th', {scope: 'row'}, String(i + 1)), element('td', {}, p.label ?? '–'),
    ...Array.from(p.outputs.slice(0, 4), (x) => element('td', {}, Number.isNaN(x) ? '–' : quantity(x))),
    element('td', {}, p.reason ? `${p.state}: ${p.reason.replace(/^row \d+: /, '')}` : p.state)));
  $('rows').replaceChildren(element('table', {'aria-label': 'Predictions'}, element('thead', {}, head), element('tbody', {}, ...body)));
  $('rows').tabIndex = 0;
  $('rows').setAttribute('role', 'region');
  $('rows').setAttribute('aria-label', 'Predictions, a row each');
}

// --- the key

$('export').addEventListener('click', () => busy($('row-error'), async () => {
  const url = URL.createObjectURL(new Blob([await ask('exportKey')], {type: 'application/octet-stream'}));
  element('a', {href: url, download: `${description.name}.key`}).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
  say('The key was saved. Keep it where nobody else reads.');
}));

$('forget').addEventListener('click', () => busy($('row-error'), async () => {
  await ask('forget');
  location.reload();
}));
