const data = JSON.parse(document.getElementById("data").textContent);
const detail = document.getElementById("detail"), find = document.getElementById("find");
const rows = [...document.querySelectorAll("#ladder li")];
const links = rows.map(r => r.firstElementChild);
const at = new Map(data.events.map((e, i) => [e.n, i]));
const text = i => data.texts[i];
let current = -1, conns = null;

const linkTo = (n, label) => at.has(n) ? el("a", {href: "#n" + n}, label) : label;

// stateAt returns the lines of each state after event i.
const states = {at: -1, of: new Map()};
function stateAt(i) {
  if (i < states.at) {
    states.at = -1;
    states.of.clear();
  }
  for (; states.at < i; states.at++) for (const p of data.events[states.at + 1].z || []) {
    const was = states.of.get(p.k) || [];
    states.of.set(p.k, [...was.slice(0, p.h), ...p.l, ...was.slice(was.length - p.t)]);
  }
  return states.of;
}

// show fills the details with event i.
function show(i) {
  const e = data.events[i], c = data.conns[e.c], state = stateAt(i);
  const way = e.d === "C" ? "client to server" : e.d === "S" ? "server to client" : "";
  const when = data.start ? new Date(data.start + e.t / 1000 || data.start).toISOString() : "";
  const back = el("button", {type: "button", class: "back"}, "Close");
  back.addEventListener("click", close);
  const all = [back, el("h2", null, "#" + e.n + " " + text(e.h)), el("p", null, text(e.m)),
    e.g ? el("p", {class: "dim"}, text(e.g)) : null];
  for (const [rule, severity, section, message] of e.l || []) {
    all.push(el("p", {class: "lint " + severity}, rule + " (" + severity + (section ? " §" + section : "") + "): " + message));
  }
  const related = (e.k || []).map(([name, n, label]) => [text(name), el("span", null, linkTo(n, "#" + n), " " + text(label))]);
  all.push(pairs([["way", way], ["time", when], ["answered after", e.r ? e.w : ""], ["note", e.x], ["flags", e.f], ...related]));
  if (e.i) all.push(...fields(e.i, e.o ? "Received" : "Every byte", text));
  if (e.o && e.o.b) all.push(...fields(e.o, "Sent on in its place", text));
  else if (e.o) all.push(el("h3", null, "Sent on in its place"), el("p", null, "nothing"));
  if (c[0]) {
    all.push(el("h3", null, "Connection"), pairs([["name", c[1]], ["user", c[2]], ["dialect", c[3] + (c[4] ? " (inferred)" : "")],
      ["client", c[5]], ["server", c[6]], ["session", c[7]], ["led here by", c[8] ? "connection " + c[8] : ""]]),
      el("h3", null, "State after it"), ...facts(c[2] ? state.get(c[9]) : null, text), ...facts(state.get(String(c[0])), text));
  }
  detail.replaceChildren(...all.filter(x => x));
  detail.scrollTop = 0;
  detail.classList.add("open");
  document.body.classList.add("open");
}

function close() {
  detail.classList.remove("open");
  document.body.classList.remove("open");
  if (current >= 0) links[current].focus();
}

// select makes row i the current one.
function select(i, focus) {
  if (i < 0 || i >= rows.length) return;
  if (current >= 0) {
    links[current].removeAttribute("aria-current");
    links[current].tabIndex = -1;
  }
  current = i;
  links[i].setAttribute("aria-current", "true");
  links[i].tabIndex = 0;
  history.replaceState(null, "", "#n" + data.events[i].n);
  show(i);
  if (focus) links[i].focus({preventScroll: true});
  rows[i].scrollIntoView({block: "nearest"});
}

// step goes to the next row in a direction that is shown and that fits, from the current one on.
function step(by, fits, from = current) {
  for (let i = from + by; i >= 0 && i < rows.length; i += by) {
    if (!rows[i].hidden && (!fits || fits(i))) return select(i, true);
  }
}

// hay returns the text of an event in which search looks.
const hays = [];
function hay(i) {
  if (hays[i] === undefined) {
    const e = data.events[i], parts = [rows[i].textContent, text(e.h), text(e.m), e.x || ""];
    for (const m of [e.i, e.o]) if (m && m.b) parts.push(plain(bytes(m.b)), ...m.s.map(s => s[3] || ""));
    for (const l of e.l || []) parts.push(...l);
    hays[i] = parts.join("\n").toLowerCase();
  }
  return hays[i];
}

// steps holds the notes and the rows of each step of a lesson.
const steps = [];
for (const x of document.querySelectorAll("#ladder .note, #ladder li")) {
  if (x.id.startsWith("step")) steps.push({notes: [], rows: []});
  if (steps.length) steps.at(-1)[x.localName === "li" ? "rows" : "notes"].push(x);
}

// narrow shows the rows of the chosen session in which the text is found, and the notes of steps that have such rows, or the text.
function narrow() {
  const wanted = find.value.trim().toLowerCase();
  let n = 0;
  rows.forEach((r, i) => {
    const ok = (!conns || conns.has(String(data.conns[data.events[i].c][0]))) && (!wanted || hay(i).includes(wanted));
    r.hidden = !ok;
    if (ok) n++;
  });
  for (const s of steps) {
    const ok = !wanted && !conns || s.rows.some(r => !r.hidden) ||
      wanted && !conns && s.notes.some(note => note.textContent.toLowerCase().includes(wanted));
    for (const note of s.notes) note.hidden = !ok;
  }
  document.getElementById("count").textContent = wanted || conns ? n + " of " + rows.length : "";
}

document.getElementById("search").addEventListener("submit", e => {
  e.preventDefault();
  step(1, null, -1);
});
find.addEventListener("input", narrow);
document.getElementById("sessions").addEventListener("click", e => {
  const b = e.target.closest("button");
  if (!b) return;
  for (const other of document.querySelectorAll("#sessions button")) other.setAttribute("aria-pressed", String(other === b));
  conns = b.dataset.conns ? new Set(b.dataset.conns.split(" ")) : null;
  narrow();
});
document.addEventListener("click", e => {
  const a = e.target.closest('a[href^="#n"]');
  if (!a || e.ctrlKey || e.metaKey || e.shiftKey) return;
  const i = at.get(Number(a.hash.slice(2)));
  if (i === undefined) return;
  e.preventDefault();
  rows[i].hidden = false;
  select(i, e.detail !== 0);
  if (e.detail === 0) detail.focus();
});
document.addEventListener("keydown", e => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === "Escape") {
    if (e.target === find) {
      find.value = "";
      narrow();
    }
    close();
    return;
  }
  if (e.target === find || detail.contains(e.target) && e.key.length > 1) return;
  const sign = i => rows[i].querySelector(".m");
  const order = {
    j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
    Home: () => step(1, null, -1), End: () => step(-1, null, rows.length),
    "/": () => find.focus(), n: () => step(1, sign), N: () => step(-1, sign),
  }[e.key];
  if (!order) return;
  e.preventDefault();
  order();
});
window.addEventListener("hashchange", fromHash);

function fromHash() {
  const i = at.get(Number(location.hash.slice(2)));
  if (i !== undefined && i !== current) select(i, true);
}

links.forEach((a, i) => { a.tabIndex = i ? -1 : 0; });
fromHash();
document.documentElement.dataset.ready = "true";
