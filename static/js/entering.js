/**
 * The entry form: rows that are added, texts shown as they are understood,
 * records that are alike, the draft that keeps itself, and the shortcuts.
 *
 * Without this script the same form works with its buttons. The words it says
 * and the addresses it asks stand in partials/entering_help.html. A row that
 * was added announces itself with the event "accord:row".
 *
 * @example
 * <form method="post" data-entering data-draft-url="/enter/draft/">
 *   <input name="title" data-alike>
 *   <fieldset data-rows="dates">
 *     <div data-row>
 *       <input name="dates-0-date" data-understand="date">
 *       <output data-understood></output>
 *     </div>
 *     <template data-row-template><div data-row>... dates-__n__-date ...</div></template>
 *     <button name="add" value="dates" data-add-row>Add row</button>
 *   </fieldset>
 *   <button name="save" data-save>Save</button>
 *   <p data-draft-status role="status"></p>
 * </form>
 */
(() => {
  const form = document.querySelector("[data-entering]");
  if (!form) return;
  const words = document.querySelector("[data-entering-words]")?.dataset ?? {};
  const status = document.querySelector("[data-entering-said]");
  const say = (text) => status && (status.textContent = text);

  /** The function, once nothing was asked of it for that element for a while. */
  const later = (pause, act) => {
    const timers = new WeakMap();
    return (element) => {
      clearTimeout(timers.get(element));
      timers.set(element, setTimeout(() => element.isConnected && act(element), pause));
    };
  };

  // --- Rows --------------------------------------------------------------------------------------

  const addRow = (list) => {
    const rows = form.querySelector(`[data-rows="${CSS.escape(list)}"]`);
    const template = rows?.querySelector("[data-row-template]");
    if (!template) return null;
    const numbers = [...rows.querySelectorAll("[name]")]
      .map((field) => field.name.match(`^${list}-(\\d+)-`)?.[1])
      .filter(Boolean)
      .map(Number);
    const next = Math.max(-1, ...numbers) + 1;
    const made = document.createElement("template");
    made.innerHTML = template.innerHTML.replaceAll("__n__", next).trim();
    const row = made.content.firstElementChild;
    template.before(row);
    row.dispatchEvent(new CustomEvent("accord:row", { bubbles: true }));
    row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
    say(words.rowAdded);
    changed();
    return row;
  };

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-add-row]");
    if (button && addRow(button.value)) event.preventDefault();
  });

  // --- As it is understood -----------------------------------------------------------------------

  const outputOf = (field) =>
    [...(field.closest("[data-row]") ?? form).querySelectorAll("[data-understood]")].find(
      (output) => field.compareDocumentPosition(output) & Node.DOCUMENT_POSITION_FOLLOWING,
    );

  const understand = async (field) => {
    const output = outputOf(field);
    if (!output) return;
    const typed = field.value.trim();
    const show = (text, wrong) => {
      output.textContent = text;
      output.classList.toggle("understood--wrong", wrong);
      if (wrong) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    };
    if (!typed) return show("", false);
    const asked = new URLSearchParams({ q: typed });
    // Where it was printed decides what "$" means.
    for (const name of ["article", "article-publisher"]) {
      const value = form.elements[name]?.value;
      if (value) asked.set(name, value);
    }
    const address = words.understandUrl.replace("/kind/", `/${field.dataset.understand}/`);
    try {
      const response = await fetch(`${address}?${asked}`, { redirect: "error" });
      const said = await response.json();
      if (field.value.trim() === typed) show(said.understood ?? said.error, !response.ok);
    } catch {
      /* the server says it when the form is checked */
    }
    return undefined;
  };
  const understandLater = later(250, understand);

  // --- Records that are alike --------------------------------------------------------------------

  const title = form.querySelector("[data-alike]");
  let alike;
  const lookAlike = async () => {
    const type = form.elements.type?.value || "initiative";
    const asked = new URLSearchParams({ type, title: title.value });
    let found;
    try {
      const response = await fetch(`${words.alikeUrl}?${asked}`, { redirect: "error" });
      found = response.ok ? await response.json() : [];
    } catch {
      return;
    }
    if (!alike) {
      alike = document.createElement("div");
      alike.className = "alike";
      alike.setAttribute("role", "status");
      (title.closest(".field") ?? title).append(alike);
    }
    const others = found.filter((row) => !location.pathname.startsWith(row.url));
    alike.replaceChildren();
    if (!others.length) return;
    const lead = document.createElement("p");
    lead.textContent = words.alikeLead;
    const list = document.createElement("ul");
    list.className = "plain-list";
    for (const row of others) {
      const link = Object.assign(document.createElement("a"), {
        href: row.url,
        target: "_blank",
        rel: "noopener",
        textContent: row.title,
        title: words.newTab,
      });
      const score = Object.assign(document.createElement("span"), {
        className: "soft",
        textContent: ` ${Math.round(row.score)} % ${words.alikeScore}`,
      });
      const item = document.createElement("li");
      item.append(link, score);
      list.append(item);
    }
    alike.append(lead, list);
  };
  const lookAlikeLater = later(400, lookAlike);

  // --- The draft keeps itself --------------------------------------------------------------------

  const PAUSE = 3000;
  const AGAIN = 15000;
  const keptStatus = form.querySelector("[data-draft-status]") ?? document.createElement("p");
  let unsaved = false;
  let timer;
  let keeping = false;

  // Logging in, in whatever tab, makes the token of every form invalid that is open elsewhere.
  let renewing;
  const askForToken = async () => {
    try {
      const response = await fetch(words.pageUrl, { cache: "no-store" });
      if (response.redirected && new URL(response.url).pathname === words.loginUrl) return false;
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const token = page.querySelector("[name=csrfmiddlewaretoken]")?.value;
      if (!token) return undefined;
      for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) {
        field.value = token;
      }
      return true;
    } catch {
      return undefined;
    }
  };
  /** Gives the forms of the page a token that holds: true; false if nobody is logged in. */
  const renew = () => {
    renewing ??= askForToken().finally(() => (renewing = undefined));
    return renewing;
  };

  const sendDraft = () =>
    fetch(form.dataset.draftUrl, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
      redirect: "manual",
    });

  const keep = async () => {
    timer = undefined;
    if (keeping || !form.dataset.draftUrl) return;
    keeping = true;
    unsaved = false;
    keptStatus.textContent = words.keeping;
    try {
      let response = await sendDraft();
      if (response.type === "opaqueredirect" || response.status === 403) {
        const renewed = await renew();
        if (renewed === false) throw new Error(words.loggedOut);
        if (renewed) response = await sendDraft();
      }
      if (!response.ok) throw new Error(words.notKept);
      const { key, saved_at: at } = await response.json();
      if (form.elements.draft) form.elements.draft.value = key;
      const when = new Date(at).toLocaleTimeString(document.documentElement.lang, {
        hour: "2-digit",
        minute: "2-digit",
      });
      keptStatus.textContent = `${words.kept} ${when}`;
    } catch (error) {
      unsaved = true;
      keptStatus.textContent = error instanceof TypeError ? words.notKept : error.message;
      timer ??= setTimeout(keep, AGAIN);
    }
    keeping = false;
    if (unsaved) timer ??= setTimeout(keep, PAUSE);
  };

  const changed = () => {
    unsaved = true;
    timer ??= setTimeout(keep, PAUSE);
  };

  /** Whoever comes back to the page may have logged in or out elsewhere. */
  const cameBack = async () => {
    if (document.visibilityState !== "visible") return;
    const renewed = await renew();
    if (!unsaved || leaving) return;
    if (renewed === false) keptStatus.textContent = words.loggedOut;
    if (!renewed) return;
    clearTimeout(timer);
    keep();
  };

  let leaving = false;
  form.addEventListener("submit", async (event) => {
    if (renewing) {
      event.preventDefault();
      const { submitter } = event;
      await renewing;
      form.requestSubmit(submitter);
      return;
    }
    leaving = true;
    clearTimeout(timer);
  });
  document.addEventListener("visibilitychange", cameBack);
  window.addEventListener("focus", cameBack);
  window.addEventListener("pageshow", (event) => {
    leaving = false;
    if (event.persisted) cameBack();
  });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved && !leaving) event.preventDefault();
  });

  form.addEventListener("input", (event) => {
    changed();
    if (event.target.matches("[data-understand]")) understandLater(event.target);
    if (event.target === title) lookAlikeLater(title);
  });
  form.addEventListener("change", changed);
  form.addEventListener("accord:changed", changed);
  for (const field of form.querySelectorAll("[data-understand]")) {
    if (field.value && !outputOf(field)?.textContent.trim()) understandLater(field);
  }

  // --- Shortcuts ---------------------------------------------------------------------------------

  const dialog = document.querySelector("[data-shortcuts]");
  for (const opener of document.querySelectorAll("[data-shortcuts-open]")) {
    opener.hidden = !dialog;
    opener.addEventListener("click", () => dialog.showModal());
  }
  const typing = (element) =>
    element.matches("input:not([type=checkbox], [type=radio]), select, textarea");

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    const { target } = event;
    if (event.key === "?" && dialog && !dialog.open && !typing(target)) {
      event.preventDefault();
      dialog.showModal();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("[data-save]"));
    } else if (event.key === "Enter" && target.form === form && target.matches("input")) {
      // The first button of the form would be pressed: an "add row" that nobody meant.
      event.preventDefault();
    } else if (event.altKey && !event.ctrlKey && event.code === "KeyN") {
      const list = target.closest("[data-rows]")?.dataset.rows;
      if (list && addRow(list)) event.preventDefault();
    }
  });
})();
