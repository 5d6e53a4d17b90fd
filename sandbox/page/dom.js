// Builds elements. Text becomes text nodes only, so that nothing a person writes can become markup.

export const byId = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

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
      node?.replaceWith(fresh);
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

export function bytes(count) {
  if (count < 1000) return `${count} B`;
  if (count < 1_000_000) return `${(count / 1000).toFixed(1)} kB`;
  return `${(count / 1_000_000).toFixed(1)} MB`;
}

export const clock = (date) => date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
