// The list of failed requests: only the rows in sight exist, so that a hundred thousand cost no more than thirty.
const ROW = 28;
/** The day is told where there are several. */
const isOneDay = iso(whole.from).slice(0, 10) === iso(whole.to).slice(0, 10);
const columns = [
  { id: "time", label: "time UTC", show: (i) => (isOneDay ? clock(rows.time[i]) : iso(rows.time[i]).slice(5)) },
  { id: "status", label: "status", show: (i) => (rows.status[i] === 0 ? "-" : String(rows.status[i])) },
  { id: "endpoint", label: "request", show: (i) => (text(rows.method[i]) || "-") + " " + (text(rows.target[i]) || "-") },
  { id: "client", label: "client", show: (i) => text(rows.client[i]) || "-" },
  { id: "server", label: "server", show: (i) => text(server[i]) || "-" },
  { id: "seen", label: "seen as", show: (i) => text(rows.seen[i]) },
  { id: "cause", label: "cause", show: (i) => data.causes[rows.cause[i]] },
  { id: "sure", label: "sure", show: (i) => (rows.sure[i] ? Math.round(rows.sure[i] / 10) + " %" : "-") },
];

const list = () => {
  const grid = byId("list");
  if (!grid) return;
  if (!isOneDay) grid.style.setProperty("--when", "9.6rem");
  const head = el("div", { class: "lrow lhead", role: "row", "aria-rowindex": 1 });
  for (const c of columns) {
    const b = el("button", { type: "button", text: c.label, title: "sort by " + c.label, tabindex: 0 });
    const cell = el("div", { role: "columnheader", class: "lc " + c.id }, b);
    b.addEventListener("click", () => {
      state.up = state.sort === c.id ? !state.up : true;
      state.sort = c.id;
      apply();
    });
    head.append(cell);
  }
  const body = el("div", { class: "lbody", role: "rowgroup", tabindex: 0, "aria-label": "failed requests; arrow keys move, Enter opens" });
  const room = el("div", { class: "lroom", role: "presentation" });
  body.append(room);
  grid.append(head, body);
  let cursor = 0;
  const pool = new Map();

  const make = (k) => {
    const i = shown[k];
    const e = el("div", { class: "lrow", role: "row", id: "row" + k, "aria-rowindex": k + 2, "data-k": k });
    for (const c of columns) e.append(el("div", { role: "gridcell", class: "lc " + c.id, text: c.show(i), title: c.id === "endpoint" ? c.show(i) : null }));
    e.style.top = k * ROW + "px";
    return e;
  };
  const paint = () => {
    const first = Math.max(0, Math.floor(body.scrollTop / ROW) - 5);
    const last = Math.min(shown.length, Math.ceil((body.scrollTop + body.clientHeight) / ROW) + 5);
    for (const [k, e] of pool) {
      if (k < first || k >= last) {
        e.remove();
        pool.delete(k);
      }
    }
    for (let k = first; k < last; k += 1) {
      if (!pool.has(k)) {
        const e = make(k);
        pool.set(k, e);
        room.append(e);
      }
    }
    for (const [k, e] of pool) {
      e.classList.toggle("at", k === cursor);
      e.setAttribute("aria-selected", shown[k] === state.open);
    }
    if (pool.has(cursor)) body.setAttribute("aria-activedescendant", "row" + cursor);
    else body.removeAttribute("aria-activedescendant");
  };
  const goTo = (k) => {
    cursor = Math.max(0, Math.min(shown.length - 1, k));
    const top = cursor * ROW;
    if (top < body.scrollTop) body.scrollTop = top;
    else if (top + ROW > body.scrollTop + body.clientHeight) body.scrollTop = top + ROW - body.clientHeight;
    paint();
  };
  body.addEventListener("scroll", paint, { passive: true });
  body.addEventListener("keydown", (e) => {
    const page = Math.max(1, Math.floor(body.clientHeight / ROW) - 1);
    const to = { ArrowDown: cursor + 1, ArrowUp: cursor - 1, PageDown: cursor + page, PageUp: cursor - page, Home: 0, End: shown.length - 1 }[e.key];
    if (to !== undefined) goTo(to);
    else if (e.key === "Enter" || e.key === " ") open(shown[cursor], true);
    else return;
    e.preventDefault();
  });
  body.addEventListener("click", (e) => {
    const row = e.target.closest("[data-k]");
    if (!row) return;
    cursor = Number(row.getAttribute("data-k"));
    open(shown[cursor], false);
  });
  addEventListener("resize", paint);
  const heading = byId("list-count");
  onChange(() => {
    pool.forEach((e) => e.remove());
    pool.clear();
    room.style.height = shown.length * ROW + "px";
    grid.setAttribute("aria-rowcount", shown.length + 1);
    [...head.children].forEach((cell, n) => {
      if (columns[n].id === state.sort) cell.setAttribute("aria-sort", state.up ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    });
    const all = shown.reduce((sum, i) => sum + weight(i), 0);
    const others = all > shown.length ? ", which stand for " + grouped(all) + "," : "";
    heading.value = grouped(shown.length) + " of " + count(rows.n, "request", "requests") + others;
    cursor = Math.max(0, Math.min(cursor, shown.length - 1));
    paint();
  });
  onOpen.push((i) => {
    const k = shown.indexOf(i);
    if (k >= 0) goTo(k);
    else paint();
  });
  backToList = () => body.focus();
};

/** The filters above the list: a choice per dimension with counts, words, and what is chosen as buttons that undo it. */
const filters = () => {
  const box = byId("filters");
  if (!box) return;
  const words = el("input", { type: "search", placeholder: "words, F12, file:line", "aria-label": "words that must all occur" });
  let waiting = 0;
  words.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      state.words = words.value;
      apply();
    }, rows.n > 20000 ? 150 : 0);
  });
  const picks = {};
  const MOST = 60;
  for (const [name, c] of Object.entries(choices)) {
    const pick = el("select", { id: "pick-" + name });
    pick.addEventListener("change", () => choose(name, pick.value === "" ? null : Number(pick.value)));
    picks[name] = { pick, box: el("label", { text: c.label }, pick) };
    box.append(picks[name].box);
  }
  box.append(el("label", { text: "search" }, words));
  const chips = el("div", { class: "chips", "aria-label": "what is chosen" });
  box.after(chips);
  onChange(() => {
    for (const [name, { pick, box: around }] of Object.entries(picks)) {
      const counts = tally(name);
      const value = name in chosen ? chosen[name] : "";
      const all = counts.slice(0, MOST);
      if (value !== "" && !all.some(([v]) => v === value)) all.unshift([value, 0]);
      pick.replaceChildren(el("option", { value: "", text: "any" + (counts.length > MOST ? " of " + grouped(counts.length) : "") }));
      for (const [v, n] of all) pick.append(el("option", { value: v, text: choices[name].show(v) + " (" + grouped(n) + ")" }));
      pick.value = value;
      around.hidden = value === "" && counts.length < 2;
    }
    chips.replaceChildren();
    const chip = (what, undo) => chips.append(el("button", { type: "button", class: "chip", title: "undo", on: { click: undo } }, el("span", { text: what }), " ×"));
    for (const [name, v] of Object.entries(chosen)) chip(choices[name].label + ": " + choices[name].show(v), () => choose(name, null));
    if (state.words.trim()) {
      chip("words: " + state.words, () => {
        words.value = state.words = "";
        apply();
      });
    }
    if (state.from !== null) chip("time: " + clock(state.from) + " to " + clock(state.to), () => between(null, null));
  });
};

