/**
 * Nothing hides on paper: unfolds what asks for it before printing, and folds
 * it again afterwards. A button that prints is shown, for it needs this script.
 *
 * @example
 * <details data-print-open><summary>Table</summary> ... </details>
 * <button type="button" data-print hidden>Print</button>
 */
(() => {
  let opened = [];

  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details[data-print-open]:not([open])")];
    for (const part of opened) part.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const part of opened) part.open = false;
    opened = [];
  });

  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-print]")) button.hidden = false;
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-print]")) window.print();
  });
})();
