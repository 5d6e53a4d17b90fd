// Accounts of each network to choose from.

import { byId, element, reconcile } from "../dom.js";
import { readGrowth } from "../control.js";
import { state } from "../state.js";

const SHOWN = 12; // of each network
const CHART_POSTS = 100;
const FEW = 3; // with fewer accounts, famous ones are offered too, which the sandbox makes up
const FAMOUS = {
  x: ["nasa", "esa", "spacex"],
  bluesky: ["nasa.gov", "harbour.bsky.social", "night-train.bsky.social"],
  fediverse: ["ada@social.example", "gazette@news.example", "choir@old-town.example"],
};
let choose = () => { };

export function prepare(onChoose) {
  choose = onChoose;
}

export async function refresh(networks) {
  const { from_file: isFile } = await readGrowth();
  const offered = networks.map(({ key, name, accounts }) => ({ name, handles: toTry(accounts, key === "x" && isFile ? [] : FAMOUS[key]) }));
  state.offered = offered.filter(({ handles }) => handles.length);
  reconcile(byId("accounts"), state.offered, ({ name }) => name, networkBox);
}

function toTry(accounts, famous) {
  const usable = accounts.filter(({ state: status = "active", labels = [] }) => status === "active" && !labels.length);
  const postsOnChart = ({ posts }) => Math.min(posts, CHART_POSTS);
  const known = usable.sort((a, b) => postsOnChart(b) - postsOnChart(a)).map(({ handle, username }) => handle ?? username);
  return [...new Set([...known, ...(known.length < FEW ? famous : [])])].slice(0, SHOWN);
}

function networkBox({ name, handles }) {
  const chips = handles.map((handle) => element("button", { type: "button", className: "chip", onclick: () => choose(handle) }, `@${handle}`));
  return element("div", {}, element("h4", {}, name), element("div", { className: "chips" }, ...chips));
}
