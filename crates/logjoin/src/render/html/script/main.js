// Puts the parts together. Everything of the page that needs the script appears here; what replaces it without goes.
document.documentElement.classList.add("live");
filters();
axisControls();
onChange(draw);
list();
breakdown();
apply();
let width = 0;
new ResizeObserver(() => {
  if (frame && frame.clientWidth !== width) {
    width = frame.clientWidth;
    draw();
  }
}).observe(document.body);

const asked = /^#F(\d+)$/.exec(location.hash);
if (asked) open(Number(asked[1]) - 1, true);
addEventListener("hashchange", () => {
  const now = /^#F(\d+)$/.exec(location.hash);
  if (now && Number(now[1]) - 1 !== state.open) open(Number(now[1]) - 1, true);
});

const theme = byId("theme");
if (theme) {
  const all = ["as the system", "light", "dark"];
  let at = 0;
  theme.addEventListener("click", () => {
    at = (at + 1) % all.length;
    if (at) document.documentElement.dataset.theme = all[at];
    else delete document.documentElement.dataset.theme;
    theme.textContent = "colours: " + all[at];
  });
}

for (const b of document.querySelectorAll("button[data-episode]")) {
  const id = data.texts.indexOf(b.dataset.episode);
  b.hidden = id < 0 || !rows.episode.includes(id);
  b.addEventListener("click", () => {
    choose("episode", id);
    byId("failed").scrollIntoView();
    backToList();
  });
}

// Paper has no summary to open.
const folded = [...document.querySelectorAll("details:not([open])")];
addEventListener("beforeprint", () => folded.forEach((d) => (d.open = true)));
addEventListener("afterprint", () => folded.forEach((d) => (d.open = false)));
