// SPDX-License-Identifier: Apache-2.0
// The page: what it shows. What it computes is the worker's.
import {answerOf, csvOf} from './answer.js';
import {isNumber, rowsOf, textOf} from './csv.js';
import {bytes, element, number, plural} from './element.js';
import {Pad, imageOf} from './pad.js';

const $ = (id) => document.getElementById(id);
const show = (id, shown = true) => { $(id).hidden = !shown; };

/** What a feature may be; trees answer for any number there is (1e300 stands for no limit). */
const range = ({low, high}) => low <= -1e300 && high >= 1e300 ? 'any number' : `${number(low)} to ${number(high)}`;

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
  show('stop', working);
  show('progress', fraction > 0 && fraction < 1);
  $('progress').value = fraction;
}

let working = false;

/** One thing at a time; what goes wrong is said where it happened. */
async function busy(errorPlace, run) {
  if (working) return undefined;
  working = true;
  const others = [...document.querySelectorAll('button:not(#stop), select, input[type=file]')];
  others.forEach((control) => { control.disabled = true; });
  if (errorPlace !== null) errorPlace.hidden = true;
  try {
    return await run();
  } catch (error) {
    say(error.code === 'cancelled' ? 'Stopped.' : '');
    if (error.code === 'cancelled') return undefined;
    const place = errorPlace ?? $('enter').querySelector('.notice') ?? $('enter').appendChild(
      element('p', {class: 'notice', role: 'alert'}));
    place.textContent = error.message;
    place.hidden = false;
    return undefined;
  } finally {
    working = false;
    others.forEach((control) => { control.disabled = false; });
    for (const id of ['progress', 'stop']) show(id, false);
  }
}

$('stop').addEventListener('click', () => ask('stop'));

// --- entering

let server = new URL('.', location.href).href.replace(/\/$/, ''); // who delivered this page, usually
let token, description, pad, answered, keyed;

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
  for (const id of ['sent', 'answer', 'key', 'input']) show(id, false);
  $('fields').replaceChildren(); // those of another model are nobody's to fill in
  say(`opening ${name} …`);
  const model = await ask('connect', {url: server, token, name});
  description = model.description;
  showModel(model);
  showInput();
  await takeKeys();
  say('Ready.');
}

/** Keys there, keys at the server; again at the next row where that was stopped. */
async function takeKeys() {
  keyed = false;
  const keys = await ask('keys');
  keyed = true;
  $('key-text').textContent = `${keys.made ? 'A new key was made for this model' : 'The key of your last visit was taken'}; ` +
    `it rests in this browser, encrypted. The server got ${bytes(keys.bytes)} of evaluation keys, which decrypt nothing` +
    `${keys.sent === 0 ? ' (they were there already)' : ''}.`;
  show('key');
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

const openImage = (file) => busy($('row-error'), async () => {
  pad.show(await imageOf(file, description.image).catch(() => {
    throw new Error(`${file.name} is no image that this browser reads.`);
  }));
  const {width, height} = description.image;
  $('pad-state').textContent = `${file.name}, scaled to ${width} × ${height} pixels`;
});

$('image').addEventListener('change', () => {
  const [file] = $('image').files;
  if (file !== undefined) openImage(file).then(() => { $('image').value = ''; });
});

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
    const bad = feature.categories === undefined && text !== '' && !(isNumber(text) && Number.isFinite(Number(text)));
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
  await busy($('row-error'), async () => {
    say(`reading ${file.name} …`);
    const given = await file.arrayBuffer().catch((error) => { throw new Error(`${error.message} (is it a folder?)`); });
    let table;
    try {
      table = rowsOf(textOf(new Uint8Array(given)), description.features);
    } catch (error) {
      throw new Error(`${file.name}: ${error.message}`);
    }
    await predict(table.rows, table.notes);
  });
}

$('csv').addEventListener('change', () => {
  const [file] = $('csv').files;
  if (file !== undefined) openTable(file).then(() => { $('csv').value = ''; });
});

// A file may be dropped anywhere: a browser would leave the page for it otherwise.
for (const [name, over] of [['dragover', true], ['dragleave', false], ['drop', false]])
  window.addEventListener(name, (event) => {
    event.preventDefault();
    $('drop').classList.toggle('over', over);
    const [file] = name === 'drop' ? event.dataTransfer.files : [];
    if (file === undefined || description === undefined || $('input').hidden) return;
    if (description.image === null) openTable(file);
    else openImage(file);
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

async function predict(rows, notes = []) {
  show('answer', false);
  if (!keyed) await takeKeys();
  const start = performance.now();
  const {predictions, bytes: n} = await ask('predict', {rows});
  const ms = Math.round(performance.now() - start);
  answered = predictions;
  showAnswer(predictions, notes);
  say(`${plural(rows.length, 'row')} in ${ms < 10000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`}, ${bytes(n)} sent.`);
  $('answer-title').focus();
}

function showAnswer(predictions, notes) {
  const {result, table} = answerOf(predictions, description, notes);
  show('answer');
  $('result').replaceChildren(...result);
  $('rows').replaceChildren(...(table === null ? [] : [table]));
  show('save-field', table !== null);
  for (const [name, value] of [['tabindex', '0'], ['role', 'region'], ['aria-label', 'Predictions, a row each']])
    if (table === null) $('rows').removeAttribute(name);
    else $('rows').setAttribute(name, value);
}

/** A file for whoever sits here; it never leaves this machine. */
function save(part, type, name) {
  const url = URL.createObjectURL(new Blob([part], {type}));
  element('a', {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

$('save').addEventListener('click', () => {
  save(csvOf(answered, description), 'text/csv', `${description.name}-predictions.csv`);
  say('The predictions were saved.');
});

// --- the key

$('export').addEventListener('click', () => busy($('row-error'), async () => {
  save(await ask('exportKey'), 'application/octet-stream', `${description.name}.key`);
  say('The key was saved. Keep it where nobody else reads.');
}));

$('forget').addEventListener('click', () => busy($('row-error'), async () => {
  await ask('forget');
  location.reload();
}));
