// The panel at the side: each section is a module in panel/, which shows itself anew by `refresh`.

import * as control from "./control.js";
import { byId } from "./dom.js";
import * as accounts from "./panel/accounts.js";
import * as bill from "./panel/bill.js";
import * as clock from "./panel/clock.js";
import * as files from "./panel/files.js";
import * as here from "./panel/here.js";
import * as posts from "./panel/posts.js";
import * as services from "./panel/services.js";

const SECTIONS = [accounts, here, posts, services, bill, clock, files];

export async function refreshPanel() {
  const networks = await control.listNetworks();
  await Promise.all(SECTIONS.map((section) => section.refresh(networks)));
}

export function preparePanel(onChooseAccount) {
  accounts.prepare((handle) => {
    onChooseAccount(handle);
    close();
  });
  byId("show-panel").onclick = () => (isOpen() ? close() : open());
  byId("hide-panel").onclick = close;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isOpen()) return;
    close();
    byId("show-panel").focus();
  });
}

const isOpen = () => document.body.classList.contains("with-panel");

function open() {
  document.body.classList.add("with-panel");
  byId("show-panel").setAttribute("aria-expanded", "true");
  byId("hide-panel").focus();
}

function close() {
  document.body.classList.remove("with-panel");
  byId("show-panel").setAttribute("aria-expanded", "false");
}
