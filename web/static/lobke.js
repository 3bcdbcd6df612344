/**
 * <lobke-chat>: the chat of Lobke, for any page that is on Lobke's list of sites.
 *
 *     <script type="module" src="https://HOST/lobke.js"></script>
 *     <lobke-chat></lobke-chat>
 *
 * Attributes: `open` starts with the panel open, `inline` puts the panel in the page instead of over it, and
 * `school` names the school whose page it is, by its id: chats are counted for that school.
 * Methods: show() and close(). The look: the --lobke-… properties of tokens.css.
 * A conversation starts only when a pupil asks for it. Text from outside becomes DOM nodes, never HTML.
 */

const ORIGIN = new URL(import.meta.url).origin;
const STORAGE_KEY = "lobke";
const MAX_TEXT = 1000;
const COUNT_FROM = 900;
const REQUEST_MS = 30_000;
const SLOW_MS = 4_000;
const FULL_SCREEN = matchMedia("(max-width: 30rem), (max-height: 30rem)");
const TOUCH = matchMedia("(pointer: coarse)");

const TEXT = {
  title: "Lobke",
  subtitle: "Computerprogramma",
  launcher: "Vraag het Lobke",
  unread: (count) => (count === 1 ? " nieuw bericht" : " nieuwe berichten"),
  intro: "Hoi! Ik ben Lobke, een computerprogramma. Ik help je bij het kiezen van een profiel of een mbo-opleiding.",
  begin: "Begin het gesprek",
  menu: "Menu",
  close: "Sluiten",
  about: "Lobke is een computerprogramma. Ze kan zich vergissen, dus vraag belangrijke dingen ook aan je decaan.",
  erase: "Gesprek wissen",
  eraseQuestion: "Wil je je gesprek wissen? Je krijgt het daarna niet meer terug.",
  eraseYes: "Ja, wissen",
  eraseNo: "Nee, bewaren",
  eraseFailed: "Wissen is niet gelukt.",
  erased: "Je gesprek is gewist.",
  ended: "Je gesprek is afgelopen en gewist. Dat gebeurt vanzelf als je een tijd niets stuurt.",
  again: "Nieuw gesprek",
  log: "Gesprek met Lobke",
  field: "Je vraag aan Lobke",
  placeholder: "Typ je vraag",
  send: "Versturen",
  charactersLeft: (count) => `Nog ${count} ${count === 1 ? "teken" : "tekens"}`,
  choices: "Kies een antwoord",
  steps: "Andere keuzes",
  outOf: (part, whole) => `${part} van ${whole}`,
  copy: "Kopieer de tekst",
  copied: "Gekopieerd.",
  notCopied: "Kopiëren lukt hier niet. Selecteer de tekst zelf.",
  slow: "Het duurt iets langer dan anders.",
  sending: "Wordt verstuurd",
  notSent: "Niet verstuurd.",
  resend: "Opnieuw sturen",
  retry: "Probeer het opnieuw",
  wait: (seconds) => `Over ${seconds} ${seconds === 1 ? "seconde" : "seconden"} kun je weer sturen.`,
  waited: "Je kunt weer sturen.",
  offline: "Lobke is niet te bereiken. Kijk of je internet hebt en probeer het dan opnieuw.",
  trouble: "Er gaat nu iets mis bij Lobke. Probeer het zo nog een keer.",
  rate: "Hielp dit antwoord?",
  helped: "Dit hielp",
  helpedNot: "Dit hielp niet",
  ratedHelped: "Fijn!",
  ratedHelpedNot: "Dank je. Probeer het eens in andere woorden, of vraag je decaan.",
  ratedNothing: "Je keuze is weg.",
  newTab: " (opent in een nieuw tabblad)",
  copyCode: "Kopieer de code",
  decaanWrote: "Je decaan heeft geantwoord.",
  answer: "Antwoord van je decaan",
  answerIntro: "Heb je een bericht aan je decaan gestuurd? Met je code lees je het antwoord.",
  code: "Je code",
  codeHelp: "Het zijn 8 letters en cijfers, zoals K7QF\u20113MZP.",
  codeEmpty: "Typ eerst je code.",
  codeOpen: "Lees mijn antwoord",
  codeLost: "Ben je je code kwijt? Loop dan langs bij je decaan.",
  backToChat: "Terug naar de chat",
  messages: "Berichten",
  reload: "Kijk of er iets nieuws is",
  reloaded: "Ik heb net gekeken.",
  writeBack: "Schrijf terug",
  writeEmpty: "Typ eerst je bericht.",
  written: "Gelukt, je decaan kan je bericht lezen.",
  writtenHelp: "Gelukt, je decaan kan je bericht lezen. Heb je nu iemand nodig? Wacht dan niet op antwoord.",
  withdraw: "Bericht intrekken",
  withdrawQuestion:
    "Wil je je bericht intrekken? Je decaan weet dan dat je geen antwoord meer wilt. Je decaan kan wel zien wat je schreef.",
  withdrawYes: "Ja, trek mijn bericht in",
  withdrawn: "Gelukt, je hebt je bericht ingetrokken.",
  wipe: "Alles wissen",
  wipeQuestion:
    "Wil je alles wissen? Je bericht en alle antwoorden zijn dan weg, ook bij je decaan. Je krijgt ze niet meer terug.",
  wipeYes: "Ja, wis alles",
  wiped: "Gelukt, ik heb alles gewist. Je code werkt niet meer.",
  backToThread: "Nee, terug naar mijn bericht",
};
const SENDERS = { bot: "Lobke", pupil: "Jij", decaan: "Je decaan" };
const HIDDEN_CODE = "(code)"; // what the server keeps of a message that is a return code
const ANSWER_PAGE = "/antwoord"; // which a card may name; the widget itself has a panel for it

