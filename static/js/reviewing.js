/**
 * Keys of the review: one key, one place, named in data-shortcut. A button or link is followed; a
 * summary is opened; a button with data-first has a field to fill in before.
 *
 * @example
 * <button type="submit" data-shortcut="a" aria-keyshortcuts="a">Accept</button>
 */
(() => {
  const typing = (element) =>
    element instanceof HTMLElement && element.matches("input:not([type=checkbox]), select, textarea");

  const follow = (target) => {
    const first = target.dataset.first && document.getElementById(target.dataset.first);
    if (first) return first.focus();
    target.focus();
    target.click();
    if (target.matches("summary")) target.parentElement.querySelector("form input:not([type=hidden]), form select, form textarea")?.focus();
  };

  /** Go through the proposals of the queue: the next or previous one gets the focus. */
  const step = (by) => {
    const items = [...document.querySelectorAll("[data-queue-item]")];
    const row = document.activeElement?.closest("tr");
    const here = items.findIndex((item) => item.closest("tr") === row);
    items[Math.max(0, Math.min(items.length - 1, here + by))]?.focus();
    return items.length > 0;
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target)) return;
    const target = [...document.querySelectorAll("[data-shortcut]")].find(
      (element) => element.dataset.shortcut === event.key && element.checkVisibility(),
    );
    if (target) {
      event.preventDefault();
      follow(target);
    } else if ((event.key === "j" && step(1)) || (event.key === "k" && step(-1))) {
      event.preventDefault();
    } else if (event.key === "x") {
      document.activeElement?.closest("tr")?.querySelector("[data-tick]")?.click();
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    const all = document.querySelector("[data-tick-all]");
    if (!all) return;
    all.hidden = false;
    all.querySelector("input").addEventListener("change", (event) => {
      for (const box of document.querySelectorAll("[data-tick]")) box.checked = event.target.checked;
    });
  });
})();
