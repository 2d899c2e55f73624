// Keys of the list of cases: x ticks the row, a takes it. Everything works without them.
"use strict";
(() => {
  const form = document.getElementById("mass");
  if (!form) return;
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || (e.key !== "x" && e.key !== "a")) return;
    if (e.target.closest("textarea, select, input:not([type=checkbox])")) return;
    const row = document.activeElement.closest("[data-row]");
    const box = row && row.querySelector("input[type=checkbox]");
    if (!box) return;
    e.preventDefault();
    if (e.key === "x") { box.checked = !box.checked; return; }
    form.querySelectorAll("input[type=checkbox]").forEach((b) => { b.checked = b === box; });
    form.elements.officer.value = form.dataset.me;
    form.requestSubmit();
  });
})();
