// The demo page: chats with Tallybird, read through the control API about once a second.

import { acts } from "./acts.js";
import { introduceSpeaker, prepareChats, showChats } from "./chats.js";
import { addHandle, followForcedReply, prepareChat, prepareComposer, readMenu, showSuggestions } from "./composer.js";
import * as control from "./control.js";
import { byId } from "./dom.js";
import { t, translatePage } from "./language.js";
import { prepareMessages, showMessages } from "./messages.js";
import { preparePanel, refreshPanel } from "./panel.js";
import { preparePeople, showPeople } from "./people.js";
import { state, visibleMessages } from "./state.js";
import { toastError } from "./toast.js";
import { showTopics } from "./topics.js";

const POLL_MS = 1000;
const PANEL_EVERY = 3; // polls
const MENU_EVERY = 10;

async function poll(tick = 0) {
  try {
    await readChat();
    if (tick % PANEL_EVERY === 0) await refreshPanel();
    if (tick % MENU_EVERY === 0) await readMenu();
    showProblem(await control.isBotReady() ? "" : t("Tallybird is not listening yet. It answers as soon as it runs."));
  } catch (error) {
    showProblem(error instanceof control.Refused ? error.message : t("Connection lost. Trying again …"));
  }
  setTimeout(poll, POLL_MS, tick + 1);
}

async function readChat() {
  const chatId = state.chatId;
  const [chats, messages] = await Promise.all([control.listChats(), control.readChat(chatId)]);
  if (chatId !== state.chatId) return;
  state.messages = messages;
  showChats(chats);
  show();
}

function show() {
  showPeople();
  showTopics();
  showMessages({ acts, onChooseAccount: addHandle });
  followForcedReply(visibleMessages().at(-1));
  showSuggestions();
}

function showProblem(words) {
  byId("problem").textContent = words;
  byId("problem").hidden = !words;
}

/** Reads at once what a person's action has changed. */
const readNow = () => Promise.all([readChat(), refreshPanel(), readMenu()]).catch(() => { });

document.addEventListener("tallybird:changed", readNow);
document.addEventListener("tallybird:opened", () => {
  byId("bubbles").replaceChildren();
  byId("bubbles").dataset.last = 0;
  prepareChat();
  introduceSpeaker().catch(() => { });
  readNow();
});
addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof control.Refused) event.preventDefault(); // it is told, and no fault of the page
  toastError(event.reason);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") byId("toast").hidden = true;
});
byId("large").onclick = () => byId("large").close();

translatePage();
prepareChats();
preparePeople();
prepareMessages();
prepareComposer();
preparePanel(addHandle);
showChats([]);
show();
poll();
