/**
 * Draws the figures of a page with Chart.js, from the JSON beside them.
 *
 * A bar is solid up to the low bound and hatched from there to the high one;
 * an arrow stands where there is no upper bound. Series stand side by side;
 * only `"stack": true` piles them up, for parts that truly add. Colours come
 * from the tokens and are read anew when the theme changes or the page is
 * printed.
 *
 * In a figure that has the focus: arrow keys, Home and End move from bar to
 * bar, Enter opens the records behind it, "t" opens and closes the table.
 *
 * templates/partials/chart.html writes this markup.
 *
 * @example
 * <figure class="chart" data-chart="spending-data"
 *         data-say-range="{low} to {high}" data-say-open="at least {low}, no upper bound"
 *         data-say-up-to="up to {high}" data-say-nothing="nothing stated"
 *         data-say-records="Records: {count}" data-say-follow="Enter opens them">
 *   <div class="chart__plot" data-chart-plot>
 *     <canvas role="img" aria-label="Money promised by year"></canvas>
 *   </div>
 *   <p class="chart__hint">Arrow keys move between bars.</p>
 *   <p class="visually-hidden" aria-live="polite" data-chart-live></p>
 *   <span data-chart-key="high" hidden>up to the high bound</span>
 *   <span data-chart-key="open" hidden>no upper bound</span>
 *   <details class="chart-table" open data-chart-table>
 *     <summary>Table</summary>
 *     ...
 *   </details>
 *   <script type="application/json" id="spending-data">
 *     {"title": "Money promised by year", "unit": "USD",
 *      "labels": ["2018", "2019"], "links": ["/initiatives/?year_min=2018&year_max=2018", null],
 *      "series": [{"name": "Announced", "low": [200, 100], "high": [500, null], "records": [2, 1]}]}
 *   </script>
 * </figure>
 *
 * data-orientation="horizontal" lays the bars on their side (for names rather than years).
 */
