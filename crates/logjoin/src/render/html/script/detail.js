// One failed request: what the proxy logged, its attempts, and all lines that belong to it side by side, one column per
// writer, with their distance in time from the end of the request.
const onOpen = [];
let backToList = () => {};

const cells = (tag, all) => el("tr", {}, ...all.map((t) => el(tag, { text: t })));

/** All lines of a row: file and line, who wrote it, when (if that is known), text, and why it is here. */
const belonging = (i) => {
  const all = new Map();
  const add = (file, line, why, at) => {
    const key = file + ":" + line;
    const known = all.get(key);
    if (known) {
      if (!known.why.includes(why)) known.why.push(why);
      return;
    }
    const n = lines.at.get(key);
    all.set(key, {
      place: text(file) + ":" + line,
      file,
      why: [why],
      who: at ? at.who : n === undefined ? null : text(lines.instance[n]),
      time: at ? at.time : n === undefined ? null : lines.time[n],
      within: n === undefined ? 0 : lines.within[n],
      says: at ? at.says : n === undefined ? null : text(lines.text[n]),
    });
  };
  const request = (text(rows.method[i]) || "-") + " " + (text(rows.target[i]) || "-") + " → " + (rows.status[i] || "no status");
  const took = rows.took[i] >= 0 ? " in " + length(rows.took[i]) : "";
  add(rows.file[i], rows.line[i], "the failed request", { who: text(rows.proxy[i]), time: rows.time[i], says: request + took });
  const errors = set(rows.errors[i]);
  for (let k = 0; k < errors.length; k += 2) add(errors[k], errors[k + 1], "error line of the proxy");
  const chain = set(rows.chain[i]);
  for (let k = 0; k < chain.length; k += 4) add(chain[k], chain[k + 1], "same request, " + text(chain[k + 2]) + " proxy, " + chain[k + 3] / 10 + " %");
  const backend = set(rows.backend[i]);
  for (let k = 0; k < backend.length; k += 4) add(backend[k], backend[k + 1], "joined by " + text(backend[k + 2]) + ", " + backend[k + 3] / 10 + " %");
  const why = set(rows.why[i]);
  for (let k = 0; k < why.length; k += 2) add(why[k], why[k + 1], "about the cause");
  // A line whose text was not kept belongs to the writer of another line of its file, if there is one.
  const writers = new Map([...all.values()].filter((l) => l.who).map((l) => [l.file, l.who]));
  for (const l of all.values()) if (!l.who) l.who = writers.get(l.file) || text(l.file);
  return [...all.values()].sort((a, b) => (a.time === null) - (b.time === null) || a.time - b.time);
};

const sideBySide = (i) => {
  const all = belonging(i);
  const writers = [text(rows.proxy[i])];
  for (const l of all) if (!writers.includes(l.who)) writers.push(l.who);
  const heads = writers.map((w) => {
    const k = data.clocks.find((c) => c[0] === w);
    const ms = k && k[1] !== null ? k[1] * 1000 + k[2] * 1000 : 0;
    return el("th", { scope: "col" }, w, Math.abs(ms) >= 1 ? el("span", { class: "mute small", text: " its clock was " + offset(ms) + " off; corrected here" }) : null);
  });
  const body = el("tbody");
  for (const l of all) {
    const away = l.time === null ? "time not kept" : l.time === rows.time[i] && l.why[0] === "the failed request" ? "0, the end of the request" : offset(l.time - rows.time[i]) + (l.within > 1 ? " to " + offset(l.time + l.within - rows.time[i]) : "");
    const line = el("td", { class: "said" }, el("span", { class: "place", text: l.place }), el("span", { class: "line", text: l.says === null ? "(the text of this line is not in the report)" : l.says }), el("span", { class: "mute small", text: l.why.join("; ") }));
    const row = el("tr", {}, el("th", { scope: "row", class: "n", text: away }));
    writers.forEach((w) => row.append(w === l.who ? line : el("td", { class: "void" })));
    body.append(row);
  }
  const table = el("table", { class: "beside" }, el("caption", { text: "The lines that belong to it, in order of time on the reference clock" }));
  table.append(el("thead", {}, el("tr", {}, el("th", { scope: "col", text: "from its end" }), ...heads)), body);
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "lines side by side" }, table);
};

