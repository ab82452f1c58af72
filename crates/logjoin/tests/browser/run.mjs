// Drives the HTML report in a headless Chromium, as a reader with a mouse, with a keyboard and with hostile logs would.
//
//   node run.mjs LOGJOIN RICH_JSON OUT_DIR CHROMIUM
//
// LOGJOIN is the program, RICH_JSON the saved result of `fixtures/reports`, whose texts hold what strangers send. Pages and
// screenshots are left in OUT_DIR for a person to look at. `playwright-core` is expected in OUT_DIR/node_modules.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createWriteStream, readFileSync, statSync } from "node:fs";
import { once } from "node:events";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [logjoin, rich, out, executablePath] = process.argv.slice(2).map((p) => path.resolve(p));
const { chromium } = createRequire(path.join(out, "index.js"))("playwright-core");
const analysis = JSON.parse(readFileSync(rich, "utf8"));
const MANY = 100_000;
const MOST_BYTES = 15_000_000;

const render = (json, name) => {
  const page = path.join(out, name);
  execFileSync(logjoin, [json, "-o", page]);
  return page;
};

/** The result with its failures again and again, each with its own time, line, target, client and request id. */
const crowd = async () => {
  const file = path.join(out, "crowd.json");
  const stream = createWriteStream(file);
  const own = analysis.failures.filter((f) => f.gateway && f.episode);
  const from = Date.parse(analysis.incidents[0].start);
  const counts = {};
  const { failures, ...rest } = analysis;
  for (const f of own) counts[f.cause] = 0;
  for (let i = 0; i < MANY; i += 1) counts[own[i % own.length].cause] += 1;
  rest.totals = { ...rest.totals, failures: MANY, not_gateway: 0, by_cause: counts };
  stream.write(JSON.stringify(rest).slice(0, -1) + ',"failures":[');
  const parts = [];
  for (let i = 0; i < MANY; i += 1) {
    const f = structuredClone(own[i % own.length]);
    f.id = "F" + (i + 1);
    f.time = new Date(from + Math.floor((i * 60_000) / MANY)).toISOString();
    delete f.start;
    f.line = 1000 + 3 * i;
    if (i % 3) f.target = `/api/v1/orders/${(i * 7919) % 50_000}?page=${i % 7}`;
    f.client = `203.0.${i % 200}.${(i * 31) % 250}`;
    f.request_id = ((i + 1) * 2654435761).toString(16).padStart(32, "0");
    f.error_lines = [{ file: "logs/edge-1/error.log", line: 50 + 2 * i }];
    parts.push(JSON.stringify(f));
    if (parts.length === 5000) {
      if (!stream.write((i < 5000 ? "" : ",") + parts.join(","))) await once(stream, "drain");
      parts.length = 0;
    }
  }
  stream.end("]}\n");
  await once(stream, "finish");
  return { file, counts };
};

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const complaints = [];
const visit = async (file, options = {}, hash = "") => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, ...options });
  const page = await context.newPage();
  page.on("console", (m) => complaints.push(`${path.basename(file)}: console ${m.type()}: ${m.text()}`));
  page.on("pageerror", (e) => complaints.push(`${path.basename(file)}: ${e.stack}`));
  page.on("dialog", (d) => {
    complaints.push(`${path.basename(file)}: a dialog: ${d.message()}`);
    d.dismiss();
  });
  page.on("request", (r) => {
    if (!r.url().startsWith(pathToFileURL(file).href)) complaints.push(`${path.basename(file)}: asked for ${r.url()}`);
  });
  await page.goto(pathToFileURL(file).href + hash);
  return page;
};
const shot = (page, name, fullPage = true) => page.screenshot({ path: path.join(out, name + ".png"), fullPage });
const shownRows = async (page) => Number((await page.locator("#list-count").textContent()).split(" ")[0].replaceAll(",", ""));
const step = async (name, f) => {
  const start = performance.now();
  await f().catch((e) => {
    console.error(complaints.join("\n"));
    throw e;
  });
  console.log(`    ${name}: ok, ${Math.round(performance.now() - start)} ms`);
};

/** Nothing but the elements and attributes of the report's own. */
const inert = async (page) => {
  const strange = await page.evaluate(() => {
    const known = "a aside body button caption code col dd details div dl dt figcaption figure h1 h2 h3 h4 head header html input label li main meta nav ol option output p script section select span strong style summary table tbody td th thead title tr ul br svg rect line text path circle g".split(" ");
    const bad = [];
    for (const e of document.querySelectorAll("*")) {
      if (!known.includes(e.localName)) bad.push(e.outerHTML.slice(0, 100));
      for (const a of e.attributes) {
        if (/^on/i.test(a.name) || (a.name === "href" && !a.value.startsWith("#")) || a.name === "src") bad.push(`${e.localName} ${a.name}=${a.value}`);
      }
    }
    if (document.scripts.length !== 2) bad.push("scripts: " + document.scripts.length);
    if (document.title !== "Gateway failures") bad.push("title: " + document.title);
    return bad;
  });
  assert.deepEqual(strange, []);
};

