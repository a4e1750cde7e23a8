// SPDX-License-Identifier: Apache-2.0
// Tables as the commands take them (src/table, docs/tables.md): the same separators, marks of missing
// values, decimal commas and categories, and refusals that name line and column.

const OTHER = '(other)'; // the category of all texts that training did not see often enough
const MISSING = new Set(['', 'na', 'n/a', 'nan', '-nan', 'null', 'none', '?', '#n/a', '#na', '<na>', '#n/a n/a',
  '1.#ind', '-1.#ind', '1.#qnan', '-1.#qnan']);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const MOST_BYTES = 64e6;

/** Digits, a point, an exponent: nothing else is a number here. */
export const isNumber = (text) => NUMBER.test(text);

const DECIMAL = {'.': 'point', ',': 'comma'};

/** How often c stands outside quotes in each of the first two records. */
function countInTwo(text, c) {
  const counts = [];
  let quoted = false, n = 0, any = false;
  for (let i = 0; i < text.length && counts.length < 2; i++) {
    if (text[i] === '"') quoted = !quoted;
    if (!quoted && (text[i] === '\n' || text[i] === '\r')) {
      if (any) counts.push(n);
      n = 0;
      any = false;
    } else {
      any = true;
      n += !quoted && text[i] === c;
    }
  }
  if (any && counts.length < 2) counts.push(n);
  return counts;
}

/** What header and first row have equally often says more than what one of them has. */
function separatorOf(text) {
  let best = 0, most = 0, found = ',';
  for (const c of ',;\t|') {
    const [header = 0, row = header] = countInTwo(text, c), agreed = header === row ? header : 0;
    if (agreed > best || (best === 0 && agreed === 0 && header > most)) {
      best = agreed;
      most = header;
      found = c;
    }
  }
  return found;
}

const fail = (line, words) => { throw new Error(`line ${line}: ${words}`); };

/** Records {line, fields} as RFC 4180 has them: quoted fields may hold separators, quotes, line ends. */
export function records(text) {
  const separator = separatorOf(text), blank = (c) => c === ' ' || (c === '\t' && separator !== '\t');
  const found = [];
  let at = 0, line = 1;
  const lineEnd = () => {
    if (text[at] === '\r' && text[at + 1] === '\n') at++;
    at++;
    line++;
  };
  const quoted = () => {
    let field = '';
    for (at++; !(text[at] === '"' && text[at + 1] !== '"'); at++) {
      if (at >= text.length) fail(line, 'the quote is never closed');
      if (text[at] === '"') at++;
      if (text[at] === '\n' || (text[at] === '\r' && text[at + 1] !== '\n')) line++;
      field += text[at];
    }
    for (at++; blank(text[at]);) at++;
    return field;
  };
  const plain = () => {
    const first = at;
    while (at < text.length && text[at] !== separator && text[at] !== '\n' && text[at] !== '\r') at++;
    return text.slice(first, at).trim();
  };
  while (at < text.length) {
    const record = {line, fields: []};
    for (let more = true; more;) {
      while (blank(text[at])) at++;
      record.fields.push(text[at] === '"' ? quoted() : plain());
      more = text[at] === separator;
      if (more) at++;
      else if (at < text.length && text[at] !== '\n' && text[at] !== '\r') fail(line, 'text behind the closing quote');
    }
    lineEnd();
    if (record.fields.length > 1 || record.fields[0] !== '') found.push(record);
  }
  return {separator, found};
}

/** The text of a file's bytes, which is UTF-8 or refused. */
export function textOf(bytes) {
  if (bytes.length > MOST_BYTES)
    throw new Error(`it has ${Math.round(bytes.length / 1e6)} MB; this page takes up to ${MOST_BYTES / 1e6} MB: ` +
      'parts of it, or all of it by the command blindsight predict');
  if (bytes.includes(0)) throw new Error('it is no CSV text in UTF-8: it holds zero bytes');
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(bytes); // takes a byte-order mark away
  } catch {
    throw new Error('it is no UTF-8; if it is Latin-1, convert it: iconv -f windows-1252 -t utf-8 FILE > NEW');
  }
}

/** The category's name; of a text that the model does not know, that of all others. */
function categoryOf(text, feature, unseen) {
  const {categories, name} = feature;
  if (categories.includes(text)) return text;
  if (NUMBER.test(text)) {
    const same = categories.find((category) => NUMBER.test(category) && Number(category) === Number(text));
    if (same !== undefined) return same;
  }
  if (categories.at(-1) !== OTHER) return undefined;
  unseen.set(name, (unseen.get(name) ?? 0) + 1);
  return OTHER;
}

/** Where each feature stands in a record. */
function placesOf({line, fields}, features) {
  const names = fields.map((name) => name.replace(/[\r\n]+/g, ' '));
  return features.map(({name}) => {
    const place = names.indexOf(name);
    if (place < 0) throw new Error(`the file has no column "${name}"`);
    if (names.indexOf(name, place + 1) >= 0) fail(line, `two columns are called "${name}"`);
    return place;
  });
}

/** {rows, notes}: rows of the features, missing values null; notes say what was taken for what. */
export function rowsOf(text, features) {
  const {separator, found} = records(text), [header, ...lines] = found;
  if (header === undefined || lines.length === 0) throw new Error('the file has no rows');
  const places = placesOf(header, features), unseen = new Map(), n = header.fields.length;
  let decimal;
  const valueOf = (field, feature, line, column) => {
    let value = field;
    if (MISSING.has(value.toLowerCase())) return null;
    if (separator !== ',' && !NUMBER.test(value) && NUMBER.test(value.replace(',', '.'))) value = value.replace(',', '.');
    if (NUMBER.test(value) && value.includes('.')) {
      const mark = field.includes('.') ? '.' : ',';
      decimal ??= mark;
      if (decimal !== mark) fail(line, `"${field}" has a decimal ${DECIMAL[mark]} where numbers before have ${DECIMAL[decimal]}s`);
    }
    const wrong = (words) => fail(line, `column ${column + 1} "${feature.name}": "${field.slice(0, 40)}" ${words}`);
    if (feature.categories !== undefined)
      return categoryOf(value, feature, unseen) ?? wrong(`is none of the model's categories`);
    if (/^(true|false)$/i.test(value)) return /^true$/i.test(value) ? 1 : 0;
    if (!NUMBER.test(value)) wrong('where a number is needed');
    return Number.isFinite(Number(value)) ? Number(value) : wrong('is not a finite number');
  };
  const rows = lines.map(({line, fields}) => {
    if (fields.length !== n && !(fields.length === n - 1 && header.fields[n - 1] === ''))
      fail(line, `${fields.length} columns where the header has ${n}`);
    return features.map((feature, i) => valueOf(fields[places[i]], feature, line, places[i]));
  });
  return {rows, notes: [...unseen].map(([name, k]) =>
    `${k} text${k === 1 ? '' : 's'} of "${name}" ${k === 1 ? 'is' : 'are'} none that the model knows: taken as ${OTHER}`)};
}
