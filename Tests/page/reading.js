// A page as it is without its script: everything that a script would say can be read.
const problems = [];
let checks = 0;
const expect = (holds, problem) => { checks += 1; if (!holds) problems.push(problem); };
const isSeen = element => element.getClientRects().length > 0;

expect(!document.querySelector(".scripted, .tip"), "no script has run");
for (const row of document.querySelectorAll("body > .wide tr")) expect(isSeen(row), "a row of a table is not seen");
for (const figure of document.querySelectorAll("figure")) {
  expect(isSeen(figure.querySelector("svg")) && !isSeen(figure.querySelector(".series")), figure.id + " has a picture and no dead switches");
  const folded = figure.querySelector("details"), rows = [...folded.querySelectorAll("tbody tr")];
  const points = [...figure.querySelectorAll(".value")];
  expect(rows.length === points.length && rows.length > 1, `${figure.id}: ${rows.length} values of ${points.length} points`);
  folded.open = true;
  expect(rows.every(isSeen), figure.id + " shows its values when they are opened");
  // The same words as under the pointer.
  const said = new Set(points.map(point => point.textContent));
  expect(rows.every(row => said.has(`${row.cells[0].textContent}: ${row.cells[1].textContent}, ${row.cells[2].textContent}`)), figure.id + " has other values in its table");
}
for (const [index, frame] of [...document.querySelectorAll(".cuts")].entries()) {
  const tokens = [...frame.querySelectorAll(".line span[title]")], folded = frame.nextElementSibling;
  expect(tokens.length > 0 && tokens.every(isSeen), `text ${index + 1}: tokens are seen`);
  expect(folded.matches("details"), `text ${index + 1} has ids to open`);
  folded.open = true;
  expect([...folded.querySelectorAll(".ids")].every(isSeen), `text ${index + 1} shows its ids when they are opened`);
  for (const token of tokens) {
    const id = token.title.match(/id (\d+)/)[1];
    if (!folded.textContent.includes(id)) { expect(false, `text ${index + 1}: id ${id} is not to be read`); break; }
  }
}
expect(document.querySelectorAll(".cuts").length > 0, "the page shows tokens");
document.body.dataset.checks = problems.length ? problems.join("; ") : `all hold: ${checks}`;
