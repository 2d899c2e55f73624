// What the console does better with a script and does without one as well.
"use strict";
(() => {
  const typing = (e) => e.target.closest("input, textarea, select, [contenteditable]") !== null;
  const rows = () => [...document.querySelectorAll("[data-row]")];

  // Keys: an element with data-key="a" is pressed, or gets the focus when it is
  // a field; j and k walk through the rows of a list, Enter opens one, ? lists the keys.
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
    if (typing(e)) {
      if (e.key === "Escape") e.target.blur();
      return;
    }
    if (e.key === "?" && help()) { e.preventDefault(); return; }
    if (e.key === "j" || e.key === "k") {
      const all = rows();
      if (all.length === 0) return;
      const at = all.indexOf(document.activeElement.closest("[data-row]"));
      const next = e.key === "j" ? Math.min(at + 1, all.length - 1) : Math.max(at - 1, 0);
      const link = all[next].querySelector("a[href]") || all[next];
      link.focus();
      all[next].scrollIntoView({ block: "nearest" });
      e.preventDefault();
      return;
    }
    if (e.key.length !== 1) return;
    const found = [...document.querySelectorAll("[data-key]")].find((x) => x.dataset.key === e.key);
    if (!found) return;
    e.preventDefault();
    if (found.matches("input:not([type=checkbox]), textarea, select")) found.focus(); else found.click();
  });

  // help shows the keys of this page, which name themselves.
  const help = () => {
    const keys = [...document.querySelectorAll("[data-key]")].filter((x) => x.dataset.key);
    if (keys.length === 0 && rows().length === 0) return false;
    let box = document.getElementById("keys");
    if (!box) {
      box = document.createElement("dialog");
      box.id = "keys";
      document.body.append(box);
      box.addEventListener("click", () => box.close());
    }
    const list = document.createElement("dl");
    const add = (key, text) => {
      const dt = document.createElement("dt"), dd = document.createElement("dd"), kbd = document.createElement("kbd");
      kbd.textContent = key; dt.append(kbd); dd.textContent = text; list.append(dt, dd);
    };
    if (rows().length > 0) add("j k", "↓ ↑");
    for (const x of keys) add(x.dataset.key, x.dataset.keyName || x.getAttribute("aria-label") || x.textContent.trim() || x.labels?.[0]?.textContent.trim() || "");
    box.replaceChildren(list);
    box.showModal();
    return true;
  };

  // A form is sent once, also by a nervous finger.
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (form.method !== "post" || e.defaultPrevented) return;
    if (form.dataset.sent) { e.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 4000);
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((f) => delete f.dataset.sent));

  // A filter is applied when it is chosen.
  document.addEventListener("change", (e) => {
    const form = e.target.closest("form[data-auto]");
    if (form) form.requestSubmit();
  });

  // Words to copy: <button type="button" data-copy="#id">.
  document.addEventListener("click", (e) => {
    const b = e.target.closest("[data-copy]");
    if (!b || !navigator.clipboard) return;
    const from = document.querySelector(b.dataset.copy);
    navigator.clipboard.writeText(from.value || from.textContent.trim()).then(() => { b.textContent = b.dataset.copied || "✓"; });
  });
  if (!navigator.clipboard) document.querySelectorAll("[data-copy]").forEach((b) => { b.hidden = true; });
})();
