// Keeps a page of the inbox up to date. It never touches what somebody is typing or choosing, nor where she is looking.
import { setLoggedOut } from "./portal-storage.js";

const AGAIN = 30_000; // ms until the next try after a connection was refused
const BUSY = 60_000; // ms between two signs that somebody is typing
const SAID = 20_000; // ms that an announcement stays
const SEEN = ["seen_status", "seen_assignee", "seen_messages"];

setLoggedOut(false);

const byId = (id) => document.getElementById(id);
const live = byId("live");
const { url, handoff, csrf, ...words } = live.dataset;
const main = byId("content");
const notice = byId("changed");
let mark = live.dataset.mark;
let unread = Number(live.dataset.unread);
let latest = null; // what the forms of the newest page say they have seen
let source = null;
let refreshing = false;
let again = false;

const forms = (within = main) => [...within.querySelectorAll("form")].filter((form) => form.elements.version);

const defaultIndex = (select) => [...select.options].findIndex((option) => option.defaultSelected);

/** Whether somebody typed or chose something in this form. */
function isTouched(form) {
  return [...form.elements].some((field) => {
    if (field.matches("textarea")) return field.value.trim() !== "";
    if (field.matches("select")) return field.selectedIndex !== Math.max(defaultIndex(field), 0) || "typed" in form.dataset;
    if (field.matches("[type=checkbox]")) return field.checked !== field.defaultChecked;
    return field.matches("[type=date]") && field.value !== "";
  });
}

/** Whether what was typed in this form is about an older version. A note is about none. */
const isBehind = (form) => latest && form.id !== "notitie" && form.elements.version.value !== latest.version;

function raise(form) {
  Object.entries(latest).forEach(([name, value]) => (form.elements[name].value = value));
}

/** Puts `fresh` in the place of `old`; a row, tab or link that had the focus has it again. */
function replace(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const rows = [...old.querySelectorAll("[data-id]")];
  const row = focused?.closest("[data-id]");
  old.replaceWith(fresh);
  if (!focused) return;
  const same = row
    ? fresh.querySelector(`[data-id="${row.dataset.id}"] a`)
    : [...fresh.querySelectorAll("a")].find((link) => link.href === focused.href);
  const near = row && fresh.querySelectorAll("[data-id] a");
  (same ?? near?.[Math.min(rows.indexOf(row), near.length - 1)])?.focus({ preventScroll: true });
}

/** Brings one part of the page up to date, and the parts in it on their own when both have the same ones. */
function update(old, fresh) {
  const inner = (part) => [...part.querySelectorAll(":scope > [data-live]")];
  const names = (part) => inner(part).map((one) => one.dataset.live).join();
  if (inner(old).length && names(old) === names(fresh)) {
    const parts = inner(fresh);
    inner(old).forEach((part, place) => update(part, parts[place]));
    return;
  }
  const mine = forms(old);
  const isInUse = mine.length && (old.contains(document.activeElement) || mine.some(isTouched));
  const isKept = old.querySelector("textarea") && fresh.querySelector("textarea");
  if (isInUse || isKept) mine.filter((form) => !isTouched(form)).forEach(raise);
  else replace(old, fresh);
}

/** Changes the page while what is on the screen stays where it is. */
function inPlace(change) {
  const topOf = (element) => element.getBoundingClientRect().top;
  const isShown = (element) => topOf(element) < innerHeight && element.getBoundingClientRect().bottom > 0;
  const own = [...main.querySelectorAll("[data-id], form, h2")];
  const active = main.contains(document.activeElement) && document.activeElement !== main && document.activeElement;
  let anchor = [active, ...own].find((element) => element && isShown(element));
  anchor = anchor?.closest("[data-id]") ?? anchor;
  const before = anchor && topOf(anchor);
  const isAtTop = scrollY === 0; // then what is new comes into view
  change();
  if (anchor && !anchor.isConnected) anchor = main.querySelector(`[data-id="${anchor.dataset.id}"]`);
  if (anchor && !isAtTop) scrollBy({ top: topOf(anchor) - before, behavior: "instant" });
}

let forgetting;
function say(text) {
  clearTimeout(forgetting);
  live.textContent = text;
  forgetting = setTimeout(() => (live.textContent = ""), SAID);
}

/** What is new on the fresh page, in a few words. */
function news(fresh) {
  const more = (selector) => fresh.querySelectorAll(selector).length > document.querySelectorAll(selector).length;
  if (handoff) {
    if (more(".thread .pupil")) return words.written;
    if (more(".thread .decaan")) return words.answered;
    if (more('[data-live="notes"] li')) return words.noted;
    return fresh.getElementById("live").dataset.version === live.dataset.version ? "" : words.changed;
  }
  const shown = [...main.querySelectorAll("[data-id]")];
  const before = Object.fromEntries(shown.map((row) => [row.dataset.id, row.className]));
  const rows = [...fresh.querySelectorAll(".unread[data-id]")];
  if (rows.some((row) => !(row.dataset.id in before))) return words.new;
  if (rows.some((row) => before[row.dataset.id] !== row.className)) return words.written;
  return Number(fresh.getElementById("live").dataset.unread) > unread ? words.elsewhere : "";
}

