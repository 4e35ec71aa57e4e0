/**
 * Type-ahead: a field that suggests names while one types (WAI-ARIA combobox
 * with a listbox).
 *
 * Arrow keys move, Enter takes, Escape closes, Tab goes on as ever. The first
 * suggestion is ready for Enter when it begins as was typed; Tab takes only
 * what was chosen with the arrows. What the field may hold is the server's to
 * say: the text stays as it was typed unless a suggestion is taken.
 *
 * @example
 * <label for="who">Who</label>
 * <input id="who" name="partners-0-who" data-suggest="party">
 */
(() => {
  const words = document.querySelector("[data-entering-words]")?.dataset;
  if (!words) return;
  const status = document.querySelector("[data-entering-said]");
  const PAUSE = 120;
  let made = 0;

  const enhance = (input) => {
    if (input.getAttribute("role") === "combobox") return;
    const list = document.createElement("ul");
    list.id = `suggestions-${(made += 1)}`;
    list.className = "suggestions";
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", input.labels?.[0]?.textContent.trim() || words.suggestions);
    const holder = document.createElement("div");
    holder.className = "suggesting";
    input.replaceWith(holder);
    holder.append(input, list);
    const chosen = document.createElement("span");
    chosen.className = "suggesting__chosen small soft";
    holder.append(chosen);
    for (const [name, value] of Object.entries({
      role: "combobox",
      autocomplete: "off",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": list.id,
    })) {
      input.setAttribute(name, value);
    }

    let rows = [];
    let active = -1;
    let navigated = false;
    let timer;
    let asking;

    const close = () => {
      clearTimeout(timer);
      asking?.abort();
      list.hidden = true;
      list.replaceChildren();
      rows = [];
      active = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };

    const activate = (place) => {
      list.children[active]?.setAttribute("aria-selected", "false");
      active = place;
      const option = list.children[active];
      if (!option) return input.removeAttribute("aria-activedescendant");
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", option.id);
      return undefined;
    };

    const take = (place) => {
      const row = rows[place];
      close();
      if (!row) return;
      input.value = row.value;
      chosen.textContent = row.label === row.value ? "" : row.label;
      input.dispatchEvent(new CustomEvent("accord:chosen", { bubbles: true, detail: row }));
      input.dispatchEvent(new Event("change", { bubbles: true }));
    };

    const show = (found) => {
      close();
      rows = found;
      navigated = false;
      status.textContent = rows.length
        ? rows.length === 1 ? words.oneSuggestion : `${words.suggestions} ${rows.length}`
        : words.noSuggestion;
      if (!rows.length) return;
      rows.forEach((row, place) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${place}`;
        option.className = "suggestion";
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.textContent = row.label;
        if (row.note) {
          const note = document.createElement("span");
          note.className = "suggestion__note";
          note.textContent = row.note;
          option.append(" ", note);
        }
        list.append(option);
      });
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      const typed = input.value.trim().toLowerCase();
      if (typed && rows[0].label.toLowerCase().startsWith(typed)) activate(0);
    };

    const ask = async () => {
      asking?.abort();
      asking = new AbortController();
      const address = words.suggestUrl.replace("/kind/", `/${input.dataset.suggest}/`);
      const asked = new URLSearchParams({ q: input.value });
      try {
        const response = await fetch(`${address}?${asked}`, {
          signal: asking.signal,
          redirect: "error",
        });
        const found = response.ok ? await response.json() : [];
        if (document.activeElement === input) show(found);
      } catch {
        /* asked anew meanwhile, or offline: the field takes what is typed */
      }
    };

    input.addEventListener("input", () => {
      chosen.textContent = "";
      clearTimeout(timer);
      if (input.value.trim()) timer = setTimeout(ask, PAUSE);
      else close();
    });
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey) return;
      const open = !list.hidden;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (event.altKey && event.key === "ArrowUp") return close();
        event.preventDefault();
        if (!open) return ask();
        const step = event.key === "ArrowDown" ? 1 : -1;
        const from = active < 0 && step < 0 ? 0 : active;
        navigated = true;
        activate((from + step + rows.length) % rows.length);
      } else if (event.key === "Enter" && open && active >= 0) {
        event.preventDefault();
        take(active);
      } else if (event.key === "Escape" && open) {
        event.preventDefault();
        close();
      } else if (event.key === "Tab" && open && navigated) {
        take(active);
      }
      return undefined;
    });
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) take([...list.children].indexOf(option));
    });
  };

  const enhanceAll = (root) => root.querySelectorAll("input[data-suggest]").forEach(enhance);
  enhanceAll(document);
  document.addEventListener("accord:row", (event) => enhanceAll(event.target));
})();
