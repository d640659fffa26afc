// Does to a report's page what a reader does, and says in an attribute of the body whether it answers.
const problems = [];
let checks = 0;
const expect = (holds, problem) => { checks += 1; if (!holds) problems.push(problem); };

const table = document.getElementById("results") || document.querySelector("table");
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

for (const figure of document.querySelectorAll("figure")) {
  const name = figure.id;
  const buttons = [...figure.querySelectorAll(".series button")];
  expect(buttons.length > 1, name + " has switches");
  const first = buttons[0], parts = () => [...figure.querySelectorAll(".s0")];
  expect(parts().length > 0 && parts().every(part => getComputedStyle(part).display !== "none"), name + " shows all");
  first.click();
  expect(parts().every(part => getComputedStyle(part).display === "none"), name + " hides a series");
  expect(first.getAttribute("aria-pressed") === "false", name + " says that it is hidden");
  first.click();
  expect(parts().every(part => getComputedStyle(part).display !== "none"), name + " shows it again");

  figure.scrollIntoView();
  const circle = figure.querySelector(".value"), box = circle.getBoundingClientRect();
  const at = (x, y) => figure.querySelector("svg").dispatchEvent(new PointerEvent("pointermove", { clientX: x, clientY: y, bubbles: true }));
  at(box.x + box.width / 2, box.y + box.height / 2);
  const tip = figure.querySelector(".tip");
  expect(!tip.hidden && /: .*\d/.test(tip.textContent), name + " says a value under the pointer");
  at(box.x - 5000, box.y);
  expect(tip.hidden, name + " says nothing far from points");
}
expect(performance.getEntriesByType("resource").length === 0, "nothing was fetched");
const ink = getComputedStyle(document.body).color, page = getComputedStyle(document.body).backgroundColor;
expect(ink !== page, "the text is seen");
document.body.dataset.checks = problems.length ? problems.join("; ") : `all hold: ${checks}, ${ink} on ${page}`;
