// Light or dark: as the system has it, or as the reader chose; the choice is kept where the browser allows it.
"use strict";
(() => {
  const root = document.documentElement, key = "zsar-report-theme";
  const stored = () => { try { return localStorage.getItem(key); } catch { return null; } };
  const system = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  if (["light", "dark"].includes(stored())) root.dataset.theme = stored();
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) return;
    const name = () => { button.textContent = (root.dataset.theme || system()) === "dark" ? "Light colours" : "Dark colours"; };
    button.hidden = false;
    button.onclick = () => {
      root.dataset.theme = (root.dataset.theme || system()) === "dark" ? "light" : "dark";
      try { localStorage.setItem(key, root.dataset.theme); } catch { /* a private window keeps nothing */ }
      name();
    };
    name();
  });
})();
