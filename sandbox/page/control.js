// The control API as functions: what people can do in the sandbox.

async function answer(response) {
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Refused(problem.error || `The sandbox answered ${response.status}`);
}

/** The sandbox refused the request; any other error means that it was not reached. */
export class Refused extends Error {}

const get = async (path) => answer(await fetch(`/_control/${path}`, { cache: "no-store" }));

const post = async (path, fields) =>
  answer(await fetch(`/_control/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(fields),
  }));

export const listChats = () => get("telegram/chats");
export const readChat = (id) => get(`telegram/chats/${id}`);
export const send = (message) => post("telegram/send", message);
export const press = (button) => post("telegram/press", button);
export const readCallback = (id) => get(`telegram/callbacks/${id}`);
export const listCommands = (chatId, userId) => get(`telegram/commands?chat_id=${chatId}&user_id=${userId}&language_code=${navigator.language}`);
export const listFiles = () => get("dropbox/files");
export const readBill = () => get("x/bill");
export const listAccounts = () => get("x/accounts");
export const fileAddress = (path) => `/_control/dropbox/files/${path.replace(/^\//, "").split("/").map(encodeURIComponent).join("/")}`;

export async function isBotReady() {
  return (await fetch("/_control/ready", { cache: "no-store" })).ok;
}
