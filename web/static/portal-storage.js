// What the portal keeps in the browser, if the browser lets us.
export const DRAFT = "lobke-draft:"; // how the keys of drafts begin

/** Does something with the storage of this tab; null when the browser keeps nothing. */
export const inTab = (work) => tried(() => work(sessionStorage));

/** Does something with the storage of all tabs; null when the browser keeps nothing. */
export const inBrowser = (work) => tried(() => work(localStorage));

function tried(work) {
  try {
    return work();
  } catch {
    return null;
  }
}

/** Takes the drafts away, or those of everybody whose keys do not begin with `mine`. */
export function forgetDrafts(mine) {
  inTab((storage) =>
    Object.keys(storage)
      .filter((key) => key.startsWith(DRAFT) && !(mine && key.startsWith(mine)))
      .forEach((key) => storage.removeItem(key)),
  );
}

const LOGGED_OUT = "lobke-logged-out"; // from logging out until somebody is in again

export const wasLoggedOut = () => inBrowser((storage) => storage.getItem(LOGGED_OUT)) !== null;

export function setLoggedOut(out) {
  inBrowser((storage) => (out ? storage.setItem(LOGGED_OUT, "") : storage.removeItem(LOGGED_OUT)));
}
