// What the page shows now: the chat, who speaks in it, and its messages.

export const ANONYMOUS_ADMIN_ID = 1087968824; // Telegram's account for all anonymous administrators
const KEPT_CHAT = "tallybird.chat";
const FIRST_PERSON = { user_id: 1001, first_name: "Robin", username: "robin", role: "creator" };

/** Each has the role in groups that is sent along with what the person says there. */
export const people = [
  FIRST_PERSON,
  { user_id: 1002, first_name: "Mika", username: "mika", role: "member" },
  { user_id: 1003, first_name: "Noor", username: "noor", role: "administrator" },
  { user_id: ANONYMOUS_ADMIN_ID, first_name: "Anonymous admin", role: "administrator" },
];
export const GROUP = { chat_id: -1001000000002, type: "supergroup", title: "Space watchers", about: "group" };
export const CHANNEL = { chat_id: -1001000000003, type: "channel", title: "Daily tally", username: "dailytally", about: "channel" };

export const state = {
  chats: [],
  chatId: Number(sessionStorage.getItem(KEPT_CHAT)) || FIRST_PERSON.user_id,
  person: people.find((each) => each.user_id === Number(sessionStorage.getItem(KEPT_CHAT))) ?? FIRST_PERSON,
  threadId: null,
  messages: [],
  replyTo: null,
  offered: [],
};

export const privateChat = () => ({ chat_id: state.person.user_id, type: "private", title: "Tallybird", about: "private" });

/** The chats that are there from the start, known to the sandbox once somebody has written in them. */
export const readyChats = () => [...(state.person.user_id === ANONYMOUS_ADMIN_ID ? [] : [privateChat()]), GROUP, CHANNEL];

export const chat = () => state.chats.find((each) => each.chat_id === state.chatId) ?? readyChats().find((each) => each.chat_id === state.chatId) ?? GROUP;
export const isGroup = ({ type }) => type === "group" || type === "supergroup";

/** The user who speaks; in a private chat that was opened elsewhere, its own user. */
export const speaker = () => {
  const { chat_id: id, type } = chat();
  if (type === "private" && id !== state.person.user_id) return { user_id: id };
  return { ...state.person, language_code: navigator.language };
};
export const roleIn = ({ type }) => (type === "channel" ? "creator" : state.person.role);

/** The messages of the open topic; where there are no topics, all. */
export const visibleMessages = () => state.messages.filter((each) => each.thread_id === state.threadId || !hasTopics());
const hasTopics = () => state.threadId !== null || chat().topics?.length > 0;

export function openChat(id) {
  Object.assign(state, { chatId: id, threadId: null, messages: [], replyTo: null });
  sessionStorage.setItem(KEPT_CHAT, String(id));
  changed("tallybird:opened");
}

export function openTopic(threadId) {
  Object.assign(state, { threadId, replyTo: null });
  changed("tallybird:opened");
}

/** Tells the page that what it shows is out of date. */
export function changed(name = "tallybird:changed") {
  document.dispatchEvent(new Event(name));
}