const ICONS = {
  mark: [
    ["filled", "M6 2h12a4 4 0 0 1 4 4v8a4 4 0 0 1-4 4h-7l-5 4v-4a4 4 0 0 1-4-4V6a4 4 0 0 1 4-4z"],
    ["way", "M8 5.6v6.9h8M13.4 9.8l2.7 2.7-2.7 2.7"],
  ],
  menu: [["", "M4 7h16M4 12h16M4 17h16"]],
  close: [["", "M6 6l12 12M18 6L6 18"]],
  send: [["", "M12 19V5M6 11l6-6 6 6"]],
  helped: [
    ["thumb", "M8 11l4-7.5a2.3 2.3 0 0 1 2.3 2.8L13.6 10H18a2 2 0 0 1 2 2.4l-1.2 6A2 2 0 0 1 16.8 20H8z"],
    ["", "M8 11H4v9h4"],
  ],
  helpedNot: [
    ["thumb", "M16 13l-4 7.5a2.3 2.3 0 0 1-2.3-2.8l.7-3.7H6a2 2 0 0 1-2-2.4l1.2-6A2 2 0 0 1 7.2 4H16z"],
    ["", "M16 13h4V4h-4"],
  ],
};

/** What the action returns, or undefined when it fails. */
function attempt(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}

// Building nodes

/** A new element. A function among the attributes listens to the event of that name; empty children are left out. */
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.toggleAttribute(name, true);
    else if (value != null && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

/** A new node of SVG that is only to be looked at. */
function drawing(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function icon(name) {
  const paths = ICONS[name].map(([className, d]) => drawing("path", { class: className, d }));
  return drawing("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, ...paths);
}

const button = (content, attributes, click) => element("button", { type: "button", click, ...attributes }, content);
const iconButton = (name, attributes, click) =>
  button(icon(name), { class: "icon", "aria-label": TEXT[name], ...attributes }, click);
const hiddenText = (text) => element("span", { class: "hidden-text" }, text);

/** A link that is safe to follow: https, tel, or a page of Lobke herself. Otherwise just its label. */
function link(address, label) {
  const url = attempt(() => new URL(address, ORIGIN));
  if (url?.protocol === "tel:") return element("a", { href: url.href }, label);
  if (url?.protocol !== "https:" && !url?.href.startsWith(`${ORIGIN}/`)) return label;
  return element("a", { href: url.href, target: "_blank", rel: "noopener" }, label, hiddenText(TEXT.newTab));
}

const INLINE = /\*\*(.+?)\*\*|\*([^*\s][^*]*)\*|\b_([^_]+)_\b|\[([^\]]+)\]\(([^)\s]+)\)/;

/** The nodes of one line of Markdown: bold, italic and links. */
function inline(text) {
  const match = INLINE.exec(text);
  if (!match) return [text];
  const [whole, bold, starred, underlined, label, address] = match;
  const node = label
    ? link(address, label)
    : element(bold ? "strong" : "em", {}, ...inline(bold || starred || underlined));
  return [text.slice(0, match.index), node, ...inline(text.slice(match.index + whole.length))];
}

const LIST_ITEM = /^\s*(?:[-*•]|(\d+)[.)])\s+(.*)$/;

/** The nodes of a text in light Markdown: paragraphs, line breaks and lists. */
function markdown(text) {
  const blocks = [];
  let block = null;
  for (const line of text.split("\n")) {
    const [, number, item] = LIST_ITEM.exec(line) ?? [];
    const tag = item === undefined ? "p" : number ? "ol" : "ul";
    if (!line.trim()) {
      block = null;
      continue;
    }
    if (block?.localName !== tag) blocks.push((block = element(tag, { start: number })));
    else if (tag === "p") block.append(element("br"));
    block.append(...(tag === "p" ? inline(line) : [element("li", {}, ...inline(item))]));
  }
  return blocks;
}

const renderProgress = ({ at, of }) =>
  element("label", { class: "progress" }, TEXT.outOf(at, of), element("progress", { value: at, max: of }));

/** What there is to see of a card; nothing when it only says how far a flow is. `readAnswer` opens the panel for it. */
function renderCard(card, readAnswer) {
  const { title, code, rows, chart, sections, table, links, note, quote, copy } = card;
  const go = ({ label, url }) =>
    readAnswer && url === ANSWER_PAGE ? button(label, {}, readAnswer) : link(url, label);
  const parts = [
    title && element("h3", {}, title),
    code && renderCode(code),
    rows?.length && renderRows(rows),
    chart && renderChart(chart),
    ...(sections ?? []).map(renderSection),
    table && renderTable(table),
    links?.length &&
      element("ul", { class: "links" }, ...links.map((each) => element("li", {}, go(each)))),
    note && element("p", { class: "note" }, ...inline(note)),
    quote && element("p", { class: "note" }, element("strong", {}, `${quote.by}: `), `“${quote.text}”`),
    copy && renderCopy(cardText(card)),
  ].filter(Boolean);
  const wide = chart || sections || table ? " wide" : "";
  return parts.length ? element("div", { class: `card${wide}` }, ...parts) : null;
}

