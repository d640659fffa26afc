// Does to a page what a reader does, with the pointer and with the keyboard, and says in an attribute of the body whether it
// answers.
const problems = [];
let checks = 0;
const expect = (holds, problem) => { checks += 1; if (!holds) problems.push(problem); };
const press = key => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
const spoken = () => document.querySelector(".tip").hidden ? null : document.querySelector(".tip").textContent;
const inView = box => box.left >= 0 && box.top >= 0 && box.right <= innerWidth + 1 && box.bottom <= innerHeight + 1;

// Everything of a frame of points or tokens that has something to say is reached by the arrow keys alone, and seen.
const walkAll = (frame, rows, name) => {
  const stops = [...frame.querySelectorAll('[data-say][tabindex="0"]')];
  expect(stops.length === 1, name + " is one stop of the tab key");
  stops[0]?.focus();
  const reached = new Set();
  let row = 0;
  for (;;) {
    press("Home");
    for (let steps = 0; steps < 100000; steps++) {
      const item = document.activeElement;
      reached.add(item);
      if (spoken() !== item.dataset.say) { expect(false, name + " says what is under the keyboard"); break; }
      press("ArrowRight");
      if (document.activeElement === item) break;
    }
    row += 1;
    const last = document.activeElement;
    press("ArrowDown");
    if (document.activeElement === last || row > 1000) break;
  }
  const all = frame.querySelectorAll("[data-say]");
  expect(reached.size === all.length, `${name}: the arrow keys reach ${reached.size} of ${all.length}`);
  expect(row === rows, `${name} has ${row} rows to walk, not ${rows}`);
  const item = document.activeElement, style = getComputedStyle(item);
  expect(item.matches(":focus") && (style.stroke !== "none" || style.outlineStyle !== "none"), name + " shows where the keyboard is");
  expect(inView(document.querySelector(".tip").getBoundingClientRect()), name + " says it within the window");
  press("Escape");
  expect(spoken() === null, name + " is silent after escape");
  item.blur();
};

for (const table of document.querySelectorAll("table[id]")) {
  const heads = [...table.tHead.rows[0].cells];
  expect(heads.every(head => head.querySelector("button")?.tabIndex === 0), table.id + " sorts by the keyboard");
}
const table = document.getElementById("main");
if (table) {
  const heads = [...table.tHead.rows[0].cells];
  const column = heads.findIndex(head => head.textContent.includes("M2 bits/byte"));
  const values = () => [...table.tBodies[0].rows].map(row => row.cells[column].dataset.v).filter(v => v).map(Number);
  const button = heads[column].querySelector("button");
  const before = values();
  button.focus();
  expect(document.activeElement === button, "a heading takes the keyboard");
  button.click();
  const rising = values();
  expect(rising.every((v, i) => i === 0 || rising[i - 1] <= v), "the first press sorts upwards");
  expect(rising.length === before.length && rising.length > 5, "sorting loses no row");
  expect(heads[column].getAttribute("aria-sort") === "ascending", "the heading says how it is sorted");
  button.click();
  const falling = values();
  expect(falling.every((v, i) => i === 0 || falling[i - 1] >= v), "the second press sorts downwards");
  heads[0].querySelector("button").click();
  const names = [...table.tBodies[0].rows].map(row => row.cells[0].textContent);
  expect(names.every((v, i) => i === 0 || names[i - 1].localeCompare(v) <= 0), "names sort as names");
  expect(!heads[column].hasAttribute("aria-sort"), "one heading sorts at a time");
}

for (const figure of document.querySelectorAll("figure")) {
  const name = figure.id;
  const buttons = [...figure.querySelectorAll(".series button")];
  expect(buttons.length > 1, name + " has switches");
  walkAll(figure.querySelector("svg"), buttons.length, name);
  const first = buttons[0], parts = () => [...figure.querySelectorAll(".s0")];
  expect(parts().length > 0 && parts().every(part => getComputedStyle(part).display !== "none"), name + " shows all");
  first.click();
  expect(parts().every(part => getComputedStyle(part).display === "none"), name + " hides a series");
  expect(first.getAttribute("aria-pressed") === "false", name + " says that it is hidden");
  expect(!figure.querySelector('.value[tabindex="0"]').closest(".s0"), name + " gives the keyboard nothing hidden");
  first.click();
  expect(parts().every(part => getComputedStyle(part).display !== "none"), name + " shows it again");

  figure.scrollIntoView();
  const box = figure.querySelector(".value").getBoundingClientRect();
  const at = (x, y) => figure.querySelector("svg").dispatchEvent(new PointerEvent("pointermove", { clientX: x, clientY: y, bubbles: true }));
  at(box.x + box.width / 2, box.y + box.height / 2);
  expect(/: .*\d/.test(spoken()), name + " says a value under the pointer");
  at(box.x - 5000, box.y);
  expect(spoken() === null, name + " says nothing far from points");
}

const cuts = [...document.querySelectorAll(".cuts")];
expect(cuts.length > 0, "the page shows tokens");
for (const [index, frame] of cuts.entries()) {
  const rows = [...frame.querySelectorAll(".line div")].filter(row => row.querySelector("[data-say]"));
  walkAll(frame, rows.length, "text " + (index + 1));
  const token = frame.querySelector("[data-say]");
  token.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
  expect(/^token 1: id \d+, \d+ bytes?/.test(spoken()), "a token says what it is under the pointer");
  frame.dispatchEvent(new PointerEvent("pointerleave"));
  // The same bytes stand under each other, whatever the tokens are.
  const lefts = [...rows].map(row => Math.round(row.querySelector("[data-say]").getBoundingClientRect().left));
  expect(new Set(lefts).size === 1, "rows begin in one column");
}
expect(document.body.scrollWidth <= innerWidth, "the page is not wider than the window");
expect(performance.getEntriesByType("resource").length === 0, "nothing was fetched");
const ink = getComputedStyle(document.body).color, page = getComputedStyle(document.body).backgroundColor;
expect(ink !== page, "the text is seen");
document.body.dataset.checks = problems.length ? problems.join("; ") : `all hold: ${checks}, ${ink} on ${page}`;
