// The panels of the search for a capacity: the answer, what came of each rate, the steps.

const CAPACITY_WORDS = {...EXIT_WORDS, 0: "a rate was found", 1: "no rate held"};
const UNIT_TICKS = {
  ms: (value) => compact(value) + " ms", "per second": (value) => compact(value) + "/s", bytes: (value) => bytes(value),
  ratio: (value) => compact(value * 100) + " %",
};
const unitFormat = (unit) => UNIT_FORMATS[unit] || known(decimal);

function capacityPanels(report) {
  const {steps} = report.summary;
  return [
    capacityVerdict(report), steps.length ? objectivesPanel(report) : null, steps.length ? completedPanel(report) : null, stepsPanel(report),
    summarySource(report, "summary.json has every figure of this page."),
  ];
}

const observedIn = (step, at) => (step && step.objectives[at] ? step.objectives[at].observed : null);
const heldWord = (held) => el("span", {class: held ? "good" : "bad"}, held ? "\u2713 held" : "\u2717 not held");
const lastOf = (steps, rate, held) => steps.filter((step) => step.rate_per_s === rate && step.held === held).pop();

function capacityVerdict(report) {
  const {summary, objectives} = report;
  const found = summary.held_per_s !== null;
  const node = section("verdict", "Verdict", null);
  node.classList.add("verdict");
  if (summary.exit_code) node.classList.add("failed");
  const ends = [[summary.held_per_s, true], [summary.failed_per_s, false]].filter(([rate]) => rate !== null);
  node.replaceChildren();
  return filled(node,
    el("div", {class: "head"}, el("span", {class: summary.exit_code ? "badge bad" : "badge", id: "badge"}, found ? "CAPACITY" : "NONE"),
      el("h1", {id: "verdict-title"}, named(report.name, 120), ": ", el("span", {id: "answer"}, report.answer))),
    el("p", {id: "asked"}, "the highest rate of ", el("code", {}, named(summary.workload)), " with ",
      objectives.map(({text}, at) => [at ? ", " : "", el("code", {}, named(text))]), ` (${report.reservation})`),
    el("p", {class: "soft"}, `${CAPACITY_WORDS[summary.exit_code] || "ended"} (exit code ${summary.exit_code}) \u00b7 search `, named(summary.id)),
    ends.length ? table([["objective", "label"], ...ends.map(([rate, held]) => [`at ${perSecond(rate)}, which ${held ? "held" : "did not hold"}`, "number wrap"])],
      objectives.map(({text, unit}, at) => [el("code", {}, named(text)),
        ...ends.map(([rate, held]) => unitFormat(unit)(observedIn(lastOf(summary.steps, rate, held), at)))])) : null);
}

function objectivesPanel(report) {
  const {steps} = report.summary;
  const each = report.objectives.map((objective, at) => el("div", {"data-objective": at},
    el("h3", {}, named(objective.text)), objectiveChart(report, objective, at),
    rateTable(steps, "observed", (step) => unitFormat(objective.unit)(observedIn(step, at)))));
  return section("objectives", "Objectives", "What each step observed at its rate: a dot where the step held, a cross where it did not. "
    + "A cross on the good side of the limit did not hold for another reason, which the steps below tell.",
    each.length > 1 ? el("div", {class: "pair"}, each) : each);
}

function objectiveChart(report, {text, unit, limit}, at) {
  const log = unit === "ms";
  const points = pointsOf(report.summary.steps, (step) => observedIn(step, at)).map((point) => (log ? {...point, value: Math.max(point.value, 0.01)} : point));
  const values = [...points.map(({value}) => value), ...(limit === null ? [] : [limit])];
  return rateChart(`Observed ${plain(text)} over the rate${log ? ", in milliseconds, logarithmic" : ""}`, report.summary, points, {
    format: unitFormat(unit), tick: UNIT_TICKS[unit] || compact, log, range: valueRange(values, log),
    incrs: unit === "bytes" ? MEBIBYTES : undefined,
    draw: (plot) => { if (limit !== null) drawLimit(plot, limit, unitFormat(unit)(limit)); },
  });
}

