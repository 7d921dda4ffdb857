// Without this the page is the whole table. Rows are only shown and hidden: nothing is made of text.
//
// A browser takes long to lay out many thousand rows, at every change of the filter anew. So the screen has the first of
// those that fit, and more when they are asked for; the style hides the rest of a long table until this runs. What
// fits is not `hidden`, also where it is `later`, and is printed.
"use strict";
(() => {
  const form = document.getElementById("filter");
  if (!form) return; // nothing was found
  const shown = document.getElementById("shown");
  const more = document.getElementById("more");
  const page = 500;
  let room = page;
  const columns = { severity: 0, confidence: 1, kind: 3 };
  const groups = Array.from(document.querySelectorAll("tbody.secret"), (body) => ({
    body,
    rule: body.dataset.rule,
    head: body.rows[0].textContent.toLowerCase(),
    rows: Array.from(body.rows).slice(1).map((row) => ({
      row,
      severity: row.cells[columns.severity].textContent,
      confidence: row.cells[columns.confidence].textContent,
      kind: row.cells[columns.kind].textContent,
      state: row.className,
      text: row.textContent.toLowerCase(),
    })),
  }));

  function apply() {
    const want = Object.fromEntries(new FormData(form));
    const words = want.search.toLowerCase().split(/\s+/).filter(Boolean);
    const is = (wanted, value) => wanted === "" || wanted === value;
    let places = 0;
    let secrets = 0;
    for (const { body, rule, head, rows } of groups) {
      let some = false;
      for (const { row, severity, confidence, kind, state, text } of rows) {
        const fits = is(want.rule, rule) && is(want.severity, severity) && is(want.confidence, confidence) &&
          is(want.kind, kind) && is(want.state, state) &&
          words.every((word) => text.includes(word) || head.includes(word));
        places += fits;
        row.hidden = !fits;
        row.classList.toggle("later", fits && places > room);
        some ||= fits && row;
      }
      body.hidden = !some;
      body.classList.toggle("later", some && some.classList.contains("later"));
      secrets += some ? 1 : 0;
    }
    const first = places > room ? `, the first ${room} here` : "";
    shown.textContent = `${places} places of ${secrets} secrets${first}`;
    more.hidden = first === "";
  }

  // One run a frame, however fast somebody types.
  let waits = false;
  const soon = (to = page) => {
    room = to;
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => { waits = false; apply(); });
  };
  form.addEventListener("input", () => soon());
  form.addEventListener("reset", () => setTimeout(soon));
  more.addEventListener("click", () => soon(room + page));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply();
  document.getElementById("secrets").classList.add("ready");
})();
