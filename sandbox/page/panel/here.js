// What people do to the open chat: change who they are in it, its topics and the bot's membership.

import { introduceSpeaker, setBotStatus } from "../chats.js";
import { setTopic } from "../control.js";
import { byId, element, reconcile } from "../dom.js";
import { t } from "../language.js";
import { ANONYMOUS_ADMIN_ID, changed, chat, isGroup, openTopic, state } from "../state.js";
import { openNewTopic } from "../topics.js";

export async function refresh() {
  const actions = [...roleActions(), ...topicActions(), ...botActions()];
  reconcile(byId("here"), actions, ({ words }) => words, ({ words, run, isDanger }) =>
    element("button", { type: "button", className: `chip ${isDanger ? "danger" : ""}`, onclick: run }, words));
}

function roleActions() {
  const { first_name: name, role, user_id: id } = state.person;
  if (!isGroup(chat()) || id === ANONYMOUS_ADMIN_ID) return [];
  const words = role === "member" ? "Make {name} an admin" : "Make {name} a member";
  return [{ words: t(words, { name }), run: () => setRole(role === "member" ? "administrator" : "member") }];
}

function setRole(role) {
  state.person.role = role;
  introduceSpeaker().catch(() => { });
  changed();
}

function topicActions() {
  if (chat().type !== "supergroup") return [];
  const fresh = { words: t("New topic"), run: openNewTopic };
  const topic = chat().topics?.find((each) => each.thread_id === state.threadId);
  if (!topic) return [fresh];
  const isOpen = topic.state === "open";
  return [
    fresh,
    { words: t(isOpen ? "Close this topic" : "Reopen this topic"), run: () => changeTopic(isOpen ? "closed" : "open") },
    { words: t("Delete this topic"), run: () => changeTopic("deleted"), isDanger: true },
  ];
}

async function changeTopic(status) {
  await setTopic({ chat_id: state.chatId, thread_id: state.threadId, state: status });
  if (status === "deleted") openTopic(null);
  changed();
}

function botActions() {
  const { type, exists, bot_status: status } = chat();
  const action = (words, next, isDanger = false) => ({ words: t(words), run: () => setBotStatus(next), isDanger });
  const isGone = status === "left" || status === "kicked";
  if (type === "private") return exists ? [isGone ? action("Unblock Tallybird", "member") : action("Block Tallybird", "kicked", true)] : [];
  if (!exists || isGone) return [action("Add Tallybird", type === "channel" ? "administrator" : "member")];
  const remove = action("Remove Tallybird", "kicked", true);
  const makeAdmin = action("Make Tallybird an admin", "administrator");
  return status === "administrator" ? [action("Make Tallybird a member", "member"), remove] : [makeAdmin, remove];
}
