// How the rows of the list, of the ladder and of the tree become elements. Elements are used again for other rows, so only
// what differs is touched.

// set changes the text of an element only where it differs: nothing is laid out again for what is the same.
export function set(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

// prepare makes the parts of an element anew if it was used for rows of another kind.
function prepare(e, kind, make) {
  if (e.kind === kind) return;
  e.kind = kind;
  e.replaceChildren();
  e.removeAttribute("style");
  e.parts = make(e);
}

function part(parent, className) {
  const s = document.createElement("span");
  s.className = className;
  parent.append(s);
  return s;
}

function place(e, className, total, i, why) {
  if (e.className !== className) e.className = className;
  e.setAttribute("aria-setsize", String(total));
  e.setAttribute("aria-posinset", String(i + 1));
  if (e.title !== why) e.title = why;
}

const names = ["number", "time", "conn", "user", "dir", "cmd", "summary", "rtt"];

// drawRow draws a row of the list, in a narrow one with the name of the user alone.
export function drawRow(e, row, i, total, narrow) {
  prepare(e, "list", () => {
    const cells = names.map(name => part(e, name)), text = document.createTextNode("");
    cells[6].append(text);
    return {cells, text, signs: part(cells[6], "signs")};
  });
  const {cells, text, signs} = e.parts, c = row ? row.c : [];
  place(e, "row " + (row ? row.k : "o"), total, i, row && row.y || "");
  for (let k = 0; k < 6; k++) set(cells[k], k === 3 && narrow && c[k] ? c[k].split("@")[0] || c[k] : c[k] || "");
  const words = row ? c[6] : "…";
  if (text.data !== words) text.data = words;
  set(signs, row && row.s || "");
  set(cells[7], row && row.w || "");
}

export function drawRung(e, row, i, total) {
  prepare(e, "ladder", () => {
    const time = part(e, "t"), rtt = part(e, "w"), way = part(e, "h"), label = part(part(e, "l"), "b");
    const text = document.createTextNode("");
    label.append(text);
    return {time, rtt, way, text, signs: part(label, "m")};
  });
  const p = e.parts, arrow = row && row.f >= 0;
  place(e, "row rung " + (row ? row.k : "o"), total, i, row && row.y || "");
  e.style.setProperty("--f", arrow ? row.f : 0);
  e.style.setProperty("--t", arrow ? row.t : 0);
  set(p.time, row ? row.time : "");
  set(p.rtt, row && row.w ? "⇄" + row.w : "");
  set(p.way, row ? row.way : "");
  const words = row ? row.label : "…";
  if (p.text.data !== words) p.text.data = words;
  set(p.signs, row && row.s ? " " + row.s : "");
}

// drawLanes draws the names of the lanes.
export function drawLanes(head, lanes) {
  document.documentElement.style.setProperty("--n", Math.max(1, lanes.length - 1));
  const key = JSON.stringify(lanes);
  if (head.key === key) return;
  head.key = key;
  head.replaceChildren(...lanes.map(([name, note], i) => {
    const lane = document.createElement("span"), b = document.createElement("b"), n = document.createElement("i");
    b.textContent = name;
    n.textContent = note;
    lane.style.setProperty("--f", i);
    lane.append(b, n);
    return lane;
  }));
}

export function drawBranch(e, row, i, total) {
  prepare(e, "tree", () => ({sign: part(e, "sign"), text: part(e, "text"), counts: part(e, "counts")}));
  const p = e.parts;
  place(e, "branch " + (row ? row.k + (row.open ? "" : " closed") + (row.group ? " group" : "") : "o"), total, i, "");
  e.style.paddingLeft = (row ? row.depth * 0.7 + 0.4 : 0.4) + "rem";
  set(p.sign, !row ? "" : row.group && row.depth ? (row.folded ? "▸" : "▾") : row.group ? "" : row.open ? "●" : "✓");
  set(p.text, row ? row.text : "…");
  set(p.counts, row ? row.counts : "");
}
