"use strict";
(() => {
  const table = document.getElementById("failures");
  const box = document.getElementById("filter");
  if (!table || !box) return;
  const input = box.querySelector("input");
  const shown = box.querySelector("output");
  const rows = [...table.tBodies[0].rows];
  const texts = rows.map((r) => r.textContent.toLowerCase());
  const filter = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    rows.forEach((r, i) => {
      const hit = words.every((w) => texts[i].includes(w));
      r.hidden = !hit;
      if (hit) n += 1;
    });
    shown.value = n + " of " + rows.length + " rows";
  };
  let sorted = -1;
  let up = true;
  [...table.tHead.rows[0].cells].forEach((th, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = th.textContent;
    button.title = "sort by this column";
    th.replaceChildren(button);
    button.addEventListener("click", () => {
      up = sorted === i ? !up : true;
      sorted = i;
      [...table.tHead.rows[0].cells].forEach((c) => c.removeAttribute("aria-sort"));
      th.setAttribute("aria-sort", up ? "ascending" : "descending");
      const order = new Intl.Collator("en", { numeric: true });
      const key = (r) => r.cells[i].textContent;
      [...rows].sort((a, b) => (up ? 1 : -1) * order.compare(key(a), key(b))).forEach((r) => table.tBodies[0].append(r));
    });
  });
  input.addEventListener("input", filter);
  box.hidden = false;
  filter();
})();
