// SPDX-License-Identifier: Apache-2.0
// Elements and numbers as the page writes them.

/** An element with attributes and children; texts are texts, never HTML. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export const number = (x, digits = 4) => Number.isInteger(x) ? String(x) : Number(x.toPrecision(digits)).toString();
export const bytes = (n) => n < 1e3 ? `${n} bytes` : n < 1e6 ? `${(n / 1e3).toFixed(1)} kB` : `${(n / 1e6).toFixed(2)} MB`;
export const plural = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`;
