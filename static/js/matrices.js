/**
 * Draws a matrix: a row for each label, a column for each series, a cell as
 * dark as it counts with the number in it, with Chart.js and
 * chartjs-chart-matrix. A cell leads to its own rows.
 *
 * Needs js/chart_parts.js, which also has the keyboard and what is shown when;
 * where the library is missing, the figure is drawn as bars by js/charts.js.
 * templates/partials/chart.html writes this markup.
 *
 * @example
 * <figure class="chart" data-chart="matrix-data" data-kind="matrix" data-say-follow="Enter opens them">
 *   <div class="chart__plot" data-chart-plot><canvas role="img" aria-label="..."></canvas></div>
 *   <p class="visually-hidden" aria-live="polite" data-chart-live></p>
 *   <details class="chart-table" open data-chart-table> ... </details>
 *   <script type="application/json" id="matrix-data">
 *     {"title": "Sectors and blocs", "unit": "initiatives", "labels": ["Health", "Space"],
 *      "classes": [{"low": 1, "high": 3, "shade": 4}],
 *      "rows_at": ["/initiatives/?sector=health", null], "columns_at": ["&bloc=brics"],
 *      "series": [{"name": "BRICS", "low": [3, 0], "high": [3, 0], "records": [3, 0]}]}
 *   </script>
 * </figure>
 */
(() => {
  if (!window["chartjs-chart-matrix"]) return;
  const parts = window.accordCharts;
  const ROW = 30; // of a cell, in pixels
  const INKED = 3; // up to this shade the ink is read on it, from then on the paper

  const numbers = {
    id: "accordCells",
    afterDatasetsDraw(chart, _args, { cells, ink, paper, font }) {
      const { ctx } = chart;
      ctx.save();
      ctx.font = `12px ${font}`;
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      chart.getDatasetMeta(0).data.forEach((cell, n) => {
        const { count, shade } = cells[n];
        ctx.fillStyle = shade <= INKED ? ink : paper;
        const text = parts.compact.format(count);
        if (ctx.measureText(text).width <= cell.width) {
          ctx.fillText(text, cell.x + cell.width / 2, cell.y + cell.height / 2);
        }
      });
      ctx.restore();
    },
  };

  const linkOf = (row, column) => (row == null || column == null ? null : row + column);

  parts.kinds.set("matrix", ({ data, plot, canvas }) => {
    const columns = data.series.map(({ name }) => name);
    const cells = data.labels.flatMap((label, row) =>
      data.series.map((series, column) => ({
        x: series.name,
        y: label,
        count: series.records[row],
        shade: data.classes.find(({ high }) => series.records[row] <= high)?.shade,
        link: linkOf(data.rows_at?.[row], data.columns_at?.[column]),
      })),
    ).filter(({ count }) => count);
    if (!cells.length) return null;

    const letters = plot.clientWidth < 480 ? 14 : 30;
    const lines = Math.max(...data.labels.map((label) => parts.wrap(label, letters).length));
    const wide = plot.clientWidth / (columns.length + 3) > 60;
    plot.style.blockSize = `${data.labels.length * Math.max(ROW, 14 * lines + 6) + (wide ? 40 : 110)}px`;
    const paint = ({ data: { datasets }, options }, _context, tokens) => {
      const [matrix] = datasets;
      const colours = cells.map(({ shade }) => tokens.shades[shade - 1]);
      matrix.backgroundColor = colours;
      matrix.hoverBackgroundColor = colours;
      matrix.borderColor = colours;
      matrix.hoverBorderColor = tokens.ink;
      for (const axis of [options.scales.x, options.scales.y]) {
        axis.ticks.color = tokens.soft;
        axis.ticks.font = { family: tokens.font, size: 12 };
        axis.grid.color = tokens.grid;
        axis.border.color = tokens.rule;
      }
      Object.assign(options.plugins.accordCells, { ink: tokens.ink, paper: tokens.paper, font: tokens.font });
      parts.paintTooltip(options.plugins.tooltip, tokens);
    };
    const side = (length, count) => Math.max(1, length / count - 3);
    const config = {
      type: "matrix",
      data: {
        datasets: [
          {
            data: cells,
            width: ({ chart }) => side(chart.chartArea?.width ?? 0, columns.length),
            height: ({ chart }) => side(chart.chartArea?.height ?? 0, data.labels.length),
            borderWidth: 2,
          },
        ],
      },
      plugins: [numbers],
      options: {
        ...parts.shared(),
        animation: false,
        scales: {
          x: {
            type: "category", labels: columns, offset: true, position: "top",
            grid: { display: false }, border: { display: false },
            ticks: { autoSkip: false, maxRotation: wide ? 0 : 90, minRotation: wide ? 0 : 90 },
          },
          y: {
            type: "category", labels: data.labels, offset: true, reverse: false,
            grid: { display: true, offset: true }, border: { display: false },
            ticks: {
              autoSkip: false,
              callback(value) {
                return parts.wrap(this.getLabelForValue(value), letters);
              },
            },
          },
        },
        interaction: { mode: "nearest", intersect: true },
        onHover(_event, hits) {
          canvas.style.cursor = hits.length && cells[hits[0].index].link ? "pointer" : "default";
        },
        onClick(_event, hits) {
          const address = hits.length ? cells[hits[0].index].link : null;
          if (address) window.location.assign(address);
        },
        plugins: {
          colors: { enabled: false },
          legend: { display: false },
          accordCells: { cells, ink: "", paper: "", font: "" },
          tooltip: {
            ...parts.TOOLTIP,
            displayColors: false,
            callbacks: {
              title: (items) => items.map(({ dataIndex }) => `${cells[dataIndex].y}, ${cells[dataIndex].x}`),
              label: ({ dataIndex }) => parts.compact.format(cells[dataIndex].count),
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
      stops: cells.map(({ x, y, count, link }, index) => ({
        words: `${y}, ${x}: ${parts.compact.format(count)}`,
        link,
        hits: [{ datasetIndex: 0, index }],
      })),
      forward: ["ArrowRight", "ArrowDown"],
      back: ["ArrowLeft", "ArrowUp"],
    };
  });
})();
