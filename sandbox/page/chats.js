// The chats at the left, the head of the open one, and new groups and channels.

import * as control from "./control.js";
import { byId, element, reconcile } from "./dom.js";
import { t } from "./language.js";
import { chat, changed, isGroup, openChat, people, readyChats, roleIn, speaker, state } from "./state.js";

const ABOUT = { private: "private chat", group: "group", supergroup: "group", channel: "channel" };
const ACTIONS = { typing: "Tallybird is typing …", upload_photo: "Tallybird is drawing …", upload_document: "Tallybird is preparing a file …" };
const FIRST_NEW_ID = -1001000000100;

export function showChats(found) {
  const known = new Map(found.map((each) => [each.chat_id, each]));
  const ready = readyChats().map((each) => ({ ...known.get(each.chat_id), ...each, exists: known.has(each.chat_id) }));
  const shownElsewhere = new Set([...ready.map((each) => each.chat_id), ...people.map((each) => each.user_id)]);
  const others = found.filter((each) => !shownElsewhere.has(each.chat_id) && !each.migrated_to);
  state.chats = [...ready, ...others.map((each) => ({ ...each, exists: true }))];
  const shown = state.chats.map(({ chat_id, type, title, last }) => ({ chat_id, type, title, last, current: chat_id === state.chatId }));
  reconcile(byId("chats"), shown, (each) => each.chat_id, chatButton);
  showHead();
}

function chatButton({ chat_id: id, type, title, last, current }) {
  const lines = element("span", { className: "chat-lines" },
    element("b", {}, title ?? String(id)), element("small", {}, lastWords(last) ?? t(ABOUT[type])));
  const made = element("button", { type: "button", className: "chat-choice", onclick: () => openChat(id) }, mark(type, title), lines);
  if (current) made.setAttribute("aria-current", "true");
  return made;
}

function mark(type, title) {
  const made = element("span", { className: `mark ${type}`, ariaHidden: "true" });
  if (type === "private" && title === "Tallybird") made.append(element("img", { src: "/page/bird.svg", alt: "" }));
  else made.append([...(title ?? "?")][0]);
  return made;
}

function lastWords(last) {
  if (!last || last.service) return null;
  const words = last.text ?? last.caption ?? "";
  return `${last.photo ? `${t("Chart")}: ` : ""}${words.split("\n")[0]}` || t("A file");
}

function showHead() {
  const { type, title, action, bot_status: status } = chat();
  byId("chat-title").textContent = title;
  byId("chat-state").textContent = ACTIONS[action] ? t(ACTIONS[action]) : about(type, status);
  byId("chat-state").classList.toggle("busy", Boolean(ACTIONS[action]));
  byId("chat-mark").replaceWith(Object.assign(mark(type, title), { id: "chat-mark" }));
}

function about(type, status) {
  if (status === "left") return t("Tallybird has left this chat");
  if (status === "kicked") return t(type === "private" ? "You have blocked Tallybird" : "Tallybird was removed from this chat");
  if (type === "channel") return t("a channel you run");
  if (type === "private") return t("private chat");
  return t(state.person.role === "member" ? "a group, you are a member" : "a group, you are an admin");
}

/** The bot's status in the open chat is from now on this one, by the person who speaks. */
export async function setBotStatus(status) {
  const open = chat();
  const change = { chat_id: open.chat_id, status, user_id: speaker().user_id };
  if (!open.exists) Object.assign(change, { chat_type: open.type }, open.type === "private" ? {} : { title: open.title });
  if (!open.exists && open.username) change.username = open.username;
  if (open.exists && open.type !== "private") await introduceSpeaker();
  await control.changeMembership(change);
  if (!open.exists && open.type !== "private") await introduceSpeaker();
  changed();
}

/** The person who speaks is in the open group, also before saying anything. */
export async function introduceSpeaker() {
  const open = chat();
  if (!isGroup(open) || !open.exists) return;
  const { user_id, first_name, username, language_code } = speaker();
  await control.introduce({ chat_id: open.chat_id, user_id, first_name, username, language_code, role: roleIn(open) });
}

async function addChat() {
  const title = byId("new-chat-title").value.trim();
  const type = document.querySelector("[name=new-chat-type]:checked").value;
  const ids = state.chats.map((each) => each.chat_id);
  const id = Math.min(FIRST_NEW_ID, ...ids) - 1;
  const { user_id } = speaker();
  const fields = { chat_id: id, user_id, chat_type: type, title, status: type === "channel" ? "administrator" : "member" };
  if (type === "channel") fields.username = title.toLowerCase().replace(/[^a-z0-9]/g, "") || `channel${-id}`;
  await control.changeMembership(fields);
  openChat(id);
}

export function prepareChats() {
  byId("new-chat").onclick = () => byId("new-chat-dialog").showModal();
  byId("new-chat-form").addEventListener("submit", (event) => {
    if (event.submitter.value !== "add") return;
    addChat();
  });
}
