// The topics of a forum group, over its messages.

import { byId, element, reconcile } from "./dom.js";
import { t } from "./language.js";
import { chat, openTopic, state } from "./state.js";

const FIRST_ID = 1_000_001; // beyond the ids of messages

export function showTopics() {
  const { topics = [] } = chat();
  const open = state.threadId;
  const known = topics.some((each) => each.thread_id === open) || open === null ? topics : [...topics, { thread_id: open, state: "open" }];
  byId("topics").hidden = known.length === 0;
  const shown = [{ thread_id: null }, ...known].map((each, index) => ({ ...each, index, current: each.thread_id === open }));
  reconcile(byId("topics"), shown, ({ thread_id: id }) => id, topicButton);
}

function topicButton({ thread_id: id, state: status, index, current }) {
  const name = id === null ? t("General") : t("Topic {number}", { number: index });
  const words = status === "closed" ? `${name} (${t("closed")})` : name;
  const made = element("button", { type: "button", className: "chip", onclick: () => openTopic(id) }, words);
  if (current) made.setAttribute("aria-current", "true");
  return made;
}

/** Opens a topic that the sandbox makes with the first message in it. */
export function openNewTopic() {
  const ids = (chat().topics ?? []).map((each) => each.thread_id);
  openTopic(Math.max(FIRST_ID - 1, ...ids) + 1);
}
