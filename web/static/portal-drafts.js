// Keeps what is typed about a handoff in this tab, until it is sent or somebody logs out. The draft has the version it
// was typed on and the key it goes with: so a newer version is still noticed, and sending twice is still once.
import { DRAFT, forgetDrafts, inTab } from "./portal-storage.js";

const { account, handoff, restored } = document.getElementById("live").dataset;
const MINE = `${DRAFT}${account}:`;
const FIELDS = ["version", "seen_status", "seen_assignee", "seen_messages", "key"];

const keyOf = (action) => `${MINE}${handoff}:${action}`;

function keep({ form, value }) {
  const fields = Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value]));
  inTab((storage) => {
    if (value.trim()) storage.setItem(keyOf(form.id), JSON.stringify({ text: value, fields }));
    else storage.removeItem(keyOf(form.id));
  });
}

/** Puts the draft back, unless the server sent the text along. Whether it did. */
function restore(field) {
  const draft = inTab((storage) => JSON.parse(storage.getItem(keyOf(field.form.id))));
  if (!draft || field.value.trim()) return false;
  field.value = draft.text;
  FIELDS.forEach((name) => (field.form.elements[name].value = draft.fields[name]));
  return true;
}

forgetDrafts(MINE); // somebody else may have been logged in here before

const done = new URLSearchParams(location.search).get("melding");
if (done) {
  inTab((storage) => storage.removeItem(keyOf(done)));
  history.replaceState(null, "", location.pathname); // so a reload does not take the next draft away
}

const fields = () => [...document.querySelectorAll("main form[id] textarea[name=text]")];
if (fields().map(restore).includes(true)) document.getElementById("live").textContent = restored;
document.addEventListener("input", ({ target }) => target.matches("main form[id] textarea[name=text]") && keep(target));
addEventListener("pagehide", () => fields().forEach(keep));
