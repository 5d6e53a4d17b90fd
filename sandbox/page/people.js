// Who speaks: the choice in the chat's head, and new people.

import { introduceSpeaker } from "./chats.js";
import { byId, element, reconcile } from "./dom.js";
import { t } from "./language.js";
import { ANONYMOUS_ADMIN_ID, changed, chat, isGroup, openChat, people, state } from "./state.js";

const NEW = "new";

export function showPeople() {
  const inGroup = isGroup(chat());
  const able = people.filter((each) => inGroup || each.user_id !== ANONYMOUS_ADMIN_ID);
  const choices = able.map((each) => ({ value: String(each.user_id), text: label(each, inGroup) }));
  reconcile(byId("person"), [...choices, { value: NEW, text: t("Somebody new …") }], ({ value }) => value,
    ({ value, text }) => element("option", { value }, text));
  byId("person").value = String(state.person.user_id);
  byId("person-box").hidden = chat().type === "channel";
}

function label({ first_name: name, role, user_id: id }, inGroup) {
  if (id === ANONYMOUS_ADMIN_ID) return t(name);
  return inGroup ? `${name} · ${t(role === "member" ? "member" : "admin")}` : name;
}

/** In a private chat the chosen person's own opens. */
export function choose(person) {
  const wasPrivate = chat().type === "private";
  state.person = person;
  if (wasPrivate) return openChat(person.user_id);
  introduceSpeaker().catch(() => { });
  return changed();
}

function add() {
  const role = document.querySelector("[name=new-person-role]:checked").value;
  const name = byId("new-person-name").value.trim();
  const person = { user_id: Math.max(...people.filter((each) => each.user_id < ANONYMOUS_ADMIN_ID).map((each) => each.user_id)) + 1, first_name: name, role };
  people.push(person);
  choose(person);
}

export function preparePeople() {
  byId("person").addEventListener("change", ({ target }) => {
    if (target.value !== NEW) return choose(people.find((each) => String(each.user_id) === target.value));
    target.value = String(state.person.user_id);
    return byId("new-person-dialog").showModal();
  });
  byId("new-person-form").addEventListener("submit", (event) => {
    if (event.submitter.value === "add") add();
  });
}
