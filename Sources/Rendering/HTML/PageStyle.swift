/// How every page looks: light or dark as the reader's system is, readable without a script.
let pageStyle = """
  :root { color-scheme: light dark; --ink: #1a1a1a; --page: #fff; --faint: #666; --line: #ddd; --mark: #f3f6fa; --link: #0b57a4 }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e8e8e8; --page: #16181c; --faint: #9a9a9a; --line: #3a3d44; --mark: #20242b; --link: #8ab8f0 }
  }
  body { background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 1200px; padding: 0 1em }
  a { color: var(--link) }
  h1, h2, h3 { line-height: 1.2; margin: 1.6em 0 0.6em }
  .wide { overflow-x: auto }
  table { border-collapse: collapse; margin: 1em 0; font-size: 14px }
  th, td { padding: 0.25em 0.7em; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap }
  th { vertical-align: bottom; white-space: normal }
  td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
  td { vertical-align: top }
  td.t { white-space: normal; min-width: 18em; overflow-wrap: anywhere }
  tbody tr:hover { background: var(--mark) }
  th button { all: unset; cursor: pointer; font-weight: 600 }
  button:focus-visible, summary:focus-visible { outline: 2px solid var(--link) }
  th[aria-sort=ascending] button::after { content: " ▲" }
  th[aria-sort=descending] button::after { content: " ▼" }
  pre, code { background: var(--mark); border-radius: 3px; padding: 0 0.25em; font-size: 13px }
  pre { padding: 0.7em; overflow-x: auto }
  details { margin: 0.6em 0 } summary { cursor: pointer; color: var(--faint) }
  """

/// Tables sort by the heading that is pressed.
let tableScript = """
  for (const table of document.querySelectorAll("table[id]")) {
    const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const falls = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", falls ? "descending" : "ascending");
      const key = row => {
        const cell = row.cells[column], value = cell.dataset.v;
        return value === undefined ? cell.textContent : value === "" ? NaN : Number(value);
      };
      const order = (a, b) => {
        const x = key(a), y = key(b);
        if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
        return (typeof x === "number" ? x - y : x.localeCompare(y)) * (falls ? -1 : 1);
      };
      body.append(...[...body.rows].sort(order));
    }));
  }
  """

/// How figures look, and what is said of a point or a token.
let figureStyle = """
  figure { margin: 1em 0; max-width: 900px }
  figure svg { width: 100%; height: auto; border-radius: 4px }
  .value:focus { outline: none; stroke: #000; stroke-width: 2.5 }
  .series { display: none; flex-wrap: wrap; gap: 0.3em; margin: 0.4em 0 }
  .scripted .series { display: flex }
  .series button { font: inherit; font-size: 13px; color: var(--ink); background: var(--mark); border: 1px solid var(--line); border-radius: 4px; cursor: pointer; padding: 0 0.5em }
  .series button::before { content: "■ "; color: var(--colour) }
  .series button[aria-pressed=false] { opacity: 0.45; text-decoration: line-through }
  """

/// The value nearest to the pointer is said, and that which the arrow keys walk to; a series hides when its name is
/// pressed.
let figureScript = """
  document.documentElement.classList.add("scripted");
  for (const figure of document.querySelectorAll("figure")) {
    const svg = figure.querySelector("svg"), values = [...svg.querySelectorAll(".value")];
    for (const value of values) {
      const title = value.querySelector("title");
      speaks(value, title.textContent);
      title.remove();
    }
    const buttons = [...figure.querySelectorAll(".series button")];
    walk(svg, () => buttons.filter(button => button.getAttribute("aria-pressed") === "true").map(button =>
      [...svg.querySelectorAll(".s" + button.dataset.series + " .value")].sort((a, b) => a.cx.baseVal.value - b.cx.baseVal.value)));
    svg.addEventListener("pointermove", event => {
      let best = null, least = 30;
      for (const value of values) {
        const box = value.getBoundingClientRect();
        if (!box.width) continue;
        const far = Math.hypot(box.x + box.width / 2 - event.clientX, box.y + box.height / 2 - event.clientY);
        if (far < least) { least = far; best = value; }
      }
      say(best);
    });
    svg.addEventListener("pointerleave", () => say(null));
    for (const button of buttons) {
      button.addEventListener("click", () => {
        const shown = button.getAttribute("aria-pressed") === "false";
        button.setAttribute("aria-pressed", shown);
        for (const part of svg.querySelectorAll(".s" + button.dataset.series)) part.style.display = shown ? "" : "none";
        svg.dispatchEvent(new Event("rows"));
      });
    }
  }
  """
