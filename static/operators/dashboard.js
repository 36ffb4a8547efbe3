// The operators' dashboard: the chart of the days. The live part is htmx's.
import { compact, draw } from "./chart.js";

const { days, characters } = JSON.parse(document.getElementById("days-data").textContent);
const plot = document.getElementById("days");
draw(plot, days, [{ label: plot.dataset.label, values: characters, color: "--series-1", width: 0 }], { format: compact, bars: true });
