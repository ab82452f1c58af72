// Which rows are shown: one state, one pass over the columns, and everybody who shows rows is told.
const state = { from: null, to: null, words: "", sort: "time", up: true, open: -1 };
/** What can be chosen, and the column that it compares: a number of a text, a cause, or the value itself. */
const choices = {
  cause: { label: "cause", of: rows.cause, show: (v) => data.causes[v] },
  server: { label: "server", of: server, show: (v) => text(v) || "none was tried" },
  proxy: { label: "proxy", of: rows.proxy, show: text },
  endpoint: { label: "endpoint", of: endpoint, show: (v) => endpoints[v] },
  client: { label: "client", of: rows.client, show: (v) => text(v) || "not logged" },
  status: { label: "status", of: rows.status, show: (v) => (v === 0 ? "not logged" : String(v)) },
  seen: { label: "seen as", of: rows.seen, show: text },
  episode: { label: "episode", of: rows.episode, show: (v) => text(v) || "none" },
  join: { label: "join", of: rows.join, show: text },
  gateway: { label: "kind", of: rows.gateway, show: (v) => (v ? "gateway failure" : "left by the client") },
};
const chosen = {};
/** Numbers of the rows that fit, in the order of the list. */
let shown = new Uint32Array(0);
/** 1 where a row fits all but the range of time. */
let fits = new Uint8Array(rows.n);
const listeners = [];
const onChange = (f) => listeners.push(f);

const searched = [rows.target, rows.method, rows.client, rows.request, rows.proxy, rows.seen, rows.episode, rows.detail, rows.file, server];
/** 1 where all words occur in the texts of a row, each in any of them. */
const search = (phrase) => {
  const out = new Uint8Array(rows.n).fill(1);
  for (const word of phrase.toLowerCase().split(/\s+/).filter(Boolean)) {
    const hit = data.texts.map((t) => t.toLowerCase().includes(word));
    const causes = data.causes.map((t) => t.includes(word));
    const id = /^f\d+$/.test(word) ? Number(word.slice(1)) - 1 : -1;
    for (let i = 0; i < rows.n; i += 1) {
      if (!out[i] || i === id || causes[rows.cause[i]] || String(rows.status[i]) === word) continue;
      let any = false;
      for (const c of searched) {
        if (c[i] >= 0 && hit[c[i]]) {
          any = true;
          break;
        }
      }
      if (!any && !(text(rows.file[i]) + ":" + rows.line[i]).toLowerCase().includes(word)) out[i] = 0;
    }
  }
  return out;
};

const sorters = {
  time: (i) => rows.time[i],
  status: (i) => rows.status[i],
  endpoint: (i) => endpoints[endpoint[i]],
  client: (i) => text(rows.client[i]),
  server: (i) => text(server[i]),
  seen: (i) => text(rows.seen[i]),
  cause: (i) => data.causes[rows.cause[i]],
  sure: (i) => rows.sure[i],
};

const apply = () => {
  fits = search(state.words);
  for (const [name, v] of Object.entries(chosen)) {
    const of = choices[name].of;
    for (let i = 0; i < rows.n; i += 1) if (of[i] !== v) fits[i] = 0;
  }
  const list = [];
  for (let i = 0; i < rows.n; i += 1) {
    const t = rows.time[i];
    if (fits[i] && (state.from === null || t >= state.from) && (state.to === null || t <= state.to)) list.push(i);
  }
  if (state.sort !== "time" || !state.up) {
    const key = sorters[state.sort];
    const way = state.up ? 1 : -1;
    const keys = new Map(list.map((i) => [i, key(i)]));
    list.sort((a, b) => {
      const [x, y] = [keys.get(a), keys.get(b)];
      return x < y ? -way : x > y ? way : a - b;
    });
  }
  shown = Uint32Array.from(list);
  listeners.forEach((f) => f());
};
const choose = (name, value) => {
  if (value === null) delete chosen[name];
  else chosen[name] = value;
  apply();
};
const between = (from, to) => {
  state.from = from;
  state.to = to;
  apply();
};

/** How often each value of a choice occurs among the rows that fit everything else, the most frequent first. */
const tally = (name) => {
  const c = choices[name];
  const counts = new Map();
  for (const i of shown) counts.set(c.of[i], (counts.get(c.of[i]) || 0) + weight(i));
  return [...counts].sort((a, b) => b[1] - a[1] || (c.show(a[0]) < c.show(b[0]) ? -1 : 1));
};
