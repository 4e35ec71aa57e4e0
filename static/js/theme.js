/**
 * Light, dark, or as the system has it.
 *
 * Loaded without defer in <head>, before the style sheets paint, so that a
 * saved choice never flashes. It also marks <html class="js"> for the few
 * rules that depend on scripts being there.
 *
 * @example
 * <button type="button" data-theme-toggle hidden
 *         data-label-auto="Theme: automatic"
 *         data-label-light="Theme: light"
 *         data-label-dark="Theme: dark">
 *   <span data-theme-label>Theme</span>
 * </button>
 */
(() => {
  const KEY = "accord-theme";
  const ORDER = ["auto", "light", "dark"];
  const root = document.documentElement;
  root.classList.add("js");

  // Storage may be denied (private windows, blocked cookies): then the choice
  // lasts for the page only.
  const saved = () => {
    try {
      const value = localStorage.getItem(KEY);
      return ORDER.includes(value) ? value : "auto";
    } catch {
      return "auto";
    }
  };
  const save = (choice) => {
    try {
      if (choice === "auto") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, choice);
    } catch {
      /* nothing to keep */
    }
  };

  let choice = saved();

  const apply = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    document.dispatchEvent(new CustomEvent("accord:theme"));
  };

  const label = () => {
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.hidden = false;
      const text = button.querySelector("[data-theme-label]") ?? button;
      const name = `label${choice[0].toUpperCase()}${choice.slice(1)}`;
      text.textContent = button.dataset[name] ?? choice;
    }
  };

  apply(choice);
  document.addEventListener("DOMContentLoaded", label);
  document.addEventListener("htmx:load", label);

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-toggle]")) return;
    choice = ORDER[(ORDER.indexOf(choice) + 1) % ORDER.length];
    save(choice);
    apply(choice);
    label();
  });

  // Another tab changed it.
  window.addEventListener("storage", (event) => {
    if (event.key !== KEY) return;
    choice = saved();
    apply(choice);
    label();
  });

  const system = window.matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", () => document.dispatchEvent(new CustomEvent("accord:theme")));

  // Paper is light; the canvases must be drawn so before the page is printed.
  window.addEventListener("beforeprint", () => apply("light"));
  window.addEventListener("afterprint", () => apply(choice));
})();
