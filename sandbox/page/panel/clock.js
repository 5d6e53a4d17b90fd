// The clock of the stand-ins, which can be set forward: posts age, grow and appear, and X bills a new day.

import { readClock, setClock } from "../control.js";
import { byId, clock, day } from "../dom.js";
import { t } from "../language.js";

export async function refresh() {
  const { at, ahead_s: ahead } = await readClock();
  const date = new Date(at);
  const isAhead = Math.abs(ahead) > 1;
  byId("clock").textContent = isAhead ? t("For the services it is {day}, {time}. Tallybird's own clock stays.", { day: day(date), time: clock(date) }) : t("The services' clock is this machine's.");
  byId("clock-back").hidden = !isAhead;
}

async function forward(seconds) {
  const { ahead_s: ahead } = await readClock();
  await setClock(seconds === null ? 0 : ahead + seconds);
  await refresh();
}

byId("clock-hour").onclick = () => forward(3600);
byId("clock-day").onclick = () => forward(86_400);
byId("clock-back").onclick = () => forward(null);
