// Reads the data of the page into typed columns, and puts numbers and times into words as the rest of the report does.
const data = JSON.parse(document.getElementById("data").textContent);

const column = (c) => {
  if (Array.isArray(c)) return Float64Array.from(c);
  if (c.d) {
    let sum = 0;
    return Float64Array.from(c.d, (x) => (sum += x));
  }
  let n = 0;
  for (let i = 1; i < c.r.length; i += 2) n += c.r[i];
  const out = new Float64Array(n);
  for (let i = 0, at = 0; i < c.r.length; i += 2) {
    out.fill(c.r[i], at, at + c.r[i + 1]);
    at += c.r[i + 1];
  }
  return out;
};

const rows = { n: data.rows.n, of: data.rows.of };
for (const name of Object.keys(data.rows)) {
  if (name !== "n" && name !== "of") rows[name] = column(data.rows[name]);
}
/** How many failed requests a row stands for. */
const weight = (i) => (rows.stands ? rows.stands[i] : 1);
const lines = { n: data.lines.n, at: new Map() };
for (const name of ["file", "line", "instance", "time", "within", "text"]) lines[name] = column(data.lines[name]);
for (let i = 0; i < lines.n; i += 1) lines.at.set(lines.file[i] + ":" + lines.line[i], i);
const traffic = data.traffic.map((t) => ({
  ...t,
  time: column(t.time),
  requests: column(t.requests),
  failures: column(t.failures),
}));

const text = (n) => (n < 0 ? "" : data.texts[n]);
const set = (n) => (n < 0 ? [] : data.sets[n]);
/** Instance that the last try of a row went to, or its address: a number of a text, or -1. */
const server = new Float64Array(rows.n);
/** Number of the endpoint of a row: method and path without the query, its numbers and ids as `*`. */
const endpoint = new Float64Array(rows.n);
const endpoints = [];
{
  const known = new Map();
  const id = /\/(\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,})(?=\/|$)/gi;
  for (let i = 0; i < rows.n; i += 1) {
    const tries = set(rows.tries[i]);
    const last = tries.length ? data.tries[tries[tries.length - 4]] : null;
    server[i] = last ? (last[1] >= 0 ? last[1] : last[0]) : -1;
    const name = (text(rows.method[i]) || "-") + " " + (text(rows.target[i]) || "-").split("?", 1)[0].replace(id, "/*");
    let n = known.get(name);
    if (n === undefined) {
      n = endpoints.push(name) - 1;
      known.set(name, n);
    }
    endpoint[i] = n;
  }
}

const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
const count = (n, one, many) => grouped(n) + " " + (n === 1 ? one : many);
const iso = (ms) => new Date(data.base + ms).toISOString().replace("T", " ").replace("Z", "");
const clock = (ms) => iso(ms).slice(11);
const seconds = (us) => (us < 0 ? "-" : us < 999500 ? Math.round(us / 100) / 10 + " ms" : Math.round(us / 1e4) / 100 + " s");
const length = (ms) => {
  if (ms < 999.5) return Math.round(ms) + " ms";
  if (ms < 59950) return Math.round(ms / 100) / 10 + " s";
  const s = Math.round(ms / 1000);
  const [d, h, m] = [Math.floor(s / 86400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60];
  const two = (a, x, b, y) => a + " " + x + (b ? " " + b + " " + y : "");
  return d ? two(d, "d", h, "h") : h ? two(h, "h", m, "min") : two(m, "min", s % 60, "s");
};
const offset = (ms) => (ms === 0 ? "0 ms" : (ms < 0 ? "−" : "+") + length(Math.abs(ms)));

/** An element with a class, a text and children. Texts are never markup. */
const el = (name, options = {}, ...children) => {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(options)) {
    if (k === "text") e.textContent = v;
    else if (k === "class") e.className = v;
    else if (k === "on") for (const [what, f] of Object.entries(v)) e.addEventListener(what, f);
    else if (v !== null && v !== undefined && v !== false) e.setAttribute(k, v === true ? "" : v);
  }
  e.append(...children.filter((c) => c !== null && c !== undefined));
  return e;
};
const svg = (name, options = {}, ...children) => {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [k, v] of Object.entries(options)) {
    if (k === "text") e.textContent = v;
    else e.setAttribute(k, v);
  }
  e.append(...children.filter(Boolean));
  return e;
};
const byId = (id) => document.getElementById(id);
