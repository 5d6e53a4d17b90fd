// A short note over the page, which goes by itself.

import { Refused } from "./control.js";
import { byId } from "./dom.js";
import { t } from "./language.js";

const TOAST_MS = 4000;
let timer;

export function toast(words) {
  const box = byId("toast");
  box.textContent = words;
  box.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => { box.hidden = true; }, TOAST_MS);
}

/** Says why what a person asked for was not done. */
export function toastError(error) {
  toast(error instanceof Refused ? error.message : t("Connection lost. Try again in a moment."));
}