const small = render(rich, "rich.html");

await step("hostile texts stay inert, also where the script shows them", async () => {
  const page = await visit(small);
  await inert(page);
  const body = page.locator(".lbody");
  await body.focus();
  await page.keyboard.press("Home");
  for (let n = 0; n < analysis.failures.length; n += 1) {
    await page.keyboard.press("Enter");
    await page.locator("#detail").waitFor();
    assert.match(await page.locator("#detail-title").textContent(), new RegExp(`^F${n + 1}:`));
    assert.ok((await page.locator(".beside tbody tr").count()) >= 1);
    await page.keyboard.press("Escape");
    await page.keyboard.press("ArrowDown");
  }
  await inert(page);
  assert.ok((await page.locator("body").innerText()).includes("<script>alert(1)</script>"), "they are shown as text");
  for (const words of ["<img src=x onerror=alert(1)>", "\" onmouseover=alert(1)", "<script>"]) {
    await page.locator("#filters input").fill(words);
    await page.locator(".chip").first().waitFor();
    await inert(page);
  }
  await page.context().close();
  for (const hash of ["#F3", "#F999999", "#<img src=x onerror=alert(1)>", "#javascript:alert(1)"]) {
    const there = await visit(small, {}, hash);
    await inert(there);
    assert.equal(await there.locator("#detail").isVisible(), hash === "#F3");
    await there.context().close();
  }
});

await step("filters agree with the JSON", async () => {
  const page = await visit(small);
  assert.equal(await shownRows(page), analysis.failures.length);
  for (const [cause, n] of Object.entries(analysis.totals.by_cause)) {
    const value = await page.locator("#pick-cause option", { hasText: cause }).first().getAttribute("value");
    await page.locator("#pick-cause").selectOption(value);
    assert.equal(await shownRows(page), n, cause);
    await page.locator(".chip").click();
  }
  const target = analysis.failures.filter((f) => f.status === 504).length;
  await page.locator("#filters input").fill("504");
  await page.waitForFunction((n) => document.getElementById("list-count").value.startsWith(n + " of"), target);
  await page.locator("#filters input").fill("F12");
  await page.waitForFunction(() => document.getElementById("list-count").value.startsWith("1 of"));
  await page.locator(".chip").click();
  // A row of the breakdown is a button that filters, and pressed again does not.
  const client = page.locator("#breakdown table", { hasText: "client" }).locator("button").first();
  const name = await client.textContent();
  await client.click();
  assert.equal(await shownRows(page), analysis.failures.filter((f) => f.client === name).length);
  await page.locator("#breakdown button[aria-pressed=true]").first().click();
  assert.equal(await shownRows(page), analysis.failures.length);
  await page.locator("[data-episode=E3]").click();
  assert.equal(await shownRows(page), analysis.incidents.flatMap((i) => i.episodes).find((e) => e.id === "E3").failures);
  await page.context().close();
});

await step("a range is brushed with the mouse and moved with keys", async () => {
  const page = await visit(small);
  const chart = page.locator("#axis svg");
  const box = await chart.boundingBox();
  const from = box.x + 150;
  const inner = box.width - 184;
  const drag = async (a, b) => {
    await page.mouse.move(from + inner * a, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(from + inner * (a + b) / 2, box.y + 24, { steps: 4 });
    await page.mouse.move(from + inner * b, box.y + 20);
    await page.mouse.up();
  };
  const [start, end] = [Math.min(...analysis.sources.map((s) => Date.parse(s.start))), Math.max(...analysis.sources.map((s) => Date.parse(s.end)))];
  const within = (a, b) => analysis.failures.filter((f) => Date.parse(f.time) >= start + (end - start) * a && Date.parse(f.time) <= start + (end - start) * b).length;
  await drag(0.5, 0.75);
  assert.equal(await shownRows(page), within(0.5, 0.75));
  assert.ok(await page.locator(".brush").isVisible());
  await page.getByRole("button", { name: "zoom to the selection" }).click();
  assert.equal(await shownRows(page), within(0.5, 0.75), "zooming changes no selection");
  await page.getByRole("button", { name: "whole range" }).click();
  await page.getByRole("button", { name: "clear the selection" }).click();
  assert.equal(await shownRows(page), analysis.failures.length);
  const slider = page.getByRole("slider", { name: "show failures from" });
  await slider.focus();
  for (let n = 0; n < 100; n += 1) await page.keyboard.press("ArrowRight");
  assert.equal(await shownRows(page), within(0.5, 1));
  assert.match(await slider.getAttribute("aria-valuetext"), /^\d\d:\d\d:\d\d/);
  await page.context().close();
});

await step("the list is sorted, walked and opened with keys", async () => {
  const page = await visit(small);
  await page.getByRole("columnheader", { name: "sure" }).getByRole("button").click();
  assert.equal(await page.getByRole("columnheader", { name: "sure" }).getAttribute("aria-sort"), "ascending");
  await page.getByRole("columnheader", { name: "sure" }).getByRole("button").press("Enter");
  assert.equal(await page.getByRole("columnheader", { name: "sure" }).getAttribute("aria-sort"), "descending");
  await page.locator(".lbody").focus();
  await page.keyboard.press("End");
  const last = await page.locator(".lbody").getAttribute("aria-activedescendant");
  assert.equal(last, "row" + (analysis.failures.length - 1));
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "detail-title");
  await page.keyboard.press("Escape");
  assert.ok(await page.evaluate(() => document.activeElement.classList.contains("lbody")), "back in the list");
  await page.context().close();
});

