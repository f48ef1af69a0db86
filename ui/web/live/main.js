// The page: it draws what msnscope says, and sends keys. It decides nothing by itself: what is selected, filtered and
// followed is a model in msnscope. Text becomes text of elements and nothing else.

import {List} from "./list.js";
import {FilterLine} from "./filter.js";
import {draw as drawDetail} from "./detail.js";
import {act, ask, follow} from "./net.js";

const $ = id => document.getElementById(id);
let state = {rows: 0, row: -1, n: 0, filter: ""};
let shown = 0; // the number of the event in the detail

// set changes the text of an element only where it differs: nothing is laid out again for what is the same.
function set(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

const names = ["number", "time", "conn", "user", "dir", "cmd", "summary", "rtt"];

// drawRow fills an element of the list.
function drawRow(e, row, i) {
  if (!e.cells) {
    e.cells = names.map(name => {
      const s = document.createElement("span");
      s.className = name;
      e.append(s);
      return s;
    });
    e.text = document.createTextNode("");
    e.signs = document.createElement("span");
    e.signs.className = "signs";
    e.cells[6].append(e.text, e.signs);
  }
  e.className = "row " + (row ? row.k : "o");
  e.setAttribute("aria-setsize", String(state.rows));
  e.setAttribute("aria-posinset", String(i + 1));
  const cells = row ? row.c : [];
  for (let k = 0; k < 6; k++) set(e.cells[k], cells[k] || "");
  const text = row ? cells[6] : "…", signs = row && row.s || "";
  if (e.text.data !== text) e.text.data = text;
  set(e.signs, signs);
  set(e.cells[7], row && row.w ? row.w : "");
  const why = row && row.y || "";
  if (e.title !== why) e.title = why;
}

const list = new List($("list"), drawRow, async (from, count) => (await ask("rows", {from, count})).rows);

// Deeds are sent one after the other; moves that wait are joined, so that a held key never runs ahead of the page.
const deeds = [];
let sending = false;

function doIt(deed) {
  const last = deeds.at(-1);
  if (last && last.do === "move" && deed.do === "move") last.n += deed.n;
  else if (last && last.do === "filter" && deed.do === "filter") last.text = deed.text;
  else deeds.push(deed);
  return send();
}

async function send() {
  if (sending) return;
  sending = true;
  try {
    while (deeds.length) changed(await act(deeds.shift()), true);
  } catch (e) {
    deeds.length = 0;
    trouble(e.status === 410 ? "" : e.message);
  }
  sending = false;
}

// changed takes a new state. One that answers a deed reveals what is selected.
function changed(now, answers) {
  const was = state;
  state = now;
  set($("title"), now.title);
  set($("status"), [now.status, now.loading].filter(x => x).join("  "));
  set($("figures"), now.figures);
  set($("state"), stateText(now));
  document.title = (now.title ? now.title + " – " : "") + "msnscope";
  for (const [name, on] of [["follow", now.follow], ["pause", now.paused], ["fold", now.folded]]) {
    document.querySelector(`[data-do=${name}]`).setAttribute("aria-pressed", String(on));
  }
  filterLine.show(now.filter);
  if (answers || now.failed) trouble(now.failed || "");
  list.update(now.rows, now.row);
  list.stale();
  if (answers || now.follow || now.n !== was.n) list.reveal(now.row);
  if (now.n !== shown || now.learned !== was.learned && !now.live) detail();
}

function stateText(s) {
  const n = x => x.toLocaleString("en-US");
  if (s.paused) return "paused, " + n(s.unseen) + " more";
  if (s.total - s.done > 10000) return Math.floor(100 * s.done / s.total) + " %";
  return (s.filter || s.folded ? n(s.rows) + " of " : "") + n(s.total) + (s.follow ? ", following" : "");
}

// detail shows the selected command, the latest one when there is time.
let asking = false;
async function detail() {
  if (asking) return;
  asking = true;
  try {
    for (let n = -1; n !== state.n;) {
      n = state.n;
      const d = await ask("detail");
      shown = n;
      if (d.n === drawn.n && JSON.stringify(d) === drawn.text) continue;
      drawn = {n: d.n, text: JSON.stringify(d)};
      drawDetail($("detail"), d, n => doIt({do: "show", n}), close);
    }
  } catch { /* the stream says what is wrong */ }
  asking = false;
}
let drawn = {};

function trouble(text) {
  set($("trouble"), text);
  $("trouble").hidden = !text;
}

function open() {
  document.body.classList.add("open");
  $("detail").focus();
}

function close() {
  document.body.classList.remove("open");
  $("list").focus();
}

const filterLine = new FilterLine(text => {
  if (text !== state.filter) doIt({do: "filter", text});
}, () => $("list").focus());

const page = () => list.visible;
const keys = {
  j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1),
  PageDown: () => move(page()), PageUp: () => move(-page()),
  "Ctrl-d": () => move(page() >> 1), "Ctrl-u": () => move(-(page() >> 1)),
  g: () => doIt({do: "first"}), Home: () => doIt({do: "first"}),
  G: () => doIt({do: "last"}), End: () => doIt({do: "last"}),
  Enter: open, "/": () => $("filter").focus(), "?": () => $("help").showModal(),
  f: () => doIt({do: "follow"}), p: () => doIt({do: "pause"}), z: () => doIt({do: "fold"}),
  2: () => $("list").focus(), 3: open, Escape: close,
};

const move = n => doIt({do: "move", n});

document.addEventListener("keydown", e => {
  if (e.defaultPrevented || e.altKey || e.metaKey || $("help").open) return;
  const name = (e.ctrlKey ? "Ctrl-" : "") + e.key, inText = e.target.matches("input, textarea, select");
  if (!keys[name] || inText) return;
  // In the detail and on buttons, the keys of a browser keep their meaning.
  if (e.target.closest("#detail") && e.key.length > 1 && e.key !== "Escape") return;
  if (e.target.matches("button, a") && e.key === "Enter") return;
  e.preventDefault();
  keys[name]();
});

$("list").addEventListener("click", e => {
  const row = list.rowAt(e.target);
  if (row >= 0) doIt({do: "select", n: row});
});
$("list").addEventListener("dblclick", open);
for (const b of document.querySelectorAll("[data-do]")) b.addEventListener("click", () => doIt({do: b.dataset.do}));
$("helpkey").addEventListener("click", () => $("help").showModal());
$("filterline").addEventListener("submit", e => e.preventDefault());
$("link").addEventListener("click", async () => {
  try {
    const {link} = await act({do: "link"});
    trouble("For another browser, once: " + link);
  } catch (e) {
    trouble(e.message);
  }
});

if (location.search) history.replaceState(null, "", "/"); // the link is used up
$("list").focus();
// When the stream begins anew, what msnscope knew of this page may be gone: the filter is set again.
follow(now => {
  changed(now, false);
  document.documentElement.dataset.ready = "true";
}, trouble, async () => {
  if (state.filter) await doIt({do: "filter", text: state.filter});
});
