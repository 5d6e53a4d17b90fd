// The demo page: three chats with Tallybird, read through the control API about once a second.

import * as control from "./control.js";
import { bubble } from "./bubble.js";
import { byId, element, reconcile } from "./dom.js";
import { Menu } from "./menu.js";
import { showAccounts, showBill, showFiles } from "./panel.js";

const ADMIN = { user_id: 1001, first_name: "Robin", username: "robin", language_code: navigator.language };
const MEMBER = { user_id: 1002, first_name: "Mika", username: "mika", language_code: navigator.language };
const READY_CHATS = [
  { chat_id: 1001, type: "private", title: "Tallybird", about: "a private chat" },
  { chat_id: -1001000000002, type: "supergroup", title: "Space watchers", about: "a group, you are admin" },
  { chat_id: -1001000000003, type: "channel", title: "Daily tally", username: "dailytally", about: "a channel you run" },
];
const WELCOME = {
  private: ["Say hello to Tallybird", "Name a few accounts, and it keeps score between them. Try the suggestions below, one after the other."],
  supergroup: ["A group with Tallybird in it", "Admins decide what is tracked. Switch to Member at the top right to see what others may do."],
  channel: ["A channel with Tallybird as admin", "Post a command here, and the chart stays fresh for everybody who reads along."],
};
const STEPS = ["/compare", "/subscribe"];
const FAMOUS = ["nasa", "esa", "spacex"];
const ACTIONS = { typing: "is typing …", upload_photo: "is drawing …", upload_document: "is preparing a file …" };
const KEPT_CHAT = "tallybird.chat";
const POLL_MS = 1000;
const ANSWER_WITHIN_MS = 15_000;
const TOAST_MS = 4000;
const NEAR_END_PX = 120;

const state = {
  chats: READY_CHATS,
  chatId: Number(sessionStorage.getItem(KEPT_CHAT)) || READY_CHATS[0].chat_id,
  voice: ADMIN,
  messages: [],
  replyTo: null,
  forcedReply: 0,
  suggested: FAMOUS,
  isReady: true,
  tick: 0,
};
const text = byId("text");
const menu = new Menu((command) => write(`/${command} `));

// Reads the chats and shows them.

async function poll() {
  try {
    await readEverything();
    showProblem(state.isReady ? "" : "Tallybird is not listening yet. It answers as soon as it runs.");
  } catch (error) {
    showProblem(error instanceof control.Refused ? error.message : "Connection lost. Trying again …");
  }
  state.tick += 1;
  setTimeout(poll, POLL_MS);
}

async function readEverything() {
  const chatId = state.chatId;
  const [chats, messages] = await Promise.all([control.listChats(), control.readChat(chatId)]);
  if (chatId === state.chatId) showMessages(messages);
  showChats(chats);
  if (state.tick % 3 === 0) await readPanel();
  if (state.tick % 10 === 0) await readMenu();
}

async function readPanel() {
  const [files, bill, accounts, isReady] = await Promise.all([
    control.listFiles(), control.readBill(), control.listAccounts().catch(() => []), control.isBotReady(),
  ]);
  showFiles(files);
  showBill(bill);
  const usernames = showAccounts(accounts, addHandle);
  if (usernames.length >= 3 && !state.messages.length) state.suggested = usernames.slice(0, 3);
  state.isReady = isReady;
  showSuggestions();
}

async function readMenu() {
  menu.use(await control.listCommands(state.chatId, speaker().user_id));
}

function chat() {
  return state.chats.find((each) => each.chat_id === state.chatId) ?? READY_CHATS[0];
}

function showChats(found) {
  const ready = READY_CHATS.map((each) => ({ ...each, ...pick(found.find((other) => other.chat_id === each.chat_id)) }));
  const others = found.filter((each) => !isReadyChat(each.chat_id) && !each.migrated_to);
  state.chats = [...ready, ...others.map((each) => ({ ...each, about: each.type }))];
  const shown = state.chats.map((each) => ({ ...each, current: each.chat_id === state.chatId }));
  reconcile(byId("chats"), shown, (each) => each.chat_id, chatButton);
  showHead();
}

