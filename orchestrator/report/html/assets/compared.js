// The panels of a comparison: what differs by more than noise, and both sides in each chart.

const MEANING_WORDS = {
  better: "better", worse: "worse", changed: "changed", small: "too small to count", noise: "within noise", unknown: "cannot be told",
};
const MEANING_TONES = {better: "good", worse: "bad", changed: null, small: "soft", noise: "soft", unknown: "soft"};
const MEANING_COLOURS = {better: "green", worse: "red", changed: "blue", small: "grey", noise: "grey", unknown: "grey"};
const SIDE_COLOURS = {BASE: nth(0), HEAD: nth(1)};
const UNIT_FORMATS = {
  ms, s: seconds, "per second": perSecond, bytes, ratio: share, count: known((value) => (Number.isInteger(value) ? integer(value) : decimal(value))),
};

function comparedPanels(report) {
  const series = report.sides.map((side) => ({label: side.label, details: side.details}));
  const overTime = report.sides.filter((side) => side.over_time);
  if (overTime.length) timeSpan = [0, Math.max(...overTime.map((side) => side.over_time.completed.length * side.over_time.width_s))];
  return [
    comparedVerdict(report), changesPanel(report.comparison), throughputOfBoth(overTime), latencyOfBoth(overTime), comparedGaps(series),
    comparedPercentiles(series), whereToLook(report.comparison), sidesPanel(report), comparisonSource(report),
  ];
}

function comparedVerdict(report) {
  const {comparison, facts} = report;
  const {tripped, gates} = comparison;
  const meanings = comparison.headline.map((figure) => figure.meaning);
  const bad = tripped || meanings.includes("worse");
  const word = tripped ? "TRIPPED" : meanings.includes("worse") ? (meanings.includes("better") ? "MIXED" : "WORSE")
    : meanings.includes("better") ? "BETTER" : meanings.every((each) => each === "unknown") ? "UNKNOWN" : "WITHIN NOISE";
  const node = section("verdict", "Verdict", null);
  node.classList.add("verdict");
  if (bad) node.classList.add("failed");
  const states = {held: ["good", "\u2713 held"], tripped: ["bad", "\u2717 tripped"], unsure: ["soft", "? unsure"]};
  node.replaceChildren(...[
    el("div", {class: "head"}, el("span", {class: bad ? "badge bad" : "badge", id: "badge"}, word), el("h1", {id: "verdict-title"}, named(report.name, 120))),
    el("p", {id: "sentence"}, plain(comparison.verdict)),
    gates.length ? table([["", "mark"], ["fail if", "label"], ["change", "number"], ["99 % interval", "number"], ["why", "label"]], gates.map((gate) => [
      el("span", {class: states[gate.state][0]}, states[gate.state][1]), el("code", {}, named(gate.fail_if, 100)),
      percentChange(gate.figure.change_ratio), percentSpan(gate.figure), gate.why])) : null,
    facts.length ? el("ul", {}, facts.map((line) => el("li", {}, named(line, 300)))) : null,
    comparison.notes.map((note) => el("p", {class: "note"}, plain(note))),
  ].flat().filter(Boolean));
  return node;
}

const percentText = (ratio) => (ratio >= 0 ? "+" : "\u2212") + (Math.abs(ratio) >= 1 ? integer(Math.abs(ratio) * 100) : (Math.abs(ratio) * 100).toFixed(1));
const percentChange = known((ratio) => percentText(ratio) + " %");
const percentSpan = (figure) => (figure.low_ratio === null ? NOTHING : `${percentText(figure.low_ratio)} to ${percentText(figure.high_ratio)} %`);

function changesPanel(comparison) {
  return section("changes", "What decides", "A dot is the change from BASE to HEAD, a bar its 99 % interval: all six hold together with some 95 %. "
    + `What touches the line in the middle may be noise. Changes of less than ${percentText(comparison.least_ratio).slice(1)} % do not count.`,
    changesTable(comparison.headline));
}

function changesTable(figures) {
  // Logarithmic, so that twice and half lie as far from the middle; what is beyond the ends is cut.
  const reach = Math.min(Math.max(0.1, ...figures.filter((each) => each.low_ratio !== null).map((each) => Math.max(Math.log1p(each.high_ratio), -Math.log1p(each.low_ratio)))), 0.7);
  return table([["", "label"], ["base", "number"], ["head", "number"], ["change", "number"], ["99 % interval", "number"], ["", "plot"], ["", "mark"]],
    figures.map((figure) => {
      const format = UNIT_FORMATS[figure.unit] || decimal;
      return [named(figure.name, 70), format(figure.base), format(figure.head), percentChange(figure.change_ratio), percentSpan(figure),
        changePlot(figure, reach), el("span", {class: MEANING_TONES[figure.meaning], "data-meaning": figure.meaning}, MEANING_WORDS[figure.meaning])];
    }));
}

