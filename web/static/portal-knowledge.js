// Small help on the pages of the knowledge; everything works without it.

// A browser that does not know the shadow roots of the preview gets them here.
document.querySelectorAll("template[shadowrootmode]").forEach((template) => {
  template.parentElement.attachShadow({ mode: "open" }).append(template.content);
  template.remove();
});

// To the preview, or else to the first field that is wrong.
const first = document.querySelector("#preview") ?? document.querySelector("[aria-invalid]");
first?.focus();

// From a problem to its line in the file.
document.addEventListener("click", (event) => {
  const { line, column } = event.target.dataset ?? {};
  const field = document.querySelector("textarea.yaml");
  if (!line || !field) return;
  event.preventDefault();
  const before = field.value.split("\n").slice(0, line - 1);
  const at = before.reduce((sum, text) => sum + text.length + 1, 0) + Number(column) - 1;
  field.focus();
  field.setSelectionRange(at, at);
  const height = parseFloat(getComputedStyle(field).lineHeight);
  field.scrollTop = Math.max(0, (line - 4) * height);
});

// Typed text is not lost by a click beside it.
let changed = false;
document.addEventListener("input", ({ target }) => (changed ||= Boolean(target.closest("form.knowledge"))));
document.addEventListener("submit", () => (changed = false));
addEventListener("beforeunload", (event) => changed && event.preventDefault());
