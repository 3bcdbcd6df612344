// Keyboard shortcuts and the print button of the inbox. Without JavaScript both are absent and everything else works.
import { inBrowser } from "./portal-storage.js";

const SETTING = "lobke-shortcuts";
const byId = (id) => document.getElementById(id);
const dialog = byId("shortcuts");
const useShortcuts = byId("use-shortcuts");

/** Focuses the next (1) or previous (-1) handoff of the list. */
function move(step) {
  const links = [...document.querySelectorAll(".handoffs a")];
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), links.length - 1);
  links[next]?.focus();
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  "/": () => byId("search")?.focus(),
  r: () => byId("reply")?.focus(),
  u: () => document.querySelector(".back a")?.click(),
  "?": () => dialog.showModal(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  const action = Object.hasOwn(KEYS, event.key) && KEYS[event.key];
  if (!action || typing || dialog.open || !useShortcuts.checked) return;
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  event.preventDefault();
  action();
});

useShortcuts.checked = inBrowser((storage) => storage.getItem(SETTING)) !== "off";
useShortcuts.addEventListener("change", () =>
  inBrowser((storage) => storage.setItem(SETTING, useShortcuts.checked ? "on" : "off")),
);
byId("show-shortcuts").hidden = false;
byId("show-shortcuts").addEventListener("click", () => dialog.showModal());

const print = byId("print");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
