/**
 * Draws who gave to whom: a band from each provider to each recipient, as wide
 * as its low bound, with Chart.js and chartjs-chart-sankey.
 *
 * A band without an upper bound has an arrow where it arrives. What has no low
 * bound is not drawn, but it is in the table. Who gives and takes stands on
 * both sides, as two places, so that nothing runs in a circle. Several series
 * are drawn as bars: rungs are never added, not even in a drawing.
 *
 * Needs js/chart_parts.js, which also has the keyboard and what is shown when;
 * where the library is missing, the figure is drawn as bars by js/charts.js.
 * templates/partials/chart.html writes this markup.
 *
 * @example
 * <figure class="chart" data-chart="loans-data" data-kind="flow"
 *         data-say-range="{low} to {high}" data-say-open="at least {low}, no upper bound"
 *         data-say-up-to="up to {high}" data-say-nothing="nothing stated"
 *         data-say-at-least="≥ {low}"
 *         data-say-records="Records: {count}" data-say-follow="Enter opens them"
 *         data-say-largest="The {drawn} largest are drawn; the table has all {all}."
 *         data-say-unsure="Only in the table, for nothing is sure: {count}.">
 *   <div class="chart__plot" data-chart-plot>
 *     <canvas role="img" aria-label="Loans from provider to recipient"></canvas>
 *   </div>
 *   <p class="visually-hidden" aria-live="polite" data-chart-live></p>
 *   <p data-chart-limit hidden></p>
 *   <span data-chart-key="width" hidden>width: low bound</span>
 *   <span data-chart-key="open" hidden>no upper bound</span>
 *   <details class="chart-table" open data-chart-table>
 *     <summary>Table</summary>
 *     ...
 *   </details>
 *   <script type="application/json" id="loans-data">
 *     {"title": "Loans", "unit": "USD", "drawn": 20, "labels": ["China → Kenya", "Japan → Kenya"],
 *      "links": ["/funding/rows/?chart=funding-flows&bar=CHN%3EKEN", null],
 *      "flows": [{"from": "China", "to": "Kenya"}, {"from": "Japan", "to": "Kenya"}],
 *      "series": [{"name": "signed", "low": [300, 100], "high": [null, 100], "records": [2, 1]}]}
 *   </script>
 * </figure>
 */
