// The conversation, as people read it: its lines differ in height, so that those around the selected one are elements.

import {el} from "./parts.js";
import {ask} from "./net.js";

const around = 150;

export class Talk {
  constructor(box) {
    this.box = box;
    this.from = 0;
    this.key = "";
  }

  // show shows the lines around a row, and selects that.
  async show(total, row) {
    if (this.asking) return;
    this.asking = true;
    try {
      if (!(row >= this.from && row < this.from + 2 * around) || !this.box.childElementCount) this.from = Math.max(0, row - around);
      const reply = await ask("rows", {from: this.from, count: 2 * around});
      if (reply.face !== "talk") return;
      const key = JSON.stringify(reply.rows);
      if (key !== this.key) this.box.replaceChildren(...reply.rows.map((r, i) => this.line(r, this.from + i, total)));
      this.key = key;
      this.select(row);
    } finally {
      this.asking = false;
    }
  }

  line(r, i, total) {
    const words = r.lines ? r.lines.join("\n") : r.c ? "held: " + r.c.slice(5).join(" ") : "";
    const e = el("div", {role: "option", id: "said-" + i, class: "line " + r.k, "aria-selected": "false", "aria-setsize": String(total),
      "aria-posinset": String(i + 1)}, el("span", {class: "clock"}, r.clock || ""), el("span", {class: "who"}, r.who || ""),
      el("span", {class: "words"}, words, r.note ? el("span", {class: "note"}, "  " + r.note) : null));
    e.at = i;
    return e;
  }

  select(row) {
    const e = this.box.children[row - this.from], was = this.box.querySelector("[aria-selected=true]");
    if (was && was !== e) was.setAttribute("aria-selected", "false");
    if (!e) return;
    e.setAttribute("aria-selected", "true");
    this.box.setAttribute("aria-activedescendant", e.id);
    if (was !== e) e.scrollIntoView({block: "nearest"});
  }
}
