// The page: it draws what msnscope says, and sends keys. It decides nothing by itself: what is selected, filtered and
// followed is a model in msnscope. Text becomes text of elements and nothing else.

import {List} from "./list.js";
import {FilterLine} from "./filter.js";
import {Figures} from "./figures.js";
import {Talk} from "./talk.js";
import {draw as drawDetail} from "./detail.js";
import {drawBranch, drawLanes, drawRow, drawRung, set} from "./faces.js";
import {Held} from "./held.js";
import {act, address, ask, follow} from "./net.js";

const $ = id => document.getElementById(id);
let state = {rows: 0, row: -1, n: 0, filter: "", face: "list"};

// laneRoom is how many lanes of a ladder fit beside each other.
const laneRoom = () => Math.max(2, Math.floor(($("list").clientWidth - 200) / 64));

const list = new List($("list"), (e, row, i) => (state.face === "ladder" ? drawRung : drawRow)(e, row, i, state.rows, $("list").clientWidth < 800), async (from, count) => {
  const reply = await ask("rows", {from, count, lanes: laneRoom()});
  if (reply.face !== state.face) throw new Error("the view has changed");
  if (reply.lanes) drawLanes($("lanehead").firstElementChild, reply.lanes);
  return reply.rows;
});
const tree = new List($("tree"), (e, row, i) => drawBranch(e, row, i, state.tree), async (from, count) => (await ask("tree", {from, count})).rows);
const talk = new Talk($("said"));
const figures = new Figures($("figuresbox"), text => {
  doIt({do: "filter", text});
  commands().focus();
});

const held = new Held(deed => doIt(deed), text => trouble(text));

// commands is the element that shows the rows.
const commands = () => state.face === "talk" ? $("said") : $("list");

// Deeds are sent one after the other; moves that wait are joined, so that a held key never runs ahead of the page.
const deeds = [];
let sending = false;

function doIt(deed) {
  const last = deeds.at(-1);
  if (last && last.do === deed.do && /move$/.test(deed.do)) last.n += deed.n;
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
  for (const [name, on] of [["follow", now.follow], ["pause", now.paused], ["fold", now.folded], ["ladder", now.face === "ladder"],
    ["talk", now.face === "talk"]]) {
    document.querySelector(`[data-do=${name}]`).setAttribute("aria-pressed", String(on));
  }
  held.changed(now);
  filterLine.show(now.filter);
  if (answers) trouble(now.failed || "");
  if (now.face !== was.face) turn(was.face);
  const crumbs = now.talk || now.crumbs;
  set($("crumbs"), crumbs);
  $("crumbs").hidden = !crumbs;
  if (now.face === "talk") talk.show(now.rows, now.row).catch(() => {});
  else {
    $("commands").style.setProperty("--numw", String(now.total).length + 1 + "ch");
    list.update(now.rows, now.row);
    list.stale();
    if (answers || now.follow || now.n !== was.n) list.reveal(now.row);
  }
  tree.update(now.tree, now.treerow);
  tree.stale();
  if (now.treerow !== was.treerow) tree.reveal(now.treerow);
  if (now.n !== shown.n || now.heldid !== shown.heldid || now.learned !== shown.learned && !now.live) detail();
}

// turn shows another face.
function turn(was) {
  const focused = document.activeElement === $("list") || document.activeElement === $("said") || document.activeElement === $("tree");
  $("list").hidden = state.face === "talk";
  $("said").hidden = state.face !== "talk";
  $("listhead").hidden = state.face !== "list";
  $("lanehead").hidden = state.face !== "ladder";
  if (state.face === "ladder") list.become(34);
  else if (state.face === "list") list.become(26);
  else $("said").replaceChildren();
  if (focused && was) commands().focus();
}

function stateText(s) {
  const n = x => x.toLocaleString("en-US");
  if (s.paused) return "paused, " + n(s.unseen) + " more";
  if (s.total - s.done > 10000) return Math.floor(100 * s.done / s.total) + " %";
  return (s.filter || s.folded || s.crumbs ? n(s.rows) + " of " : "") + n(s.total) + (s.follow ? ", following" : "");
}

// detail shows the selected command, or the state after it: the latest one when there is time.
let asking = false, tab = "decode", drawn = "", shown = {n: -1};
async function detail() {
  if (asking) return;
  asking = true;
  try {
    do {
      shown = {n: state.n, heldid: state.heldid, learned: state.learned, tab};
      const d = await ask("detail", {tab}), text = JSON.stringify(d);
      if (text === drawn) continue;
      drawn = text;
      drawDetail($("about"), d, n => doIt({do: "show", n}));
      if (tab === "decode") $("detail").scrollTop = 0;
    } while (shown.n !== state.n || shown.heldid !== state.heldid || shown.tab !== tab);
  } catch { /* the stream says what is wrong */ }
  asking = false;
}

function showTab(name) {
  tab = name;
  for (const b of document.querySelectorAll("[data-tab]")) b.setAttribute("aria-selected", String(b.dataset.tab === name));
  $("about").setAttribute("aria-labelledby", "tab-" + name);
  detail();
}

function trouble(text) {
  set($("trouble"), text);
  $("trouble").hidden = !text;
}

function open() {
  document.body.classList.add("open");
  $("about").focus();
}

