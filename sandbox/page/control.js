// The control API as functions: what people can do in the sandbox.

export const NETWORKS = [{ key: "x", name: "X" }, { key: "bluesky", name: "Bluesky" }, { key: "fediverse", name: "Fediverse" }];
const ALWAYS = 1_000_000; // times, of a fault that stays until it is ended
const SLOW_S = 3;

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
export const remove = (message) => post("telegram/delete", message);
export const changeMembership = (change) => post("telegram/member", change);
export const introduce = (person) => post("telegram/person", person);
export const setTopic = (topic) => post("telegram/topic", topic);
export const listCommands = (chatId, userId) => get(`telegram/commands?chat_id=${chatId}&user_id=${userId}&language_code=${navigator.language}`);
export const listFiles = () => get("dropbox/files");
export const fileAddress = (path) => `/_control/dropbox/files/${path.replace(/^\//, "").split("/").map(encodeURIComponent).join("/")}`;
export const readBill = () => get("x/bill");
export const readBillHistory = () => get("x/bill/history");
export const readGrowth = () => get("x/growth");
export const setGrowth = (growing) => post("x/growth", { growing });
export const readClock = () => get("clock");
export const setClock = (aheadS) => post("clock", { ahead_s: aheadS });
/** The accounts of each network: [{key, name, accounts}]. */
export const listNetworks = () =>
  Promise.all(NETWORKS.map(async (network) => ({ ...network, accounts: await get(`${network.key}/accounts`).catch(() => []) })));
export const listPosts = (network, handle) => get(`${network}/posts?account=${encodeURIComponent(handle)}`);
export const setCounts = (network, id, counts) => post(`${network}/posts/${id}`, counts);

export async function isBotReady() {
  return (await fetch("/_control/ready", { cache: "no-store" })).ok;
}

const FAULTS = { slow: { delay: SLOW_S }, down: { status: 503 } };

/** How each service works: "normal", "slow" or "down", by the service's name. */
export async function readServices(names) {
  const lasting = (await get("faults")).filter(({ method, path, times }) => !method && !path && times > ALWAYS / 2);
  const mode = (name) => {
    const fault = lasting.find(({ service }) => service === name);
    if (!fault) return "normal";
    return fault.status === FAULTS.down.status ? "down" : "slow";
  };
  return Object.fromEntries(names.map((name) => [name, mode(name)]));
}

export async function setService(name, mode) {
  await answer(await fetch(`/_control/faults?service=${name}`, { method: "DELETE" }));
  if (mode !== "normal") await post("faults", { service: name, times: ALWAYS, ...FAULTS[mode] });
}
