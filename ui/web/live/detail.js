// Everything that is known of the selected command.

import {el, facts, fields, pairs} from "./parts.js";

// draw fills the pane. show(n) selects another command.
export function draw(pane, d, show) {
  if (!d.n && !d.name) {
    pane.replaceChildren(el("p", null, "Nothing is selected."));
    return;
  }
  if (d.state || d.warnings) {
    pane.replaceChildren(el("h2", null, "State as of #" + d.n + " " + d.name), ...(d.warnings || []).map(w => el("p", {class: "warn"}, w)),
      ...facts(d.state));
    return;
  }
  const all = [el("h2", null, (d.n ? "#" + d.n + " " : "") + d.name), el("p", null, d.means),
    d.form ? el("p", {class: "dim"}, d.form) : null];
  for (const f of d.findings || []) all.push(el("p", {class: "lint " + f.severity}, f.text));
  if (d.text) all.push(el("p", {class: "said"}, d.text.join("\n")));
  if (d.sent) all.push(el("p", {class: "dim"}, "✎ sent on in its place:"), el("p", {class: "said"}, d.sent.join("\n")));
  const links = (d.links || []).map(l => {
    const a = el("button", {type: "button", "data-n": String(l.n)}, "#" + l.n + " " + l.label);
    a.addEventListener("click", () => show(l.n));
    return [l.name, a];
  });
  all.push(pairs([...d.facts, ...links]));
  if (d.in) all.push(...fields(d.in, d.out ? "Received" : "Every byte"));
  if (d.out && d.out.b) all.push(...fields(d.out, "Sent on in its place"));
  else if (d.out) all.push(el("h3", null, "Sent on in its place"), el("p", null, "nothing"));
  pane.replaceChildren(...all.filter(x => x));
}