(() => {
  const drawn = new WeakMap();
  const live = new Set();
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const language = document.documentElement.lang || "en";
  const compact = new Intl.NumberFormat(language, { notation: "compact", maximumSignificantDigits: 3 });
  const exact = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });

  const number = (value) => (value === null || value === undefined || value === "" ? null : Number(value));
  const say = (pattern, values) => (pattern ?? "").replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  const large = (value) => (Math.abs(value) >= 1e6 ? compact.format(value) : exact.format(value));

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
      raised: colour("--raised"),
      series: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => colour(`--series-${n}`)),
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

  /** What a bar says in words: "at least 7 bn, no upper bound", "200 m to 1 bn", "12". */
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

  // Chart.js knows no "more than": the arrow is drawn over the finished bars.
  const arrows = {
    id: "accordArrows",
    afterDatasetsDraw(chart, _args, options) {
      const { ctx } = chart;
      const sideways = chart.options.indexAxis === "y";
      const forward = chart.scales[sideways ? "x" : "y"];
      const sign = sideways ? (forward.options.reverse ? -1 : 1) : -1;
      for (const { dataset, index } of options.marks) {
        const bar = chart.getDatasetMeta(dataset).data[index];
        const thick = Math.min(sideways ? bar.height : bar.width, 26);
        const head = Math.max(6, Math.min(thick * 0.55, 11));
        const stem = 7;
        const end = sideways ? bar.x : bar.y;
        const across = sideways ? bar.y : bar.x;
        // A gap, a stem a third as thick as the bar, then the head.
        const outline = [
          [2, -0.16], [2 + stem, -0.16], [2 + stem, -0.42], [2 + stem + head, 0],
          [2 + stem, 0.42], [2 + stem, 0.16], [2, 0.16],
        ];
        ctx.save();
        ctx.fillStyle = options.colours[dataset];
        ctx.beginPath();
        for (const [along, side] of outline) {
          if (sideways) ctx.lineTo(end + sign * along, across + side * thick);
          else ctx.lineTo(across + side * thick, end + sign * along);
        }
        ctx.closePath();
        ctx.fill();
        ctx.restore();
      }
    },
  };

  const wrap = (text, width) => {
    const lines = [""];
    for (const word of String(text).split(" ")) {
      const line = lines.at(-1);
      if (line && line.length + word.length + 1 > width) lines.push(word);
      else lines[lines.length - 1] = line ? `${line} ${word}` : word;
    }
    return lines.length > 3 ? [...lines.slice(0, 2), `${lines[2]}…`] : lines;
  };

  const datasetsOf = (data) => {
    const bars = [];
    data.series.forEach((series, index) => {
      bars.push({
        label: series.name,
        // "Up to 5" has no low bound: its bar is hatched from the axis on.
        data: data.labels.map((_, i) => number(series.low[i]) ?? (number(series.high?.[i]) === null ? null : 0)),
        stack: data.stack ? "all" : `series-${index}`,
        series: index,
        part: "low",
      });
    });
    data.series.forEach((series, index) => {
      const gap = data.labels.map((_, i) => {
        const low = number(series.low[i]) ?? 0;
        const high = number(series.high?.[i]);
        return high === null || high <= low ? null : high - low;
      });
      if (gap.every((value) => value === null)) return;
      bars.push({
        label: series.name,
        data: gap,
        stack: data.stack ? "all" : `series-${index}`,
        series: index,
        part: "gap",
      });
    });
    return bars;
  };

  // Where an arrow stands: on the open bar itself, or at the end of the pile it is part of.
  const marksOf = (data, bars) => {
    const marks = [];
    data.labels.forEach((_, index) => {
      const open = data.series.map((_series, n) => n).filter((n) => isOpen(data.series[n], index));
      if (!open.length) return;
      if (data.stack) marks.push({ index, dataset: bars.findLastIndex((bar) => bar.data[index] !== null) });
      else for (const n of open) marks.push({ index, dataset: n });
    });
    return marks;
  };

  // Works on a configuration before its chart is made, and on a chart afterwards.
  const paint = ({ data, options }, context, tokens) => {
    const colours = [];
    data.datasets.forEach((dataset, position) => {
      const colour = tokens.series[dataset.series % tokens.series.length];
      colours[position] = colour;
      dataset.backgroundColor = dataset.part === "gap" ? hatch(context, colour, tokens) : colour;
      dataset.hoverBackgroundColor = dataset.backgroundColor;
      dataset.borderColor = colour;
      dataset.borderWidth = dataset.part === "gap" ? 1 : 0;
      dataset.hoverBorderColor = tokens.ink;
      dataset.hoverBorderWidth = 1.5;
      dataset.borderSkipped = false;
    });
    const { scales, plugins } = options;
    for (const axis of [scales.x, scales.y]) {
      axis.ticks.color = tokens.soft;
      axis.ticks.font = { family: tokens.font, size: 12 };
      axis.grid.color = tokens.grid;
      axis.border.color = tokens.rule;
    }
    plugins.accordArrows.colours = colours;
    Object.assign(plugins.tooltip, {
      backgroundColor: tokens.raised,
      titleColor: tokens.ink,
      bodyColor: tokens.ink,
      footerColor: tokens.soft,
      borderColor: tokens.rule,
      titleFont: { family: tokens.font, size: 13, weight: 600 },
      bodyFont: { family: tokens.font, size: 13 },
      footerFont: { family: tokens.font, size: 12, weight: 400 },
    });
  };

  const nameWidth = (plot) => (plot.clientWidth < 480 ? 16 : 30);

  // Bars on their side need room for the longest name and for every series.
  const fitHeight = (plot, data, sideways) => {
    if (!sideways) return;
    const series = data.stack ? 1 : data.series.length;
    const lines = Math.max(...data.labels.map((label) => wrap(label, nameWidth(plot)).length));
    const perLabel = Math.max(30, 15 * series + 12, 15 * lines + 8);
    plot.style.blockSize = `${Math.max(120, data.labels.length * perLabel + 44)}px`;
  };

  const build = (figure) => {
    const source = document.getElementById(figure.dataset.chart);
    const plot = figure.querySelector("[data-chart-plot]");
    const canvas = plot?.querySelector("canvas");
    const table = figure.querySelector("[data-chart-table]");
    if (!source || !canvas || drawn.has(figure)) return;
    const data = JSON.parse(source.textContent);
    if (!window.Chart || !data.labels.length) {
      figure.dataset.drawn = "no";
      return;
    }

    const sideways = figure.dataset.orientation === "horizontal";
    const bars = datasetsOf(data);
    const marks = marksOf(data, bars);
    const hasOpen = marks.length > 0;
    const hasGap = bars.some((bar) => bar.part === "gap");
    const link = (index, series = 0) => data.series[series]?.links?.[index] ?? data.links?.[index] ?? null;

    fitHeight(plot, data, sideways);
    const names = {
      stacked: true,
      grid: { display: false },
      border: { display: true },
      ticks: {
        autoSkip: !sideways,
        maxRotation: 0,
        callback(value) {
          const text = this.getLabelForValue(value);
          return sideways ? wrap(text, nameWidth(plot)) : text;
        },
      },
    };
    const values = {
      stacked: true,
      beginAtZero: true,
      // Room for the arrow beyond the longest bar.
      grace: hasOpen ? "12%" : 0,
      grid: { display: true },
      border: { display: false },
      ticks: { precision: 0, maxTicksLimit: 6, callback: (value) => compact.format(value) },
    };

    const config = {
      type: "bar",
      data: { labels: data.labels, datasets: bars },
      plugins: [arrows],
      options: {
        indexAxis: sideways ? "y" : "x",
        locale: language,
        responsive: true,
        maintainAspectRatio: false,
        animation: calm.matches ? false : { duration: 250 },
        datasets: { bar: { categoryPercentage: 0.78, barPercentage: 0.92, maxBarThickness: 44 } },
        layout: { padding: { top: hasOpen && !sideways ? 6 : 0 } },
        interaction: { mode: "index", intersect: false, axis: sideways ? "y" : "x" },
        scales: sideways ? { y: names, x: values } : { x: names, y: values },
        onHover(_event, hits) {
          canvas.style.cursor = hits.length && link(hits[0].index) ? "pointer" : "default";
        },
        onClick(_event, hits) {
          const address = hits.length ? link(hits[0].index) : null;
          if (address) window.location.assign(address);
        },
        plugins: {
          // Chart.js must not choose colours of its own.
          colors: { enabled: false },
          legend: { display: false },
          accordArrows: { marks, colours: [] },
          tooltip: {
            displayColors: data.series.length > 1,
            boxWidth: 10,
            boxHeight: 10,
            boxPadding: 5,
            padding: 10,
            cornerRadius: 2,
            caretSize: 5,
            borderWidth: 1,
            filter: (item) => item.dataset.part === "low",
            callbacks: {
              label(item) {
                const words = inWords(figure, data.series[item.dataset.series], item.dataIndex);
                return data.series.length > 1 ? `${item.dataset.label}: ${words}` : words;
              },
              footer(items) {
                const index = items[0]?.dataIndex;
                // Series may share a record, so their counts are not added;
                // and a bar that counts records has said it already.
                if (index === undefined || data.series.length > 1) return "";
                const [series] = data.series;
                const count = series.records?.[index];
                if (!count || count === number(series.high?.[index])) return "";
                return say(figure.dataset.sayRecords, { count: exact.format(count) });
              },
            },
          },
        },
      },
    };
    paint(config, canvas.getContext("2d"), readTokens());
    const chart = new window.Chart(canvas, config);

    for (const key of figure.querySelectorAll("[data-chart-key]")) {
      key.hidden = !({ low: hasGap || hasOpen, high: hasGap, open: hasOpen })[key.dataset.chartKey];
    }
    if (table) table.open = false;
    figure.dataset.drawn = "yes";
    drawn.set(figure, chart);
    live.add(figure);
    listen(figure, { data, chart, plot, table, link, sideways });
  };

  const listen = (figure, { data, chart, plot, table, link, sideways }) => {
    const announce = figure.querySelector("[data-chart-live]");
    let at = -1;
    plot.tabIndex = 0;

    const show = (index) => {
      at = index;
      const active = chart.data.datasets
        .map((dataset, datasetIndex) => ({ dataset, datasetIndex, index }))
        .filter(({ dataset }) => dataset.data[index] !== null);
      const hits = active.map(({ datasetIndex }) => ({ datasetIndex, index }));
      const lows = active.filter(({ dataset }) => dataset.part === "low");
      const bar = lows.length && chart.getDatasetMeta(lows[0].datasetIndex).data[index];
      chart.setActiveElements(hits);
      chart.tooltip.setActiveElements(
        lows.map(({ datasetIndex }) => ({ datasetIndex, index })),
        bar ? { x: bar.x, y: bar.y } : { x: 0, y: 0 },
      );
      chart.render();
      if (announce) {
        const words = data.series.map((series) =>
          data.series.length > 1
            ? `${series.name}: ${inWords(figure, series, index)}`
            : inWords(figure, series, index),
        );
        const follow = link(index) ? figure.dataset.sayFollow ?? "" : "";
        announce.textContent = `${data.labels[index]}: ${words.join("; ")}. ${follow}`;
      }
    };
    const hide = () => {
      at = -1;
      chart.setActiveElements([]);
      chart.tooltip.setActiveElements([], { x: 0, y: 0 });
      chart.render();
    };

    plot.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const last = data.labels.length - 1;
      const turned = !sideways && getComputedStyle(plot).direction === "rtl";
      const forward = sideways ? "ArrowDown" : turned ? "ArrowLeft" : "ArrowRight";
      const back = sideways ? "ArrowUp" : turned ? "ArrowRight" : "ArrowLeft";
      if (event.key === forward) show(Math.min(at + 1, last));
      else if (event.key === back) show(Math.max(at - 1, 0));
      else if (event.key === "Home") show(0);
      else if (event.key === "End") show(last);
      else if (event.key === "Escape") hide();
      else if (event.key === "Enter" && at >= 0 && link(at)) window.location.assign(link(at));
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
    drawn.get(figure)?.destroy();
    drawn.delete(figure);
    live.delete(figure);
  };

  const repaint = () => {
    const tokens = readTokens();
    for (const figure of [...live]) {
      if (!figure.isConnected) {
        forget(figure);
        continue;
      }
      const chart = drawn.get(figure);
      // Only an update without animation reaches the options that bars share,
      // and draws before a page is sent to the printer; "none" leaves them out.
      chart.stop();
      chart.options.animation = false;
      paint(chart, chart.ctx, tokens);
      chart.update();
    }
  };

  document.addEventListener("DOMContentLoaded", () => buildIn(document));
  document.addEventListener("accord:theme", () => live.size && repaint());
  document.addEventListener("htmx:beforeCleanupElement", (event) => {
    if (event.target.matches?.("[data-chart]")) forget(event.target);
  });
  document.addEventListener("htmx:load", (event) => buildIn(event.target));
})();
