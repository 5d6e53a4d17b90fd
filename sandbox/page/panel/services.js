// How each service works, and choices to make it slow or stop it.

import { NETWORKS, readServices, setService } from "../control.js";
import { byId, element, reconcile } from "../dom.js";
import { t } from "../language.js";

const SERVICES = [{ key: "telegram", name: "Telegram" }, ...NETWORKS, { key: "dropbox", name: "Dropbox" }];
const MODES = { normal: "Normal", slow: "Slow", down: "Down" };

export async function refresh() {
  const modes = await readServices(SERVICES.map(({ key }) => key));
  reconcile(byId("services"), SERVICES.map((each) => ({ ...each, mode: modes[each.key] })), ({ key }) => key, serviceRow);
}

function serviceRow({ key, name, mode }) {
  const choices = Object.entries(MODES).map(([value, words]) => choice(key, value, words, value === mode));
  return element("fieldset", { className: "service-row" }, element("legend", {}, name), element("span", { className: "choices" }, ...choices));
}

function choice(service, value, words, isChosen) {
  const input = element("input", { type: "radio", name: `service-${service}`, value, checked: isChosen, onchange: () => setService(service, value) });
  return element("label", {}, input, element("span", {}, t(words)));
}
