// The panels of several runs of one scenario: repeats, a matrix, a sweep.

const FIGURES = {
  throughput_per_s: ["Throughput", perSecond, "higher is better"],
  p50_ms: ["p50 of task_duration", ms, "lower is better"],
  p95_ms: ["p95 of task_duration", ms, "lower is better"],
  p99_ms: ["p99 of task_duration", ms, "lower is better"],
  worker_cpu_s_per_1000_tasks: ["Worker CPU per 1,000 tasks", seconds, "lower is better"],
  worker_rss_max_bytes: ["Most memory of the workers", bytes, "lower is better"],
};

// In short where the table names the axes, in full where it stands alone.
const shortOf = (row) => Object.values(row.axes).join(" \u00b7 ") || "as written";
const labelOf = (row) => Object.entries(row.axes).map(([name, value]) => `${name} ${value}`).join(", ") || "as written";

function comparisonPanels(report) {
  const {rows, runs, experiment} = report.summary;
  const byId = new Map(runs.map((run) => [run.run_id, run]));
  const series = rows.filter((row) => row.runs.length).map((row) => ({
    label: shortOf(row), row, trials: row.runs.map((id) => byId.get(id)).filter(Boolean),
    details: row.runs.map((id) => report.details[id]).filter(Boolean),
  }));
  return [
    experimentVerdict(experiment, runs), comparedTable(experiment, rows), figureBars(series), comparedGaps(series),
    comparedPercentiles(series), runsTable(report, rows),
    summarySource(report, "summary.json has every figure of this page; each run's own scenario is in its report."),
  ];
}

function experimentVerdict(experiment, runs) {
  const passed = experiment.exit_code === 0;
  const node = section("verdict", "Verdict", null);
  node.classList.add("verdict");
  if (!passed) node.classList.add("failed");
  const made = runs.length === experiment.planned_count ? counted(runs.length, "run") : `${integer(runs.length)} of ${counted(experiment.planned_count, "run")}`;
  node.replaceChildren();
  return filled(node,
    el("div", {class: "head"}, el("span", {class: passed ? "badge" : "badge bad", id: "badge"}, passed ? "PASSED" : experiment.partial ? "PARTIAL" : "FAILED"),
      el("h1", {id: "verdict-title"}, named(experiment.name, 120))),
    experiment.description ? el("p", {}, named(experiment.description, 400)) : null,
    el("p", {class: "soft"}, `${EXIT_WORDS[experiment.exit_code] || "see the runs"} (exit code ${experiment.exit_code}) \u00b7 ${made} in ${seconds(experiment.duration_s)}`
      + ` \u00b7 ${counted(experiment.repeats_count, "repeat")} of each \u00b7 in random order, seed ${experiment.seed}`));
}

function comparedTable(experiment, rows) {
  const axes = [...new Set(rows.flatMap((row) => Object.keys(row.axes)))];
  const any = rows.some((row) => Object.values(row.figures).some((figure) => figure.best));
  const note = experiment.repeats_count < 2 ? "One run each: what is noise cannot be told. Repeats tell."
    : any ? "Marked \u2605: better than every other by more than the noise (Welch's t test, 95 %)."
      : "No figure is better than every other by more than the noise (Welch's t test, 95 %).";
  const body = rows.map((row) => {
    const bad = Object.entries(row.verdicts).reduce((sum, [name, count]) => sum + (name === "ok" ? 0 : count), 0);
    const {held_count: held, count} = row.thresholds;
    return [
      ...(axes.length ? axes.map((axis) => named(row.axes[axis] || "", 40)) : ["as written"]),
      ...Object.entries(FIGURES).map(([name, [, format]]) => figureCell(row.figures[name], format)),
      el("span", {class: bad ? "bad" : "soft"}, integer(bad)), el("span", {class: held < count ? "bad" : null}, `${held}/${count}`),
    ];
  });
  return section("table", "Combinations", note + (experiment.repeats_count > 1 ? " \u00b1 is the standard deviation of the repeats." : ""),
    table([...(axes.length ? axes.map((axis) => [clip(plain(axis), 30), "text"]) : [["", "text"]]),
      ["tasks/s", "number"], ["p50", "number"], ["p95", "number"], ["p99", "number"], ["CPU per 1,000", "number"], ["most memory", "number"],
      ["not ok", "number"], ["held", "number"]], body));
}

function figureCell(figure, format) {
  if (!figure || figure.mean === null) return NOTHING;
  const text = format(figure.mean) + (figure.deviation === null ? "" : ` \u00b1 ${format(figure.deviation).replace(/[^\d.,]+$/, "")}`);
  return figure.best ? el("span", {class: "good"}, text + " \u2605") : text;
}

const axesOf = (series) => (series.length && Object.keys(series[0].row.axes).length ? ` (${Object.keys(series[0].row.axes).map(plain).join(" \u00b7 ")})` : "");

// A bar for each combination, a dot for each of its runs.
function figureBars(series) {
  return section("figures", "Side by side", `A bar is the mean of a combination${axesOf(series)}, a dot one of its runs.`,
    el("div", {class: "pair"}, Object.entries(FIGURES).map(([name, [title, format, better]]) => {
      const most = Math.max(...series.flatMap(({trials}) => trials.map((trial) => trial.figures[name] || 0)), 1e-9);
      return el("div", {class: "bars"}, el("h3", {}, title, el("span", {class: "note"}, ` ${better}`)),
        table(null, series.map(({label, row, trials}) => {
          const {mean, best} = row.figures[name];
          const bar = svg("svg", {width: "100%", height: 16, role: "img", "aria-label": `${plain(label)}: ${format(mean)}`});
          const share = (value) => (value || 0) / most * 97 + "%";
          bar.append(svg("rect", {x: 0, y: 2, width: share(mean), height: 12, rx: 2, fill: best ? "var(--green)" : "var(--blue)", "fill-opacity": 0.55}));
          if (trials.length > 1) for (const trial of trials) bar.append(svg("circle", {cx: share(trial.figures[name]), cy: 8, r: 3, fill: "var(--ink)", "fill-opacity": 0.75}));
          return [named(label, 40), bar, format(mean)];
        })));
    })));
}

