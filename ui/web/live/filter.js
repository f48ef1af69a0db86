// A line in which a filter is typed: it turns green or red, and says how it may go on.

import {el} from "./parts.js";
import {ask} from "./net.js";

export class FilterLine {
  // The line has the elements input, box for what may follow, and note. set(text) applies a filter, as it is typed if atOnce
  // is set, and leave() goes back to where one was.
  constructor(input, box, note, set, leave, atOnce) {
    Object.assign(this, {input, box, note, set, leave, atOnce, known: null, at: -1, asked: 0, history: [], past: 0});
    this.input.addEventListener("input", () => this.check());
    this.input.addEventListener("focus", () => this.check());
    this.input.addEventListener("blur", () => this.fold());
    this.input.addEventListener("keydown", e => this.key(e));
    this.box.addEventListener("pointerdown", e => {
      e.preventDefault();
      const choice = e.target.closest("[role=option]");
      if (choice) this.take(choice.textContent);
    });
  }

  get typing() { return document.activeElement === this.input; }

  // show shows the filter that is in force, unless another is being typed.
  show(text) {
    if (!this.typing && this.input.value !== text) this.input.value = text;
    if (!this.typing) this.input.className = text ? "ok" : "";
  }

  // check asks what is wrong with the filter, and how it may go on. A valid one is applied at once.
  async check() {
    const asked = ++this.asked, whole = this.input.value;
    const text = whole.slice(0, this.input.selectionStart);
    let c;
    try {
      c = await ask("complete", {text, whole});
    } catch {
      return; // the stream says what is wrong
    }
    if (asked !== this.asked || !this.typing) return;
    this.known = c;
    this.input.className = c.error ? "bad" : whole.trim() ? "ok" : "";
    this.input.setAttribute("aria-invalid", String(Boolean(c.error)));
    if (c.error || c.advice || this.atOnce) this.note.textContent = c.error || c.advice || "";
    this.note.className = c.error ? "bad" : "dim";
    this.offer(c.choices || []);
    if (!c.error && this.atOnce) this.set(whole.trim());
  }

  offer(choices) {
    this.at = -1;
    const word = this.known ? this.input.value.slice(this.known.before.length, this.input.selectionStart) : "";
    if (choices.length === 1 && choices[0] === word) choices = [];
    this.box.replaceChildren(...choices.slice(0, 200).map((c, i) => el("span", {role: "option", id: this.box.id + i, "aria-selected": "false"}, c)));
    this.box.hidden = !choices.length;
    this.input.setAttribute("aria-expanded", String(!this.box.hidden));
    this.input.removeAttribute("aria-activedescendant");
  }

  fold() {
    this.box.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
  }

  choose(step) {
    const all = [...this.box.children];
    if (this.at >= 0) all[this.at].setAttribute("aria-selected", "false");
    this.at = (this.at + step + all.length + (this.at < 0 && step < 0 ? 1 : 0)) % all.length;
    all[this.at].setAttribute("aria-selected", "true");
    all[this.at].scrollIntoView({block: "nearest"});
    this.input.setAttribute("aria-activedescendant", all[this.at].id);
  }

  // take puts a word in place of the one at the cursor.
  take(word) {
    const rest = this.input.value.slice(this.input.selectionStart), at = this.known.before.length + word.length;
    this.input.value = this.known.before + word + rest;
    this.input.setSelectionRange(at, at);
    this.input.focus();
    this.check();
  }

  key(e) {
    const open = !this.box.hidden, choice = this.box.children[this.at];
    if (e.key === "ArrowDown" && open) this.choose(1);
    else if (e.key === "ArrowUp" && open && (this.at >= 0 || !this.history.length)) this.choose(-1);
    else if (e.key === "ArrowUp") this.recall(-1);
    else if (e.key === "Tab" && !e.shiftKey && open && choice) this.take(choice.textContent);
    else if (e.key === "Tab" && !e.shiftKey && open && this.adds()) this.take(this.known.common);
    else if (e.key === "Enter" && choice) this.take(choice.textContent);
    else if (e.key === "Enter") this.keep();
    else if (e.key === "Escape" && open && choice) this.offer([]);
    else if (e.key === "Escape" && this.input.value) this.clear();
    else if (e.key === "Escape") this.keep();
    else return;
    e.preventDefault();
    e.stopPropagation();
  }

  adds() {
    return this.known && this.known.common.length > this.input.selectionStart - this.known.before.length;
  }

  recall(step) {
    if (!this.history.length) return;
    this.past = (this.past + step + this.history.length) % this.history.length;
    this.input.value = this.history[this.past];
    this.check();
  }

  clear() {
    this.input.value = "";
    this.check();
  }

  keep() {
    const text = this.input.value.trim();
    if (text && !this.history.includes(text)) this.history = [...this.history.slice(-49), text];
    this.past = this.history.length;
    if (this.atOnce) this.note.textContent = "";
    this.fold();
    this.leave();
    this.set(text); // the answer to the latest check may still be on its way
  }
}
