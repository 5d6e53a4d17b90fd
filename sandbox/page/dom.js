// Builds elements. Text becomes text nodes only, so that nothing a person writes can become markup.

export const byId = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const svg = (tag, attributes, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

/** Gives a list a child for each item, and keeps those whose key and content are unchanged. */
export function reconcile(list, items, key, build) {
  const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let changed = false;
  items.forEach((item, index) => {
    const name = String(key(item));
    const print = JSON.stringify(item);
    let node = old.get(name);
    old.delete(name);
    if (node?.print !== print) {
      const fresh = build(item, node);
      fresh.dataset.key = name;
      fresh.print = print;
      if (node) replace(node, fresh);
      node = fresh;
      changed = true;
    }
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
  for (const gone of old.values()) {
    gone.remove();
    changed = true;
  }
  return changed;
}

/** What had the focus in the node has it in the fresh one. */
function replace(node, fresh) {
  const focusable = (root) => [root, ...root.querySelectorAll("a, button, input")];
  const index = focusable(node).indexOf(document.activeElement);
  node.replaceWith(fresh);
  if (index >= 0) focusable(fresh)[index]?.focus({ preventScroll: true });
}

export function bytes(count) {
  if (count < 1000) return `${count} B`;
  if (count < 1_000_000) return `${(count / 1000).toFixed(1)} kB`;
  return `${(count / 1_000_000).toFixed(1)} MB`;
}

export const clock = (date) => date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
export const day = (date) => date.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