const attemptsOf = (i) => {
  const all = set(rows.tries[i]);
  if (!all.length) return el("p", { class: "mute", text: "No backend was tried." });
  const body = el("tbody");
  for (let k = 0; k < all.length; k += 4) {
    const [address, instance, seen, status] = data.tries[all[k]];
    body.append(cells("td", [String(k / 4 + 1), text(address) || "-", text(instance) || "-", text(seen), status === 0 ? "-" : String(status), ...all.slice(k + 1, k + 4).map(seconds)]));
  }
  return el("div", { class: "scroll" }, el("table", {}, el("caption", { text: "Attempts" }), el("thead", {}, cells("th", ["#", "address", "instance", "seen as", "status", "connect", "header", "end"])), body));
};

const open = (i, move) => {
  const box = byId("detail");
  if (!box || i === undefined || i < 0 || i >= rows.n) return;
  state.open = i;
  const causeId = data.causes[rows.cause[i]];
  const heading = el("h3", { tabindex: -1, id: "detail-title", text: "F" + (i + 1) + ": " + (text(rows.method[i]) || "-") + " " + (text(rows.target[i]) || "-") });
  const facts = el("dl");
  const fact = (name, value) => value && facts.append(el("dt", { text: name }), el("dd", { text: value }));
  fact("ended", iso(rows.time[i]) + " UTC" + (rows.took[i] >= 0 ? ", after " + length(rows.took[i]) : ""));
  fact("answer", (rows.status[i] || "none logged") + ", made by " + text(rows.origin[i]));
  fact("client", text(rows.client[i]));
  fact("request id", text(rows.request[i]));
  fact("seen as", text(rows.seen[i]));
  fact("cause", causeId + (text(rows.detail[i]) ? " (" + text(rows.detail[i]) + ")" : "") + (rows.sure[i] ? ", " + Math.round(rows.sure[i] / 10) + " %" : "") + (text(rows.episode[i]) ? ", episode " + text(rows.episode[i]) : ""));
  const others = set(rows.or[i]);
  const or = [];
  for (let k = 0; k < others.length; k += 2) or.push(data.causes[others[k]] + " " + others[k + 1] / 10 + " %");
  fact("or", or.join(", "));
  fact("join", text(rows.join[i]));
  if (weight(i) > 1) fact("stands for", grouped(weight(i)) + " that are alike, at about the same time");
  if (!rows.gateway[i]) fact("counted", "no: it is listed, and is no gateway failure");
  const step = (by) => () => {
    const k = shown.indexOf(i) + by;
    if (k >= 0 && k < shown.length) open(shown[k], true);
  };
  const close = () => {
    state.open = -1;
    box.replaceChildren();
    box.hidden = true;
    history.replaceState(null, "", location.pathname + location.search);
    onOpen.forEach((f) => f(-1));
    backToList();
  };
  const button = (t, f) => el("button", { type: "button", text: t, on: { click: f } });
  box.replaceChildren(el("div", { class: "bar-right" }, button("previous", step(-1)), button("next", step(1)), button("close (Esc)", close)), heading, facts, attemptsOf(i), sideBySide(i));
  box.hidden = false;
  box.onkeydown = (e) => e.key === "Escape" && close();
  try {
    history.replaceState(null, "", "#F" + (i + 1));
  } catch {
    // Some viewers of files forbid it; the address is a convenience only.
  }
  onOpen.forEach((f) => f(i));
  if (move) {
    heading.focus();
    heading.scrollIntoView({ block: "nearest" });
  }
};
