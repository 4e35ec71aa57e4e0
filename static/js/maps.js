/**
 * Draws a count for each country on a map of the world, as dark as it counts,
 * with Chart.js and chartjs-chart-geo; and arcs between countries, as wide as
 * what they share.
 *
 * The coast lines are fetched from data-world (TopoJSON of world-atlas, whose
 * ids are ISO numeric codes). What has no code is found by its English name;
 * what the map has not is named below it and stands in the table.
 *
 * Needs js/chart_parts.js, which also has the keyboard and what is shown when;
 * where the library is missing, the figure is drawn as bars by js/charts.js.
 * templates/partials/chart.html writes this markup.
 *
 * @example
 * <figure class="chart" data-chart="map-data" data-kind="map"
 *         data-world="/static/vendor/world-atlas/countries-50m.json"
 *         data-say-nowhere="Not on the map: {names}." data-say-follow="Enter opens them">
 *   <div class="chart__plot" data-chart-plot><canvas role="img" aria-label="..."></canvas></div>
 *   <p class="visually-hidden" aria-live="polite" data-chart-live></p>
 *   <p data-chart-limit hidden></p>
 *   <details class="chart-table" open data-chart-table> ... </details>
 *   <script type="application/json" id="map-data">
 *     {"title": "Countries", "unit": "initiatives", "labels": ["China", "Kenya"],
 *      "codes": ["156", "404"], "links": ["/initiatives/?country=CHN", null],
 *      "classes": [{"low": 1, "high": 3, "shade": 4}], "arcs": [[0, 1, 2]],
 *      "series": [{"name": "initiatives", "low": [3, 1], "high": [3, 1], "records": [3, 1]}]}
 *   </script>
 * </figure>
 */
(() => {
  if (!window.ChartGeo) return;
  const parts = window.accordCharts;
  const { topojson } = window.ChartGeo;
  const ANTARCTICA = "010";
  const WIDEST = 5; // of an arc, in pixels

  // Where an arc ends: in the middle of the largest piece of land.
  const middleOf = (path, feature) => {
    const { type, coordinates } = feature.geometry;
    const pieces = type === "MultiPolygon" ? coordinates : [coordinates];
    const lands = pieces.map((piece) => ({ type: "Polygon", coordinates: piece }));
    lands.sort((a, b) => path.area(b) - path.area(a));
    return path.centroid(lands[0]);
  };

  const arcs = {
    id: "accordArcs",
    afterDatasetsDraw(chart, _args, { lines, colour }) {
      if (!lines.length) return;
      const { ctx, chartArea } = chart;
      const path = chart.scales.projection.geoPath;
      const most = Math.max(...lines.map((line) => line.records));
      ctx.save();
      ctx.beginPath();
      ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
      ctx.clip();
      ctx.strokeStyle = colour;
      ctx.lineCap = "round";
      ctx.globalAlpha = 0.65;
      // The projection draws to a canvas when it has one; here it only measures.
      path.context(null);
      for (const { from, to, records } of lines) {
        const [ax, ay] = middleOf(path, from);
        const [bx, by] = middleOf(path, to);
        const rise = Math.hypot(bx - ax, by - ay) * 0.22;
        ctx.lineWidth = Math.max(1, (records / most) * WIDEST);
        ctx.beginPath();
        ctx.moveTo(ax, ay);
        ctx.quadraticCurveTo((ax + bx) / 2, (ay + by) / 2 - rise, bx, by);
        ctx.stroke();
      }
      ctx.restore();
    },
  };

  const featuresOf = async (address) => {
    const response = await fetch(address);
    if (!response.ok) return null;
    const world = await response.json();
    return topojson.feature(world, world.objects.countries).features.filter(({ id }) => id !== ANTARCTICA);
  };

  parts.kinds.set("map", async ({ figure, data, plot, canvas }) => {
    const features = await featuresOf(figure.dataset.world).catch(() => null);
    if (!features) return null;
    const [series] = data.series;
    // Two features may have one code: mainland and far islands are the same country.
    const at = new Map(data.codes.map((code, index) => [code, index]));
    const owner = features.map(({ id, properties }) => at.get(id || properties.name) ?? -1);
    const nowhere = data.labels.filter((_, index) => !owner.includes(index));
    const notes = nowhere.length ? [parts.say(figure.dataset.sayNowhere, { names: nowhere.join(", ") })] : [];
    const shadeOf = (count) => data.classes.find(({ high }) => count <= high)?.shade;
    const counts = owner.map((index) => (index < 0 ? null : series.records[index]));
    const linkOf = (feature) => data.links?.[owner[feature]] ?? null;
    const lines = (data.arcs ?? [])
      .map(([a, b, records]) => ({ from: features[owner.indexOf(a)], to: features[owner.indexOf(b)], records }))
      .filter(({ from, to }) => from && to);

    plot.style.blockSize = `${Math.max(200, Math.min(plot.clientWidth * 0.5, 640))}px`;
    const paint = ({ data: { datasets }, options }, _context, tokens) => {
      const [land] = datasets;
      const colours = counts.map((count) => (count ? tokens.shades[shadeOf(count) - 1] : tokens.sunk));
      land.backgroundColor = colours;
      land.hoverBackgroundColor = colours;
      land.borderColor = tokens.rule;
      land.borderWidth = 0.5;
      land.hoverBorderColor = tokens.ink;
      land.hoverBorderWidth = 2;
      options.plugins.accordArcs.colour = tokens.series[1];
      parts.paintTooltip(options.plugins.tooltip, tokens);
    };
    const config = {
      type: "choropleth",
      data: {
        labels: features.map(({ properties }, n) => data.labels[owner[n]] ?? properties.name),
        datasets: [{ outline: features, data: features.map((feature, n) => ({ feature, value: counts[n] ?? 0 })) }],
      },
      plugins: [arcs],
      options: {
        ...parts.shared(),
        animation: false,
        scales: {
          projection: { axis: "x", projection: "equalEarth" },
          color: { axis: "x", display: false },
        },
        interaction: { mode: "nearest", intersect: true },
        onHover(_event, hits) {
          canvas.style.cursor = hits.length && linkOf(hits[0].index) ? "pointer" : "default";
        },
        onClick(_event, hits) {
          const address = hits.length ? linkOf(hits[0].index) : null;
          if (address) window.location.assign(address);
        },
        plugins: {
          colors: { enabled: false },
          legend: { display: false },
          accordArcs: { lines, colour: "" },
          tooltip: {
            ...parts.TOOLTIP,
            displayColors: false,
            callbacks: {
              title: () => "",
              label: ({ dataIndex, label }) => `${label}: ${parts.compact.format(counts[dataIndex] ?? 0)}`,
            },
          },
        },
      },
    };
    return {
      config,
      paint,
      notes,
      keys: {},
      stops: data.labels.map((label, index) => {
        const feature = owner.indexOf(index);
        return {
          words: `${label}: ${parts.compact.format(series.records[index])}`,
          link: data.links?.[index] ?? null,
          hits: feature < 0 ? [] : [{ datasetIndex: 0, index: feature }],
        };
      }),
      forward: ["ArrowRight", "ArrowDown"],
      back: ["ArrowLeft", "ArrowUp"],
    };
  });
})();
