/**
 * Draws when records began: a bar for each, as wide as its date is precise. A
 * year is a year wide, a day is a tick. One colour for each series.
 *
 * Needs js/chart_parts.js, which also has the keyboard and what is shown when.
 * templates/partials/chart.html writes this markup.
 *
 * @example
 * <figure class="chart" data-chart="timeline-data" data-kind="timeline" data-say-follow="Enter opens it">
 *   <div class="chart__plot" data-chart-plot><canvas role="img" aria-label="..."></canvas></div>
 *   <p class="visually-hidden" aria-live="polite" data-chart-live></p>
 *   <details class="chart-table" open data-chart-table> ... </details>
 *   <script type="application/json" id="timeline-data">
 *     {"title": "When they began", "unit": "initiatives", "labels": ["Digital Silk Road"],
 *      "links": ["/initiatives/digital-silk-road/"], "words": ["2015"],
 *      "series": [{"name": "Initiatives", "low": ["2015-01-01"], "high": ["2015-12-31"], "records": [1]}]}
 *   </script>
 * </figure>
 */
(() => {
  const parts = window.accordCharts;
  const ROW = 24;
  const TICK = 4; // a day, in pixels

  /** A day as a year with its fraction; `days` later. */
  const inYears = (text, days = 0) => {
    const day = new Date(`${text}T00:00:00Z`);
    day.setUTCDate(day.getUTCDate() + days);
    const year = day.getUTCFullYear();
    const start = Date.UTC(year, 0, 1);
    return year + (day - start) / (Date.UTC(year + 1, 0, 1) - start);
  };
  const short = (text, letters) => (text.length > letters ? `${text.slice(0, letters - 1)}…` : text);

  parts.kinds.set("timeline", ({ data, plot, canvas }) => {
    const narrow = plot.clientWidth < 480;
    const letters = narrow ? 18 : 46;
    const spans = data.series.map((series) =>
      data.labels.map((_, n) => (series.low[n] ? [inYears(series.low[n]), inYears(series.high[n], 1)] : null)),
    );
    const ends = spans.flat(2).filter((end) => end !== null);
    const link = (index) => data.links?.[index] ?? null;
    const seriesOf = (index) => spans.findIndex((span) => span[index]);
    plot.style.blockSize = `${data.labels.length * ROW + 40}px`;

    const paint = ({ data: { datasets }, options }, _context, tokens) => {
      datasets.forEach((dataset, n) => {
        dataset.backgroundColor = tokens.series[n % tokens.series.length];
        dataset.hoverBackgroundColor = dataset.backgroundColor;
        dataset.hoverBorderColor = tokens.ink;
      });
      for (const axis of [options.scales.x, options.scales.y]) {
        axis.ticks.color = tokens.soft;
        axis.ticks.font = { family: tokens.font, size: 12 };
        axis.grid.color = tokens.grid;
        axis.border.color = tokens.rule;
      }
      parts.paintTooltip(options.plugins.tooltip, tokens);
    };
    const config = {
      type: "bar",
      data: {
        labels: data.labels,
        datasets: data.series.map((series, n) => ({
          label: series.name,
          data: spans[n],
          grouped: false,
          minBarLength: TICK,
          barPercentage: 0.6,
          borderSkipped: false,
          hoverBorderWidth: 1.5,
        })),
      },
      options: {
        ...parts.shared(),
        indexAxis: "y",
        animation: false,
        interaction: { mode: "index", intersect: false, axis: "y" },
        scales: {
          x: {
            type: "linear",
            position: "top",
            min: Math.floor(Math.min(...ends)),
            max: Math.ceil(Math.max(...ends)),
            grid: { display: true },
            border: { display: false },
            ticks: { precision: 0, maxTicksLimit: narrow ? 5 : 12, maxRotation: 0, callback: (value) => (Number.isInteger(value) ? String(value) : "") },
          },
          y: {
            grid: { display: false },
            border: { display: true },
            ticks: {
              autoSkip: false,
              callback(value) {
                return short(this.getLabelForValue(value), letters);
              },
            },
          },
        },
        onHover(_event, hits) {
          canvas.style.cursor = hits.length && link(hits[0].index) ? "pointer" : "default";
        },
        onClick(_event, hits) {
          const address = hits.length ? link(hits[0].index) : null;
          if (address) window.location.assign(address);
        },
        plugins: {
          colors: { enabled: false },
          legend: { display: false },
          tooltip: {
            ...parts.TOOLTIP,
            displayColors: data.series.length > 1,
            filter: ({ datasetIndex, dataIndex }) => seriesOf(dataIndex) === datasetIndex,
            callbacks: {
              title: (items) => items.slice(0, 1).map(({ dataIndex }) => parts.wrap(data.labels[dataIndex], 50).join("\n")),
              label: ({ dataIndex }) => data.words[dataIndex],
            },
          },
        },
      },
    };
    return {
      config,
      paint,
      notes: [],
      keys: {},
      stops: data.labels.map((label, index) => ({
        words: `${label}: ${data.words[index]}`,
        link: link(index),
        hits: [{ datasetIndex: seriesOf(index), index }],
      })),
      forward: ["ArrowDown"],
      back: ["ArrowUp"],
    };
  });
})();
