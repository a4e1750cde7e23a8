// SPDX-License-Identifier: Apache-2.0
// CSV as RFC 4180 has it, the header's names choosing the columns.

/** Lists of texts; quoted fields may hold commas, quotes and line ends. */
export function records(text) {
  const rows = [];
  let row = [], field = '', quoted = false;
  const separator = (text.match(/^[^\n]*/)[0].match(/;/g) ?? []).length >
    (text.match(/^[^\n]*/)[0].match(/,/g) ?? []).length ? ';' : ',';
  const end = () => {
    row.push(field);
    field = '';
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  };
  for (let i = text.charCodeAt(0) === 0xfeff ? 1 : 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') field += c;
      else if (text[i + 1] === '"') field += text[++i];
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === separator) {
      row.push(field);
      field = '';
    } else if (c === '\n') end();
    else if (c !== '\r') field += c;
  }
  if (quoted) throw new Error('the file ends inside of a quoted field');
  if (field !== '' || row.length > 0) end();
  return rows;
}

/** Rows of the features, missing ones null; an error names the column that is not there. */
export function rowsOf(text, features) {
  const [header, ...lines] = records(text);
  if (header === undefined || lines.length === 0) throw new Error('the file has no rows');
  const names = header.map((name) => name.trim());
  const at = features.map(({name}) => {
    const index = names.indexOf(name);
    if (index < 0) throw new Error(`the file has no column "${name}"`);
    return index;
  });
  return lines.map((line) => at.map((index) => {
    const value = (line[index] ?? '').trim();
    return value === '' || value === 'NA' || value === 'NaN' ? null : value;
  }));
}
