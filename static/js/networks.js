/**
 * Draws who shares records with whom: a circle for each partner, as large as
 * its records, and a line for each pair, as wide as what they share, with
 * Chart.js and chartjs-chart-graph. The layout is worked out before it is
 * drawn, the same for the same data, and does not move.
 *
 * Needs js/chart_parts.js, which also has the keyboard and what is shown when;
 * where the library is missing, the figure is drawn as bars by js/charts.js.
 * templates/partials/chart.html writes this markup.
 *
 * @example
 * <figure class="chart" data-chart="network-data" data-kind="network"
 *         data-say-node="{name}: initiatives: {count}" data-say-follow="Enter opens them">
 *   <div class="chart__plot" data-chart-plot><canvas role="img" aria-label="..."></canvas></div>
 *   <p class="visually-hidden" aria-live="polite" data-chart-live></p>
 *   <details class="chart-table" open data-chart-table> ... </details>
 *   <script type="application/json" id="network-data">
 *     {"title": "Who shares", "unit": "initiatives", "labels": ["China – Kenya"], "links": [null],
 *      "nodes": [{"key": "CHN", "name": "China", "records": 9, "link": "/initiatives/?country=CHN"},
 *                {"key": "KEN", "name": "Kenya", "records": 2, "link": null}],
 *      "edges": [[0, 1]],
 *      "series": [{"name": "shared", "low": [2], "high": [2], "records": [2]}]}
 *   </script>
 * </figure>
 */
