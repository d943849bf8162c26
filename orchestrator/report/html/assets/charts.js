// What all charts share: colours, size, keyboard, and the time axis that they move along together.

const charts = [];
const timeCharts = [];
let zooming = false;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const SERIES_COLOURS = ["blue", "orange", "green", "purple", "sky", "red", "yellow", "grey"];
const nth = (index) => SERIES_COLOURS[index % SERIES_COLOURS.length];

function faded(name, alpha) {
  const hex = colour(name).slice(1);
  const part = (at) => parseInt(hex.slice(at, at + 2), 16);
  return `rgba(${part(0)}, ${part(2)}, ${part(4)}, ${alpha})`;
}

function axis(options) {
  return {
    stroke: colour("soft"), grid: {stroke: colour("grid"), width: 1}, ticks: {stroke: colour("grid"), width: 1, size: 4},
    font: "12px system-ui, sans-serif", ...options,
  };
}

const compact = (exact) => {
  if (exact === null) return "";
  const value = Number(exact.toPrecision(4));
  const size = Math.abs(value);
  if (size >= 1e9) return value / 1e9 + "G";
  if (size >= 1e6) return value / 1e6 + "M";
  if (size >= 1e4) return value / 1e3 + "k";
  return String(value);
};

// A chart is made again when the theme changes, and takes the width of its place.
function chart(title, height, make) {
  const host = el("div", {class: "chart", tabindex: "0", role: "img", "aria-label": title});
  const entry = {host, make, height, plot: null};
  charts.push(entry);
  return host;
}

function build(entry) {
  const width = Math.max(240, entry.host.clientWidth);
  let scale = null;
  if (entry.plot) {
    scale = {...entry.plot.scales.x};
    timeCharts.splice(0, timeCharts.length, ...timeCharts.filter((plot) => plot !== entry.plot));
    entry.plot.destroy();
  }
  const {options, data, time} = entry.make(width);
  zooming = true;
  entry.plot = new uPlot({width, height: entry.height, pxAlign: 0, ...options}, data, entry.host);
  if (time) timeCharts.push(entry.plot);
  if (time && scale && scale.min !== null) entry.plot.setScale("x", {min: scale.min, max: scale.max});
  zooming = false;
}

function buildAll() {
  for (const entry of charts) build(entry);
}

function resizeAll() {
  for (const {host, plot, height} of charts) {
    const width = Math.max(240, host.clientWidth);
    if (plot && plot.width !== width) plot.setSize({width, height});
  }
}

function zoomTo(min, max) {
  zooming = true;
  for (const plot of timeCharts) plot.setScale("x", {min, max});
  zooming = false;
  const zoomed = min > timeSpan[0] + 1e-9 || max < timeSpan[1] - 1e-9;
  document.getElementById("unzoom").hidden = !zoomed;
}

let timeSpan = [0, 1];

function followZoom(plot, key) {
  if (key !== "x" || zooming || !timeCharts.includes(plot)) return;
  const {min, max} = plot.scales.x;
  zoomTo(Math.max(min, timeSpan[0]), Math.min(max, timeSpan[1]));
}

// Left and right move the cursor, + and - zoom around it, 0 and Escape show everything.
function listen(entry) {
  entry.host.addEventListener("keydown", (event) => {
    const plot = entry.plot;
    const xs = plot.data[0];
    const at = plot.cursor.idx === null || plot.cursor.idx === undefined ? -1 : plot.cursor.idx;
    const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (step) {
      const next = Math.min(Math.max(at + step, 0), xs.length - 1);
      plot.setCursor({left: plot.valToPos(xs[next], "x"), top: plot.over.clientHeight / 2});
    } else if (!timeCharts.includes(plot)) return;
    else if (event.key === "0" || event.key === "Escape") zoomTo(...timeSpan);
    else if (event.key === "+" || event.key === "-") {
      const {min, max} = plot.scales.x;
      const middle = at >= 0 ? xs[at] : (min + max) / 2;
      const half = (max - min) / 2 * (event.key === "+" ? 0.5 : 2);
      zoomTo(Math.max(timeSpan[0], middle - half), Math.min(timeSpan[1], middle + half));
    } else return;
    event.preventDefault();
  });
}
