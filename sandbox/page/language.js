// The page's own words, in English or in Spanish, as the browser asks.

import { SPANISH } from "./spanish.js";

const table = navigator.language.startsWith("es") ? SPANISH : {};
const ATTRIBUTES = ["aria-label", "placeholder"];

/** The text in the browser's language. `values` fill its {names}. */
export function t(english, values = {}) {
  return (table[english] ?? english).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** As t, of a text with a number: `one` is its singular. */
export const count = (number, one, many) => t(number === 1 ? one : many, { number: number.toLocaleString() });

/** Translates what stands in the page's HTML. */
export function translatePage() {
  document.documentElement.lang = table === SPANISH ? "es" : "en";
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const words = texts.currentNode.data.trim();
    if (words) texts.currentNode.data = t(words);
  }
  for (const name of ATTRIBUTES) {
    for (const each of document.body.querySelectorAll(`[${name}]`)) each.setAttribute(name, t(each.getAttribute(name)));
  }
}
