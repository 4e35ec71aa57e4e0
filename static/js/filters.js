/**
 * A filter form that answers as soon as a choice is made.
 *
 * Without this script the form has a button and works the same way. With it,
 * a change submits the form after a short pause, through htmx when the form
 * carries hx-get, else as an ordinary page load. Fields left empty do not
 * appear in the address. What the reader unfolded stays unfolded after a swap.
 *
 * @example
 * <div id="view">
 *   <details class="filters__drawer" data-drawer open>
 *     <summary class="button">Filters</summary>
 *     <form method="get" data-filters
 *           hx-get="/initiatives/" hx-target="#view" hx-select="#view"
 *           hx-swap="outerHTML" hx-push-url="true">
 *       <details class="facet" data-keep-open="bloc">
 *         <summary>Bloc</summary>
 *         <input type="checkbox" name="bloc" value="brics" id="bloc-brics">
 *       </details>
 *       <button data-filters-submit>Apply</button>
 *     </form>
 *   </details>
 *   ... results ...
 * </div>
 */
(() => {
  const PAUSE = 250;
  const wide = window.matchMedia("(min-width: 56rem)");
  let timer;

  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (!form?.matches("[data-filters]")) return;
    clearTimeout(timer);
    timer = setTimeout(() => form.isConnected && form.requestSubmit(), PAUSE);
  });

  // Empty fields are no filters: keep them out of the address.
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("[data-filters], [data-search]")) return;
    for (const [name, value] of [...event.formData.entries()]) {
      if (value === "") event.formData.delete(name);
    }
  });
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.target.matches?.("[data-filters]")) return;
    const parameters = event.detail.parameters;
    for (const name of Object.keys(parameters)) {
      if (parameters[name] === "") delete parameters[name];
    }
  });

  // On a phone the filters start folded, beside the results they are always open.
  const setDrawers = () => {
    for (const drawer of document.querySelectorAll("[data-drawer]")) {
      if (!drawer.dataset.ready) drawer.open = wide.matches;
      else if (wide.matches) drawer.open = true;
      drawer.dataset.ready = "yes";
    }
  };

  const openNames = new Set();
  let drawerOpen = false;
  let focused = "";

  document.addEventListener("htmx:beforeSwap", () => {
    openNames.clear();
    for (const part of document.querySelectorAll("[data-keep-open][open]")) {
      openNames.add(part.dataset.keepOpen);
    }
    drawerOpen = Boolean(document.querySelector("[data-drawer][open]"));
    focused = document.activeElement?.id ?? "";
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const part of document.querySelectorAll("[data-keep-open]")) {
      if (openNames.has(part.dataset.keepOpen)) part.open = true;
    }
    setDrawers();
    if (drawerOpen) for (const drawer of document.querySelectorAll("[data-drawer]")) drawer.open = true;
    // What was folded when htmx gave the focus back could not take it.
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
  });

  document.addEventListener("DOMContentLoaded", setDrawers);
  wide.addEventListener("change", setDrawers);
})();
