// Where a person writes: the text, what it replies to, the command menu and suggestions.

import * as control from "./control.js";
import { byId, element, reconcile } from "./dom.js";
import { t } from "./language.js";
import { Menu } from "./menu.js";
import { changed, chat, roleIn, speaker, state } from "./state.js";
import { toastError } from "./toast.js";

const text = byId("text");
const menu = new Menu((command) => write(`/${command} `));
let forcedReply = 0;

export async function send(words) {
  const { chat_id, type, title, username, exists } = chat();
  const { role, ...person } = speaker();
  const message = { chat_id, ...person, text: words, chat_type: type };
  if (type !== "private") message.role = roleIn(chat());
  if (type !== "private" && !exists) message.title = title;
  if (type === "channel") Object.assign(message, { username, first_name: undefined });
  if (state.replyTo) message.reply_to = state.replyTo;
  if (state.threadId) message.thread_id = state.threadId;
  stopReplying();
  try {
    await control.send(message);
  } catch (error) {
    write(words);
    toastError(error);
  }
  changed();
}

export async function readMenu() {
  menu.use(await control.listCommands(state.chatId, speaker().user_id));
}

export function write(words) {
  text.value = words;
  text.focus();
  fitText();
}

export const addHandle = (handle) => write(text.value.trim() ? `${text.value.trimEnd()} @${handle} ` : `/track @${handle} `);

export function replyTo(message) {
  state.replyTo = message.message_id;
  byId("replying-to").textContent = (message.text ?? message.caption ?? t("A file")).split("\n")[0];
  byId("replying").hidden = false;
  text.focus();
}

export function stopReplying() {
  state.replyTo = null;
  byId("replying").hidden = true;
}

/** Opens a reply to a message that asks for one, as clients do. */
export function followForcedReply(last) {
  if (!last?.forces_reply || last.message_id === forcedReply) return;
  forcedReply = last.message_id;
  replyTo(last);
}

/** The next commands to try, until they were sent. */
export function showSuggestions() {
  const handles = state.offered.map(({ handles: [first] }) => `@${first}`);
  const track = handles.length ? [`/track ${handles.join(" ")}`] : [];
  const start = chat().type === "private" ? ["/start"] : [];
  const sent = state.messages.filter((each) => !each.by_bot).map((each) => (each.text ?? "").split(" ")[0]);
  const open = [...start, ...track, "/compare", "/subscribe"].filter((each) => !sent.includes(each.split(" ")[0]));
  reconcile(byId("suggestions"), open.map((words) => ({ words })), ({ words }) => words, ({ words }) =>
    element("button", { type: "button", className: "chip", onclick: () => send(words) }, words));
}

export function prepareChat() {
  stopReplying();
  menu.close();
  if (matchMedia("(hover: hover)").matches) text.focus();
}

function fitText() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
}

function onKey(event) {
  if (event.isComposing) return;
  if (menu.takes(event)) {
    event.preventDefault();
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    byId("form").requestSubmit();
  } else if (event.key === "Escape") {
    stopReplying();
  }
}

function onSubmit(event) {
  event.preventDefault();
  const words = text.value.trim();
  if (!words) return;
  menu.close();
  write("");
  send(words);
}

export function prepareComposer() {
  byId("form").addEventListener("submit", onSubmit);
  text.addEventListener("keydown", onKey);
  text.addEventListener("input", () => {
    fitText();
    menu.narrow();
  });
  byId("stop-replying").onclick = stopReplying;
}
