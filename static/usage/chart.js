// The chart of the usage page: stacked bars or lines of the figures that the page holds as JSON. They come with
// their labels and units written out, so that nothing here knows what they are.
/* global uPlot */
const WHOLE = Array.from({ length: 13 }, (_, n) => [1, 2, 5].map((step) => step * 10 ** n)).flat();
const BAR = [0.72, 44]; // part of the room, pixels at most

let plot, watching;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Each series on top of those before it. */
function stacked(series) {
  const below = series[0].values.map(() => 0);
  return series.map(({ values }) => values.map((value, n) => (below[n] += value ?? 0)));
}

/** Of the labels as many as there is room for, evenly. */
function splits(chart, labels) {
  const room = chart.bbox.width / devicePixelRatio;
  const widest = Math.max(...labels.map((label) => label.length));
  const step = Math.max(1, Math.ceil((labels.length * (widest * 8 + 24)) / room));
  return labels.map((_, n) => n).filter((n) => n % step === 0);
}

/** What the pointer is at, beside it. */
function tip(figures) {
  const box = document.createElement("div");
  box.className = "usage-tip";
  box.hidden = true;
  const row = (name, text) => {
    const line = document.createElement("div");
    const value = document.createElement("b");
    line.className = "usage-tip-row";
    value.textContent = text;
    line.append(name, value);
    return line;
  };
  return {
    hooks: {
      init: (chart) => chart.over.append(box),
      setCursor: (chart) => {
        const { idx, left, top } = chart.cursor;
        box.hidden = idx == null || left < 0;
        if (box.hidden) return;
        const head = document.createElement("strong");
        head.textContent = figures.moments[idx];
        box.replaceChildren(head, ...figures.series.map(({ name, texts }) => row(name, texts[idx])));
        const beyond = left + box.offsetWidth + 16 > chart.over.clientWidth;
        box.style.left = `${Math.max(0, beyond ? left - box.offsetWidth - 12 : left + 12)}px`;
        box.style.top = `${Math.max(0, Math.min(top, chart.over.clientHeight - box.offsetHeight))}px`;
      },
    },
  };
}

function options(figures, room) {
  const short = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact", maximumFractionDigits: 1 });
  const axis = { stroke: colour("--axis"), font: `12px ${getComputedStyle(document.body).fontFamily}` };
  const grid = { stroke: colour("--grid"), width: 1 };
  const paths = figures.stacked ? uPlot.paths.bars({ size: BAR, radius: 0.12 }) : uPlot.paths.linear();
  const series = figures.series.map((_, n) => {
    const own = colour(`--series-${n + 1}`);
    return figures.stacked
      ? { stroke: own, fill: own, width: 0, paths, points: { show: false } }
      : { stroke: own, width: 2, dash: n > 1 ? [5, 4] : undefined, paths, points: { show: figures.labels.length < 32, size: 5 } };
  });
  return {
    width: room.clientWidth - parseFloat(getComputedStyle(room).paddingLeft) * 2,
    height: room.clientHeight - parseFloat(getComputedStyle(room).paddingBottom),
    legend: { show: false },
    cursor: { y: false, points: { show: !figures.stacked }, drag: { setScale: false, x: false, y: false } },
    scales: {
      x: { time: false, range: (_, least, most) => [least - 0.6, most + 0.6] },
      y: { range: (_, least, most) => [0, (most || 1) * 1.08] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        ticks: { show: false },
        size: 30,
        splits: (chart) => splits(chart, figures.labels),
        values: (_, places) => places.map((n) => figures.labels[n]),
      },
      { ...axis, grid, ticks: { show: false }, size: 52, ...(figures.whole && { incrs: WHOLE }), values: (_, places) => places.map((value) => short.format(value)) },
    ],
    // Bars are painted from the tallest to the lowest, each over the one that it stands on.
    series: [{}, ...(figures.stacked ? series.reverse() : series)],
    plugins: [tip(figures)],
  };
}

function draw() {
  plot?.destroy();
  watching?.disconnect();
  plot = undefined;
  const room = document.getElementById("usage-plot");
  if (!room) return;
  const figures = JSON.parse(document.getElementById("usage-figures").textContent);
  const values = figures.stacked ? stacked(figures.series).reverse() : figures.series.map((each) => each.values);
  plot = new uPlot(options(figures, room), [figures.labels.map((_, n) => n), ...values], room);
  let width = room.clientWidth;
  watching = new ResizeObserver(() => {
    if (room.clientWidth === width) return;
    width = room.clientWidth;
    draw();
  });
  watching.observe(room);
}

draw();
document.addEventListener("htmx:afterSettle", draw);
document.addEventListener("themechange", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