/** Endpoints, clients and servers of what is shown, with bars; each is a button that chooses it. */
const breakdown = () => {
  const box = byId("breakdown");
  if (!box) return;
  const MOST = 10;
  onChange(() => {
    box.replaceChildren();
    for (const name of ["endpoint", "client", "server", "cause"]) {
      const counts = tally(name);
      const table = el("table", {}, el("caption", { text: choices[name].label + (counts.length > MOST ? ", the first " + MOST + " of " + grouped(counts.length) : "") }));
      const body = el("tbody");
      for (const [v, n] of counts.slice(0, MOST)) {
        const bar = svg("svg", { class: "share", width: 80, height: 10, "aria-hidden": "true" }, svg("rect", { width: Math.max(1, (80 * n) / counts[0][1]), height: 10 }));
        const pick = el("button", { type: "button", class: "plain", text: choices[name].show(v), title: "show only these", on: { click: () => choose(name, chosen[name] === v ? null : v) } });
        if (chosen[name] === v) pick.setAttribute("aria-pressed", "true");
        body.append(el("tr", {}, el("td", {}, pick), el("td", { class: "n", text: grouped(n) }), el("td", { class: "n", text: Math.round((1000 * n) / Math.max(1, shown.length)) / 10 + " %" }), el("td", {}, bar)));
      }
      table.append(body);
      box.append(el("div", {}, table));
    }
  });
};
