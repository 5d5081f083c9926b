// Has Mermaid itself draw diagrams, in a real browser: node mermaid.mjs MODULES FILE…
// Prints for each how many nodes, groups and edges it drew.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, ...files] = process.argv.slice(2);
const module = (name) => join(modules, readdirSync(modules).find((folder) => folder.startsWith(`${name}@`)), "package");
const { chromium } = await import(pathToFileURL(join(module("playwright-core"), "index.mjs")));

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});
const page = await browser.newPage();
await page.addScriptTag({ path: join(module("mermaid"), "dist/mermaid.min.js") });
for (const file of files) {
  const text = readFileSync(file, "utf8");
  const drawn = await page.evaluate(async (text) => {
    mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
    const { svg } = await mermaid.render("picture", text);
    const holder = document.createElement("div");
    holder.innerHTML = svg;
    const count = (selector) => holder.querySelectorAll(selector).length;
    return {
      nodes: count(".node"), groups: count(".cluster"), edges: count(".edgePaths > path"),
      labels: [...holder.querySelectorAll(".node .nodeLabel")].map((label) => label.textContent),
    };
  }, text);
  console.log(JSON.stringify(drawn));
}
await browser.close();
