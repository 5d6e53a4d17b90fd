// What X bills, and how it came to that.

import { readBill, readBillHistory } from "../control.js";
import { byId, clock, day, element, svg } from "../dom.js";
import { count, t } from "../language.js";

const WIDTH = 260;
const HEIGHT = 60;
const DAY_MS = 86_400_000;
let shown = "";

export async function refresh() {
  const [bill, history] = await Promise.all([readBill(), readBillHistory()]);
  const print = JSON.stringify([bill, history]);
  if (print === shown) return;
  shown = print;
  byId("bill").replaceChildren(...(bill.requests ? sums(bill) : [t("Nothing asked of X yet.")]));
  byId("bill-history").hidden = history.length < 2;
  if (history.length > 1) showHistory(history.map(({ at, usd }) => ({ at: new Date(at), usd })));
}

function sums({ requests, posts_returned: returned, posts_billed: billed, usd }) {
  const parts = [
    count(billed, "{number} post billed", "{number} posts billed"),
    count(requests, "{number} request", "{number} requests"),
    count(returned, "{number} post returned", "{number} posts returned"),
  ];
  return [element("b", {}, dollars(usd)), `${parts.join(" · ")}. ${t("A post is charged once a day.")}`];
}

const dollars = (usd) => `$${Number(usd).toFixed(2)}`;

/** The total as a line of steps, from the first minute to the last. */
function showHistory(points) {
  const [first, last] = [points[0], points.at(-1)];
  const x = ({ at }) => ((at - first.at) / (last.at - first.at)) * WIDTH;
  const y = ({ usd }) => HEIGHT - 2 - (usd / last.usd) * (HEIGHT - 6);
  const steps = points.map((point) => `H${x(point).toFixed(1)}V${y(point).toFixed(1)}`).join("");
  const line = `M0,${HEIGHT}${steps}`;
  const title = t("From {from} until {until} the bill rose to {usd}", { from: moment(first, last), until: moment(last, first), usd: dollars(last.usd) });
  const chart = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title },
    svg("path", { d: `${line}V${HEIGHT}Z`, class: "area" }), svg("path", { d: line, class: "line" }));
  byId("bill-history").replaceChildren(chart, element("p", { className: "ends", ariaHidden: "true" },
    element("span", {}, moment(first, last)), element("span", {}, moment(last, first))));
}

const moment = ({ at }, other) => (Math.abs(at - other.at) < DAY_MS ? clock(at) : `${day(at)}, ${clock(at)}`);
