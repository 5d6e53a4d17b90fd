// What a person does with a message: press its buttons, reply, copy, enlarge, delete.

import { replyTo, send } from "./composer.js";
import * as control from "./control.js";
import { byId } from "./dom.js";
import { t } from "./language.js";
import { changed, speaker, state } from "./state.js";
import { toast } from "./toast.js";

const ANSWER_WITHIN_MS = 15_000;
const ASK_EVERY_MS = 200;

export const acts = {
  command: (words) => send(words),
  reply: (message) => replyTo(message),
  enlarge(url, title) {
    Object.assign(byId("large-picture"), { src: url, alt: title });
    byId("large").showModal();
  },
  async copy(words) {
    await navigator.clipboard.writeText(words);
    toast(t("Copied"));
  },
  async remove(message) {
    await control.remove({ chat_id: state.chatId, message_id: message.message_id });
    changed();
  },
  async press(message, button, key) {
    key.classList.add("waiting");
    const fields = { chat_id: state.chatId, user_id: speaker().user_id, message_id: message.message_id, data: button.callback_data };
    try {
      const { callback_query_id: id } = await control.press(fields);
      showAnswer(await answerTo(id));
    } finally {
      key.classList.remove("waiting");
      changed();
    }
  },
};

async function answerTo(id) {
  const end = Date.now() + ANSWER_WITHIN_MS;
  while (Date.now() < end) {
    const callback = await control.readCallback(id);
    if (callback.answered) return callback;
    await new Promise((wake) => { setTimeout(wake, ASK_EVERY_MS); });
  }
  return { text: t("Tallybird did not answer.") };
}

function showAnswer({ text: words, show_alert: isAlert }) {
  if (!words) return;
  if (!isAlert) return toast(words);
  byId("alert-text").textContent = words;
  byId("alert").showModal();
}
