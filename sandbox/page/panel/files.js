// The files in Dropbox, the newest first.

import { listFiles, fileAddress } from "../control.js";
import { byId, bytes, clock, element, reconcile } from "../dom.js";
import { count, t } from "../language.js";

const SHOWN = 8;

export async function refresh() {
  const files = await listFiles();
  const newestFirst = [...files].sort((a, b) => String(b.modified ?? "").localeCompare(String(a.modified ?? "")));
  byId("no-files").hidden = files.length > 0;
  byId("more-files").hidden = files.length <= SHOWN;
  byId("more-files").textContent = t("and {number} more", { number: files.length - SHOWN });
  reconcile(byId("files"), newestFirst.slice(0, SHOWN), (each) => each.path, file);
}

function file(about, old) {
  const revisions = Array.isArray(about.revisions) ? about.revisions.length : about.revisions ?? 1;
  const details = [bytes(about.size), count(revisions, "{number} revision", "{number} revisions")];
  if (about.modified) details.push(clock(new Date(about.modified)));
  const name = about.path.replace(/^\//, "");
  const link = element("a", { href: fileAddress(about.path), target: "_blank", rel: "noopener", title: name },
    element("b", {}, name), element("small", {}, details.join(" · ")));
  return element("li", { className: old ? "changed" : "" }, link);
}
