/**
 * One key, one place: "/" goes to the search box.
 *
 * The element names its key in data-key. A key typed into a field, or with a
 * modifier, stays what the reader meant it to be.
 *
 * @example
 * <input type="search" name="q" data-key="/" aria-keyshortcuts="/">
 */
(() => {
  const typing = (element) =>
    element instanceof HTMLElement &&
    (element.isContentEditable || element.matches("input, select, textarea"));

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target)) return;
    const target = [...document.querySelectorAll("[data-key]")].find(
      (element) => element.dataset.key === event.key && element.checkVisibility(),
    );
    if (!target) return;
    event.preventDefault();
    target.focus();
    target.select?.();
  });
})();