/** Shows what is different from what somebody is typing on; she says herself that it still fits. */
function warn(form, changes) {
  const other = Object.assign(document.createElement("li"), { textContent: words.changed });
  notice.querySelector("ul").replaceChildren(...(changes.length ? changes : [other]));
  form.prepend(notice);
  notice.hidden = false;
}

function show(fresh) {
  const told = fresh.getElementById("live").dataset;
  const text = news(fresh);
  if (handoff) {
    const seen = forms(fresh)[0].elements;
    latest = Object.fromEntries(["version", ...SEEN].map((name) => [name, seen[name].value]));
  }
  const behind = handoff && forms().filter((form) => isTouched(form) && isBehind(form));
  inPlace(() => {
    [...main.querySelectorAll("[data-live]")]
      .filter((part) => !part.parentElement.closest("[data-live]"))
      .forEach((part) => update(part, fresh.querySelector(`[data-live="${part.dataset.live}"]`)));
    if (behind?.length) warn(behind[0], fresh.querySelectorAll(".changes:not([hidden]) li"));
  });
  document.title = fresh.title;
  mark = told.mark;
  unread = Number(told.unread);
  if (handoff) live.dataset.version = told.version;
  if (text) say(text);
}

function login() {
  location.assign(`/portal/inloggen?melding=opnieuw&next=${encodeURIComponent(url)}`);
}

/** Gets the page once more, without that counting as somebody being there. */
async function refresh() {
  if (handoff && document.hidden) return; // nobody reads it now; when she is back, `connect` tells
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = true;
  const address = new URL(url, location.href);
  address.searchParams.set("vanzelf", "ja");
  const typed = handoff && forms().find((form) => isTouched(form) && form.id !== "notitie");
  if (typed) SEEN.forEach((name) => address.searchParams.set(name, typed.elements[name].value));
  try {
    const answer = await fetch(address);
    if (new URL(answer.url).pathname !== address.pathname) return login();
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.ok) show(fresh);
    else if (answer.status === 404) gone(fresh);
    else setTimeout(refresh, AGAIN);
  } catch {
    setTimeout(refresh, AGAIN); // no connection
  } finally {
    refreshing = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

/** The pupil deleted the handoff: what is typed stays on the page, but there is nobody to send it to. */
function gone(fresh) {
  disconnect();
  say(fresh.querySelector(".lead").textContent);
  clearTimeout(forgetting);
}

function connect() {
  if (source || (handoff && document.hidden)) return; // who looks at another tab does not look at this handoff
  const query = new URLSearchParams({ vanzelf: "ja", sinds: mark, ...(handoff && { overdracht: handoff }) });
  source = new EventSource(`/portal/overdrachten/live?${query}`);
  source.addEventListener("changed", refresh);
  source.addEventListener("present", ({ data }) => greet(JSON.parse(data).names));
  source.addEventListener("ended", login);
  source.addEventListener("error", () => {
    if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    source = null;
    setTimeout(connect, AGAIN);
    refresh(); // it tells whether she is still logged in
  });
}

function disconnect() {
  source?.close();
  source = null;
}

function greet(names) {
  const { one, more } = byId("present").dataset;
  const list = new Intl.ListFormat("nl").format(names);
  inPlace(() => (byId("present").textContent = names.length ? `${list} ${names.length > 1 ? more : one}` : ""));
}

document.addEventListener("visibilitychange", () => (handoff && document.hidden ? disconnect() : connect()));
addEventListener("pagehide", disconnect);
addEventListener("pageshow", ({ persisted }) => persisted && connect());
new BroadcastChannel("lobke-portal").addEventListener("message", () =>
  location.assign("/portal/inloggen?melding=uitgelogd"),
);

let busy = Date.now();
document.addEventListener("input", () => {
  if (Date.now() - busy < BUSY) return;
  busy = Date.now();
  fetch("/portal/overdrachten/bezig", { method: "POST", body: new URLSearchParams({ csrf }) }).catch(() => {});
});

notice?.querySelector("button").addEventListener("click", () => {
  forms().forEach(raise);
  notice.hidden = true;
  notice.closest("form").querySelector("textarea, select, [type=date]").focus();
});

connect();
const isOld = (form) => form.elements.version.value !== live.dataset.version; // a draft from before
if (handoff && forms().some((form) => isTouched(form) && isOld(form))) refresh();
