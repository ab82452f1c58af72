// The time axis: one lane of bars per cause, load and durations, one lane per instance; a brush over all of them.
const zoom = { from: data.range[0], to: Math.max(data.range[1], data.range[0] + 1) };
for (let i = 0; i < rows.n; i += 1) {
  zoom.from = Math.min(zoom.from, rows.time[i]);
  zoom.to = Math.max(zoom.to, rows.time[i]);
}
const whole = { ...zoom };
const LEFT = 150;
const RIGHT = 34;
let series = Math.max(0, traffic.findIndex((t) => t.server === null));
const frame = byId("axis");
/** The causes that occur, the most frequent first. */
const occurring = (() => {
  const n = new Map();
  for (let i = 0; i < rows.n; i += 1) n.set(rows.cause[i], (n.get(rows.cause[i]) || 0) + weight(i));
  return [...n].sort((a, b) => b[1] - a[1]).map(([c]) => c);
})();
const MOST_CAUSES = 8;

const title = (t) => svg("title", { text: t });
const median = (all) => {
  const sorted = all.filter((x) => x !== null).sort((a, b) => a - b);
  return sorted.length ? sorted[Math.floor(sorted.length / 2)] : null;
};
const isCalm = (t, step) => data.incidents.every((i) => t + step < i.start || t > i.end);

/** Round steps for the marks of the axis, milliseconds. */
const STEPS = [1, 5, 10, 50, 100, 500, 1e3, 5e3, 1e4, 3e4, 6e4, 3e5, 6e5, 1.8e6, 3.6e6, 1.08e7, 2.16e7, 4.32e7, 8.64e7, 6.048e8];

