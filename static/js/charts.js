/**
 * Draws the figures of a page as bars with Chart.js, from the JSON beside them.
 *
 * A bar is solid up to the low bound and hatched from there to the high one;
 * an arrow stands where there is no upper bound. Series stand side by side;
 * only `"stack": true` piles them up, for parts that truly add: first what is
 * sure of each, then how far each may reach. `"drawn": 20` draws only the
 * first 20 labels and says so; `"most": 57` makes the axis reach so far at
 * least, for charts side by side. Colours come from the tokens and are read anew
 * when the theme changes or the page is printed.
 *
 * Needs js/chart_parts.js, which also has the keyboard and what is shown when.
 * templates/partials/chart.html writes this markup.
 *
 * @example
 * <figure class="chart" data-chart="spending-data"
 *         data-say-range="{low} to {high}" data-say-open="at least {low}, no upper bound"
 *         data-say-up-to="up to {high}" data-say-nothing="nothing stated"
 *         data-say-records="Records: {count}" data-say-follow="Enter opens them"
 *         data-say-largest="The {drawn} largest are drawn; the table has all {all}.">
 *   <div class="chart__plot" data-chart-plot>
 *     <canvas role="img" aria-label="Money promised by year"></canvas>
 *   </div>
 *   <p class="chart__hint">Arrow keys move between bars.</p>
 *   <p class="visually-hidden" aria-live="polite" data-chart-live></p>
 *   <p data-chart-limit hidden></p>
 *   <span data-chart-key="high" hidden>up to the high bound</span>
 *   <span data-chart-key="open" hidden>no upper bound</span>
 *   <details class="chart-table" open data-chart-table>
 *     <summary>Table</summary>
 *     ...
 *   </details>
 *   <script type="application/json" id="spending-data">
 *     {"title": "Money promised by year", "unit": "USD", "stack": false, "drawn": null,
 *      "labels": ["2018", "2019"], "links": ["/initiatives/?year_min=2018&year_max=2018", null],
 *      "series": [{"name": "Announced", "low": [200, 100], "high": [500, null], "records": [2, 1]}]}
 *   </script>
 * </figure>
 *
 * data-orientation="horizontal" lays the bars on their side (for names rather than years).
 */
(() => {
  const parts = window.accordCharts;
  const { number, wrap, inWords, isOpen } = parts;

  // Chart.js knows no "more than": the arrow is drawn over the finished bars.
  const arrows = {
    id: "accordArrows",
    afterDatasetsDraw(chart, _args, options) {
      const sideways = chart.options.indexAxis === "y";
      const sign = sideways && chart.scales.x.options.reverse ? -1 : 1;
      for (const { dataset, index, series } of options.marks) {
        const bar = chart.getDatasetMeta(dataset).data[index];
        parts.arrow(chart.ctx, {
          x: bar.x,
          y: bar.y,
          thick: Math.min(sideways ? bar.height : bar.width, 26),
          colour: options.colours[series],
          upward: !sideways,
          sign,
        });
      }
    },
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
      const end = bars.findLastIndex((bar) => bar.data[index] !== null);
      if (data.stack) marks.push({ index, dataset: end, series: open.at(-1) });
      else for (const n of open) marks.push({ index, dataset: n, series: n });
    });
    return marks;
  };

  // Works on a configuration before its chart is made, and on a chart afterwards.
  const paint = ({ data, options }, context, tokens) => {
    data.datasets.forEach((dataset) => {
      const colour = tokens.series[dataset.series % tokens.series.length];
      dataset.backgroundColor = dataset.part === "gap" ? parts.hatch(context, colour, tokens) : colour;
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
    plugins.accordArrows.colours = tokens.series;
    parts.paintTooltip(plugins.tooltip, tokens);
  };

  const nameWidth = (plot) => (plot.clientWidth < 480 ? 16 : 30);

  // Bars on their side need room for the longest name and for every series.
  const fitHeight = (plot, data) => {
    const series = data.stack ? 1 : data.series.length;
    const lines = Math.max(...data.labels.map((label) => wrap(label, nameWidth(plot)).length));
    const perLabel = Math.max(30, 15 * series + 12, 15 * lines + 8);
    plot.style.blockSize = `${Math.max(120, data.labels.length * perLabel + 44)}px`;
  };

  parts.kinds.set("bars", ({ figure, data: all, plot, canvas }) => {
    const { count, notes } = parts.largest(figure, all);
    const data = { ...all, labels: all.labels.slice(0, count) };
    const sideways = figure.dataset.orientation === "horizontal";
    const several = data.series.length > 1;
    const bars = datasetsOf(data);
    const marks = marksOf(data, bars);
    const hasOpen = marks.length > 0;
    const hasGap = bars.some((bar) => bar.part === "gap");
    const link = (index) => data.links?.[index] ?? null;
    const words = (series, index) =>
      several ? `${series.name}: ${inWords(figure, series, index)}` : inWords(figure, series, index);

    if (sideways) fitHeight(plot, data);
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
      // Charts side by side end at the same number.
      suggestedMax: data.most ?? undefined,
      // Room for the arrow beyond the longest bar.
      grace: hasOpen ? "12%" : 0,
      grid: { display: true },
      border: { display: false },
      ticks: { precision: 0, maxTicksLimit: 7, callback: (value) => parts.compact.format(value) },
    };
    const config = {
      type: "bar",
      data: { labels: data.labels, datasets: bars },
      plugins: [arrows],
      options: {
        ...parts.shared(),
        indexAxis: sideways ? "y" : "x",
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
            ...parts.TOOLTIP,
            displayColors: several,
            filter: (item) => item.dataset.part === "low",
            callbacks: {
              label: (item) => words(data.series[item.dataset.series], item.dataIndex),
              footer(items) {
                // Series may share a record, so their counts are not added.
                if (!items.length || several) return "";
                return parts.recordsInWords(figure, data.series[0], items[0].dataIndex);
              },
            },
          },
        },
      },
    };
    const turned = !sideways && parts.isTurned(plot);
    return {
      config,
      paint,
      notes,
      keys: { low: hasGap || hasOpen, high: hasGap, open: hasOpen },
      stops: data.labels.map((label, index) => ({
        words: `${label}: ${data.series.map((series) => words(series, index)).join("; ")}`,
        link: link(index),
        hits: bars
          .map((bar, datasetIndex) => ({ bar, datasetIndex, index }))
          .filter(({ bar }) => bar.part === "low" && bar.data[index] !== null)
          .map(({ datasetIndex }) => ({ datasetIndex, index })),
      })),
      forward: [sideways ? "ArrowDown" : turned ? "ArrowLeft" : "ArrowRight"],
      back: [sideways ? "ArrowUp" : turned ? "ArrowRight" : "ArrowLeft"],
    };
  });
})();
