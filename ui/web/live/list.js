// A list of any number of rows, of which only those in sight are elements.

// Browsers cannot make an element of more than some 16 million pixels: in a longer list, the scroll bar stands for the
// whole, and the wheel moves by rows.
const maxHeight = 8000000;
const chunk = 100; // rows that are asked for at a time
const maxChunks = 40; // that are kept

export class List {
  // box scrolls; its rows are rowHeight pixels high. draw(element, row, i) fills an element with a row, null while it is not here yet. load(from, count)
  // returns a promise of rows.
  constructor(box, draw, load, rowHeight = 26) {
    Object.assign(this, {box, draw, load, rowHeight, total: 0, top: 0, was: 0, selected: -1, chunks: new Map(), version: 0, asked: new Set()});
    this.space = box.querySelector(".space");
    this.rows = box.querySelector(".rows");
    this.pool = [];
    this.ours = -1; // the scroll position that was set here
    box.addEventListener("scroll", () => this.scrolled(), {passive: true});
    box.addEventListener("wheel", e => this.wheel(e), {passive: false});
    new ResizeObserver(() => this.resize()).observe(box);
    this.resize();
  }

  resize() {
    this.height = this.box.clientHeight;
    this.visible = Math.max(1, Math.floor(this.height / this.rowHeight));
    const need = this.visible + 2;
    while (this.pool.length < need) {
      const e = document.createElement("div");
      e.setAttribute("role", "option");
      e.id = this.box.id + "-" + this.pool.length;
      this.draw(e, null, -1);
      this.pool.push(e);
      this.rows.append(e);
    }
    while (this.pool.length > need) this.pool.pop().remove();
    this.box.removeAttribute("aria-activedescendant");
    const seen = this.selected >= this.top && this.selected < this.top + this.was;
    this.was = this.visible;
    this.update(this.total, this.selected);
    if (seen) this.reveal(this.selected);
  }

  // update takes how many rows there are and which is selected, and draws again.
  update(total, selected) {
    this.total = total;
    this.selected = selected;
    const height = Math.min(total * this.rowHeight, maxHeight);
    if (height !== this.spaceHeight) this.space.style.height = (this.spaceHeight = height) + "px";
    this.top = Math.max(0, Math.min(this.top, total - this.visible));
    this.place();
  }

  // become shows rows of another kind, which are not here yet.
  become(rowHeight) {
    this.rowHeight = rowHeight;
    this.chunks.clear();
    this.version++;
    this.resize();
  }

  // stale makes the rows be asked for again; those that are here are shown until then.
  stale() {
    this.version++;
    this.paint();
  }

  // reveal scrolls as little as possible to show a row.
  reveal(row) {
    if (row < 0) return;
    if (row < this.top) this.top = row;
    else if (row >= this.top + this.visible) this.top = row - this.visible + 1;
    this.top = Math.max(0, Math.min(this.top, this.total - this.visible));
    this.place();
  }

  get scaled() { return this.total * this.rowHeight > maxHeight; }
  get last() { return Math.max(1, this.total - this.visible); }

  // place moves the scroll bar to where the rows are.
  place() {
    const most = Math.max(0, this.spaceHeight - this.height);
    const at = this.scaled ? Math.round(this.top / this.last * most) : Math.min(Math.round(this.top * this.rowHeight), most);
    if (Math.abs(this.box.scrollTop - at) > (this.scaled ? 0 : this.rowHeight - 1) || this.top === 0 || this.top >= this.last) {
      this.ours = at;
      this.box.scrollTop = at;
    }
    this.paint();
  }

  scrolled() {
    const at = this.box.scrollTop;
    if (Math.abs(at - this.ours) <= 1) return this.paint();
    this.ours = -1;
    const most = Math.max(1, this.spaceHeight - this.height);
    this.top = this.scaled ? at / most * this.last : at / this.rowHeight;
    this.top = Math.max(0, Math.min(Math.floor(this.top), this.total - this.visible));
    this.paint();
  }

  wheel(e) {
    if (!this.scaled || e.ctrlKey) return;
    e.preventDefault();
    const rows = e.deltaMode === 1 ? e.deltaY : e.deltaY / this.rowHeight;
    this.rest = (this.rest || 0) + rows;
    const whole = Math.trunc(this.rest);
    this.rest -= whole;
    this.top = Math.max(0, Math.min(this.top + whole, this.total - this.visible));
    this.place();
  }

  // paint draws in the next frame.
  paint() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      this.fill();
    });
  }

  fill() {
    const first = Math.floor(this.top);
    this.rows.style.transform = "translateY(" + this.box.scrollTop + "px)";
    this.pool.forEach((e, k) => {
      const i = first + k;
      if (i >= this.total || i < 0) {
        if (!e.hidden) e.hidden = true;
        return;
      }
      if (e.hidden) e.hidden = false;
      const row = this.row(i);
      if (e.row !== row || e.at !== i) this.draw(e, row, i);
      e.row = row;
      e.at = i;
      const on = String(i === this.selected);
      if (e.getAttribute("aria-selected") !== on) e.setAttribute("aria-selected", on);
      if (i === this.selected) this.box.setAttribute("aria-activedescendant", e.id);
    });
    if (this.selected < first || this.selected >= first + this.pool.length) this.box.removeAttribute("aria-activedescendant");
    this.fetch(first);
  }

  row(i) {
    const c = this.chunks.get(Math.floor(i / chunk));
    return c && c.rows[i % chunk] || null;
  }

  // fetch asks for what is in sight and not here, or here from before a change. There is one request at a time, so that a
  // slow connection is asked for what is in sight when it has time.
  fetch(first) {
    if (this.loading || !this.total) return;
    for (let k = Math.floor(first / chunk); k <= Math.floor(Math.min(first + this.visible + 1, this.total - 1) / chunk); k++) {
      const c = this.chunks.get(k);
      if (c && c.version === this.version) continue;
      const version = this.version;
      this.loading = true;
      this.load(k * chunk, chunk).then(rows => {
        this.chunks.delete(k);
        this.chunks.set(k, {rows, version});
        if (this.chunks.size > maxChunks) this.chunks.delete(this.chunks.keys().next().value);
      }, () => new Promise(again => setTimeout(again, 100))).finally(() => {
        this.loading = false;
        this.paint();
      });
      return;
    }
  }

  // rowAt returns the row of an element of the list.
  rowAt(element) {
    const e = element.closest("[role=option]");
    return e && !e.hidden ? e.at : -1;
  }
}