/** A code to write down: big, and letter by letter for who listens. */
function renderCode(code) {
  const spoken = [...code.replace("-", ",")].join(" ").replace(" ,", ",");
  return element(
    "div",
    { class: "code" },
    element("p", {}, hiddenText(spoken), element("span", { "aria-hidden": "true" }, code)),
    renderCopy(code, TEXT.copyCode),
  );
}

function renderRows(rows) {
  const row = ({ label, value }) =>
    element("div", {}, element("dt", {}, label), element("dd", {}, ...inline(String(value))));
  return element("dl", {}, ...rows.map(row));
}

function renderChart({ alt, bars }) {
  const bar = ({ label, value, of, strong }) => {
    const filled = drawing("rect", { width: `${(100 * value) / of}%`, height: "100%" });
    return element(
      "div",
      { class: strong ? "bar strong" : "bar" },
      element("span", {}, label),
      element("span", {}, TEXT.outOf(value, of)),
      drawing("svg", {}, filled),
    );
  };
  return element("div", { class: "chart", role: "img", "aria-label": alt }, ...bars.map(bar));
}

function renderSection({ title, text, items, rows }) {
  return element(
    "section",
    {},
    element("h4", {}, title),
    ...(text ? markdown(text) : []),
    items?.length && element("ul", {}, ...items.map((item) => element("li", {}, ...inline(item)))),
    rows?.length && renderRows(rows),
  );
}

/** A table that a narrow panel stacks: the roles keep it a table there, and every cell repeats its column's name. */
function renderTable({ head, rows }) {
  const column = (name) => element("th", { role: "columnheader", scope: "col" }, name);
  const cell = (text, index) =>
    element(
      "td",
      { role: "cell" },
      element("span", { class: "column", "aria-hidden": "true" }, head[index]),
      element("span", {}, ...inline(String(text))),
    );
  const row = ({ label, cells }) =>
    element("tr", { role: "row" }, element("th", { role: "rowheader", scope: "row" }, label), ...cells.map(cell));
  const names = element("tr", { role: "row" }, element("td", { role: "cell" }), ...head.map(column));
  return element(
    "table",
    { role: "table" },
    element("thead", { role: "rowgroup" }, names),
    element("tbody", { role: "rowgroup" }, ...rows.map(row)),
  );
}

/** The words of a card to paste elsewhere: title, rows and sections. */
function cardText({ title, rows, sections = [] }) {
  const pairs = (rows = []) => rows.map(({ label, value }) => `${label}: ${value}`);
  const blocks = sections.map(({ title, text, items = [], rows }) => [
    title,
    text,
    ...items.map((item) => `- ${item}`),
    ...pairs(rows),
  ]);
  return [[title, ...pairs(rows)], ...blocks]
    .map((lines) => lines.filter(Boolean).join("\n"))
    .filter(Boolean)
    .join("\n\n")
    .replaceAll("**", "");
}

function renderCopy(text, label = TEXT.copy) {
  const told = element("span", { role: "status" });
  const copy = async ({ currentTarget: pressed }) => {
    const done = await copyText(text, pressed);
    told.textContent = done ? TEXT.copied : TEXT.notCopied;
  };
  return element("div", { class: "copy" }, button(label, {}, copy), told);
}

/** Whether the text is on the clipboard now. Without https there is no clipboard: then a field beside `place` is copied. */
async function copyText(text, place) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element("textarea", { class: "hidden-text" });
    field.value = text;
    place.after(field);
    field.select();
    const done = attempt(() => document.execCommand("copy"));
    field.remove();
    place.focus({ preventScroll: true });
    return Boolean(done);
  }
}

/** The time of a message, with the day when that is not today. */
function renderTime(at) {
  const moment = new Date(at);
  const today = moment.toDateString() === new Date().toDateString();
  const day = !today && { day: "numeric", month: "short" };
  const shown = moment.toLocaleString("nl-NL", { ...day, hour: "2-digit", minute: "2-digit" });
  return element("time", { datetime: at }, shown);
}

// Talking to the server

/** What went wrong with a call: `status` 0 means that no answer came; `wait` is in seconds. */
class Problem extends Error {
  constructor(status, detail, wait = 0) {
    super(wait ? `${detail} ${TEXT.wait(wait)}` : detail);
    this.detail = detail;
    this.status = status;
    this.wait = wait;
    this.passing = status === 0 || status >= 500 || [408, 409, 429].includes(status);
  }
}

/** The decoded answer to one call of the chat API; raises a Problem. */
async function call(method, path, { token, body, key } = {}) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  let response;
  try {
    const signal = AbortSignal.timeout?.(REQUEST_MS);
    const options = { method, headers, body: body && JSON.stringify(body), cache: "no-store", credentials: "omit" };
    response = await fetch(ORIGIN + path, { ...options, signal });
  } catch {
    throw new Problem(0, TEXT.offline);
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && (answer || response.status === 204)) return answer;
  const asked = [429, 503].includes(response.status) && response.headers.has("Retry-After");
  const wait = asked ? Number(response.headers.get("Retry-After")) || 5 : 0;
  throw new Problem(response.ok ? 0 : response.status, answer?.detail || TEXT.trouble, wait);
}

/** The events of a stream of server-sent events, as {event, data}. */
async function* readEvents(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    const blocks = (rest + chunk.value).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) yield Object.fromEntries(block.split(/\r?\n/).map((line) => line.split(/: (.*)/)));
  }
}

/** A new UUID; crypto.randomUUID does not exist on pages without https, the name of a blob does. */
const newKey = () => crypto.randomUUID?.() ?? URL.createObjectURL(new Blob()).slice(-36);

