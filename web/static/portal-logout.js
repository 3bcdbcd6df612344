// After logging out nothing that was typed stays behind: not in this tab, nor in another one of the portal, also when
// that one came here by itself because its login had ended.
const LOGGED_OUT = "lobke-logged-out"; // stays until somebody is in again
const channel = new BroadcastChannel("lobke-portal");

function forget() {
  try {
    Object.keys(sessionStorage)
      .filter((key) => key.startsWith("lobke-draft:"))
      .forEach((key) => sessionStorage.removeItem(key));
  } catch {
    // then the browser kept nothing either
  }
}

function wasLoggedOut() {
  try {
    return localStorage.getItem(LOGGED_OUT) !== null;
  } catch {
    return false;
  }
}

function follow() {
  forget();
  if (location.search.includes("melding=opnieuw")) location.replace("/portal/inloggen?melding=uitgelogd");
}

if (/[?&]melding=(uitgelogd|overal)(&|$)/.test(location.search)) {
  forget();
  try {
    localStorage.setItem(LOGGED_OUT, "");
  } catch {
    // then other tabs only hear it when they listen
  }
  channel.postMessage("uitgelogd");
} else if (wasLoggedOut()) follow();
channel.addEventListener("message", follow);