// close goes back from the detail or the sessions to the commands.
function close() {
  document.body.classList.remove("open");
  showTree(false);
  commands().focus();
}

function showTree(on) {
  document.body.classList.toggle("tree", on);
  $("treekey").setAttribute("aria-expanded", String(on));
  if (on) $("tree").focus();
}

const filterLine = new FilterLine($("filter"), $("choices"), $("note"), text => {
  if (text !== state.filter) doIt({do: "filter", text});
}, () => commands().focus(), true);

// show opens a dialog that the page may lack.
function show(id, without) {
  if (!$(id)) return trouble(without);
  $(id).showModal();
}

const inTree = () => document.activeElement === $("tree");
const page = () => inTree() ? tree.visible : state.face === "talk" ? 10 : list.visible;
const move = n => doIt({do: inTree() ? "treemove" : "move", n});

const keys = {
  j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1),
  PageDown: () => move(page()), PageUp: () => move(-page()),
  "Ctrl-d": () => move(page() >> 1), "Ctrl-u": () => move(-(page() >> 1)),
  g: () => inTree() ? move(-1e9) : doIt({do: "first"}), G: () => inTree() ? move(1e9) : doIt({do: "last"}),
  h: () => inTree() ? doIt({do: "treefold", n: 1}) : showTree(true), l: () => inTree() ? doIt({do: "treefold", n: 0}) : open(),
  Enter: () => inTree() ? openScope() : open(),
  "/": () => $("filter").focus(), "?": () => $("help").showModal(),
  f: () => doIt({do: "follow"}), p: () => doIt({do: "pause"}), z: () => doIt({do: "fold"}),
  L: () => doIt({do: "ladder"}), V: () => doIt({do: "talk", n: inTree() ? 1 : 0}), S: () => figures.show().catch(e => trouble(e.message)),
  F4: () => showTab(tab === "state" ? "decode" : "state"),
  i: () => held.typeHold(), I: () => doIt({do: "toggle"}), Q: () => held.show(), e: () => held.edit(), a: () => doIt({do: "release"}),
  A: () => doIt({do: "releaseall"}), x: () => doIt({do: "drop"}), D: () => doIt({do: "twice"}), X: () => doIt({do: "kill"}),
  c: compose, w: () => show("saver", "nothing can be saved here"),
  1: () => showTree(true), 2: close, 3: open,
  Escape: () => document.activeElement === commands() ? doIt({do: "back"}) : close(),
};
for (const [same, as] of [["Home", "g"], ["End", "G"], ["ArrowLeft", "h"], ["ArrowRight", "l"], ["q", "Escape"]]) keys[same] = keys[as];

function compose() {
  show("composer", "only live traffic can be held or changed");
  if (!$("compose").value) $("compose").value = "> ";
}

if ($("queue")) {
  $("queuekey").addEventListener("click", () => held.show());
  $("editkey").addEventListener("click", () => held.edit());
  $("leavecompose").addEventListener("click", () => $("composer").close());
  $("composeform").addEventListener("submit", async e => {
    e.preventDefault();
    $("composer").close();
    await doIt({do: "inject", text: $("compose").value});
  });
}
if ($("saver")) {
  $("savekey").addEventListener("click", keys.w);
  $("leavesave").addEventListener("click", () => $("saver").close());
  $("saveform").addEventListener("submit", e => {
    e.preventDefault();
    $("saver").close();
    const a = document.createElement("a");
    a.href = address("save", {what: $("savewhat").value, form: $("saveform-form").value});
    a.download = "";
    a.click();
  });
}

function openScope() {
  doIt({do: "treeopen"});
  close();
}

document.addEventListener("keydown", e => {
  if (e.defaultPrevented || e.altKey || e.metaKey || document.querySelector("dialog[open]")) return;
  const name = (e.ctrlKey ? "Ctrl-" : "") + e.key, inText = e.target.matches("input, textarea, select");
  if (!keys[name] || inText) return;
  // In the detail and on buttons, the keys of a browser keep their meaning.
  if (e.target.closest("#detail") && e.key.length > 1 && !/^(Escape|F4)$/.test(e.key)) return;
  if (e.target.matches("button, a") && e.key === "Enter") return;
  e.preventDefault();
  keys[name]();
});

for (const box of [$("list"), $("said")]) {
  box.addEventListener("click", e => {
    const row = e.target.closest("[role=option]");
    if (row) doIt({do: "select", n: row.at});
  });
  box.addEventListener("dblclick", open);
}
$("tree").addEventListener("click", async e => {
  const row = tree.rowAt(e.target);
  if (row < 0) return;
  await doIt({do: "treeselect", n: row});
  if (e.target.matches(".sign")) doIt({do: "treefold", n: e.target.textContent === "▾" ? 1 : 0});
  else openScope();
});
for (const b of document.querySelectorAll("[data-do]")) b.addEventListener("click", () => doIt({do: b.dataset.do}));
for (const b of document.querySelectorAll("[data-tab]")) b.addEventListener("click", () => showTab(b.dataset.tab));
document.querySelector("#detail .back").addEventListener("click", close);
$("treekey").addEventListener("click", () => showTree(!document.body.classList.contains("tree")));
$("figureskey").addEventListener("click", keys.S);
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