/** What this browser remembers of the conversation: {token, read}. Blocked storage only means that it forgets. */
const memory = {
  load: () => attempt(() => JSON.parse(localStorage.getItem(STORAGE_KEY))) ?? {},
  save: (value) => attempt(() => localStorage.setItem(STORAGE_KEY, JSON.stringify(value))),
  clear: () => attempt(() => localStorage.removeItem(STORAGE_KEY)),
};

// The answer of a decaan

/**
 * What a pupil does with a code: read, write back, withdraw, delete. `leave` is called when she goes back to the chat.
 * The code is only in the memory of this object, and not any more when it is closed: computers at school are shared.
 */
class AnswerPanel {
  #leave;
  #code = "";
  #draft = "";
  #sending = {}; // the text that was sent last and its key, so that sending it again is sending it once
  #visit = null; // what came back for an earlier visit is not shown any more

  constructor(leave) {
    this.#leave = leave;
    this.node = element("section", { class: "answer", "aria-labelledby": "answer-title", hidden: true });
  }

  get isOpen() {
    return !this.node.hidden;
  }

  open() {
    if (this.isOpen) return;
    this.#visit = {};
    this.node.hidden = false;
    this.#askCode();
  }

  close() {
    this.#visit = null;
    this.#code = this.#draft = "";
    this.#sending = {};
    this.node.hidden = true;
    this.node.replaceChildren();
  }

  /** Escape leaves a question or the panel, but never a text that she is typing. */
  escape() {
    const field = this.node.querySelector("textarea");
    if (this.node.querySelector(".confirm")) this.node.querySelector(".confirm button").click();
    else if (!field?.value.trim()) this.#leave();
  }

  #show(...parts) {
    const title = element("h3", { id: "answer-title", tabindex: "-1" }, TEXT.answer);
    const back = button(TEXT.backToChat, {}, () => this.#leave());
    this.node.replaceChildren(title, ...parts.filter(Boolean), back);
    this.node.scrollTop = 0;
    return title;
  }

