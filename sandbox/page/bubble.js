// A message as a bubble: text, picture or file, time and buttons.

import { bytes, clock, element } from "./dom.js";
import { richText } from "./text.js";

const SERVICE_TEXTS = {
  migrate_to_chat_id: "This group became a supergroup.",
  migrate_from_chat_id: "Moved here from the group.",
  forum_topic_closed: "This topic was closed.",
  forum_topic_reopened: "This topic was opened again.",
};

/** `old` is the bubble of this message until now; `acts` are the functions that clicks call. */
export function bubble(message, old, { isMine, showNames, acts }) {
  if (message.service) return serviceNote(message.service);
  const mine = isMine(message);
  const item = element("li", { className: `row ${mine ? "mine" : "theirs"} ${message.by_bot ? "by-bot" : ""}` });
  const box = element("article", { className: "bubble" });
  if (showNames || message.by_bot) box.append(name(message));
  if (message.photo) box.append(photo(message, old?.picture, acts));
  if (message.document) box.append(documentLink(message.document));
  const text = message.text ?? message.caption;
  if (text) {
    const entities = message.text ? message.entities : message.caption_entities;
    box.append(element("p", { className: "words" }, richText(text, entities, acts.command)));
  }
  box.append(marks(message));
  item.append(box);
  if (message.by_bot) item.append(replyButton(message, acts));
  if (message.keyboard) item.append(keyboard(message, acts));
  item.picture = message.photo?.url;
  if (old && old.picture !== item.picture) flash(box);
  return item;
}

function serviceNote(service) {
  const known = Object.keys(SERVICE_TEXTS).find((field) => field in service);
  return element("li", { className: "service" }, known ? SERVICE_TEXTS[known] : Object.keys(service).join(", "));
}

function name(message) {
  const shown = message.by_bot ? "Tallybird" : message.from.first_name ?? message.from.title ?? "Somebody";
  return element("p", { className: "name" }, shown);
}

function photo(message, before, acts) {
  const { url, width, height } = message.photo;
  const title = (message.caption ?? "").split("\n")[0] || "Chart";
  const picture = element("img", { src: url, width, height, alt: title, decoding: "async" });
  const enlarge = () => acts.enlarge(url, title);
  const frame = element("button", { type: "button", className: "photo", ariaLabel: `Open large: ${title}`, onclick: enlarge }, picture);
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
  if (message.pinned) parts.push("pinned");
  if (message.edits) parts.push("edited");
  parts.push(clock(new Date((message.edit_date ?? message.date) * 1000)));
  const times = message.edits === 1 ? "once" : `${message.edits} times`;
  return element("p", { className: "marks", title: message.edits ? `changed ${times}` : "" }, parts.join(" · "));
}

function replyButton(message, acts) {
  return element("button", { type: "button", className: "reply", ariaLabel: "Reply to this message", title: "Reply", onclick: () => acts.reply(message) }, "↩");
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