const pick = (found) => (found ? { last: found.last, action: found.action, bot_status: found.bot_status, messages: found.messages } : {});

function chatButton({ chat_id: id, type, title, about, last, current }) {
  const made = element("button", { type: "button", className: "chat-choice", onclick: () => openChat(id) },
    mark(type, title), element("span", { className: "chat-lines" }, element("b", {}, title ?? String(id)), element("small", {}, lastWords(last) ?? about)));
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
  return `${last.photo ? "Chart: " : ""}${words.split("\n")[0]}` || "A file";
}

function showHead() {
  const { type, title, about, action } = chat();
  byId("chat-title").textContent = title;
  const role = state.voice === MEMBER ? about?.replace("you are admin", "you are a member") : about;
  byId("chat-state").textContent = ACTIONS[action] ? `Tallybird ${ACTIONS[action]}` : role;
  byId("chat-state").classList.toggle("busy", Boolean(ACTIONS[action]));
  byId("chat-mark").replaceWith(Object.assign(mark(type, title), { id: "chat-mark" }));
  byId("voices").hidden = !["group", "supergroup"].includes(type);
}

function showMessages(messages) {
  const wasNearEnd = isNearEnd();
  const before = state.messages.at(-1)?.message_id ?? 0;
  const first = state.messages.length === 0;
  state.messages = messages;
  const { type } = chat();
  const isMine = (message) => type !== "channel" && !message.by_bot && isMe(message.from.id);
  const settings = { isMine, showNames: type !== "private", acts };
  reconcile(byId("bubbles"), messages, (each) => each.message_id, (message, old) => bubble(message, old, settings));
  byId("welcome").hidden = messages.length > 0;
  [byId("welcome-title").textContent, byId("welcome-text").textContent] = WELCOME[type] ?? WELCOME.supergroup;
  const hasNew = (messages.at(-1)?.message_id ?? 0) > before;
  if (wasNearEnd || first || (hasNew && !messages.at(-1).by_bot)) toEnd(!first);
  byId("to-end").hidden = isNearEnd();
  followForcedReply(messages.at(-1));
  showSuggestions();
}

/** Opens a reply to a message that asks for one, as clients do. */
function followForcedReply(last) {
  if (!last?.forces_reply || last.message_id === state.forcedReply) return;
  state.forcedReply = last.message_id;
  acts.reply(last);
}

function isNearEnd() {
  const box = byId("messages");
  return box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX;
}

function toEnd(smoothly) {
  const box = byId("messages");
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  box.scrollTo({ top: box.scrollHeight, behavior: smoothly && !calm ? "smooth" : "instant" });
}

function showSuggestions() {
  const sent = state.messages.filter((each) => !each.by_bot).map((each) => each.text ?? "");
  const wanted = [`/track ${state.suggested.map((each) => `@${each}`).join(" ")}`, ...STEPS];
  const open = wanted.filter((each) => !sent.some((words) => words.split(" ")[0] === each.split(" ")[0]));
  reconcile(byId("suggestions"), open.map((words) => ({ words })), (each) => each.words, ({ words }) =>
    element("button", { type: "button", className: "chip", onclick: () => send(words) }, words));
}

function showProblem(words) {
  byId("problem").textContent = words;
  byId("problem").hidden = !words;
}

// What the person can do.

const acts = {
  command: (words) => send(words),
  reply(message) {
    state.replyTo = message.message_id;
    byId("replying-to").textContent = (message.text ?? message.caption ?? "a file").split("\n")[0];
    byId("replying").hidden = false;
    text.focus();
  },
  enlarge(url, title) {
    Object.assign(byId("large-picture"), { src: url, alt: title });
    byId("large").showModal();
  },
  async copy(words) {
    await navigator.clipboard.writeText(words);
    toast("Copied");
  },
  async press(message, button, key) {
    key.classList.add("waiting");
    try {
      const fields = { chat_id: state.chatId, user_id: speaker().user_id, message_id: message.message_id, data: button.callback_data };
      const { callback_query_id: id } = await control.press(fields);
      showAnswer(await answerTo(id));
    } catch (error) {
      toast(error instanceof control.Refused ? error.message : "Connection lost. Press it again in a moment.");
    }
    key.classList.remove("waiting");
  },
};