(() => {
  if (!window["chartjs-chart-sankey"]) return;
  const parts = window.accordCharts;
  const { number, say, large, wrap, inWords, isOpen } = parts;
  const NODE = 9;
  const LINE = 15; // of a name, in pixels
  const APART = 8; // of two names
  const BANDS = 220; // all bands together

  // A thin band is hit from a little beside it.
  window.Chart.Interaction.modes.accordBand = (chart, { x, y }, _options, useFinalPosition) => {
    const bands = chart.getDatasetMeta(0).data;
    for (const beside of [0, 2, -2, 4, -4]) {
      const index = bands.findIndex((band) => band.inRange(x, y + beside, useFinalPosition));
      if (index >= 0) return [{ element: bands[index], datasetIndex: 0, index }];
    }
    return [];
  };

  // Beside each band its amount, where there is room; and an arrow where it is open.
  const marks = {
    id: "accordBands",
    afterDatasetsDraw(chart, _args, { flows, ink, font }) {
      const { ctx } = chart;
      chart.getDatasetMeta(0).data.forEach((band, n) => {
        const { amount, open } = flows[n];
        const thick = Math.max(15, Math.min(band.height, 26));
        if (open) {
          const x = band.x2 - parts.arrowLength(thick) - 3;
          parts.arrow(ctx, { x, y: band.y2 + band.height / 2, thick, colour: ink });
        }
        if (band.height < LINE) return;
        ctx.save();
        ctx.font = `12px ${font}`;
        ctx.fillStyle = ink;
        ctx.textAlign = "left";
        ctx.textBaseline = "middle";
        if (ctx.measureText(amount).width + 16 < (band.x2 - band.x) / 2) {
          ctx.fillText(amount, band.x + 8, band.y + band.height / 2);
        }
        ctx.restore();
      });
    },
  };

  const paint = ({ data, options }, _context, tokens) => {
    const [bands] = data.datasets;
    bands.colorFrom = ({ dataIndex }) => tokens.series[bands.sides[dataIndex] % tokens.series.length];
    bands.colorTo = tokens.soft;
    bands.hoverColorFrom = bands.colorFrom;
    bands.hoverColorTo = bands.colorTo;
    bands.nodeLabels.color = tokens.ink;
    bands.nodeLabels.font = { family: tokens.font, size: 12, lineHeight: LINE / 12 };
    options.plugins.accordBands.ink = tokens.ink;
    options.plugins.accordBands.font = tokens.font;
    parts.paintTooltip(options.plugins.tooltip, tokens);
  };

  /** Flows with a low bound among the first `count`, each with its two places. */
  const flowsOf = (figure, data, count) => {
    const [series] = data.series;
    const flows = [];
    for (let index = 0; index < count; index += 1) {
      const low = number(series.low[index]);
      if (!low) continue;
      const open = isOpen(series, index);
      flows.push({
        index,
        open,
        from: `from ${data.flows[index].from}`,
        to: `to ${data.flows[index].to}`,
        flow: low,
        amount: open ? say(figure.dataset.sayAtLeast, { low: large(low) }) : large(low),
      });
    }
    return flows;
  };

  parts.kinds.set("flow", (given) => {
    const { figure, data, plot, canvas } = given;
    if (data.series.length > 1) return parts.kinds.get("bars")(given);
    const { count, notes } = parts.largest(figure, data);
    const [series] = data.series;
    const flows = flowsOf(figure, data, count);
    if (flows.length < count) {
      notes.push(say(figure.dataset.sayUnsure, { count: parts.compact.format(count - flows.length) }));
    }
    if (!flows.length) return null;

    const places = (side) => [...new Set(flows.map((flow) => flow[side]))];
    const [givers, takers] = [places("from"), places("to")];
    const sideOf = (key) => key.split(" ", 1)[0];
    const nameOf = (key) => key.slice(key.indexOf(" ") + 1);
    const width = plot.clientWidth;
    const letters = width < 480 ? 12 : 26;
    const labels = Object.fromEntries([...givers, ...takers].map((key) => [key, wrap(nameOf(key), letters).join("\n")]));
    const pen = canvas.getContext("2d");
    pen.font = `12px ${getComputedStyle(plot).fontFamily}`;
    const room = (keys) =>
      Math.ceil(Math.max(...keys.flatMap((key) => labels[key].split("\n")).map((line) => pen.measureText(line).width))) + 10;
    const lines = (keys) => Math.max(...keys.map((key) => labels[key].split("\n").length));

    // The gaps hold the names: as high as all bands, and a gap for each place of the longer side;
    // the shorter side has wider ones, so that both end level.
    const gap = LINE * Math.max(lines(givers), lines(takers)) + APART;
    const gaps = gap * (Math.max(givers.length, takers.length) - 1);
    const between = (keys) => (keys.length > 1 ? gaps / (keys.length - 1) : 0);
    const gapAt = { from: between(givers), to: between(takers) };
    const bands = flows.length === 1 ? BANDS / 3 : BANDS;
    const height = bands + gaps;
    plot.style.blockSize = `${height + 2 * LINE}px`;
    const order = Object.fromEntries([givers, takers].flatMap((keys) => keys.map((key, n) => [key, n])));
    const link = (n) => data.links?.[flows[n].index] ?? null;

    const config = {
      type: "sankey",
      data: {
        datasets: [
          {
            data: flows.map(({ from, to, flow }) => ({ from, to, flow })),
            sides: flows.map((flow) => givers.indexOf(flow.from)),
            labels,
            priority: order,
            column: Object.fromEntries([...givers.map((key) => [key, 0]), ...takers.map((key) => [key, 1])]),
            colorMode: "from",
            alpha: 0.42,
            hoverAlpha: 0.75,
            borderWidth: 0,
            nodeWidth: NODE,
            // The gaps are scaled down together with the bands.
            nodePadding: ({ key }) => (gapAt[sideOf(key)] * (height + 2 * LINE)) / bands,
            nodePaddingMode: "even",
            nodeMinSize: 1,
            nodeLabels: { position: (node) => (sideOf(node.key) === "from" ? "left" : "right"), padding: 5 },
          },
        ],
      },
      plugins: [marks],
      options: {
        ...parts.shared(),
        animation: false,
        layout: { padding: { left: room(givers), right: room(takers) + NODE, top: LINE, bottom: LINE } },
        interaction: { mode: "accordBand" },
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
          accordBands: { flows, ink: "", font: "" },
          tooltip: {
            ...parts.TOOLTIP,
            displayColors: false,
            callbacks: {
              title: (items) => items.map((item) => data.labels[flows[item.dataIndex].index]),
              label: (item) => inWords(figure, series, flows[item.dataIndex].index),
              footer: (items) =>
                items.map((item) => parts.recordsInWords(figure, series, flows[item.dataIndex].index)),
            },
          },
        },
      },
    };
    const turned = parts.isTurned(plot);
    return {
      config,
      paint,
      notes,
      keys: { width: true, open: flows.some((flow) => flow.open) },
      stops: flows.map(({ index }, n) => ({
        words: `${data.labels[index]}: ${inWords(figure, series, index)}`,
        link: link(n),
        hits: [{ datasetIndex: 0, index: n }],
      })),
      forward: ["ArrowDown", turned ? "ArrowLeft" : "ArrowRight"],
      back: ["ArrowUp", turned ? "ArrowRight" : "ArrowLeft"],
    };
  });
})();