await step("every control has a name, every picture words", async () => {
  const page = await visit(small, {}, "#F3");
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll("button, select, input, [role=img], [role=grid], [role=region]")]
      .filter((e) => !(e.textContent.trim() || e.labels?.length || e.getAttribute("aria-label") || e.getAttribute("aria-labelledby")))
      .map((e) => e.outerHTML.slice(0, 120)),
  );
  assert.deepEqual(nameless, []);
  const levels = await page.evaluate(() => [...document.querySelectorAll("h1,h2,h3,h4")].map((h) => Number(h.localName[1])));
  assert.ok(levels.every((l, i) => i === 0 || l <= levels[i - 1] + 1), levels.join(" "));
  await page.context().close();
});

await step("light, dark, narrow, on paper and without the script", async () => {
  for (const [name, options] of [
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["narrow", { viewport: { width: 390, height: 800 } }],
    ["no-script", { javaScriptEnabled: false }],
  ]) {
    const page = await visit(small, options, name === "no-script" ? "" : "#F3");
    await shot(page, name);
    const wide = await page.locator("html").evaluate((e) => e.scrollWidth - e.clientWidth).catch(() => 0);
    assert.ok(wide <= 0, `${name}: the page is wider than the window by ${wide}`);
    if (name === "no-script") assert.equal(await page.locator("section table tbody tr", { hasText: "F1" }).first().isVisible(), true);
    if (name === "light") {
      const before = await page.locator("body").evaluate((e) => getComputedStyle(e).backgroundColor);
      await page.locator("#theme").click();
      await page.locator("#theme").click();
      assert.notEqual(await page.locator("body").evaluate((e) => getComputedStyle(e).backgroundColor), before);
    }
    await page.context().close();
  }
  const page = await visit(small);
  await page.pdf({ path: path.join(out, "paper.pdf") });
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("#list").isVisible(), false);
  assert.equal(await page.locator(".dead-only table").first().isVisible(), true);
  await shot(page, "paper");
  await page.context().close();
});

await step(`${MANY.toLocaleString("en")} failures`, async () => {
  const { file, counts } = await crowd();
  const big = render(file, "crowd.html");
  const bytes = statSync(big).size;
  const start = performance.now();
  const page = await visit(big);
  await page.locator(".lbody .lrow").first().waitFor();
  const opened = performance.now() - start;
  console.log(`    ${(bytes / 1e6).toFixed(1)} MB, open and drawn in ${Math.round(opened)} ms`);
  assert.ok(bytes < MOST_BYTES, `${bytes} bytes`);
  assert.equal(await shownRows(page), MANY);
  assert.ok((await page.locator(".lbody .lrow").count()) < 60, "only rows in sight exist");
  assert.ok((await page.locator("#axis rect").count()) < 3000, "marks are aggregated");
  const timed = async (name, f) => {
    const at = performance.now();
    await f();
    console.log(`    ${name}: ${Math.round(performance.now() - at)} ms`);
  };
  await timed("choose a cause", async () => {
    const value = await page.locator("#pick-cause option", { hasText: "oom-kill" }).getAttribute("value");
    await page.locator("#pick-cause").selectOption(value);
    assert.equal(await shownRows(page), counts["oom-kill"]);
  });
  await page.locator(".chip").click();
  await timed("search", async () => {
    await page.locator("#filters input").fill("orders/4999");
    await page.waitForFunction((n) => !document.getElementById("list-count").value.startsWith(n), MANY.toLocaleString("en"));
  });
  await page.locator(".chip").click();
  await timed("to the end of the list and open", async () => {
    await page.locator(".lbody").focus();
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    assert.match(await page.locator("#detail-title").textContent(), new RegExp(`^F${MANY}:`));
  });
  await inert(page);
  await shot(page, "crowd", false);
  await page.context().close();
});

await browser.close();
assert.deepEqual(complaints, []);
console.log("    no console message, no dialog, nothing asked of anywhere");
