// After logging out nothing that was typed stays behind: not in this tab, nor in another one of the portal.
if (/[?&]melding=(uitgelogd|overal)(&|$)/.test(location.search)) {
  try {
    Object.keys(sessionStorage)
      .filter((key) => key.startsWith("lobke-draft:"))
      .forEach((key) => sessionStorage.removeItem(key));
  } catch {
    // then the browser kept nothing either
  }
  new BroadcastChannel("lobke-portal").postMessage("uitgelogd");
}
