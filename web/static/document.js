// The button that prints a document; without JavaScript it stays hidden.
const button = document.getElementById("print");
button.hidden = false;
button.addEventListener("click", () => window.print());