const draw = () => {
  if (!frame) return;
  const width = Math.max(360, Math.floor(frame.clientWidth));
  const inner = width - LEFT - RIGHT;
  const x = (t) => LEFT + (inner * (Math.min(Math.max(t, zoom.from), zoom.to) - zoom.from)) / (zoom.to - zoom.from);
  const parts = [];
  let y = 4;
  const put = (...e) => parts.push(...e);
  const label = (at, t, small) => put(svg("text", { x: LEFT - 8, y: at, "text-anchor": "end", class: small ? "small" : "", text: t.length > 24 ? t.slice(0, 23) + "…" : t }));
  const rule = (at) => put(svg("line", { class: "axis", x1: LEFT, x2: width - RIGHT, y1: at, y2: at }));

  // Failures by cause: aggregated to slices three pixels wide, however many there are.
  const slices = Math.max(20, Math.floor(inner / 4));
  const by = new Map(occurring.map((c) => [c, { all: new Float64Array(slices), fit: new Float64Array(slices), n: 0 }]));
  const scale = slices / (zoom.to - zoom.from + 1e-9);
  for (let i = 0; i < rows.n; i += 1) {
    const t = rows.time[i];
    if (t < zoom.from || t > zoom.to) continue;
    const s = Math.min(slices - 1, Math.floor((t - zoom.from) * scale));
    const b = by.get(rows.cause[i]);
    b.all[s] += weight(i);
    if (fits[i]) {
      b.fit[s] += weight(i);
      b.n += weight(i);
    }
  }
  const lanes = occurring.slice(0, MOST_CAUSES);
  const tall = lanes.length > 4 ? 30 : 44;
  lanes.forEach((c, k) => {
    const b = by.get(c);
    label(y + tall - 16, data.causes[c]);
    // A scale of its own: one failure of a rare cause must be seen beside a thousand of another.
    const top = b.all.reduce((x, y) => Math.max(x, y), 1);
    label(y + tall - 4, count(b.n, "failure", "failures") + ", bar ≤ " + grouped(top), true);
    const bar = (n, kind, s) => {
      const h = Math.max(1.5, ((tall - 6) * n) / top);
      const e = svg("rect", { class: kind, x: (LEFT + (inner * s) / slices).toFixed(1), y: (y + tall - h).toFixed(1), width: Math.max(1, inner / slices - 0.6).toFixed(1), height: h.toFixed(1) });
      const at = zoom.from + s / scale;
      e.append(title(data.causes[c] + ": " + count(b.fit[s], "failure", "failures") + " from " + clock(at) + " to " + clock(at + 1 / scale)));
      put(e);
    };
    for (let s = 0; s < slices; s += 1) {
      if (b.all[s] > b.fit[s]) bar(b.all[s], "ghost", s);
      if (b.fit[s]) bar(b.fit[s], "bar k" + (k % 8), s);
    }
    y += tall;
    rule(y);
    y += 4;
  });
  if (occurring.length > MOST_CAUSES) {
    label(y + 11, "and " + (occurring.length - MOST_CAUSES) + " other causes", true);
    y += 16;
  }

  const t = traffic[series];
  if (t && t.time.length) {
    const lane = (name, values, high, unit, kind, base) => {
      const ceiling = high.reduce((a, b) => Math.max(a, b), 1e-9);
      label(y + 16, name);
      label(y + 28, "up to " + unit(ceiling), true);
      const h = 44;
      const at = (v) => y + h - ((h - 4) * v) / ceiling;
      values.forEach((line, k) => {
        let d = "";
        let end = null;
        let level = null;
        for (let i = 0; i < t.time.length; i += 1) {
          const [v, from, to] = [line[i], t.time[i], t.time[i] + t.step];
          if (v === null || v === undefined || to < zoom.from || from > zoom.to) continue;
          level = at(v);
          d += (end === from ? "L" : "M") + x(from).toFixed(1) + " " + level.toFixed(1) + "H" + x(to).toFixed(1);
          end = to;
        }
        if (!d) return;
        put(svg("path", { class: "curve " + kind[k], d }, title(name + ", " + kind[k])));
        if (values.length > 1) put(svg("text", { class: "small", x: width - RIGHT + 3, y: Math.min(y + h, level + 4), text: kind[k] }));
      });
      for (const [k, b] of base.entries()) {
        if (b === null || b > ceiling) continue;
        put(svg("line", { class: "base " + kind[k], x1: LEFT, x2: width - RIGHT, y1: at(b), y2: at(b) }, title("usual " + kind[k] + ": " + unit(b))));
      }
      y += h;
      rule(y);
      y += 4;
    };
    const per = (n) => Math.round((n * 10000) / t.step) / 10 + "/s";
    const calm = (values) => median([...values].filter((_, i) => isCalm(t.time[i], t.step)));
    lane("requests", [t.requests], t.requests, per, ["load"], [calm(t.requests)]);
    const durations = [...t.p50, ...t.p99].filter((v) => v !== null);
    if (durations.length) lane("duration", [t.p99, t.p50], durations, length, ["p99", "p50"], [calm(t.p99), calm(t.p50)]);
    const busy = t.busy.filter((v) => v !== null);
    if (busy.length) lane("in progress", [t.busy], busy, (v) => String(v), ["busy"], [calm(t.busy)]);
  }

  data.lanes.forEach((l) => {
    label(y + 12, l.name);
    l.spans.forEach(([what, from, to]) => {
      if (to < zoom.from || from > zoom.to) return;
      const high = what === "ready" ? 5 : what === "unknown" ? 2 : 12;
      const e = svg("rect", { class: "life " + what, x: x(from).toFixed(1), y: y + 8 - high / 2, width: Math.max(1.5, x(to) - x(from)).toFixed(1), height: high });
      e.append(title(l.name + " " + what + ": " + iso(from) + " to " + iso(to)));
      put(e);
    });
    l.events.forEach(([at, what, says, place]) => {
      if (at >= zoom.from && at <= zoom.to) put(svg("circle", { class: "mark", cx: x(at).toFixed(1), cy: y + 8, r: 2.6 }, title(clock(at) + " " + what + ": " + says + " (" + place + ")")));
    });
    l.health.forEach(([at, event, says, place]) => {
      if (at < zoom.from || at > zoom.to) return;
      const [p, up] = [x(at), /up|passed|ready/.test(event)];
      const d = up ? `M${p - 4} ${y + 16}h8l-4 -7z` : `M${p - 4} ${y}h8l-4 7z`;
      put(svg("path", { class: up ? "health up" : "health", d }, title(clock(at) + " " + says + " (" + place + ")")));
    });
    y += 19;
  });

  rule(y);
  const step = STEPS.find((s) => (inner * s) / (zoom.to - zoom.from) > 90) || 6.048e8;
  const first = Math.ceil((data.base + zoom.from) / step) * step - data.base;
  for (let at = first; at <= zoom.to; at += step) {
    put(svg("line", { class: "tick", x1: x(at), x2: x(at), y1: 0, y2: y + 4 }));
    const near = step >= 8.64e7 ? iso(at).slice(0, 10) : step >= 1e3 ? clock(at).slice(0, 8) : clock(at);
    if (x(at) < width - 30) put(svg("text", { class: "small", x: x(at), y: y + 16, "text-anchor": "middle", text: near }));
  }
  const height = y + 22;
  const shades = data.incidents
    .filter((i) => i.end >= zoom.from && i.start <= zoom.to)
    .map((i) => svg("rect", { class: "shade", x: x(i.start), y: 0, width: Math.max(2, x(i.end) - x(i.start)), height: y }, title(i.id + " " + i.cause)));
  const picture = svg("svg", { class: "chart", role: "img", "aria-label": "failures by cause, load and the states of instances over time; the controls below choose a range", width, height, viewBox: `0 0 ${width} ${height}` }, ...shades, ...parts);
  if (state.from !== null) {
    picture.append(svg("rect", { class: "brush", x: x(state.from), y: 0, width: Math.max(1, x(state.to) - x(state.from)), height: y }));
  }
  frame.replaceChildren(picture);
  brush(picture, width, y);
};