(() => {
  if (!window.ChartGraphs) return;
  const parts = window.accordCharts;
  const LARGEST = { wide: 22, narrow: 13 }; // radius of a circle, in pixels
  const SMALLEST = 3;
  const WIDEST = 9; // of a line
  const LINE = 14; // of a name

  // The names of the circles, the largest first, each where no other stands; and the pair pointed at.
  const names = {
    id: "accordNodes",
    afterDatasetsDraw(chart, _args, { nodes, edges, state, ink, font, paper }) {
      const { ctx } = chart;
      const circles = chart.getDatasetMeta(0).data;
      ctx.save();
      const pair = edges[state.edge];
      if (pair) {
        const [from, to] = pair.map((n) => circles[n]);
        ctx.strokeStyle = ink;
        ctx.lineWidth = 3;
        ctx.beginPath();
        ctx.moveTo(from.x, from.y);
        ctx.lineTo(to.x, to.y);
        ctx.stroke();
      }
      ctx.font = `12px ${font}`;
      ctx.textBaseline = "middle";
      ctx.textAlign = "left";
      ctx.lineJoin = "round";
      // No name on a circle.
      const taken = circles.map(({ x, y, options: { radius } }) => ({ x: x - radius, right: x + radius, top: y - radius, bottom: y + radius }));
      circles.forEach((circle, n) => {
        const width = ctx.measureText(nodes[n].name).width;
        const away = circle.options.radius + 4;
        const boxAt = (x, y) => ({ x, y, right: x + width, top: y - LINE / 2, bottom: y + LINE / 2 });
        const beside = [
          boxAt(circle.x + away, circle.y),
          boxAt(circle.x - away - width, circle.y),
          boxAt(circle.x - width / 2, circle.y + away + LINE / 2),
          boxAt(circle.x - width / 2, circle.y - away - LINE / 2),
        ].filter(({ x, right }) => x >= 0 && right <= chart.width);
        const free = (box) =>
          taken.every((other) => box.right < other.x || box.x > other.right || box.bottom < other.top || box.top > other.bottom);
        const box = beside.find(free) ?? (pair?.includes(n) ? beside[0] : null);
        if (!box) return;
        taken.push(box);
        ctx.strokeStyle = paper;
        ctx.lineWidth = 3;
        ctx.strokeText(nodes[n].name, box.x, box.y);
        ctx.fillStyle = ink;
        ctx.fillText(nodes[n].name, box.x, box.y);
      });
      ctx.restore();
    },
  };

  parts.kinds.set("network", ({ figure, data, plot, canvas }) => {
    const { nodes, edges } = data;
    const [series] = data.series;
    const narrow = plot.clientWidth < 480;
    const largest = narrow ? LARGEST.narrow : LARGEST.wide;
    plot.style.blockSize = `${narrow ? 420 : Math.min(620, 260 + nodes.length * 8)}px`;
    const most = Math.max(...nodes.map(({ records }) => records));
    const widest = Math.max(...series.records);
    const radius = nodes.map(({ records }) => Math.max(SMALLEST, Math.sqrt(records / most) * largest));
    const inWords = ({ name, records }) => parts.say(figure.dataset.sayNode, { name, count: parts.compact.format(records) });
    const pairInWords = (n) => `${data.labels[n]}: ${parts.compact.format(series.records[n])}`;
    const state = { edge: -1 };

    const paint = ({ data: { datasets }, options }, _context, tokens) => {
      const [graph] = datasets;
      graph.pointBackgroundColor = tokens.series[0];
      graph.pointHoverBackgroundColor = tokens.series[1];
      graph.pointBorderColor = tokens.paper;
      graph.pointHoverBorderColor = tokens.ink;
      graph.edgeLineBorderColor = tokens.rule;
      Object.assign(options.plugins.accordNodes, { ink: tokens.ink, paper: tokens.paper, font: tokens.font });
      parts.paintTooltip(options.plugins.tooltip, tokens);
    };
    const config = {
      type: "forceDirectedGraph",
      data: {
        labels: nodes.map(({ name }) => name),
        datasets: [
          {
            data: nodes.map(({ name }) => ({ name })),
            edges: edges.map(([source, target]) => ({ source, target })),
            clip: false,
            pointRadius: radius,
            pointHoverRadius: radius,
            pointHitRadius: 6,
            pointBorderWidth: 1,
            pointHoverBorderWidth: 2,
            edgeLineBorderWidth: ({ index }) => Math.max(0.75, (series.records[index] / widest) * WIDEST),
          },
        ],
      },
      plugins: [names],
      options: {
        ...parts.shared(),
        animation: false,
        simulation: {
          initialIterations: 300,
          autoRestart: false,
          forces: {
            center: true,
            link: { distance: 60 },
            manyBody: { strength: -220, distanceMax: 260 },
            collide: { radius: largest },
            x: { strength: 0.09 },
            y: { strength: 0.14 },
          },
        },
        // Room for the circles at the edge and their names.
        layout: { padding: { top: largest + 4, bottom: largest + 4, left: narrow ? 20 : 50, right: narrow ? 60 : 110 } },
        interaction: { mode: "nearest", intersect: true },
        onHover(_event, hits) {
          canvas.style.cursor = hits.length && nodes[hits[0].index].link ? "pointer" : "default";
        },
        onClick(_event, hits) {
          const address = hits.length ? nodes[hits[0].index].link : null;
          if (address) window.location.assign(address);
        },
        plugins: {
          colors: { enabled: false },
          legend: { display: false },
          accordNodes: { nodes, edges, state, ink: "", paper: "", font: "" },
          tooltip: {
            ...parts.TOOLTIP,
            displayColors: false,
            callbacks: {
              title: () => "",
              label: ({ dataIndex }) => inWords(nodes[dataIndex]),
              footer: () => (state.edge < 0 ? "" : pairInWords(state.edge)),
            },
          },
        },
      },
    };
    const circles = nodes.map((node, index) => ({
      words: inWords(node),
      link: node.link,
      hits: [{ datasetIndex: 0, index }],
    }));
    const pairs = edges.map((ends, n) => ({
      words: pairInWords(n),
      link: data.links?.[n] ?? null,
      hits: ends.map((index) => ({ datasetIndex: 0, index })),
    }));
    return {
      config,
      paint,
      notes: [],
      keys: {},
      stops: [...circles, ...pairs],
      forward: ["ArrowRight", "ArrowDown"],
      back: ["ArrowLeft", "ArrowUp"],
      point: (index) => {
        state.edge = index < circles.length ? -1 : index - circles.length;
      },
    };
  });
})();
