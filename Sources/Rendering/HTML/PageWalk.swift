/// How what is said looks, and the place of the keyboard.
let walkStyle = """
  .tip { position: fixed; z-index: 1; pointer-events: none; background: #222; color: #fff; font: 13px/1.5 system-ui, sans-serif; padding: 0.1em 0.5em; border: 1px solid #888; border-radius: 4px; white-space: pre-wrap; max-width: calc(100vw - 2em) }
  """

/// What a point and a token have in common: `speaks(item, text)` gives it what it says, to screen readers too, `say(item)`
/// shows that beside it, and `walk(frame, rows)` lets the keyboard go over the items of a frame. Tab reaches one item a
/// frame; from there left and right, home and end go along a row, up and down to the nearest item of the row before and
/// after, and escape silences. That other rows are shown is told to the frame by an event `rows`.
let walkScript = """
  const tip = document.createElement("div");
  tip.className = "tip"; tip.hidden = true; tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);
  let said = null;
  const place = () => {
    if (!said) return;
    const box = said.getBoundingClientRect(), half = tip.offsetWidth / 2, above = box.top - tip.offsetHeight - 6;
    tip.style.left = Math.max(4, Math.min(box.left + box.width / 2, innerWidth - 4 - half) - half) + "px";
    tip.style.top = (above > 0 ? above : box.bottom + 6) + "px";
  };
  const say = item => {
    said = item;
    tip.hidden = !item;
    if (!item) return;
    if (tip.textContent !== item.dataset.say) tip.textContent = item.dataset.say;
    place();
  };
  addEventListener("scroll", place, { capture: true, passive: true });
  addEventListener("resize", place);
  const speaks = (item, text) => {
    item.dataset.say = text;
    item.setAttribute("role", "img");
    item.setAttribute("aria-label", text);
    item.setAttribute("tabindex", "-1");
  };
  const middle = item => { const box = item.getBoundingClientRect(); return box.left + box.width / 2; };
  const nearest = (row, x) => row.reduce((a, b) => Math.abs(middle(b) - x) < Math.abs(middle(a) - x) ? b : a);
  const walk = (frame, rows) => {
    let open = null;
    const enter = item => {
      if (open) open.setAttribute("tabindex", "-1");
      open = item;
      if (item) item.setAttribute("tabindex", "0");
    };
    const first = () => enter(rows().find(row => row.length)?.[0] ?? null);
    first();
    frame.addEventListener("rows", first);
    frame.addEventListener("focusin", event => {
      const item = event.target.closest("[data-say]");
      if (!item) return;
      enter(item);
      say(item);
    });
    frame.addEventListener("focusout", () => say(null));
    frame.addEventListener("keydown", event => {
      if (event.key === "Escape") return say(null);
      const all = rows().filter(row => row.length), at = all.findIndex(row => row.includes(open));
      if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
      const row = all[at], index = row.indexOf(open);
      const next = {
        ArrowLeft: () => row[index - 1], ArrowRight: () => row[index + 1], Home: () => row[0], End: () => row.at(-1),
        ArrowUp: () => all[at - 1] && nearest(all[at - 1], middle(open)),
        ArrowDown: () => all[at + 1] && nearest(all[at + 1], middle(open)),
      }[event.key];
      if (!next) return;
      event.preventDefault();
      const item = next();
      if (!item) return;
      enter(item);
      item.focus();
    });
  };
  """
