// The command menu over the composer: opened by "/" or its button, narrowed by typing.

import { byId, element, reconcile } from "./dom.js";

export class Menu {
  #list = byId("menu");
  #text = byId("text");
  #button = byId("open-menu");
  #commands = [];
  #chosen = 0;

  constructor(onChoose) {
    this.onChoose = onChoose;
    this.#button.onclick = () => this.#toggle();
    document.addEventListener("click", (event) => {
      if (!event.target.closest(".composer")) this.close();
    });
  }

  get isOpen() {
    return !this.#list.hidden;
  }

  use(commands) {
    this.#commands = commands;
    if (this.isOpen) this.narrow();
  }

  /** Shows the commands that begin with the text; closes if it is no command. */
  narrow() {
    const [, typed] = /^\/(\w*)$/.exec(this.#text.value) ?? [];
    if (typed === undefined) return this.close();
    return this.#show(this.#commands.filter((each) => each.command.startsWith(typed.toLowerCase())));
  }

  close() {
    this.#list.hidden = true;
    this.#setExpanded(false);
  }

  /** Handles a key; true if the menu used it. */
  takes(event) {
    if (!this.isOpen) return false;
    const count = this.#list.children.length;
    if (event.key === "ArrowDown") this.#choose((this.#chosen + 1) % count);
    else if (event.key === "ArrowUp") this.#choose((this.#chosen + count - 1) % count);
    else if (event.key === "Escape") this.close();
    else if (event.key === "Tab" || (event.key === "Enter" && !this.#isWhole())) this.#list.children[this.#chosen].click();
    else return false;
    return true;
  }

  #isWhole() {
    return this.#commands.some((each) => `/${each.command}` === this.#text.value);
  }

  #toggle() {
    if (this.isOpen) return this.close();
    this.#text.focus();
    return this.#show(this.#commands);
  }

  #show(commands) {
    reconcile(this.#list, commands, (each) => each.command, ({ command, description }) =>
      element("li", { role: "option", id: `command-${command}`, onclick: () => this.#take(command) },
        element("b", {}, `/${command}`), element("span", {}, description)));
    this.#list.hidden = commands.length === 0;
    this.#setExpanded(commands.length > 0);
    if (commands.length) this.#choose(0);
    else this.#text.removeAttribute("aria-activedescendant");
  }

  #take(command) {
    this.close();
    this.onChoose(command);
  }

  #choose(index) {
    this.#chosen = index;
    [...this.#list.children].forEach((each, at) => each.setAttribute("aria-selected", String(at === index)));
    const chosen = this.#list.children[index];
    chosen.scrollIntoView({ block: "nearest" });
    this.#text.setAttribute("aria-activedescendant", chosen.id);
  }

  #setExpanded(open) {
    this.#button.setAttribute("aria-expanded", String(open));
  }
}
