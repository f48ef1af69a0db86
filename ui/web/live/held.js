// What is held: the bar below the filter, the queue, and the editor of a held command.

import {el} from "./parts.js";
import {FilterLine} from "./filter.js";
import {act, ask, check} from "./net.js";
import {set} from "./faces.js";

const $ = id => document.getElementById(id);

// ago says for how long a command has been held.
const ago = since => Math.max(0, Math.floor((Date.now() - since) / 1000)) + "s";

export class Held {
  // doIt(deed) does a deed.
  constructor(doIt, trouble) {
    Object.assign(this, {doIt, trouble, state: {held: []}, key: ""});
    this.queue = $("queue");
    if (!this.queue) return;
    this.editor = new Editor(doIt, trouble);
    this.line = new FilterLine($("hold"), $("holdchoices"), $("holdnote"), text => doIt({do: "hold", text}), () => {}, false);
    $("holdline").addEventListener("submit", e => {
      e.preventDefault();
      this.line.keep();
    });
    this.queue.addEventListener("keydown", e => {
      if (e.target.matches("input") || e.ctrlKey || e.altKey || e.metaKey) return;
      const row = e.target.closest(".heldrow"), id = row ? row.held : undefined;
      const key = {a: () => doIt({do: "release", id}), x: () => doIt({do: "drop", id}), D: () => doIt({do: "twice", id}),
        A: () => doIt({do: "releaseall"}), e: () => this.edit(id), j: () => this.step(1), k: () => this.step(-1), q: () => this.queue.close(),
        ArrowDown: () => this.step(1), ArrowUp: () => this.step(-1)}[e.key];
      if (!key) return;
      e.preventDefault();
      key();
    });
    setInterval(() => this.tick(), 1000);
  }

  show() {
    if (!this.queue) return this.trouble("only live traffic can be held or changed");
    $("hold").value = this.state.hold;
    this.key = "";
    this.draw();
    this.queue.showModal();
    const first = this.queue.querySelector(".heldrow button");
    (first || $("hold")).focus();
  }

  // typeHold opens the line of what is held.
  typeHold() {
    this.show();
    if (this.queue) $("hold").focus();
  }

  edit(id) {
    if (!this.queue) return this.trouble("only live traffic can be held or changed");
    id = id || this.state.heldid || (this.state.heldall === 1 ? this.state.held[0].id : 0);
    if (id) return this.editor.open(id);
    if (this.state.heldall) this.show();
    else this.trouble("nothing is held: i says what shall be");
  }

  step(by) {
    const rows = [...this.queue.querySelectorAll(".heldrow")], at = rows.indexOf(document.activeElement.closest(".heldrow"));
    if (rows.length) rows[(at + by + rows.length) % rows.length].querySelector("button").focus();
  }

  changed(state) {
    this.state = state;
    if (!this.queue) return;
    this.draw();
    this.tick();
  }

  tick() {
    const s = this.state, bar = $("heldbar"), all = s.held || [];
    bar.hidden = !s.heldall;
    const one = all.find(h => h.id === s.heldid) || all[0];
    if (one) set($("heldtext"), "⏸ " + one.name + " held " + ago(one.since) + (s.heldall > 1 ? ", " + (s.heldall - 1) + " more" : ""));
    for (const row of this.queue.querySelectorAll(".heldrow")) set(row.querySelector(".clock"), ago(row.since));
  }

