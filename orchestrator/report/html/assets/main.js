// Puts the page together.

const PANELS_OF = {run: runPanels, experiment: comparisonPanels, comparison: comparedPanels, capacity: capacityPanels};

function start() {
  const report = JSON.parse(document.getElementById("data").textContent);
  const main = document.getElementById("report");
  theme(remembered());
  if (report.kind === "run") {
    runMarks = report.marks;
    const ends = [report.intervals.at_s.length * report.intervals.width_s, ...report.series.at_s.slice(-1)];
    timeSpan = [0, Math.max(...ends)];
  }
  const panels = PANELS_OF[report.kind](report);
  main.replaceChildren(topBar(report), el("div", {class: "body"}, panels.filter(Boolean)), el("footer", {}, "made by celery-orchestrator; charts by uPlot"));
  for (const begin of onStart) begin();
  for (const entry of charts) if (!entry.plot) { build(entry); listen(entry); }
  new ResizeObserver(() => requestAnimationFrame(resizeAll)).observe(main);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (!remembered()) { theme(null); buildAll(); } });
  main.dataset.ready = "yes";
}

function topBar(report) {
  const title = report.kind === "run" ? report.summary.run.name : report.name;
  const toggle = el("button", {type: "button", id: "theme", onclick: () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    remember(next);
    theme(next);
    toggle.textContent = themeWord();
    buildAll();
  }}, themeWord());
  const unzoom = el("button", {type: "button", id: "unzoom", hidden: true, onclick: () => zoomTo(...timeSpan)}, "Show the whole run");
  return el("header", {class: "bar"}, el("div", {},
    el("strong", {}, named(title, 50)), el("nav", {"aria-label": "Panels"}, sections.map(([id, words]) => el("a", {href: "#" + id}, words))), unzoom, toggle));
}

const themeWord = () => (document.documentElement.dataset.theme === "dark" ? "Light" : "Dark");

function theme(wanted) {
  document.documentElement.dataset.theme = wanted || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

// A file: page may be refused the store; then the choice lasts as long as the page.
function remembered() {
  try { return localStorage.getItem("celery-orchestrator-theme"); } catch (refused) { return null; }
}

function remember(value) {
  try { localStorage.setItem("celery-orchestrator-theme", value); } catch (refused) { return; }
}

start();
