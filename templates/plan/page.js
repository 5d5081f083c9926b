"use strict";
const changes = [...document.querySelectorAll("details.change")];
const element = (id) => document.getElementById(id);
const openAll = (open) => changes.forEach((change) => { change.open = open; });

// What a link leads to is worth seeing.
const openTarget = () => {
  const target = element(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
    target.querySelector("summary").focus();
  }
};

const find = () => {
  const wanted = element("find").value.trim().toLowerCase();
  let count = 0;
  for (const change of changes) {
    const found = change.textContent.toLowerCase().includes(wanted);
    change.hidden = !found;
    count += found ? 1 : 0;
  }
  for (const stack of document.querySelectorAll("section.stack")) {
    stack.hidden = wanted !== "" && !stack.querySelector("details.change:not([hidden])");
  }
  element("found").textContent = wanted === "" ? "" : `${count} of ${changes.length} shown`;
};

element("tools").hidden = changes.length === 0;
element("open-all").addEventListener("click", () => openAll(true));
element("close-all").addEventListener("click", () => openAll(false));
element("find").addEventListener("input", find);
addEventListener("hashchange", openTarget);
addEventListener("beforeprint", () => openAll(true));
openTarget();
