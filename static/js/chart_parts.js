/**
 * What every kind of chart shares: numbers in words, colours from the tokens,
 * hatches and arrows, the keyboard, and when to draw, repaint and forget.
 *
 * A kind of chart (charts.js, flows.js ...) adds how it is drawn to
 * `accordCharts.kinds`, under the name that figures ask for with data-kind;
 * without one, or where its library is missing, a figure is drawn as bars.
 * A kind that has something to fetch first gives a promise.
 *
 * The figures are drawn once the page is there, and those that htmx brings in
 * later as they arrive. In a figure that has the focus: arrow keys, Home and
 * End move between the stops, Enter opens what is behind one, Escape lets go,
 * "t" opens and closes the table.
 *
 * @example
 * accordCharts.kinds.set("dots", ({ figure, data, plot, canvas }) => {
 *   if (!data.labels.length) return null;       // nothing to draw: the table stays open
 *   const config = { type: "line", data: { ... }, options: { ... } };
 *   const paint = (chart, tokens) => {};        // sets colours, of the config and of the chart
 *   return {
 *     config, paint,
 *     keys: { low: false, high: false, open: false },          // which entries of the key are shown
 *     notes: ["The 20 largest are drawn; the table has all 57."],
 *     stops: [{ words: "2018: 3 m", link: null, hits: [{ datasetIndex: 0, index: 0 }] }],
 *     forward: ["ArrowRight"], back: ["ArrowLeft"],
 *     point: (index) => {},                       // which stop is pointed at, -1: none; optional
 *   };
 * });
 */
