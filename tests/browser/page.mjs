// Looks at pages and pictures as a person does, in a real browser: node page.mjs MODULES FILE…
// MODULES is the folder with playwright-core and axe-core. Says what is wrong, and ends with 1 if anything is.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, ...files] = process.argv.slice(2);
const module = (name) => join(modules, readdirSync(modules).find((folder) => folder.startsWith(`${name}@`)), "package");
const { chromium } = await import(pathToFileURL(join(module("playwright-core"), "index.mjs")));
const axe = readFileSync(join(module("axe-core"), "axe.min.js"), "utf8");

const SIZES = [{ width: 1280, height: 900 }, { width: 390, height: 844 }];
const wrong = [];

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});

/** Opens a file in a browser that has never seen anything, and notes whatever it complains of or asks for. */
async function open(file, options, say) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const address = pathToFileURL(file).href;
  page.on("console", (message) => say(`console: ${message.text()}`));
  page.on("pageerror", (error) => say(`error: ${error.message}`));
  page.on("dialog", (dialog) => { say(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => {
    const asked = request.url();
    if (asked.split("#")[0] !== address && asked !== "data:,") say(`request: ${asked}`);
  });
  await page.goto(address);
  return page;
}

async function isNoWider(page, say) {
  const [whole, shown] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  if (whole > shown) say(`${whole} pixels wide on a screen of ${shown}`);
}

async function canBeUsedByAll(page, say) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  for (const { impact, id, help, nodes } of violations) {
    say(`axe ${impact} ${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" and ")}`);
  }
}

/** Tab comes to what matters in the order of reading, one sees where one is, and Enter opens and closes. */
async function worksByKeyboard(page, say) {
  const here = () => page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    return {
      name: element.localName,
      text: element.textContent.trim().slice(0, 40),
      isSeen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
      open: element.parentElement?.open,
    };
  });
  // Where there is a way to the parts of the page, there is one past it.
  if (await page.locator("nav").count() > 0) {
    await page.keyboard.press("Tab");
    if (!(await here()).text.startsWith("Skip")) say(`Tab comes first to ${JSON.stringify(await here())}`);
    await page.keyboard.press("Enter");
    // The address changes some time after the key.
    await page.waitForFunction(() => globalThis.location.hash === "#changes", null, { timeout: 10_000 })
      .catch(() => say("the skip link does not skip"));
  }
  const wanted = await page.locator("details > summary:visible").count();
  const seen = new Set();
  for (let step = 0; step < 400 && seen.size < wanted; step += 1) {
    await page.keyboard.press("Tab");
    const place = await here();
    if (place.name === "body") break;
    if (!place.isSeen) say(`the focus is not seen on ${JSON.stringify(place)}`);
    if (place.name !== "summary") continue;
    seen.add(await page.evaluate(() => [...document.querySelectorAll("summary")].indexOf(document.activeElement)));
    await page.keyboard.press("Enter");
    const { open } = await here();
    if (open === place.open) say(`Enter does not toggle ${place.text}`);
    await page.keyboard.press("Enter");
  }
  if (seen.size !== wanted) say(`Tab reaches ${seen.size} of ${wanted} changes`);
}

async function isFoundAndOpened(page, say) {
  const changes = page.locator("details.change");
  const count = await changes.count();
  if (count === 0) return;
  await page.locator("#open-all").click();
  if (await page.locator("details.change[open]").count() !== count) say("not all are open");
  await page.locator("#close-all").click();
  if (await page.locator("details.change[open]").count() !== 0) say("not all are closed");
  await page.locator("#find").fill("no such thing anywhere");
  if (await page.locator("details.change:visible").count() !== 0) say("something is found that is not there");
  await page.locator("#find").fill("");
  if (await page.locator("details.change:visible").count() !== count) say("not all are shown again");
  const link = page.locator("svg a").first();
  if (await link.count() === 0) return;
  await link.click();
  // The page opens the change when it is told of its new address, which comes after the click.
  await page.locator("details.change:target[open]").waitFor({ timeout: 10_000 })
    .catch(() => say("the picture does not lead to the change"));
}

/** Every text of the picture stays within its box, no box covers another, and all stand in the picture. */
async function isDrawnWell(page, say) {
  const faults = await page.evaluate(() => {
    const faults = [];
    const within = (inner, outer) => inner.left >= outer.left - 1 && inner.right <= outer.right + 1
      && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
    const apart = (one, two) => one.right <= two.left || two.right <= one.left || one.bottom <= two.top || two.bottom <= one.top;
    for (const svg of document.querySelectorAll("svg.graph")) {
      const whole = svg.getBoundingClientRect();
      const groups = [...svg.querySelectorAll(".graph-stack, .graph-outside")];
      const lists = [groups];
      for (const group of groups) {
        if (!within(group.getBoundingClientRect(), whole)) faults.push("a box stands outside the picture");
        const cells = [...group.parentElement.querySelectorAll(".graph-cell > rect")];
        for (const cell of cells) {
          if (!within(cell.getBoundingClientRect(), group.getBoundingClientRect())) faults.push("a resource stands outside its stack");
        }
        for (const text of group.parentElement.querySelectorAll("text")) {
          const box = (text.parentElement.querySelector(":scope > rect") ?? group).getBoundingClientRect();
          if (!within(text.getBoundingClientRect(), box)) faults.push(`"${text.textContent}" is wider than its box`);
        }
        lists.push(cells);
      }
      for (const list of lists) {
        const boxes = list.map((element) => element.getBoundingClientRect());
        boxes.forEach((one, index) => boxes.slice(index + 1).forEach((two) => {
          if (!apart(one, two)) faults.push("two boxes cover each other");
        }));
      }
    }
    return [...new Set(faults)].slice(0, 5);
  });
  faults.forEach(say);
}

let looks = 0;
for (const file of files) {
  const isPage = file.endsWith(".html");
  for (const viewport of SIZES) {
    for (const colorScheme of ["light", "dark"]) {
      const say = (what) => wrong.push(`${file} at ${viewport.width}, ${colorScheme}: ${what}`);
      const page = await open(file, { viewport, colorScheme }, say);
      looks += 1;
      await isDrawnWell(page, say);
      if (isPage) {
        await isNoWider(page, say);
        await canBeUsedByAll(page, say);
        // What happens at a key is not another thing in the dark.
        if (colorScheme === "light") {
          await worksByKeyboard(page, say);
          await isFoundAndOpened(page, say);
          await isNoWider(page, say);
        }
        // The one script serves the changes, which a page of access alone does not have.
        const own = await page.locator("#changes").count();
        if (await page.locator("script, img, iframe, link:not([rel=icon])").count() !== own) say("something is on the page that is not its own");
      } else if (await page.evaluate(() => document.documentElement.localName) !== "svg") {
        say("this is no picture");
      }
      await page.context().close();
    }
  }
  if (isPage) {
    const say = (what) => wrong.push(`${file} without scripts: ${what}`);
    const page = await open(file, { viewport: SIZES[0], javaScriptEnabled: false }, say);
    if (await page.locator("#tools:visible").count() !== 0) say("tools that do nothing are shown");
    for (const change of await page.locator("details").all()) {
      const isOpen = await change.evaluate((element) => element.open);
      await change.locator("summary").click();
      if (await change.evaluate((element) => element.open) === isOpen) say("a change does not open and close");
    }
    await page.context().close();
  }
}
await browser.close();
console.log(wrong.length === 0 ? `${looks} looks, nothing wrong` : wrong.join("\n"));
process.exitCode = wrong.length === 0 ? 0 : 1;
