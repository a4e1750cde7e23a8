// SPDX-License-Identifier: Apache-2.0
// What a caller gives (arrays, records, images) as numbers, one behind the other.
import {BlindsightError} from './errors.js';

const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i; // not 0x1f, 1_000

/** One value of a feature: a number, a category's name; nothing is missing (NaN). */
export function toNumber(value, feature, row) {
  if (value === null || value === undefined || value === '') return NaN;
  if (typeof value === 'boolean') value = Number(value);
  if (feature.categories !== undefined && typeof value === 'string') {
    const index = feature.categories.indexOf(value);
    if (index >= 0) return index;
    throw new BlindsightError('argument', `row ${row}: "${feature.name}" has no category "${value}"` +
      (feature.categories.at(-1) === '(other)' ? '; "(other)" stands for all others' : ''), {row});
  }
  const number = typeof value === 'string' && NUMBER.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || (Number.isNaN(number) && typeof value === 'string'))
    throw new BlindsightError('argument', `row ${row}: "${feature.name}" is no number: ${value}`, {row});
  if (number === Infinity || number === -Infinity)
    throw new BlindsightError('argument', `row ${row}: "${feature.name}" is infinite`, {row});
  return number;
}

function fromRecord(record, features, row) {
  for (const name of Object.keys(record))
    if (!features.some((feature) => feature.name === name))
      throw new BlindsightError('argument', `row ${row}: the model has no feature "${name}"`, {row});
  return features.map((feature) => toNumber(record[feature.name], feature, row));
}

function fromArray(values, features, row) {
  if (values.length !== features.length)
    throw new BlindsightError('argument',
      `row ${row}: ${values.length} values where the model has ${features.length} features`, {row});
  return Array.from(features, (feature, i) => toNumber(values[i], feature, row));
}

export function isImage(value) {
  return typeof value === 'object' && value !== null && 'width' in value && 'height' in value &&
    'data' in value;
}

/** {width, height, data}: one byte a pixel, three (RGB), or four (RGBA, as ImageData), over black. */
export function imageRow(image, shape) {
  if (shape === null) throw new BlindsightError('argument', 'the model takes rows, no images');
  const {channels, width, height} = shape, n = width * height;
  if (image.width !== width || image.height !== height)
    throw new BlindsightError('argument',
      `an image of ${image.width} x ${image.height} pixels where the model takes ${width} x ${height}`);
  const depth = image.data.length / n;
  if (![1, 3, 4].includes(depth))
    throw new BlindsightError('argument', 'an image has 1, 3 or 4 bytes for each pixel');
  if (channels !== 1 && channels !== 3)
    throw new BlindsightError('argument', `the model takes ${channels} channels; an image has 1 or 3`);
  const row = new Float64Array(n * channels);
  for (let i = 0; i < n; i++) {
    const at = i * depth, alpha = depth === 4 ? image.data[at + 3] / 255 : 1;
    const [r, g, b] = depth === 1 ? Array(3).fill(image.data[at]) : image.data.subarray(at, at + 3);
    if (channels === 1) row[i] = Math.round(alpha * (0.2126 * r + 0.7152 * g + 0.0722 * b));
    else [row[i], row[n + i], row[2 * n + i]] = [r, g, b].map((c) => Math.round(alpha * c));
  }
  return row;
}

const isRow = (value) => ArrayBuffer.isView(value) || Array.isArray(value);

/** {values, nRows, single}: one row (an array, a record, an image), or a list of rows. */
export function toRows(input, description) {
  const {features, image} = description, n = features.length;
  const single = !(Array.isArray(input) && input.length > 0 &&
    (isRow(input[0]) || (typeof input[0] === 'object' && input[0] !== null)));
  const list = single ? [input] : input;
  if (single && Array.isArray(input) && input.length === 0)
    throw new BlindsightError('argument', 'there are no rows');
  const values = new Float64Array(list.length * n);
  list.forEach((item, row) => {
    if (typeof item !== 'object' || item === null)
      throw new BlindsightError('argument', `row ${row}: must be an array, a record or an image`);
    values.set(isImage(item) ? imageRow(item, image)
      : isRow(item) ? fromArray(item, features, row) : fromRecord(item, features, row), row * n);
  });
  return {values, nRows: list.length, single};
}
