/**
 * Nothing hides on paper: unfolds what asks for it before printing, and folds
 * it again afterwards.
 *
 * @example
 * <details data-print-open><summary>Table</summary> ... </details>
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
})();
