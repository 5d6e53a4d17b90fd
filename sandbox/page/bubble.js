// A message as a bubble: what it answers, text, picture or file, time and buttons.

import { byId, bytes, clock, element } from "./dom.js";
import { count, t } from "./language.js";
import { richText } from "./text.js";

const SERVICE_TEXTS = {
  migrate_to_chat_id: "This group became a supergroup.",
  migrate_from_chat_id: "Moved here from the group.",
  forum_topic_closed: "This topic was closed.",
  forum_topic_reopened: "This topic was opened again.",
};

/** `old` is the bubble of this message until now; `acts` are the functions that clicks call. */
export function bubble(message, old, { isMine, showName, quote, acts }) {
  if (message.service) return serviceNote(message.service);
  const item = element("li", { className: `row ${isMine ? "mine" : "theirs"} ${message.by_bot ? "by-bot" : ""}`, id: `message-${message.message_id}` });
  const box = element("article", { className: "bubble" });
  if (showName || message.by_bot) box.append(name(message));
  if (quote) box.append(quoteButton(quote));
  if (message.photo) box.append(photo(message, old?.picture, acts));
  if (message.document) box.append(documentLink(message.document));
  const text = message.text ?? message.caption;
  if (text) {
    const entities = message.text ? message.entities : message.caption_entities;
    box.append(element("p", { className: "words" }, richText(text, entities, acts.command)));
  }
  box.append(marks(message));
  item.append(box, tools(message, acts));
  if (message.keyboard) item.append(keyboard(message, acts));
  item.picture = message.photo?.url;
  if (old && old.picture !== item.picture) flash(box);
  return item;
}

function serviceNote(service) {
  const known = Object.keys(SERVICE_TEXTS).find((field) => field in service);
  return element("li", { className: "service" }, known ? t(SERVICE_TEXTS[known]) : Object.keys(service).join(", "));
}

function name(message) {
  const shown = message.by_bot ? "Tallybird" : message.from.first_name ?? message.from.title ?? t("Somebody");
  return element("p", { className: "name" }, shown);
}

/** What the message answers; a click goes there. */
function quoteButton({ id, name: author, words }) {
  const go = () => byId(`message-${id}`)?.scrollIntoView({ block: "center" });
  return element("button", { type: "button", className: "quote", onclick: go }, element("b", {}, author), element("span", {}, words));
}

function photo(message, before, acts) {
  const { url, width, height } = message.photo;
  const title = (message.caption ?? "").split("\n")[0] || t("Chart");
  const picture = element("img", { src: url, width, height, alt: title, decoding: "async" });
  const enlarge = () => acts.enlarge(url, title);
  const frame = element("button", { type: "button", className: "photo", ariaLabel: `${t("Open large")}: ${title}`, onclick: enlarge }, picture);
  if (before) frame.style.backgroundImage = `url("${before}")`; // the old chart stays in view until the new one is there
  return frame;
}

function documentLink({ file_name, bytes: size, url }) {
  return element("a", { className: "document", href: url, download: file_name },
    element("span", { className: "file-mark", ariaHidden: "true" }, file_name.split(".").pop().slice(0, 4)),
    element("span", {}, element("b", {}, file_name), element("small", {}, bytes(size))));
}

function marks(message) {
  const parts = [];
  if (message.pinned) parts.push(t("pinned"));
  if (message.edits) parts.push(t("edited"));
  parts.push(clock(new Date((message.edit_date ?? message.date) * 1000)));
  const title = message.edits ? count(message.edits, "changed once", "changed {number} times") : "";
  return element("p", { className: "marks", title }, parts.join(" · "));
}

function tools(message, acts) {
  const tool = (sign, label, run) => element("button", { type: "button", className: "tool", ariaLabel: label, title: label, onclick: run }, sign);
  return element("div", { className: "tools" },
    tool("↩", t("Reply to this message"), () => acts.reply(message)),
    tool("🗑", t("Delete this message"), () => acts.remove(message)));
}

function keyboard(message, acts) {
  const rows = message.keyboard.map((row) => element("div", { className: "keys" }, ...row.map((button) => key(message, button, acts))));
  return element("div", { className: "keyboard" }, ...rows);
}

function key(message, button, acts) {
  if (button.url) {
    const safe = /^https?:\/\//i.test(button.url);
    return element("a", { className: "key", href: safe ? button.url : "#", target: "_blank", rel: "noopener noreferrer" }, `${button.text} ↗`);
  }
  const made = element("button", { type: "button", className: `key ${button.style ?? ""}` }, button.text);
  if (button.copy_text) made.onclick = () => acts.copy(button.copy_text.text);
  else if (button.callback_data) made.onclick = () => acts.press(message, button, made);
  else made.disabled = true;
  return made;
}

/** Marks a chart that has changed in place for a moment. */
function flash(box) {
  box.classList.add("changed");
  box.addEventListener("animationend", () => box.classList.remove("changed"), { once: true });
}