async function answerTo(id) {
  const end = Date.now() + ANSWER_WITHIN_MS;
  while (Date.now() < end) {
    const callback = await control.readCallback(id);
    if (callback.answered) return callback;
    await new Promise((wake) => { setTimeout(wake, 200); });
  }
  return { text: "Tallybird did not answer." };
}

function showAnswer({ text: words, show_alert: isAlert }) {
  if (!words) return;
  if (!isAlert) return toast(words);
  byId("alert-text").textContent = words;
  byId("alert").showModal();
}

function toast(words) {
  const box = byId("toast");
  box.textContent = words;
  box.hidden = false;
  clearTimeout(box.timer);
  box.timer = setTimeout(() => { box.hidden = true; }, TOAST_MS);
}

async function send(words) {
  const { chat_id, type, title, username } = chat();
  const message = { chat_id, ...speaker(), text: words, chat_type: type };
  if (isReadyChat(chat_id) && type !== "private") Object.assign(message, { title, role: roleIn(type) });
  if (isReadyChat(chat_id) && type === "channel") message.username = username;
  if (state.replyTo) message.reply_to = state.replyTo;
  stopReplying();
  try {
    await control.send(message);
    const sentIn = state.chatId;
    const messages = await control.readChat(chat_id);
    if (sentIn === state.chatId) showMessages(messages);
  } catch (error) {
    write(words);
    toast(error instanceof control.Refused ? error.message : "Not sent: connection lost.");
  }
}

/** The user of the composer; in a private chat that was opened elsewhere, its own user. */
function speaker() {
  const { chat_id: id, type } = chat();
  if (isReadyChat(id)) return state.voice;
  return { user_id: type === "private" ? id : state.voice.user_id };
}

const isReadyChat = (id) => READY_CHATS.some((each) => each.chat_id === id);
const isMe = (id) => [ADMIN.user_id, MEMBER.user_id, state.chatId].includes(id);
const roleIn = (type) => (state.voice === ADMIN || type === "channel" ? "creator" : "member");

function write(words) {
  text.value = words;
  text.focus();
  fitText();
}

function fitText() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
}

function addHandle(username) {
  write(text.value.trim() ? `${text.value.trimEnd()} @${username} ` : `/track @${username} `);
  closePanel();
}

function stopReplying() {
  state.replyTo = null;
  byId("replying").hidden = true;
}

function openChat(id) {
  Object.assign(state, { chatId: id, voice: ADMIN, messages: [], tick: 0 });
  sessionStorage.setItem(KEPT_CHAT, String(id));
  document.querySelector("[name=voice][value=admin]").checked = true;
  byId("bubbles").replaceChildren();
  stopReplying();
  menu.close();
  readEverything().catch(() => { });
  if (matchMedia("(hover: hover)").matches) text.focus();
}

function openPanel() {
  document.body.classList.add("with-panel");
  byId("show-panel").setAttribute("aria-expanded", "true");
  byId("hide-panel").focus();
}

function closePanel() {
  document.body.classList.remove("with-panel");
  byId("show-panel").setAttribute("aria-expanded", "false");
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = text.value.trim();
  if (!words) return;
  menu.close();
  write("");
  send(words);
});
text.addEventListener("input", () => {
  fitText();
  menu.narrow();
});
text.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (menu.takes(event)) {
    event.preventDefault();
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    byId("form").requestSubmit();
  } else if (event.key === "Escape") {
    stopReplying();
  }
});
byId("voices").addEventListener("change", (event) => {
  state.voice = event.target.value === "admin" ? ADMIN : MEMBER;
  showHead();
  readMenu().catch(() => { });
});
byId("messages").addEventListener("scroll", () => { byId("to-end").hidden = isNearEnd(); });
byId("to-end").onclick = () => toEnd(true);
byId("stop-replying").onclick = stopReplying;
byId("show-panel").onclick = () => (document.body.classList.contains("with-panel") ? closePanel() : openPanel());
byId("hide-panel").onclick = closePanel;
byId("large").onclick = () => byId("large").close();
document.addEventListener("keydown", (event) => { if (event.key === "Escape") closePanel(); });

showChats([]);
poll();