/** Dragging chooses a range of time; a click without a drag gives it up. */
const brush = (picture, width, height) => {
  const toTime = (e) => {
    const box = picture.getBoundingClientRect();
    const share = ((e.clientX - box.left) * (width / box.width) - LEFT) / (width - LEFT - RIGHT);
    return zoom.from + Math.min(1, Math.max(0, share)) * (zoom.to - zoom.from);
  };
  picture.addEventListener("pointerdown", (e) => {
    if (e.button !== 0) return;
    const start = toTime(e);
    const ghost = svg("rect", { class: "brush", y: 0, height });
    picture.append(ghost);
    const spread = (to) => {
      const box = [start, to].map((t) => LEFT + ((width - LEFT - RIGHT) * (t - zoom.from)) / (zoom.to - zoom.from)).sort((a, b) => a - b);
      ghost.setAttribute("x", box[0]);
      ghost.setAttribute("width", box[1] - box[0]);
    };
    const move = (m) => spread(toTime(m));
    const done = (m) => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", done);
      removeEventListener("pointercancel", done);
      const [from, to] = [start, toTime(m)].sort((a, b) => a - b);
      if (to - from < (zoom.to - zoom.from) / 400) between(null, null);
      else between(from, to);
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", done);
    addEventListener("pointercancel", done);
    e.preventDefault();
  });
};

/** The same for the keyboard: two sliders, and buttons for the range that is drawn. */
const axisControls = () => {
  const box = byId("axis-controls");
  if (!box) return;
  const STOPS = 200;
  const time = (v) => zoom.from + ((zoom.to - zoom.from) * v) / STOPS;
  const slider = (name, start) => el("input", { type: "range", min: 0, max: STOPS, value: start, "aria-label": name });
  const [from, to] = [slider("show failures from", 0), slider("show failures up to", STOPS)];
  const said = el("output", { class: "mute", "aria-live": "polite" });
  const set = () => {
    const [a, b] = [Number(from.value), Number(to.value)].sort((p, q) => p - q);
    if (a === 0 && b === STOPS) between(null, null);
    else between(time(a), time(b));
  };
  from.addEventListener("input", set);
  to.addEventListener("input", set);
  const look = (a, b) => {
    zoom.from = a;
    zoom.to = Math.max(b, a + 1);
    apply();
  };
  const button = (t, f, title) => el("button", { type: "button", text: t, title, on: { click: f } });
  const near = button("zoom to the selection", () => look(state.from, state.to));
  const clear = button("clear the selection", () => between(null, null));
  box.append(el("label", { text: "from " }, from), el("label", { text: "to " }, to), said, near, clear, button("whole range", () => look(whole.from, whole.to)));
  data.incidents.slice(0, 8).forEach((i) => {
    const room = Math.max(1000, (i.end - i.start) / 4);
    box.append(button(i.id, () => look(Math.max(whole.from, i.start - room), Math.min(whole.to, i.end + room)), "show the time of " + i.id));
  });
  if (traffic.length > 1) {
    const pick = el("select", { on: { change: () => { series = Number(pick.value); draw(); } } });
    traffic.forEach((t, i) => pick.append(el("option", { value: i, text: t.source + (t.server === null ? "" : " → " + (t.instance || t.server)) })));
    pick.value = series;
    box.append(el("label", { text: "load of " }, pick));
  }
  onChange(() => {
    const stop = (t, otherwise) => (t === null ? otherwise : Math.round(((t - zoom.from) / (zoom.to - zoom.from)) * STOPS));
    const day = isOneDay ? clock : iso;
    from.value = stop(state.from, 0);
    to.value = stop(state.to, STOPS);
    from.setAttribute("aria-valuetext", clock(time(Number(from.value))));
    to.setAttribute("aria-valuetext", clock(time(Number(to.value))));
    said.value = state.from === null ? "all of " + day(zoom.from) + " to " + day(zoom.to) : day(state.from) + " to " + day(state.to);
    near.disabled = clear.disabled = state.from === null;
  });
};
