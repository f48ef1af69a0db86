// Statistics: rates over the time, and tables that can be sorted. A row leads to the commands that it counts.

import {el} from "./parts.js";
import {ask} from "./net.js";

export class Figures {
  // filter(text) shows the commands that a row counts.
  constructor(box, filter) {
    Object.assign(this, {box, filter, table: 0, sort: [], up: []});
    this.tables = box.querySelector("#tables");
    this.body = box.querySelector("#table");
    this.chart = box.querySelector("#chart");
    box.addEventListener("keydown", e => {
      if (e.key >= "1" && e.key <= "6") this.show(Number(e.key) - 1);
      else if (e.key === "q") this.box.close();
      else return;
      e.preventDefault();
      e.stopPropagation();
    });
  }

  async show(table = this.table) {
    const query = {table};
    if (this.sort[table] !== undefined) query.sort = this.sort[table];
    if (this.up[table]) query.up = true;
    const f = await ask("figures", query);
    this.table = table;
    if (!this.box.open) this.box.showModal();
    this.tables.replaceChildren(...f.tables.map((name, i) => {
      const b = el("button", {type: "button", "aria-pressed": String(i === table)}, (i + 1) + " " + name);
      b.addEventListener("click", () => this.show(i));
      return b;
    }));
    this.draw(f);
    drawRates(this.chart, f.rates);
  }

  draw(f) {
    const head = f.columns.map((name, i) => {
      const b = el("button", {type: "button"}, name + (i === f.sorted ? this.up[this.table] ? " ▲" : " ▼" : ""));
      b.addEventListener("click", () => {
        this.up[this.table] = this.sort[this.table] === i && !this.up[this.table];
        this.sort[this.table] = i;
        this.show();
      });
      return el("th", {scope: "col", "aria-sort": i === f.sorted ? this.up[this.table] ? "ascending" : "descending" : "none"}, b);
    });
    const rows = f.rows.map(r => {
      let name = r.name;
      if (r.filter) {
        name = el("button", {type: "button", title: r.filter}, r.name);
        name.addEventListener("click", () => {
          this.box.close();
          this.filter(r.filter);
        });
      }
      const bar = el("meter", {min: "0", max: "1", value: String(r.share), "aria-label": f.columns[Math.max(1, f.sorted)] + " of the most"});
      return el("tr", null, el("th", {scope: "row"}, name), ...r.shown.map(v => el("td", null, v)), el("td", {class: "bar"}, bar));
    });
    this.body.replaceChildren(f.rows.length ? el("table", null, el("thead", null, el("tr", null, ...head, el("td"))), el("tbody", null, ...rows))
      : el("p", null, "Nothing."), ...(f.more ? [el("p", null, f.more + " more")] : []));
  }
}

const svg = "http://www.w3.org/2000/svg";

// drawRates draws the commands a second, in red where errors were among them.
function drawRates(box, rates) {
  const n = (rates.commands || []).length;
  if (!n) return box.replaceChildren();
  const most = Math.max(...rates.commands), chart = document.createElementNS(svg, "svg");
  chart.setAttribute("viewBox", "0 0 " + n + " 100");
  chart.setAttribute("preserveAspectRatio", "none");
  chart.setAttribute("role", "img");
  const text = "commands a second: " + (most / rates.each).toFixed(1) + " at most, over " + (n * rates.each).toFixed(1) + " s";
  chart.setAttribute("aria-label", text);
  rates.commands.forEach((c, i) => {
    if (!c) return;
    const r = document.createElementNS(svg, "rect"), h = Math.max(2, 100 * c / most);
    for (const [k, v] of [["x", i], ["y", 100 - h], ["width", 0.9], ["height", h]]) r.setAttribute(k, v);
    if (rates.errors[i]) r.setAttribute("class", "e");
    chart.append(r);
  });
  box.replaceChildren(el("p", {class: "dim"}, text), chart);
}