  // draw draws the queue, and keeps the focus where it is.
  draw() {
    if (!this.queue.open && this.key) return;
    const all = this.state.held || [], key = JSON.stringify(all.map(h => [h.id, h.note]));
    if (key === this.key) return;
    this.key = key;
    const focused = document.activeElement.closest(".heldrow"), was = focused && focused.held;
    const name = focused && document.activeElement.textContent;
    const rows = all.map(h => {
      const row = el("div", {class: "heldrow " + h.k}, el("span", {class: "clock dim"}, ago(h.since)), el("span", null, h.where), el("b", null, h.name),
        el("span", {class: "says"}, h.says), el("span", {class: "dim"}, h.note || ""));
      for (const [text, label, deed] of [["Go on", "a", "release"], ["Edit", "e", ""], ["Drop", "x", "drop"], ["Twice", "D", "twice"]]) {
        const b = el("button", {type: "button", title: label}, text);
        b.addEventListener("click", () => deed ? this.doIt({do: deed, id: h.id}) : this.edit(h.id));
        row.append(b);
      }
      row.held = h.id;
      row.since = h.since;
      return row;
    });
    const more = (this.state.heldall || 0) - all.length;
    $("heldlist").replaceChildren(...rows, rows.length ? "" : el("p", null, "Nothing is held."), more > 0 ? el("p", null, more + " more") : "");
    if (!focused) return;
    const again = rows.find(r => r.held === was) || rows[0];
    const target = again ? [...again.querySelectorAll("button")].find(b => b.textContent === name) : $("hold");
    if (target) target.focus();
  }
}

class Editor {
  constructor(doIt, trouble) {
    Object.assign(this, {doIt, trouble, raw: false, id: 0, anyway: false});
    this.box = $("editor");
    $("editform").addEventListener("submit", e => {
      e.preventDefault();
      this.send(1);
    });
    $("editform").addEventListener("input", () => this.check());
    $("sendtwice").addEventListener("click", () => this.send(2));
    $("editbytes").addEventListener("click", () => this.toggle());
    $("leaveedit").addEventListener("click", () => this.box.close());
  }

  async open(id) {
    try {
      this.about = await ask("edit", {id});
    } catch (e) {
      return this.trouble(e.message);
    }
    this.id = id;
    this.anyway = false;
    this.raw = !this.about.fields.length;
    $("editortitle").textContent = "Edit " + this.about.title;
    this.draw();
    this.box.showModal();
    (this.inputs[this.raw ? 0 : this.about.at] || this.inputs[0]).focus();
    this.check();
  }

  draw() {
    const about = this.about, fields = this.raw ? [{label: "bytes", value: about.raw}] : about.fields;
    this.inputs = fields.map(f => {
      if (f.words) {
        const words = f.words.includes(f.value) ? f.words : [f.value, ...f.words], s = el("select", null, ...words.map(w => el("option", null, w)));
        s.value = f.value;
        return s;
      }
      const input = f.text ? el("textarea", {rows: "3"}) : el("input", {type: "text", spellcheck: "false"});
      input.value = f.value;
      return input;
    });
    $("editfields").replaceChildren(...fields.map((f, i) => el("label", null, f.label, this.inputs[i])));
    $("editbytes").setAttribute("aria-pressed", String(this.raw));
  }

  deed() {
    return this.raw ? {id: this.id, raw: this.inputs[0].value} : {id: this.id, fields: this.inputs.map(i => i.value)};
  }

  async check() {
    let c;
    try {
      c = await check(this.deed());
    } catch (e) {
      c = {problem: e.message};
    }
    this.now = c.raw;
    set($("editnote"), c.problem || "as it goes on; lengths are corrected");
    $("editnote").className = c.problem ? "bad" : "dim";
  }

  // toggle switches between fields and bytes; back, changes of the bytes are lost.
  async toggle() {
    if (!this.raw) {
      await this.check();
      if (this.now === undefined) return;
      this.about.fields.forEach((f, i) => f.value = this.inputs[i].value);
      this.about.raw = this.now;
    }
    this.raw = !this.raw || !this.about.fields.length;
    this.draw();
    this.inputs[0].focus();
    this.check();
  }

  async send(n) {
    let s;
    try {
      s = await act({do: "edit", n, anyway: this.anyway, ...this.deed()});
    } catch (e) {
      s = {failed: e.message};
    }
    if (!s.failed) {
      this.box.close();
      return this.doIt({do: "look"});
    }
    this.anyway = true;
    set($("editnote"), s.failed + ". The same again sends it all the same, if it can be sent.");
    $("editnote").className = "bad";
  }
}
