/**
 * Select a sentence, attach it to this field: passages of the article go to the
 * row on which one works.
 *
 * The text is split into sentences that the keyboard reaches. A click or Enter
 * on a sentence attaches it to the row that had the cursor last, a second one
 * takes it off; words selected with the mouse, or with Shift and the arrows, are
 * attached as they are. A row shows its passages as a list; its text field stays
 * what is sent, one passage a line.
 *
 * @example
 * <div data-article-text tabindex="0">The text. Of the article.</div>
 * <textarea name="article-text"></textarea>
 * <div data-row>
 *   <textarea name="dates-0-passage" data-passage></textarea>
 * </div>
 */
(() => {
  const form = document.querySelector("[data-entering]");
  const shown = document.querySelector("[data-article-text]");
  const words = document.querySelector("[data-entering-words]")?.dataset;
  if (!form || !shown || !words) return;
  const pasted = form.elements["article-text"];
  const stored = form.elements.article;
  const status = document.querySelector("[data-entering-said]");
  const say = (text) => status && (status.textContent = text);
  const changed = () => form.dispatchEvent(new CustomEvent("accord:changed"));

  let text = "";
  let row = null;
  let field = null;

  const target = document.createElement("p");
  target.className = "attach-to small";
  shown.before(target);
  shown.setAttribute("role", "group");
  shown.setAttribute("aria-label", words.sentences);

  // --- Passages of a row -------------------------------------------------------------------------

  /** A passage is a line of the field, however its words are broken into lines in the text. */
  const inOneLine = (passage) => passage.split(/\s+/).filter(Boolean).join(" ");
  const place = (passage, from = 0) => {
    const pattern = passage
      .split(/\s+/)
      .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join("\\s+");
    const found = text.slice(from).match(pattern);
    return found ? [from + found.index, from + found.index + found[0].length] : null;
  };

  const fieldOf = (of) => of?.querySelector("[data-passage]");
  const linesOf = (of) =>
    (fieldOf(of)?.value ?? "").split("\n").map(inOneLine).filter(Boolean);

  const setLines = (of, lines) => {
    fieldOf(of).value = lines.join("\n");
    changed();
    draw();
  };

  const toggle = (passage) => {
    if (!row?.isConnected || !fieldOf(row)) {
      say(words.attachNone);
      return;
    }
    const lines = linesOf(row);
    const there = lines.includes(passage);
    setLines(row, there ? lines.filter((line) => line !== passage) : [...lines, passage]);
    say(`${there ? words.detached : words.attached}: ${passage}`);
  };

  /** What the row is called: its list, its place in it, and what its first field says. */
  const nameOf = (of) => {
    const list = of.closest("[data-rows]");
    const number = [...list.querySelectorAll("[data-row]")].indexOf(of) + 1;
    const first = of.querySelector("input:not([type=hidden], [type=checkbox]), select");
    const value = first?.selectedOptions?.[0]?.textContent ?? first?.value ?? "";
    const legend = list.querySelector("legend")?.textContent.trim() ?? list.dataset.rows;
    return [`${legend} ${number}`, value.trim()].filter(Boolean).join(", ");
  };

  const drawRow = (of) => {
    const area = fieldOf(of);
    if (!area) return;
    let list = of.querySelector("[data-chips]");
    if (!list) {
      list = document.createElement("ul");
      list.className = "passages";
      list.dataset.chips = "";
      area.before(list);
      const edit = document.createElement("button");
      edit.type = "button";
      edit.className = "button passages__edit";
      edit.textContent = words.asText;
      edit.addEventListener("click", () => {
        area.hidden = false;
        edit.remove();
        area.focus();
      });
      area.after(edit);
      if (area.getAttribute("aria-invalid") === "true") edit.remove();
      else area.hidden = true;
    }
    list.replaceChildren(
      ...linesOf(of).map((line) => {
        const item = document.createElement("li");
        item.className = "passages__one";
        const quote = document.createElement("q");
        quote.textContent = line;
        const remove = document.createElement("button");
        remove.type = "button";
        remove.className = "chip__remove";
        remove.textContent = "×";
        remove.setAttribute("aria-label", `${words.remove}: ${line}`);
        remove.addEventListener("click", () => {
          setLines(of, linesOf(of).filter((other) => other !== line));
          of.querySelector("input:not([type=hidden]), select")?.focus();
          say(`${words.detached}: ${line}`);
        });
        item.append(quote, remove);
        if (text && !place(line)) {
          item.classList.add("passages__one--wrong");
          const note = document.createElement("span");
          note.className = "field__error";
          note.textContent = words.notThere;
          item.append(note);
        }
        return item;
      }),
    );
  };

  // --- The text as sentences ---------------------------------------------------------------------

  // After these a full stop ends no sentence: initials and "U.S.", titles; and before a number "No.".
  const SHORT =
    /(?:^|[^\p{L}\p{N}])(?:\p{Lu}|e\.g|i\.e|cf|vs|Drs?|Mr|Mrs|Ms|Messrs|Mme|Prof|Sen|Rep|Gov|Gen|Col|Lt|Maj|Capt|Sgt|Cmdr|Adm|Rev|Hon|St|Amb|Pres)\.[^\S\n]*$/u;
  const SHORT_OF_NUMBER =
    /(?:^|[^\p{L}\p{N}])(?:Nos?|Nr|Art|Arts|Sec|Fig|Vol|Ch|pp?|approx|ca|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.[^\S\n]*$/iu;
  const goesOn = (part, next) =>
    SHORT.test(part) || (SHORT_OF_NUMBER.test(part) && /^\p{N}/u.test(next));

  const split = (whole) => {
    const language = form.elements["article-language"]?.value || document.documentElement.lang;
    let segmenter;
    try {
      segmenter = new Intl.Segmenter(language, { granularity: "sentence" });
    } catch {
      segmenter = new Intl.Segmenter("en", { granularity: "sentence" });
    }
    const parts = [];
    for (const { segment } of segmenter.segment(whole)) {
      const before = parts.at(-1);
      if (before && goesOn(before, segment)) parts[parts.length - 1] += segment;
      else parts.push(segment);
    }
    return parts;
  };

  const sentences = () => [...shown.querySelectorAll("[data-sentence]")];

  const setText = (whole) => {
    text = whole.replaceAll("\r\n", "\n");
    shown.replaceChildren();
    shown.hidden = target.hidden = !text.trim();
    for (const part of text.trim() ? split(text) : []) {
      const said = part.trim();
      if (!said) {
        shown.append(part);
        continue;
      }
      const start = part.indexOf(said);
      const sentence = document.createElement("span");
      sentence.dataset.sentence = "";
      sentence.className = "sentence";
      sentence.setAttribute("role", "button");
      sentence.tabIndex = -1;
      sentence.textContent = said;
      shown.append(part.slice(0, start), sentence, part.slice(start + said.length));
    }
    const first = sentences()[0];
    if (first) {
      first.tabIndex = 0;
      shown.removeAttribute("tabindex");
    }
    draw();
  };

  /** Marks what is attached, names the row that words go to, and lists each row's passages. */
  const draw = () => {
    const rows = [...form.querySelectorAll("[data-row]")];
    const own = new Set(row?.isConnected ? linesOf(row) : []);
    const all = rows.flatMap(linesOf);
    const spans = all.map((line) => place(line)).filter(Boolean);
    let at = 0;
    for (const sentence of sentences()) {
      const said = inOneLine(sentence.textContent);
      const begin = text.indexOf(sentence.textContent, at);
      at = begin + sentence.textContent.length;
      const whole = all.includes(said);
      const part = spans.some(([start, end]) => start < at && end > begin);
      sentence.classList.toggle("sentence--attached", whole);
      sentence.classList.toggle("sentence--partly", part && !whole);
      sentence.setAttribute("aria-pressed", String(own.has(said)));
    }
    for (const one of rows) {
      one.classList.toggle("row--current", one === row);
      drawRow(one);
    }
    drawTarget();
  };

  const drawTarget = () => {
    target.textContent = row?.isConnected ? `${words.attachTo} ` : words.attachNone;
    if (!row?.isConnected) return;
    const name = document.createElement("strong");
    name.textContent = nameOf(row);
    target.append(name);
  };

  // --- Which row, which words --------------------------------------------------------------------

  form.addEventListener("focusin", (event) => {
    const of = event.target.closest("[data-row]");
    if (!of) return;
    field = event.target;
    if (of === row) return;
    row = of;
    draw();
  });
  form.addEventListener("change", draw);
  form.addEventListener("accord:row", draw);
  form.addEventListener("input", (event) => {
    if (event.target.matches("[data-passage]")) draw();
    else if (row?.contains(event.target)) drawTarget();
  });

  /** The selected words of the article, as they stand in its text; "" if none are. */
  const selected = () => {
    if (pasted && document.activeElement === pasted) {
      return pasted.value.slice(pasted.selectionStart, pasted.selectionEnd).trim();
    }
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return "";
    const range = selection.getRangeAt(0);
    if (!shown.contains(range.commonAncestorContainer)) return "";
    return range.cloneContents().textContent.trim();
  };

  const attach = (sentence) => {
    const passage = inOneLine(selected() || sentence?.textContent || "");
    if (!passage) return;
    toggle(passage);
    if (document.activeElement !== pasted) getSelection().removeAllRanges();
  };

  const goTo = (sentence) => {
    if (!sentence) return;
    for (const other of sentences()) other.tabIndex = other === sentence ? 0 : -1;
    sentence.focus();
  };

  shown.addEventListener("click", (event) => {
    const sentence = event.target.closest("[data-sentence]");
    if (sentence) goTo(sentence);
    // The first click of a double click attached the sentence; only a word of it was meant.
    if (event.detail === 2 && sentence && selected()) toggle(inOneLine(sentence.textContent));
    attach(sentence);
  });

  shown.addEventListener("keydown", (event) => {
    const sentence = event.target.closest("[data-sentence]");
    if (!sentence || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = sentences();
    const at = all.indexOf(sentence);
    const steps = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10 };
    const sideways = event.key === "ArrowRight" || event.key === "ArrowLeft";
    if (event.shiftKey && sideways) {
      const selection = getSelection();
      if (selection.isCollapsed || !sentence.contains(selection.anchorNode)) {
        selection.collapse(sentence.firstChild, 0);
      }
      selection.modify("extend", event.key === "ArrowRight" ? "forward" : "backward", "word");
    } else if (event.shiftKey) {
      return;
    } else if (event.key in steps) {
      getSelection().removeAllRanges();
      goTo(all[Math.min(Math.max(at + steps[event.key], 0), all.length - 1)]);
    } else if (event.key === "Home" || event.key === "End") {
      goTo(all.at(event.key === "Home" ? 0 : -1));
    } else if (event.key === "Enter" || event.key === " ") {
      attach(sentence);
    } else if (event.key === "Escape" && field?.isConnected) {
      getSelection().removeAllRanges();
      field.focus();
    } else {
      return;
    }
    event.preventDefault();
  });

  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.code === "KeyS" && text) {
      event.preventDefault();
      goTo(sentences().find((one) => one.tabIndex === 0));
    } else if (event.code === "KeyA") {
      event.preventDefault();
      attach(sentences().find((one) => one === document.activeElement || one.tabIndex === 0));
    }
  });

  // --- Where the text comes from -----------------------------------------------------------------

  if (pasted) {
    pasted.addEventListener("input", () => setText(pasted.value));
  }
  form.addEventListener("accord:chosen", async (event) => {
    if (event.target !== stored) return;
    try {
      const response = await fetch(words.articleUrl.replace("/0/", `/${stored.value}/`), {
        redirect: "error",
      });
      if (response.ok) setText((await response.json()).text);
    } catch {
      /* the text comes with the page when the form is checked */
    }
  });

  setText(pasted?.value || shown.textContent);
})();
