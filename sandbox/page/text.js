// A message's text with its entities. Their offsets count UTF-16 units, as JavaScript's strings do.

import { element } from "./dom.js";

const TAGS = {
  bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote", mention: "span",
};

export function richText(text, entities, onCommand) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  const whole = document.createDocumentFragment();
  whole.append(...pieces(text, sorted, 0, text.length, onCommand));
  return whole;
}

function pieces(text, entities, from, to, onCommand) {
  const made = [];
  let at = from;
  for (let index = 0; index < entities.length; index += 1) {
    const entity = entities[index];
    const end = Math.min(entity.offset + entity.length, to);
    if (entity.offset < at || entity.offset >= to) continue;
    const inside = entities.slice(index + 1).filter((each) => each.offset < end);
    made.push(text.slice(at, entity.offset));
    made.push(wrap(entity, text.slice(entity.offset, end), pieces(text, inside, entity.offset, end, onCommand), onCommand));
    at = end;
  }
  made.push(text.slice(at, to));
  return made.filter((piece) => piece !== "");
}

function wrap(entity, plain, children, onCommand) {
  if (entity.type === "bot_command") {
    return element("button", { type: "button", className: "link", onclick: () => onCommand(plain) }, ...children);
  }
  if (entity.type === "url" || entity.type === "text_link") return link(entity.url ?? plain, children);
  if (entity.type === "spoiler") {
    const hidden = element("button", { type: "button", className: "spoiler" }, ...children);
    hidden.onclick = () => hidden.classList.add("open");
    return hidden;
  }
  return element(TAGS[entity.type] ?? "span", { className: entity.type }, ...children);
}

function link(address, children) {
  if (!/^(https?|tg):\/\//i.test(address)) return element("span", {}, ...children);
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, ...children);
}
