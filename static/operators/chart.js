// A chart in the page's own colours: redrawn when the page's width or its scheme changes.

/** `series`: [{ label, values, color, width, dash }] over `days`, ISO dates; `format` writes an amount. */
export function draw(plot, days, series, { format, bars = false }) {
  const x = days.map((day) => Date.parse(`${day}T00:00:00Z`) / 1000);
  const data = [x, ...series.map((each) => each.values)];
  let chart;

  function build() {
    chart?.destroy();
    const style = getComputedStyle(plot);
    const color = (name) => style.getPropertyValue(name);
    const axis = { stroke: color("--axis"), grid: { stroke: color("--grid"), width: 1 }, ticks: { show: false }, font: `12px ${style.fontFamily}` };
    chart = new uPlot(
      {
        width: plot.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight),
        height: plot.clientHeight - parseFloat(style.paddingBottom),
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { size: 6 } },
        scales: { x: bars ? { range: (_chart, low, high) => [low - 43200, high + 43200] } : {}, y: { range: (_chart, low, high) => [Math.min(0, low), high > 0 ? high * 1.05 : 1] } },
        axes: [
          { ...axis, grid: { show: false }, values: (_chart, ticks) => ticks.map((at) => new Date(at * 1000).toISOString().slice(5, 10)), space: 60 },
          { ...axis, values: (_chart, ticks) => ticks.map(format), size: 64 },
        ],
        series: [
          {},
          ...series.map((each) => ({
            label: each.label,
            stroke: color(each.color),
            width: each.width ?? 2,
            dash: each.dash,
            ...(bars ? { fill: color(each.color), paths: uPlot.paths.bars({ size: [0.7, 24], radius: 0.2 }), points: { show: false } } : { points: { show: false } }),
          })),
        ],
        hooks: { setCursor: [(drawn) => tell(plot, drawn, days, series, format)] },
      },
      data,
      plot,
    );
  }

  new ResizeObserver(build).observe(plot);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", build);
  new MutationObserver(build).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

/** What is under the pointer, in the chart's own line of text. */
function tell(plot, chart, days, series, format) {
  const line = plot.parentElement.querySelector(".chart-told");
  const at = chart.cursor.idx;
  if (line) line.textContent = at == null ? "" : [days[at], ...series.map((each) => `${each.label} ${each.values[at] == null ? "–" : format(each.values[at])}`)].join(" · ");
}

export const compact = (value) => new Intl.NumberFormat(document.documentElement.lang, { notation: "compact", maximumFractionDigits: 1 }).format(value);