// The limit is always within the chart, however far it is from what was observed.
function valueRange(values, log) {
  if (!values.length) return [log ? 0.1 : 0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return log ? [Math.max(low, 0.01) / 1.5, Math.max(high, 0.01) * 1.7] : [Math.min(0, low * 1.1), Math.max(0, high * 1.12) || 1];
}

function drawLimit(plot, limit, words) {
  inside(plot, (ctx, box, ratio) => {
    const at = plot.valToPos(limit, "y", true);
    line(ctx, [box.left, at], [box.left + box.width, at], "soft", ratio);
    write(ctx, `limit ${words}`, box.left + 6 * ratio, at - 7 * ratio, "soft", ratio);
  });
}

function completedPanel(report) {
  const {steps} = report.summary;
  const points = pointsOf(steps, (step) => step.completed_per_s);
  const high = Math.max(...points.map(({rate, value}) => Math.max(rate, value)));
  const host = rateChart("Iterations completed per second over the rate", report.summary, points, {
    format: perSecond, tick: UNIT_TICKS["per second"], range: [0, high * 1.12],
    draw: (plot) => drawOffered(plot, high * 2),
  });
  return section("completed", "Completed", "Iterations completed per second at each rate. Below the line the workers fell behind.",
    host, rateTable(steps, "completed", (step) => perSecond(step.completed_per_s)));
}

function drawOffered(plot, far) {
  inside(plot, (ctx, box, ratio) => {
    const place = (rate) => [plot.valToPos(rate, "x", true), plot.valToPos(rate, "y", true)];
    line(ctx, place(0), place(far), "grey", ratio);
    const [x, y] = place(plot.scales.x.max * 0.2);
    write(ctx, "completed = offered", x + 10 * ratio, y + 14 * ratio, "soft", ratio);
  });
}

const pointsOf = (steps, valueOf) => steps.map((step) => ({rate: step.rate_per_s, value: valueOf(step), held: step.held})).filter(({value}) => value !== null);

// A rate that was tried twice has one place on the axis and all of its points; options: format, tick, incrs, log, range, draw
function rateChart(title, summary, points, options) {
  const rates = [...new Set(summary.steps.map((step) => step.rate_per_s))].sort((one, other) => one - other);
  const at = (row, held) => points.filter((point) => point.rate === rates[row] && point.held === held).map(({value}) => value);
  const series = [[true, "\u25cf held", "green"], [false, "\u2715 not held", "red"]].map(([held, label, stroke]) => ({
    held, label, stroke: colour(stroke), paths: () => null, points: {show: false},
    value: (plot, value, index, row) => (row === null || row === undefined ? NOTHING : at(row, held).map(options.format).join(", ") || NOTHING),
  }));
  return chart(title, 260, () => ({
    data: [rates, ...series.map(({held}) => rates.map((unused, row) => (at(row, held).length ? at(row, held).pop() : null)))],
    options: {
      cursor: {drag: {x: false, y: false}, points: {show: false}}, legend: {markers: {show: false}},
      scales: {x: {time: false, range: [0, rates[rates.length - 1] * 1.06]}, y: {distr: options.log ? 3 : 1, range: options.range}},
      axes: [
        axis({values: (plot, splits) => splits.map((value) => compact(value) + "/s"), size: 30, space: 70}),
        axis({size: Y_WIDTH, incrs: options.incrs, values: (plot, splits) => splits.map(options.tick),
              splits: options.log ? (plot, index, low, high) => roundNumbers(low, high) : undefined}),
      ],
      series: [{label: "rate", value: (plot, value) => perSecond(value)}, ...series],
      hooks: {draw: [(plot) => { options.draw(plot); drawFound(plot, summary.held_per_s); drawPoints(plot, points); }]},
    },
  }));
}

function drawFound(plot, rate) {
  if (rate === null) return;
  inside(plot, (ctx, box, ratio) => {
    const at = plot.valToPos(rate, "x", true);
    line(ctx, [at, box.top], [at, box.top + box.height], "green", ratio);
    const left = at > box.left + box.width / 2;
    write(ctx, `${perSecond(rate)} held`, at + (left ? -5 : 5) * ratio, box.top + 12 * ratio, "good", ratio, left ? "right" : "left");
  });
}

// Not cut at the edges, where a point may lie; the crosses upon the dots, which would hide them.
function drawPoints(plot, points) {
  const {ctx} = plot;
  const size = 4.5 * devicePixelRatio;
  ctx.save();
  for (const {rate, value, held} of [...points].sort((one, other) => other.held - one.held)) {
    const [x, y] = [plot.valToPos(rate, "x", true), plot.valToPos(value, "y", true)];
    ctx.beginPath();
    if (held) {
      ctx.arc(x, y, size, 0, 2 * Math.PI);
      ctx.fillStyle = colour("green");
      ctx.fill();
    } else {
      for (const side of [-1, 1]) { ctx.moveTo(x - size, y - side * size); ctx.lineTo(x + size, y + side * size); }
      ctx.strokeStyle = colour("red");
      ctx.lineWidth = 2 * devicePixelRatio;
      ctx.stroke();
    }
  }
  ctx.restore();
}

function rateTable(steps, title, textOf) {
  return folded("Table", () => table([["rate", "number"], [title, "number"], ["", "text"]],
    [...steps].sort((one, other) => one.rate_per_s - other.rate_per_s).map((step) => [perSecond(step.rate_per_s), textOf(step), heldWord(step.held)])));
}

function stepsPanel(report) {
  const {summary, objectives} = report;
  const {steps} = summary;
  if (!steps.length) return section("steps", "Steps", "No rate was tried.");
  const best = lastOf(steps, summary.held_per_s, true);
  const body = steps.map((step, number) => [
    integer(number + 1), perSecond(step.rate_per_s), Number(step.duration_s.toFixed(2)) + " s", perSecond(step.completed_per_s), perSecond(step.growth_per_s),
    integer(step.dropped_count), integer(step.samples_count), ...objectives.map(({unit}, at) => unitFormat(unit)(observedIn(step, at))),
    el("div", {}, heldWord(step.held), step === best ? " \u2605" : "", step.why.length ? [": ", named(step.why.join("; "), 300)] : ""),
  ]);
  return section("steps", "Steps", "In the order tried; \u2605 is the answer. Growth is how fast the iterations in flight became more.",
    table([["", "number"], ["rate", "number"], ["for", "number"], ["completed", "number"], ["growth", "number"], ["dropped", "number"], ["samples", "number"],
      ...objectives.map(({text}) => [clip(plain(text), 80), "number wrap"]), ["held, or why not", "label"]],
    body, steps.map((step) => (step === best ? "best" : null))));
}
