// The newest posts of an account, each of which can go viral, and whether the figures of a file's posts grow.

import { listPosts, readGrowth, setCounts, setGrowth } from "../control.js";
import { byId, element, reconcile } from "../dom.js";
import { t } from "../language.js";
import { toast } from "../toast.js";

const TIMES = 20;
const PLUS = 100;
const SHOWN_COUNTS = 2;

export async function refresh(networks) {
  const accounts = networks.flatMap(({ key, accounts: all }) => all.map((each) => ({ key, handle: each.handle ?? each.username, posts: each.posts })));
  const choices = accounts.filter((each) => each.posts > 0).map(({ key, handle }) => ({ value: `${key} ${handle}`, handle }));
  byId("viral").hidden = choices.length === 0;
  byId("no-posts").hidden = choices.length > 0;
  reconcile(byId("viral-account"), choices, ({ value }) => value, ({ value, handle }) => element("option", { value }, `@${handle}`));
  await showPosts();
  const { growing, from_file: isFile } = await readGrowth();
  byId("growing-box").hidden = !isFile;
  byId("growing").checked = growing;
}

async function showPosts() {
  const [network, handle] = byId("viral-account").value.split(" ");
  const posts = handle ? await listPosts(network, handle) : [];
  const shown = posts.map((post) => ({ ...post, network }));
  reconcile(byId("viral-posts"), shown, ({ id }) => id, postRow);
}

function postRow({ id, text, counts, network }) {
  const figures = Object.entries(counts).filter(([, value]) => value !== null).slice(0, SHOWN_COUNTS + 1)
    .filter(([name]) => name !== "replies").map(([name, value]) => `${value.toLocaleString()} ${t(name)}`);
  const button = element("button", { type: "button", className: "chip", ariaLabel: `${t("Go viral")}: ${text}`, onclick: () => goViral(network, id, counts) }, t("Go viral"));
  return element("li", {}, element("p", {}, element("span", {}, text), element("small", {}, figures.join(" · "))), button);
}

async function goViral(network, id, counts) {
  const known = Object.entries(counts).filter(([, value]) => value !== null);
  await setCounts(network, id, Object.fromEntries(known.map(([name, value]) => [name, value * TIMES + PLUS])));
  toast(t("It went viral. Charts show it after the next reading."));
  await showPosts();
}

byId("viral-account").addEventListener("change", () => showPosts());
byId("growing").addEventListener("change", ({ target }) => setGrowth(target.checked));
