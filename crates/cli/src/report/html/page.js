// Without this the page is the whole table. Rows are only shown and hidden: nothing is made of text.
"use strict";
(() => {
  const form = document.getElementById("filter");
  const shown = document.getElementById("shown");
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
        row.hidden = !fits;
        some ||= fits;
        places += fits;
      }
      body.hidden = !some;
      secrets += some;
    }
    shown.textContent = `${places} places of ${secrets} secrets`;
  }

  // One run a frame, however fast somebody types.
  let waits = false;
  const soon = () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => { waits = false; apply(); });
  };
  form.addEventListener("input", soon);
  form.addEventListener("reset", () => setTimeout(soon));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply();
})();
