// After logging out nothing that was typed stays behind: not in this tab, nor in another one of the portal, also when
// that one came here by itself because its login had ended.
import { forgetDrafts, setLoggedOut, wasLoggedOut } from "./portal-storage.js";

const channel = new BroadcastChannel("lobke-portal");

function follow() {
  forgetDrafts();
  if (location.search.includes("melding=opnieuw")) location.replace("/portal/inloggen?melding=uitgelogd");
}

if (/[?&]melding=(uitgelogd|overal)(&|$)/.test(location.search)) {
  forgetDrafts();
  setLoggedOut(true); // for tabs that do not listen now
  channel.postMessage("uitgelogd");
} else if (wasLoggedOut()) follow();
channel.addEventListener("message", follow);