const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function comparedGaps(series) {
  const some = series.filter(({details}) => details.length);
  const names = Object.keys(GAP_WORDS);
  const rows = some.map(({label, details}) => [label, names.map((gap) => meanOf(details.map((each) => each.gaps_ms[gap])))]);
  const most = Math.max(...rows.map(([, gaps]) => gaps.reduce((sum, value) => sum + value, 0)), 1e-9);
  return section("timeline", "Where the time goes", "The life of the mean task, from the moment it was intended to the moment its result was seen.",
    el("div", {class: "keys"}, names.map((gap) => el("span", {}, el("i", {colour: `var(--${GAP_COLOURS[gap]})`}), GAP_WORDS[gap]))),
    el("div", {class: "bars"}, table(null, rows.map(([label, gaps]) => {
      const bar = svg("svg", {width: "100%", height: 18, role: "img", "aria-label": plain(label)});
      let from = 0;
      names.forEach((gap, at) => {
        bar.append(svg("rect", {x: from / most * 100 + "%", y: 1, width: gaps[at] / most * 100 + "%", height: 16, fill: `var(--${GAP_COLOURS[gap]})`}));
        from += gaps[at];
      });
      return [named(label, 40), bar, ms(from)];
    }))),
    folded("Table", () => table([["", "text"], ...names.map((gap) => [GAP_WORDS[gap], "number"])], rows.map(([label, gaps]) => [named(label, 60), ...gaps.map(ms)]))));
}

function comparedPercentiles(series) {
  const titles = ["p50", "p75", "p90", "p95", "p99", "p99.9", "max"];
  const some = series.filter(({details}) => details.some((each) => each.percentiles_ms[0] !== null));
  const columns = some.map(({label, details}) => [label, titles.map((unused, at) => meanOf(details.map((each) => each.percentiles_ms[at]).filter((value) => value !== null)))]);
  if (!columns.length) return section("latency", "Latency", "No result was seen.");
  const shown = columns.slice(0, 24);
  const host = chart("Percentiles of task_duration of each combination, logarithmic", 280, () => ({
    data: [titles.map((unused, at) => at), ...shown.map(([, column]) => column.map((value) => Math.max(value, 0.01)))],
    options: {
      cursor: {drag: {x: false, y: false}, points: {size: 6}},
      scales: {x: {time: false, range: [-0.2, titles.length - 0.8]}, y: {distr: 3, range: (plot, min, max) => spread(min, max, {log: true})}},
      axes: [
        axis({splits: titles.map((unused, at) => at), values: (plot, splits) => splits.map((at) => titles[at]), size: 30}),
        axis({size: Y_WIDTH, splits: (plot, at, low, high) => roundNumbers(low, high), values: (plot, splits) => splits.map((value) => compact(value) + " ms")}),
      ],
      series: [
        {label: "at", value: (plot, at) => (at === null ? NOTHING : titles[at])},
        ...shown.map(([label], at) => ({
          label: clip(plain(label), 40), stroke: colour(nth(at)), width: 1.75, points: {show: true, size: 5},
          dash: at >= SERIES_COLOURS.length ? [6, 3] : undefined, value: (plot, value) => ms(value),
        })),
      ],
    },
  }));
  return section("latency", "Latency", "Percentiles of task_duration, the mean of the repeats. A steep end is a long tail.", host,
    folded("Table", () => table([["", "text"], ...titles.map((title) => [title, "number"])], columns.map(([label, column]) => [named(label, 60), ...column.map(ms)]))));
}

function runsTable(report, rows) {
  const labels = new Map(rows.flatMap((row) => row.runs.map((id) => [id, labelOf(row)])));
  return section("runs", "Runs", "In the order in which they were made.",
    table([["", "number"], ["combination", "text"], ["repeat", "number"], ["", "text"], ["tasks/s", "number"], ["p95", "number"], ["report", "text"]],
      report.summary.runs.map((run) => {
        const details = report.details[run.run_id];
        const good = run.exit_code === 0;
        return [integer(run.number), named(labels.get(run.run_id) || "", 60), integer(run.repeat),
          el("span", {class: good ? "good" : "bad"}, good ? "\u2713 passed" : `\u2717 ${EXIT_WORDS[run.exit_code] || "ended"} (${run.exit_code})`),
          perSecond(run.figures.throughput_per_s), ms(run.figures.p95_ms),
          details ? el("a", {href: details.report.split("/").map(encodeURIComponent).join("/")}, named(run.run_id)) : named(run.run_id)];
      })));
}

function summarySource(report, note) {
  const json = () => JSON.stringify(report.summary, null, 2) + "\n";
  const name = plain(report.name).replace(/[^A-Za-z0-9._-]+/g, "-").slice(0, 60) || report.kind;
  return section("source", "Data", note,
    el("div", {class: "tools buttons"}, el("button", {type: "button", id: "get-summary", onclick: () => download(name + "-summary.json", "application/json", json())}, "Download summary.json")),
    folded("summary.json", () => el("pre", {tabindex: "0"}, lines(json()))));
}