  #askCode({ note, problem, typed = "" } = {}) {
    const field = element("input", {
      id: "code",
      maxlength: 40,
      autocomplete: "off",
      autocapitalize: "characters",
      spellcheck: "false",
      "aria-describedby": "code-help answer-problem",
      "aria-invalid": problem ? "true" : null,
    });
    field.value = typed;
    const submit = (event) => {
      event.preventDefault();
      const code = field.value.trim();
      if (!code) return this.#askCode({ problem: TEXT.codeEmpty });
      const opened = ({ handoff }) => {
        this.#code = code;
        this.#showThread(handoff).focus();
      };
      this.#call("", { code }, opened, (text) => this.#askCode({ problem: text, typed: field.value }));
    };
    this.#show(
      note && element("p", { role: "status" }, note),
      element("p", {}, TEXT.answerIntro),
      element(
        "form",
        { submit },
        element("label", { for: "code" }, TEXT.code),
        element("p", { id: "code-help", class: "help" }, TEXT.codeHelp),
        field,
        this.#problem(problem),
        element("button", { class: "main" }, TEXT.codeOpen),
      ),
      element("p", {}, TEXT.codeLost),
    );
    field.focus({ preventScroll: true });
  }

  /** The thread with what she can do; the heading of it, to put the focus on. */
  #showThread(handoff, { note, problem } = {}) {
    const again = (text) => (this.#showThread(handoff, { problem: text }), this.#focusProblem());
    const shown = (note) => (answer) => this.#showThread(answer.handoff, { note }).focus();
    const reload = () => this.#call("", {}, shown(TEXT.reloaded), again);
    return this.#show(
      note && element("p", { class: "done", role: "status" }, note),
      handoff.help && renderCard(handoff.help),
      element("p", {}, handoff.summary),
      element("ol", { "aria-label": TEXT.messages }, ...handoff.messages.map((message) => this.#message(message))),
      button(TEXT.reload, {}, reload),
      this.#writeForm(handoff, problem),
      element(
        "div",
        { class: "choices" },
        handoff.can_withdraw && button(TEXT.withdraw, {}, () => this.#askToWithdraw(handoff, again)),
        button(TEXT.wipe, {}, () => this.#askToWipe(handoff, again)),
      ),
    );
  }

  #message({ from, name, at, text }) {
    return element(
      "li",
      { class: `message ${from}` },
      element("span", { class: "sender" }, name || SENDERS[from]),
      element("div", { class: "bubble" }, text),
      element("div", { class: "meta" }, renderTime(at)),
    );
  }

  #writeForm(handoff, problem) {
    const field = element("textarea", {
      id: "write-back",
      rows: 3,
      maxlength: MAX_TEXT,
      "aria-describedby": "answer-problem",
    });
    field.value = this.#draft;
    field.addEventListener("input", () => (this.#draft = field.value));
    const submit = (event) => {
      event.preventDefault();
      const failed = (text) => {
        this.#showThread(handoff, { problem: text });
        this.#focusProblem();
      };
      const text = field.value.trim();
      if (!text) return failed(TEXT.writeEmpty);
      if (this.#sending.text !== text) this.#sending = { text, key: newKey() };
      const sent = ({ handoff: now }) => {
        this.#draft = "";
        this.#sending = {};
        this.#showThread(now, { note: now.help ? TEXT.writtenHelp : TEXT.written }).focus();
      };
      this.#call("/messages", { text }, sent, failed);
    };
    return element(
      "form",
      { submit },
      element("label", { for: "write-back" }, TEXT.writeBack),
      field,
      this.#problem(problem),
      element("button", { class: "main" }, TEXT.send),
    );
  }

  #askToWithdraw(handoff, failed) {
    const done = ({ handoff }) => this.#showThread(handoff, { note: TEXT.withdrawn }).focus();
    const yes = () => this.#call("/withdraw", {}, done, failed);
    this.#ask(TEXT.withdrawQuestion, TEXT.withdrawYes, yes, handoff);
  }

  #askToWipe(handoff, failed) {
    const done = () => {
      this.#code = this.#draft = "";
      this.#askCode({ note: TEXT.wiped });
    };
    this.#ask(TEXT.wipeQuestion, TEXT.wipeYes, () => this.#call("/delete", {}, done, failed), handoff);
  }

  #ask(question, label, yes, handoff) {
    const keep = button(TEXT.backToThread, {}, () => this.#showThread(handoff).focus());
    this.#show(
      element(
        "div",
        { class: "confirm", role: "group", "aria-labelledby": "answer-question" },
        element("p", { id: "answer-question" }, question),
        element("div", {}, keep, button(label, { class: "main" }, yes)),
      ),
    );
    keep.focus();
  }

  #problem(text) {
    return element("p", { id: "answer-problem", class: "problem", role: "alert" }, text);
  }

  #focusProblem() {
    this.node.querySelector("textarea").focus();
  }

  /** One call at a time; nothing comes of it when she left meanwhile. */
  async #call(path, body, done, failed) {
    if (this.node.getAttribute("aria-busy") === "true") return;
    const visit = this.#visit;
    this.node.setAttribute("aria-busy", "true");
    const options = { body: { code: this.#code, ...body }, key: body.text && this.#sending.key };
    let answer;
    let problem;
    try {
      answer = await call("POST", `/api/handoff${path}`, options);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problem = error;
    } finally {
      this.node.removeAttribute("aria-busy");
    }
    if (visit !== this.#visit) return;
    if (problem) failed(problem.detail);
    else done(answer);
  }
}

// The element

class LobkeChat extends HTMLElement {
  #token;
  #read = ""; // id of the newest message that was on screen
  #known = new Set(); // ids of the messages in the log
  #busy = false;
  #pausedUntil = 0;
  #news = []; // messages that came while busy
  #listening = null;
  #inline = false;
  #ui = null;

  connectedCallback() {
    if (!this.#ui) {
      this.#build();
      this.#load();
      call("POST", "/api/views", { body: this.#school }).catch(() => {}); // only counted, so nobody waits for it
    } else this.#listen();
    document.addEventListener("visibilitychange", this.#onVisibility);
    window.addEventListener("storage", this.#onStorage);
  }

  disconnectedCallback() {
    this.#closeAnswer();
    document.removeEventListener("visibilitychange", this.#onVisibility);
    window.removeEventListener("storage", this.#onStorage);
    this.#listening?.abort();
  }

  /** Opens the panel, and starts a conversation when there is none. */
  show() {
    if (this.#ui.panel.open || this.#inline) return;
    this.#openPanel();
    if (!this.#token) this.#begin();
    this.#focusField();
  }

  /** Closes the panel; the conversation stays. */
  close() {
    this.#ui.panel.close?.();
  }

  get #visible() {
    return this.#inline || this.#ui.panel.open;
  }

  get #newest() {
    return [...this.#ui.log.querySelectorAll(".message")].at(-1);
  }

  get #waiting() {
    return this.#busy || Date.now() < this.#pausedUntil;
  }

  // Building

  #build() {
    const root = this.attachShadow({ mode: "open" });
    if ("adoptedStyleSheets" in root) {
      root.adoptedStyleSheets = [new CSSStyleSheet()]; // which the site's own style-src does not block
      root.adoptedStyleSheets[0].replaceSync(css);
    } else root.append(element("style", {}, css));

    this.#inline = this.hasAttribute("inline");
    const ui = (this.#ui = {});
    ui.badge = element("span", { class: "badge" });
    ui.launcher = element(
      "button",
      { type: "button", class: "launcher", lang: "nl", click: () => this.show() },
      icon("mark"),
      TEXT.launcher,
      ui.badge,
    );
    ui.announcer = element("p", { class: "hidden-text", role: "status", lang: "nl" });

    ui.menuButton = iconButton("menu", { "aria-expanded": "false", "aria-controls": "menu" }, () => this.#toggleMenu());
    ui.closeButton = iconButton("close", {}, () => this.close());
    ui.erase = button(TEXT.erase, {}, () => this.#askToErase());
    const readAnswer = button(TEXT.answer, {}, () => this.#readAnswer());
    const about = element("p", {}, TEXT.about);
    ui.menu = element("div", { class: "menu", id: "menu", hidden: true }, about, readAnswer, ui.erase);
    ui.answer = new AnswerPanel(() => this.#leaveAnswer());

    const dots = element("span", { class: "dots", "aria-hidden": "true" }, element("i"), element("i"), element("i"));
    ui.slow = element("span");
    ui.typing = element("div", { class: "typing", hidden: true }, dots, ui.slow);
    const logRole = { role: "log", "aria-live": "polite", "aria-label": TEXT.log, tabindex: "0" };
    ui.log = element("div", { class: "log", ...logRole }, ui.typing);

    ui.eraseProblem = element("p", { class: "problem", role: "alert" });
    ui.keep = button(TEXT.eraseNo, {}, () => this.#stopErasing());
    ui.confirm = element(
      "div",
      { class: "confirm", role: "group", "aria-labelledby": "question", hidden: true },
      element("p", { id: "question" }, TEXT.eraseQuestion),
      ui.eraseProblem,
      element("div", {}, ui.keep, button(TEXT.eraseYes, { class: "main" }, () => this.#erase())),
    );

    const fieldRole = { placeholder: TEXT.placeholder, enterkeyhint: "send", "aria-describedby": "counter" };
    ui.field = element("textarea", { id: "field", rows: "1", maxlength: MAX_TEXT, ...fieldRole });
    ui.field.addEventListener("input", () => this.#measureField());
    ui.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.#sendField(event);
    });
    ui.counter = element("p", { class: "counter", id: "counter", hidden: true });
    ui.composer = element(
      "form",
      { class: "composer", submit: (event) => this.#sendField(event) },
      element("label", { for: "field", class: "hidden-text" }, TEXT.field),
      ui.field,
      iconButton("send", { type: "submit", class: "main icon sends" }),
      ui.counter,
    );

    const heading = element("div", {}, element("h2", { id: "title" }, TEXT.title), element("p", {}, TEXT.subtitle));
    ui.panel = element(
      this.#inline ? "section" : "dialog",
      { class: "panel", lang: "nl", "aria-labelledby": "title" },
      element("header", { class: "top" }, icon("mark"), heading, ui.menuButton, ui.closeButton),
      ui.menu,
      ui.log,
      ui.answer.node,
      ui.confirm,
      ui.composer,
    );
    ui.panel.addEventListener("keydown", (event) => event.key === "Escape" && this.#escape(event));
    // A key that is held down must not answer the next question too.
    ui.log.addEventListener("keydown", (event) => event.repeat && event.key === "Enter" && event.preventDefault());
    ui.panel.addEventListener("cancel", (event) => this.#escape(event));
    ui.panel.addEventListener("close", () => {
      this.#closeAnswer();
      ui.launcher.focus();
    });
    root.append(ui.launcher, ui.announcer, ui.panel);
    if (this.hasAttribute("open") && !this.#inline) this.#openPanel();
  }

  #openPanel() {
    if (FULL_SCREEN.matches) this.#ui.panel.showModal();
    else this.#ui.panel.show();
    this.#scroll();
    this.#update();
  }

  /** Brings everything that follows from the state on screen. */
  #update() {
    const { launcher, badge, panel, log, composer, confirm, erase, typing } = this.#ui;
    const received = [...log.querySelectorAll(".message[data-id]:not(.pupil)")].map((node) => node.dataset.id);
    if (this.#visible && received.length) this.#read = received.at(-1);
    if (this.#token) memory.save({ token: this.#token, read: this.#read });

    const unread = received.filter((id) => id > this.#read).length;
    badge.replaceChildren(...(unread ? [String(unread), hiddenText(TEXT.unread(unread))] : []));
    badge.hidden = !unread;
    launcher.hidden = this.#visible;
    this.#ui.closeButton.hidden = this.#inline;

    typing.hidden = !this.#busy;
    erase.hidden = !this.#token;
    log.hidden = this.#ui.answer.isOpen;
    composer.hidden = log.hidden || !confirm.hidden || !(this.#token || this.#busy);
    const newest = this.#newest;
    for (const choices of log.querySelectorAll(".choices")) choices.classList.toggle("past", !newest.contains(choices));
    for (const sender of panel.querySelectorAll(".sends")) sender.setAttribute("aria-disabled", this.#waiting);
  }

  get #school() {
    const school = this.getAttribute("school");
    return school ? { school } : {};
  }

  #focusField() {
    // On a touch screen the keyboard would cover the greeting and its choices.
    (TOUCH.matches ? this.#ui.log : this.#ui.field).focus({ preventScroll: true });
  }

  #measureField() {
    const { field, counter } = this.#ui;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
    counter.hidden = field.value.length < COUNT_FROM;
    counter.textContent = counter.hidden ? "" : TEXT.charactersLeft(MAX_TEXT - field.value.length);
  }

  // Starting, restoring and ending a conversation

  /** Takes up the conversation that this browser remembers, or waits for the pupil to begin one. */
  #load() {
    const { token, read = "" } = memory.load();
    this.#forget();
    this.#token = token;
    this.#read = read;
    if (token) this.#restore();
    else this.#notice(TEXT.intro, TEXT.begin, () => this.#begin());
    this.#update();
  }

  #begin() {
    this.#run(async () => {
      const { token, messages } = await call("POST", "/api/sessions", { body: this.#school });
      this.#token = token;
      this.#add(messages);
      this.#scroll(this.#ui.log.firstElementChild);
      this.#focusField();
      this.#listen();
    });
  }

  #restore() {
    this.#run(async () => {
      const { messages } = await call("GET", "/api/messages", { token: this.#token });
      const { log } = this.#ui;
      log.setAttribute("aria-live", "off"); // a screen reader need not read the whole chat out again
      this.#add(messages);
      setTimeout(() => log.setAttribute("aria-live", "polite"), 1000);
      this.#scroll();
      this.#listen();
    });
  }

  /** Drops the conversation from this page and this browser. */
  #forget() {
    this.#listening?.abort();
    this.#token = undefined;
    this.#read = "";
    this.#known.clear();
    this.#news = [];
    this.#ui.log.replaceChildren(this.#ui.typing);
  }

  #end(text) {
    this.#forget();
    memory.clear();
    this.#stopErasing();
    this.#notice(text, TEXT.again, () => this.#begin());
    this.#update();
  }

  async #erase() {
    this.#listening?.abort(); // or it would tell that the conversation ended
    try {
      await call("DELETE", "/api/session", { token: this.#token });
    } catch (problem) {
      if (problem.status !== 401) {
        this.#ui.eraseProblem.textContent = `${TEXT.eraseFailed} ${problem.message}`;
        this.#listen();
        return;
      }
    }
    this.#end(TEXT.erased);
  }

  // Sending

  #sendField(event) {
    event.preventDefault();
    const text = this.#ui.field.value.trim();
    if (!text || this.#waiting) return;
    this.#ui.field.value = "";
    this.#measureField();
    this.#send({ text }, text);
  }

  /** Shows what the pupil says and sends it. The key makes sending again safe. `pressed` is the choice that said it. */
  #send(body, text, pressed) {
    this.#deliver({ body, pressed, key: newKey(), bubble: this.#render({ from: "pupil", text }) });
  }

  #deliver(sending) {
    if (this.#waiting) return;
    const { body, pressed, key, bubble } = sending;
    bubble.classList.remove("failed");
    bubble.querySelector(".meta").replaceChildren(TEXT.sending);
    this.#ui.log.insertBefore(bubble, this.#ui.typing);
    const post = async () => {
      const answer = call("POST", "/api/messages", { token: this.#token, body, key });
      this.#scroll(bubble);
      const { messages } = await answer;
      if (!bubble.isConnected) return; // erased meanwhile
      this.#add(messages, bubble);
      const newest = this.#newest;
      this.#scroll(newest.querySelector(".progress") ? newest : bubble);
      if (pressed && pressed === this.shadowRoot.activeElement)
        newest.querySelector(".choices button")?.focus({ preventScroll: true });
    };
    this.#run(post, (problem) => this.#showFailure(sending, problem));
  }

  #showFailure(sending, problem) {
    const again = () => {
      this.#deliver(sending);
      this.#focusField();
    };
    const reason = element("span", {}, element("strong", {}, TEXT.notSent), ` ${problem.message}`);
    const meta = sending.bubble.querySelector(".meta");
    meta.replaceChildren(reason);
    if (problem.passing) meta.append(button(TEXT.resend, { class: "sends" }, again));
    sending.bubble.classList.add("failed");
    this.#scroll(sending.bubble);
  }

  /** Runs one task at a time, behind the typing dots. A problem goes to `failed`; normally that offers to try again. */
  async #run(task, failed = (problem) => this.#notice(problem.message, TEXT.retry, () => this.#run(task))) {
    if (this.#waiting) return;
    const token = this.#token;
    this.#busy = true;
    this.#ui.slow.textContent = "";
    this.#ui.log.querySelector(".notice")?.remove();
    this.#update();
    const slow = setTimeout(() => (this.#ui.slow.textContent = TEXT.slow), SLOW_MS);
    try {
      await task();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.wait) this.#pause(problem.wait);
      if (token !== this.#token) return; // erased meanwhile
      if (problem.status === 401) this.#end(TEXT.ended);
      else failed(problem);
    } finally {
      clearTimeout(slow);
      this.#busy = false;
      this.#update();
      this.#showNews();
    }
  }

  #pause(seconds) {
    this.#pausedUntil = Date.now() + seconds * 1000;
    setTimeout(() => {
      this.#update();
      this.#ui.announcer.textContent = TEXT.waited;
    }, seconds * 1000);
  }

  // Messages

  /** Puts messages that are not there yet in the log, in order; `bubble` becomes what the server stored of it. */
  #add(messages, bubble = null) {
    const { log, typing } = this.#ui;
    for (const message of messages) {
      if (this.#known.has(message.id)) continue;
      this.#known.add(message.id);
      if (bubble && message.from === "pupil") {
        bubble.dataset.id = message.id;
        if (message.text === HIDDEN_CODE) bubble.querySelector(".bubble").textContent = HIDDEN_CODE;
        bubble.querySelector(".meta").replaceChildren(renderTime(message.at));
        continue;
      }
      const later = [...log.querySelectorAll("[data-id]")].find((node) => node.dataset.id > message.id);
      log.insertBefore(this.#render(message), later ?? typing);
    }
    if (bubble && !bubble.dataset.id) bubble.remove();
  }

  #render({ id, from, at, text, choices, card, rate, helpful }) {
    const choice = ({ id, label }) =>
      button(label, { class: "sends" }, (event) => this.#send({ choice: id }, label, event.currentTarget));
    const group = (name, label, choices) =>
      choices?.length && element("div", { class: name, role: "group", "aria-label": label }, ...choices.map(choice));
    const isStep = ({ role }) => role === "step";
    const sender = SENDERS[from] ?? SENDERS.bot;
    return element(
      "div",
      { class: `message ${from}`, "data-id": id },
      from === "decaan" ? element("span", { class: "sender" }, sender) : hiddenText(`${sender}: `),
      card?.progress && renderProgress(card.progress),
      text && element("div", { class: "bubble" }, ...(from === "bot" ? markdown(text) : [text])),
      card && renderCard(card, () => this.#readAnswer()),
      element("div", { class: "meta" }, at && renderTime(at), ...(rate ? this.#renderRate(id, helpful) : [])),
      group("choices", TEXT.choices, choices?.filter((choice) => !isStep(choice))),
      group("choices steps", TEXT.steps, choices?.filter(isStep)),
    );
  }

  /** Two thumbs, and a place for what comes of them. A pressed one (before: `helpful`) takes back what it said. */
  #renderRate(id, helpful) {
    const told = element("span", { role: "status" });
    const thumb = (name, value) => {
      const state = { title: TEXT[name], "aria-pressed": String(helpful === value) };
      return iconButton(name, state, () => rate(value));
    };
    const thumbs = new Map([
      [true, thumb("helped", true)],
      [false, thumb("helpedNot", false)],
    ]);
    const row = element("div", { class: "rate", role: "group", "aria-label": TEXT.rate }, ...thumbs.values());
    const rate = async (value) => {
      if (row.getAttribute("aria-busy") === "true") return;
      const chosen = thumbs.get(value).getAttribute("aria-pressed") === "true" ? null : value;
      row.setAttribute("aria-busy", "true");
      try {
        await call("POST", "/api/feedback", { token: this.#token, body: { message: id, helpful: chosen } });
        for (const [each, button] of thumbs) button.setAttribute("aria-pressed", each === chosen);
        told.textContent = chosen === null ? TEXT.ratedNothing : chosen ? TEXT.ratedHelped : TEXT.ratedHelpedNot;
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        if (problem.status === 401 && row.isConnected) this.#end(TEXT.ended);
        else told.textContent = problem.message;
      } finally {
        row.removeAttribute("aria-busy");
      }
    };
    return [row, told];
  }

  /** Scrolls to the end of the log, but never so far that `first` leaves the top. */
  #scroll(first) {
    const { log } = this.#ui;
    log.scrollTop = Math.min(log.scrollHeight, first ? first.offsetTop - 12 : Infinity);
  }

  /** A line of Lobke's own at the end of the log, with what the pupil can do next. */
  #notice(text, label, act) {
    const { log, typing } = this.#ui;
    const next = button(label, { class: "main sends" }, act);
    const hadFocus = this.shadowRoot.activeElement;
    log.insertBefore(element("div", { class: "notice" }, icon("mark"), element("p", {}, text), next), typing);
    this.#scroll();
    if (hadFocus) next.focus();
  }

  // Menu and confirmation

  #toggleMenu(open = this.#ui.menu.hidden) {
    this.#ui.menu.hidden = !open;
    this.#ui.menuButton.setAttribute("aria-expanded", open);
  }

  #askToErase() {
    this.#closeAnswer();
    this.#toggleMenu(false);
    this.#ui.confirm.hidden = false;
    this.#update();
    this.#ui.keep.focus();
  }

  /** Opens the panel for the answer of a decaan, in front of the chat. */
  #readAnswer() {
    this.#stopErasing();
    this.#toggleMenu(false);
    this.#ui.answer.open();
    this.#update();
  }

  #closeAnswer() {
    this.#ui.answer.close();
    this.#update();
  }

  #leaveAnswer() {
    this.#closeAnswer();
    this.#scroll();
    this.#ui.menuButton.focus();
  }

  #stopErasing() {
    if (this.#ui.confirm.hidden) return;
    this.#ui.confirm.hidden = true;
    this.#ui.eraseProblem.textContent = "";
    this.#update();
    this.#ui.menuButton.focus();
  }

  /** Escape and the phone's back button: leave the innermost thing that is open. */
  #escape(event) {
    event.preventDefault();
    if (!this.#ui.confirm.hidden) this.#stopErasing();
    else if (!this.#ui.menu.hidden) {
      this.#toggleMenu(false);
      this.#ui.menuButton.focus();
    } else if (this.#ui.answer.isOpen) this.#ui.answer.escape();
    else this.close();
  }

  // News from the server and from other tabs

  /** Receives new messages, such as a decaan's reply, as long as the page is on screen and the session lasts. */
  async #listen() {
    this.#listening?.abort();
    if (!this.#token || document.hidden) return;
    const { signal } = (this.#listening = new AbortController());
    const headers = { Authorization: `Bearer ${this.#token}` };
    const url = new URL("/api/events", ORIGIN);
    for (let wait = 1; !signal.aborted; wait = Math.min(wait * 2, 60)) {
      url.searchParams.set("after", [...this.#known].sort().at(-1) ?? "");
      try {
        const response = await fetch(url, { headers, signal, cache: "no-store", credentials: "omit" });
        if (response.status === 401) this.#end(TEXT.ended);
        if (response.status !== 200 && response.status < 500) return;
        if (response.ok) wait = 1;
        for await (const { event, data } of readEvents(response.body)) {
          if (event === "ended") this.#end(TEXT.ended);
          else if (data) this.#news.push(JSON.parse(data));
          if (!this.#busy) this.#showNews();
        }
      } catch {
        // The connection broke: try again below.
      }
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    }
  }

  #showNews() {
    const before = this.#known.size;
    const news = this.#news.splice(0);
    const fromDecaan = news.some(({ id, from }) => from === "decaan" && !this.#known.has(id));
    this.#add(news);
    if (this.#known.size === before) return;
    this.#update();
    this.#scroll();
    if (this.#visible && !this.#ui.log.hidden) return; // the log tells it
    this.#ui.announcer.textContent = fromDecaan ? TEXT.decaanWrote : this.#ui.badge.textContent;
  }

  #onVisibility = () => this.#listen();

  #onStorage = (event) => {
    if (event.key !== STORAGE_KEY || memory.load().token === this.#token) return;
    this.#load();
  };
}

const css = (
  await Promise.all(["tokens.css", "lobke.css"].map(async (name) => (await fetch(`${ORIGIN}/static/${name}`)).text()))
).join("\n");
customElements.define("lobke-chat", LobkeChat);
