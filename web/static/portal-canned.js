// Texts that decanen reuse: a canned answer goes in at the cursor, and what is passed on can be copied or printed.
// Without JavaScript the server fills in the answer, and the buttons to copy and print are absent.
const byId = (id) => document.getElementById(id);

// On the document, because a live change of the page may replace the button.
document.addEventListener("click", (event) => {
  const text = event.target.closest("#fill-in") && byId("canned").selectedOptions[0]?.dataset.text;
  if (!text) return;
  event.preventDefault();
  const reply = byId("reply");
  const { selectionEnd: at, value } = reply;
  const before = at && !/\s$/.test(value.slice(0, at)) ? "\n\n" : "";
  const after = /^\S/.test(value.slice(at)) ? "\n\n" : "";
  reply.setRangeText(before + text + after, at, at, "end");
  reply.dispatchEvent(new Event("input", { bubbles: true }));
  reply.focus();
});

const paper = byId("paper");
if (paper) {
  byId("print").hidden = false;
  byId("print").addEventListener("click", () => window.print());
  byId("copy").hidden = !navigator.clipboard;
  byId("copy").addEventListener("click", async () => {
    const done = await navigator.clipboard.writeText(paper.textContent).then(
      () => true,
      () => false,
    );
    byId("copied").textContent = done ? "De tekst is gekopieerd." : "Kopiëren lukt niet. Selecteer de tekst zelf.";
  });
}
