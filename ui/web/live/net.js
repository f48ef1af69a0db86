// What the page and msnscope say to each other: a stream of states, and requests.

const random = crypto.getRandomValues(new Uint32Array(4));
const view = [...random].map(n => n.toString(36)).join("-");

// Refusal is an answer other than 200.
export class Refusal extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

async function checked(answer) {
  if (answer.ok) return answer;
  const text = await answer.text();
  let why = text.trim();
  try {
    why = JSON.parse(text).error;
  } catch { /* it is a plain sentence */ }
  throw new Refusal(answer.status, why);
}

export async function ask(path, query = {}) {
  return (await checked(await fetch("/" + path + "?" + new URLSearchParams({view, ...query})))).json();
}

async function post(path, value) {
  const body = JSON.stringify(value), headers = {"Content-Type": "application/json"};
  return (await checked(await fetch("/" + path + "?view=" + view, {method: "POST", headers, body}))).json();
}

export const act = deed => post("do", deed);
export const check = deed => post("check", deed);

// address returns where a file with a query is.
export const address = (path, query) => "/" + path + "?" + new URLSearchParams({view, ...query});

// follow reads the states until the page is closed. When the stream ends, it begins again: at once, then more and more
// slowly. changed gets each state, trouble what is wrong, or "".
export async function follow(changed, trouble, begins) {
  for (let wait = 250; ; wait = Math.min(wait * 2, 10000)) {
    try {
      const answer = await checked(await fetch("/events?view=" + view));
      trouble("");
      await begins();
      wait = 250;
      await read(answer.body.getReader(), changed);
    } catch (e) {
      if (e.status === 401) return trouble("The session has ended: msnscope was started anew. Open the link that it printed.");
      trouble(e.status ? e.message : "msnscope does not answer. Trying again.");
    }
    await new Promise(done => setTimeout(done, wait));
  }
}

// longest is how many characters a message may have; a state has a few hundred.
const longest = 1 << 20;

async function read(reader, changed) {
  const text = new TextDecoder();
  let rest = "";
  for (;;) {
    const {value, done} = await reader.read();
    if (done) return;
    const parts = (rest + text.decode(value, {stream: true})).split("\n\n");
    rest = parts.pop();
    if (rest.length > longest) throw new Error("a message without end");
    const last = parts.filter(p => p.startsWith("data: ")).pop(); // the others are out of date
    if (last) changed(JSON.parse(last.slice(6)));
  }
}