function changePlot(figure, reach) {
  const bar = svg("svg", {width: "100%", height: 18, role: "img", "aria-label": `${percentChange(figure.change_ratio)}, ${percentSpan(figure)}`});
  const at = (ratio) => 50 + Math.min(Math.max(Math.log1p(Math.max(ratio, -0.999)) / reach, -1), 1) * 48 + "%";
  bar.append(svg("line", {x1: "50%", x2: "50%", y1: 0, y2: 18, stroke: "var(--soft)", "stroke-width": 1}));
  if (figure.low_ratio === null) return bar;
  const tone = `var(--${MEANING_COLOURS[figure.meaning]})`;
  bar.append(svg("line", {x1: at(figure.low_ratio), x2: at(figure.high_ratio), y1: 9, y2: 9, stroke: tone, "stroke-width": 5, "stroke-opacity": 0.45}));
  bar.append(svg("circle", {cx: at(figure.change_ratio), cy: 9, r: 4, fill: tone}));
  return bar;
}

const middlesOf = (sides) => {
  const {width_s: width} = sides[0].over_time;
  const count = Math.max(...sides.map((side) => side.over_time.completed.length));
  return Array.from({length: count}, (unused, at) => Math.round((at + 0.5) * width * 1000) / 1000);
};
const upTo = (column, count) => Array.from({length: count}, (unused, at) => (column[at] === undefined ? null : column[at]));
const ofBoth = (sides) => (sides.some((side) => side.drawn_count > 1) ? " The mean of the runs of each side." : "");

function throughputOfBoth(sides) {
  if (!sides.length) return section("throughput", "Throughput", "Only summaries were kept: there is nothing to draw over time.");
  const xs = middlesOf(sides);
  const series = sides.map((side) => ({label: side.label, stroke: SIDE_COLOURS[side.label], column: upTo(side.over_time.completed, xs.length)}));
  const host = timeChart("Tasks per second of both sides over time", 250, xs, series, {format: perSecond});
  return section("throughput", "Throughput", "Tasks completed per second." + ofBoth(sides), host, timeTable(xs, series.map((each) => [each.label, each.column]), decimal));
}

function latencyOfBoth(sides) {
  if (!sides.length) return null;
  const xs = middlesOf(sides);
  const dashes = {p50: undefined, p95: [6, 3], p99: [2, 3]};
  const series = Object.keys(dashes).flatMap((name) => sides.map((side) => ({
    label: `${side.label} ${name}`, stroke: SIDE_COLOURS[side.label], dash: dashes[name], width: name === "p50" ? 2 : 1.25,
    column: upTo(side.over_time[name], xs.length).map((value) => (value === null ? null : Math.max(value, 0.01))),
  })));
  const host = timeChart("Percentiles of task_duration of both sides over time, in milliseconds, logarithmic", 280, xs, series,
    {format: ms, log: true, tick: (value) => compact(value) + " ms"});
  return section("over-time", "Latency over time", "Percentiles of task_duration in each interval, by when the result was seen." + ofBoth(sides),
    host, timeTable(xs, series.map((each) => [each.label, each.column]), ms));
}

function whereToLook(comparison) {
  const differing = comparison.details.filter((each) => !["noise", "unknown"].includes(each.meaning));
  const alike = comparison.details.filter((each) => ["noise", "unknown"].includes(each.meaning));
  return section("where", "Where to look", "These do not decide: of a hundred of them one looks different by chance.",
    differing.length ? changesTable(differing) : el("p", {class: "soft"}, "None of them differs beyond noise."),
    alike.length ? folded(`${counted(alike.length, "figure")} without a difference beyond noise`, () => changesTable(alike)) : null);
}

function sidesPanel(report) {
  const {base, head, allowed} = report.comparison;
  const rows = [["BASE", base], ["HEAD", head]].flatMap(([label, side]) => side.runs.map((run) => [
    label, named(run.id), named(run.place, 120), run.started_at.replace("T", " ").replace(/\.\d+/, "").replace("+00:00", " UTC"),
    el("span", {class: run.exit_code ? "bad" : "good"}, `${EXIT_WORDS[run.exit_code] || "ended"} (${run.exit_code})`),
    run.others_cpu_ratio === null ? NOTHING : cores(run.others_cpu_ratio)]));
  return section("runs", "Runs", "Others: the cores of the machine that other processes used meanwhile.",
    allowed.length ? el("ul", {}, allowed.map((each) => el("li", {}, "allowed: ", named(each.words, 400)))) : null,
    table([["", "mark"], ["run", "mark"], ["from", "label"], ["started", "label"], ["ended", "label"], ["others", "number"]], rows));
}

function comparisonSource(report) {
  const json = () => JSON.stringify(report.comparison, null, 2) + "\n";
  return section("source", "Data", null,
    el("div", {class: "tools buttons"}, el("button", {type: "button", id: "get-comparison", onclick: () => download("comparison.json", "application/json", json())}, "Download comparison.json")),
    folded("comparison.json", () => el("pre", {tabindex: "0"}, lines(json()))));
}
