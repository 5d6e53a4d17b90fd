// The messages of the open chat, with the days between them and, where there are none, a welcome.

import { bubble } from "./bubble.js";
import { setBotStatus } from "./chats.js";
import { byId, day, element, reconcile } from "./dom.js";
import { t } from "./language.js";
import { chat, people, state, visibleMessages } from "./state.js";

const WELCOME = {
  private: ["Say hello to Tallybird", "Name a few accounts, and it compares them: whose posts get more reposts, likes or views. Press /start, or choose accounts:"],
  supergroup: ["A group of yours", "Add Tallybird. Admins decide what is tracked; speak as a member at the top right to see what others may do. Accounts to try:"],
  channel: ["A channel of yours", "Add Tallybird as an admin. Post a command here, and the chart stays up to date for everybody who reads along. Accounts to try:"],
};
const NEAR_END_PX = 120;
const OFFERED = 3; // accounts of each network

export function showMessages({ acts, onChooseAccount }) {
  const messages = visibleMessages();
  const wasNearEnd = isNearEnd();
  const before = Number(byId("bubbles").dataset.last ?? 0);
  reconcile(byId("bubbles"), withDays(messages), (each) => each.key, (item, old) =>
    item.date ? dayNote(item.date) : bubble(item.message, old, { ...item, acts }));
  const last = messages.at(-1);
  byId("bubbles").dataset.last = last?.message_id ?? 0;
  showWelcome(messages.length === 0, onChooseAccount);
  const hasNew = before > 0 && last?.message_id > before;
  // Screen readers are told of new messages, and not each time a live chart changes.
  if (hasNew && last.by_bot) byId("announcer").textContent = last.text ?? last.caption ?? t("A file");
  const hasNewOfPerson = hasNew && !last.by_bot;
  if (wasNearEnd || !before || hasNewOfPerson) toEnd(before > 0);
  byId("to-end").hidden = isNearEnd();
}

/** The messages as they are shown, with the day before the first one of each. */
function withDays(messages) {
  const { type } = chat();
  let lastDay = "";
  return messages.flatMap((message) => {
    const item = { key: message.message_id, message, quote: quote(message), isMine: type !== "channel" && isMine(message), showName: type !== "private" };
    const date = day(new Date(message.date * 1000));
    if (date === lastDay) return [item];
    lastDay = date;
    return [{ key: `day-${message.message_id}`, date }, item];
  });
}

const isMine = ({ by_bot: byBot, from }) => !byBot && [...people.map((each) => each.user_id), state.chatId].includes(from.id);

/** What a reply answers: {id, name, words}; null where it answers nothing. */
function quote({ reply_to: id }) {
  if (!id) return null;
  const answered = state.messages.find((each) => each.message_id === id);
  if (!answered) return { id, name: "", words: t("A deleted message") };
  const name = answered.by_bot ? "Tallybird" : answered.from.first_name ?? answered.from.title ?? "";
  const words = (answered.text ?? answered.caption ?? t("A file")).split("\n")[0];
  return { id, name, words: answered.photo ? `${t("Chart")}: ${words}` : words };
}

const dayNote = (date) => element("li", { className: "service" }, date);

function showWelcome(isEmpty, onChooseAccount) {
  byId("welcome").hidden = !isEmpty;
  if (!isEmpty) return;
  const { type, exists } = chat();
  const [title, words] = WELCOME[type] ?? WELCOME.supergroup;
  byId("welcome-title").textContent = t(title);
  byId("welcome-text").textContent = t(words);
  byId("add-bot").hidden = type === "private" || exists === true;
  byId("add-bot").onclick = () => setBotStatus(type === "channel" ? "administrator" : "member");
  const offered = state.offered.flatMap(({ handles }) => handles.slice(0, OFFERED)).map((handle) => ({ handle }));
  reconcile(byId("welcome-accounts"), offered, ({ handle }) => handle, ({ handle }) =>
    element("button", { type: "button", className: "chip", onclick: () => onChooseAccount(handle) }, `@${handle}`));
}

function isNearEnd() {
  const box = byId("messages");
  return box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX;
}

function toEnd(smoothly) {
  const box = byId("messages");
  box.scrollTo({ top: box.scrollHeight, behavior: smoothly ? "auto" : "instant" });
}

export function prepareMessages() {
  byId("messages").addEventListener("scroll", () => { byId("to-end").hidden = isNearEnd(); });
  byId("to-end").onclick = () => toEnd(true);
}