window.accordCharts = (() => {
  const kinds = new Map();
  const drawn = new Map();
  const onScreen = new Map();
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const language = document.documentElement.lang || "en";
  const compact = new Intl.NumberFormat(language, { notation: "compact", maximumSignificantDigits: 3 });
  const exact = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });

  const number = (value) => (value === null || value === undefined || value === "" ? null : Number(value));
  const say = (pattern, values) => (pattern ?? "").replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  const large = (value) => (Math.abs(value) >= 1e6 ? compact.format(value) : exact.format(value));
  const isTurned = (element) => getComputedStyle(element).direction === "rtl";

  /** An amount in the words of the figure: "at least 7 bn, no upper bound", "200 m to 1 bn", "12". */
  const inWords = (figure, series, index) => {
    const low = number(series.low[index]);
    const high = number(series.high?.[index]);
    const words = figure.dataset;
    if (low === null && high === null) return words.sayNothing;
    if (high === null) return say(words.sayOpen, { low: large(low) });
    if (low === null) return say(words.sayUpTo, { high: large(high) });
    if (low === high) return large(low);
    return say(words.sayRange, { low: large(low), high: large(high) });
  };

  const isOpen = (series, index) =>
    number(series.low[index]) !== null && number(series.high?.[index]) === null;

  const recordsInWords = (figure, series, index) => {
    const count = series.records?.[index];
    // A bar that counts records has said it already.
    if (!count || count === number(series.high?.[index])) return "";
    return say(figure.dataset.sayRecords, { count: exact.format(count) });
  };

  /** The text in lines of at most `width` letters where words allow it; three lines at most. */
  const wrap = (text, width) => {
    const lines = [""];
    for (const word of String(text).split(" ")) {
      const line = lines.at(-1);
      if (line && line.length + word.length + 1 > width) lines.push(word);
      else lines[lines.length - 1] = line ? `${line} ${word}` : word;
    }
    return lines.length > 3 ? [...lines.slice(0, 2), `${lines[2]}…`] : lines;
  };

  /** The largest labels, as many as are drawn at most, and what to say if there are more. */
  const largest = (figure, data) => {
    const all = data.labels.length;
    const count = Math.min(data.drawn ?? all, all);
    const note = say(figure.dataset.sayLargest, { drawn: exact.format(count), all: exact.format(all) });
    return { count, notes: count < all && note ? [note] : [] };
  };

  // A custom property may hold light-dark() or color-mix(); only a property
  // that takes a colour resolves it, hence the probe.
  const readTokens = () => {
    const style = getComputedStyle(document.documentElement);
    const probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
    const colour = (name) => {
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color;
    };
    const size = (name) => Number.parseFloat(style.getPropertyValue(name));
    const tokens = {
      ink: colour("--ink"),
      soft: colour("--ink-soft"),
      rule: colour("--rule-strong"),
      grid: colour("--grid"),
      paper: colour("--paper"),
      raised: colour("--raised"),
      sunk: colour("--sunk"),
      series: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => colour(`--series-${n}`)),
      shades: [1, 2, 3, 4, 5].map((n) => colour(`--shade-${n}`)),
      hatchSize: size("--hatch-size"),
      hatchLine: size("--hatch-line"),
      hatchGround: size("--hatch-ground"),
      font: style.getPropertyValue("--sans"),
    };
    probe.remove();
    return tokens;
  };

  const hatch = (context, colour, tokens) => {
    const scale = window.devicePixelRatio || 1;
    const side = Math.round(tokens.hatchSize * scale);
    const tile = document.createElement("canvas");
    tile.width = side;
    tile.height = side;
    const pen = tile.getContext("2d");
    pen.globalAlpha = tokens.hatchGround;
    pen.fillStyle = colour;
    pen.fillRect(0, 0, side, side);
    pen.globalAlpha = 1;
    pen.strokeStyle = colour;
    pen.lineWidth = tokens.hatchLine * scale;
    pen.beginPath();
    // Three strokes, so that the lines meet across the edges of the tile.
    for (const shift of [-side, 0, side]) {
      pen.moveTo(shift, side);
      pen.lineTo(shift + side, 0);
    }
    pen.stroke();
    const pattern = context.createPattern(tile, "repeat");
    pattern.setTransform(new DOMMatrix().scale(1 / scale));
    return pattern;
  };

  const ARROW = { gap: 2, stem: 7 };
  const headOf = (thick) => Math.max(6, Math.min(thick * 0.55, 11));

  /** How long an arrow of this thickness is, with the gap before it. */
  const arrowLength = (thick) => ARROW.gap + ARROW.stem + headOf(thick);

  /** "No upper bound": a gap, a stem a third as thick as the bar, then the head. */
  const arrow = (context, { x, y, thick, colour, upward = false, sign = 1 }) => {
    const { gap, stem } = ARROW;
    const outline = [
      [gap, -0.16], [gap + stem, -0.16], [gap + stem, -0.42], [arrowLength(thick), 0],
      [gap + stem, 0.42], [gap + stem, 0.16], [gap, 0.16],
    ];
    context.save();
    context.fillStyle = colour;
    context.beginPath();
    for (const [along, side] of outline) {
      if (upward) context.lineTo(x + side * thick, y - along);
      else context.lineTo(x + sign * along, y + side * thick);
    }
    context.closePath();
    context.fill();
    context.restore();
  };

  /** What the tooltips of all charts look like and the options that all charts share. */
  const TOOLTIP = { boxWidth: 10, boxHeight: 10, boxPadding: 5, padding: 10, cornerRadius: 2, caretSize: 5, borderWidth: 1 };
  const shared = () => ({
    locale: language,
    responsive: true,
    maintainAspectRatio: false,
    animation: calm.matches ? false : { duration: 250 },
  });
  const paintTooltip = (tooltip, tokens) =>
    Object.assign(tooltip, {
      backgroundColor: tokens.raised,
      titleColor: tokens.ink,
      bodyColor: tokens.ink,
      footerColor: tokens.soft,
      borderColor: tokens.rule,
      titleFont: { family: tokens.font, size: 13, weight: 600 },
      bodyFont: { family: tokens.font, size: 13 },
      footerFont: { family: tokens.font, size: 12, weight: 400 },
    });

  const begun = new WeakSet();

  const build = async (figure) => {
    const source = document.getElementById(figure.dataset.chart);
    const plot = figure.querySelector("[data-chart-plot]");
    const canvas = plot?.querySelector("canvas");
    const table = figure.querySelector("[data-chart-table]");
    if (!source || !canvas || begun.has(figure)) return;
    begun.add(figure);
    const data = JSON.parse(source.textContent);
    const kind = kinds.get(figure.dataset.kind) ?? kinds.get("bars");
    const made = window.Chart && data.labels.length ? await kind({ figure, data, plot, canvas }) : null;
    if (!figure.isConnected) return;
    if (!made) {
      figure.dataset.drawn = "no";
      return;
    }
    made.paint(made.config, canvas.getContext("2d"), readTokens());
    const chart = new window.Chart(canvas, made.config);
    for (const key of figure.querySelectorAll("[data-chart-key]")) {
      key.hidden = !made.keys[key.dataset.chartKey];
    }
    const limit = figure.querySelector("[data-chart-limit]");
    if (limit) {
      limit.textContent = made.notes.join(" ");
      limit.hidden = !made.notes.length;
    }
    if (table) table.open = false;
    figure.dataset.drawn = "yes";
    drawn.set(figure, { chart, plot, paint: made.paint });
    listen(figure, { ...made, chart, plot, table });
  };

  /** Nothing is pointed at. */
  const rest = (chart) => {
    chart.setActiveElements([]);
    chart.tooltip.setActiveElements([], { x: 0, y: 0 });
  };

  const listen = (figure, { chart, plot, table, stops, forward, back, point = () => {} }) => {
    const announce = figure.querySelector("[data-chart-live]");
    let at = -1;
    plot.tabIndex = 0;

    const show = (index) => {
      at = index;
      const { words, link, hits } = stops[index];
      point(index);
      const element = hits.length && chart.getDatasetMeta(hits[0].datasetIndex).data[hits[0].index];
      const also = chart.data.datasets.map((_, datasetIndex) => ({ datasetIndex, index: hits[0]?.index }));
      const filled = also.filter(({ datasetIndex, index: n }) => chart.data.datasets[datasetIndex].data[n] != null);
      chart.setActiveElements(filled);
      chart.tooltip.setActiveElements(hits, element ? element.tooltipPosition() : { x: 0, y: 0 });
      chart.render();
      if (announce) announce.textContent = `${words}. ${link ? figure.dataset.sayFollow ?? "" : ""}`;
    };
    const hide = () => {
      at = -1;
      point(-1);
      rest(chart);
      chart.render();
    };

    plot.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const last = stops.length - 1;
      if (forward.includes(event.key)) show(Math.min(at + 1, last));
      else if (back.includes(event.key)) show(Math.max(at - 1, 0));
      else if (event.key === "Home") show(0);
      else if (event.key === "End") show(last);
      else if (event.key === "Escape") hide();
      else if (event.key === "Enter" && stops[at]?.link) window.location.assign(stops[at].link);
      else return;
      event.preventDefault();
    });
    plot.addEventListener("blur", hide);

    figure.addEventListener("keydown", (event) => {
      if (event.key !== "t" || event.ctrlKey || event.metaKey || event.altKey || !table) return;
      if (event.target.matches("input, select, textarea")) return;
      event.preventDefault();
      table.open = !table.open;
      (table.open ? table.querySelector("summary") : plot).focus();
    });
  };

  const buildIn = (part) => {
    if (part.matches?.("[data-chart]")) build(part);
    for (const figure of part.querySelectorAll?.("[data-chart]") ?? []) build(figure);
  };

  const forget = (figure) => {
    drawn.get(figure)?.chart.destroy();
    drawn.delete(figure);
    begun.delete(figure);
  };

  const repaint = () => {
    const tokens = readTokens();
    for (const [figure, { chart, paint }] of [...drawn]) {
      if (!figure.isConnected) {
        forget(figure);
        continue;
      }
      // Only an update without animation reaches the options that bars share,
      // and draws before a page is sent to the printer; "none" leaves them out.
      chart.stop();
      chart.options.animation = false;
      paint(chart, chart.ctx, tokens);
      chart.update();
    }
  };

  // A chart that fills a sheet is drawn anew in the size it has there, for the
  // drawing of a phone would be too small: --sheet-inline and --sheet-block say it.
  const fitSheets = () => {
    for (const { chart } of drawn.values()) {
      // What the pointer rests on is of no use on paper.
      if (!chart.getActiveElements().length && !chart.tooltip?.opacity) continue;
      rest(chart);
      chart.update();
    }
    for (const { chart, plot } of drawn.values()) {
      const style = getComputedStyle(plot);
      const [width, height] = ["--sheet-inline", "--sheet-block"].map((name) =>
        Number.parseFloat(style.getPropertyValue(name)),
      );
      if (!width || !height || !plot.closest("[data-sheet]")) continue;
      chart.stop();
      chart.options.animation = false;
      chart.options.devicePixelRatio = 2;
      onScreen.set(plot, plot.getAttribute("style") ?? "");
      Object.assign(plot.style, { inlineSize: `${width}px`, blockSize: `${height}px` });
      chart.resize(width, height);
    }
  };
  const fitScreen = () => {
    for (const { chart, plot } of drawn.values()) {
      if (!onScreen.has(plot)) continue;
      plot.style.cssText = onScreen.get(plot);
      onScreen.delete(plot);
      chart.options.devicePixelRatio = undefined;
      chart.resize();
    }
  };

  document.addEventListener("DOMContentLoaded", () => buildIn(document));
  document.addEventListener("accord:theme", () => drawn.size && repaint());
  document.addEventListener("htmx:beforeCleanupElement", (event) => {
    if (event.target.matches?.("[data-chart]")) forget(event.target);
  });
  document.addEventListener("htmx:load", (event) => buildIn(event.target));
  window.addEventListener("beforeprint", fitSheets);
  window.addEventListener("afterprint", fitScreen);

  return {
    kinds, TOOLTIP, shared, paintTooltip, hatch, arrow, arrowLength, largest, wrap,
    number, say, large, compact, inWords, recordsInWords, isOpen, isTurned,
  };
})();
