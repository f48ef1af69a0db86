// What both pages draw alike: that of flow, which has it in its script, and the live page, which loads it as a module.

// el makes an element with attributes and children: text stays text.
function el(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes || {})) if (v) e.setAttribute(k, v);
  e.append(...children.filter(c => c !== null && c !== undefined && c !== ""));
  return e;
}

const bytes = b => Uint8Array.from(atob(b), c => c.charCodeAt(0));
const hex = n => n.toString(16).padStart(2, "0");
const plain = b => [...b].map(c => c >= 32 && c < 127 ? String.fromCharCode(c) : ".").join("");
// pairs makes a list of names and values, without those that are empty.
function pairs(list) {
  const dl = el("dl");
  for (const [name, value] of list) if (value) dl.append(el("dt", null, name), el("dd", null, value));
  return dl;
}

// fields makes the table of the fields of a message and the dump of its bytes: b has the bytes, n how many there are
// where b has only the first, s the length, name, meaning and value of each field. text makes a text of a name.
function fields(m, title, text = String) {
  const raw = bytes(m.b), body = el("tbody"), dump = el("pre", {tabindex: "0", "aria-label": "Bytes"});
  const marks = [], lines = [], owner = new Uint16Array(raw.length);
  let from = 0;
  m.s.forEach(([size, name, means, value], i) => {
    const to = from + size, part = raw.subarray(from, Math.min(to, raw.length));
    owner.fill(i, from, Math.min(to, raw.length));
    const digits = [...part.subarray(0, 12)].map(hex).join(" ") + (size > 12 ? " …" : "");
    const shown = value === undefined || value === "" ? (/^(blank|line end|empty line)$/.test(text(name)) ? "" : plain(part)) : value;
    const button = el("button", {type: "button", "aria-pressed": "false"}, text(name));
    const line = el("tr", null, el("th", {scope: "row"}, button), el("td", {class: "y"}, from + ": " + digits),
      el("td", null, el("span", {class: "p"}, shown)), el("td", null, text(means)));
    button.addEventListener("click", () => mark(button.getAttribute("aria-pressed") === "true" ? -1 : i));
    lines.push(line);
    body.append(line);
    from = to;
  });
  function mark(i) {
    lines.forEach((l, k) => {
      l.classList.toggle("on", k === i);
      l.querySelector("button").setAttribute("aria-pressed", String(k === i));
    });
    for (const [k, e] of marks) e.classList.toggle("on", k === i);
    draw(i);
  }
  // draw writes the dump, with the bytes of field i marked.
  function draw(i) {
    dump.replaceChildren();
    for (let a = 0; a < raw.length; a += 8) {
      const b = Math.min(a + 8, raw.length);
      dump.append(a.toString(16).padStart(4, "0") + "  ");
      run(a, b, c => hex(raw[c]) + " ");
      dump.append("   ".repeat(8 - (b - a)) + " ");
      run(a, b, c => plain([raw[c]]));
      dump.append("\n");
    }
    function run(a, b, form) {
      for (let c = a; c < b;) {
        const on = owner[c] === i;
        let s = "";
        for (; c < b && (owner[c] === i) === on; c++) s += form(c);
        dump.append(on ? el("mark", null, s) : s);
      }
    }
  }
  draw(-1);
  const size = m.n || raw.length, rest = m.n ? "; the first " + raw.length + " are shown" : "";
  return [el("h3", null, title), el("table", null, el("caption", null, size + " bytes" + rest),
    el("thead", null, el("tr", null, ...["Field", "Bytes", "Value", "Meaning"].map(h => el("th", {scope: "col"}, h)))),
    body), dump];
}

// facts shows the lines of a state: a kind, a name, a value and a note each. text makes a text of a name or a note.
function facts(lines, text = String) {
  const all = [];
  let dl = null;
  for (const [kind, name, value, note] of lines || []) {
    if (kind === 0) {
      dl = el("dl");
      all.push(el("h4", null, text(name), el("span", {class: "dim"}, "  " + text(note))), dl);
      continue;
    }
    const notes = text(note) ? el("span", {class: "dim"}, "  " + text(note)) : "";
    if (kind === 1) dl.append(el("dt", null, text(name)), el("dd", null, value, notes));
    if (kind === 2) dl.append(el("dt", null, text(name)), el("dd", {class: "dim"}, "unknown" + (text(note) ? ": " + text(note) : "")));
    if (kind === 3) dl.append(el("dt", null, text(name) || "–"), el("dd", null, value, notes));
  }
  return all.filter(e => e.tagName !== "DL" || e.childElementCount);
}

