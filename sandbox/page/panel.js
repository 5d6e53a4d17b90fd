// The panel at the side: the files in Dropbox, X's bill, the accounts.

import { byId, bytes, clock, element, reconcile } from "./dom.js";
import { fileAddress } from "./control.js";

const SHOWN_ACCOUNTS = 12;

export function showFiles(files) {
  byId("no-files").hidden = files.length > 0;
  const newestFirst = [...files].sort((a, b) => String(b.modified ?? "").localeCompare(String(a.modified ?? "")));
  reconcile(byId("files"), newestFirst, (file) => file.path, file);
}

function file(about, old) {
  const revisions = Array.isArray(about.revisions) ? about.revisions.length : about.revisions ?? 1;
  const details = [bytes(about.size), `${revisions} ${revisions === 1 ? "revision" : "revisions"}`];
  if (about.modified) details.push(clock(new Date(about.modified)));
  const link = element("a", { href: fileAddress(about.path), target: "_blank", rel: "noopener" },
    element("b", {}, about.path.replace(/^\//, "")), element("small", {}, details.join(" · ")));
  return element("li", { className: old ? "changed" : "" }, link);
}

export function showBill({ requests = 0, posts_returned: returned = 0, posts_billed: billed = 0, usd = 0 }) {
  const count = (number, what) => `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
  const words = requests
    ? [element("b", {}, `$${Number(usd).toFixed(2)}`), ` for ${count(billed, "post")}, with ${count(requests, "request")} that returned ${returned.toLocaleString("en")}. A post is charged once a day.`]
    : ["Nothing asked of X yet."];
  byId("bill").replaceChildren(...words);
}

export function showAccounts(accounts, onChoose) {
  const usable = accounts.filter((account) => !account.state || ["ok", "active", "public"].includes(account.state));
  const most = [...usable].sort((a, b) => b.posts - a.posts).slice(0, SHOWN_ACCOUNTS);
  byId("accounts-box").hidden = most.length === 0;
  reconcile(byId("accounts"), most.map(({ username }) => ({ username })), (account) => account.username, ({ username }) =>
    element("button", { type: "button", className: "chip", onclick: () => onChoose(username) }, `@${username}`));
  return most.map((account) => account.username);
}
