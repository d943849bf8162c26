// How long tasks took: percentiles over time, where the time went, the distribution, the heat map.

const LATENCY_WORDS = {task_duration: "from intended to result seen", queue_wait: "waiting in the queue", run: "running"};

function latencyPanel(report) {
  const place = el("div");
  const choice = el("select", {"aria-label": "Metric"}, Object.entries(LATENCY_WORDS).map(([name, words]) =>
    el("option", {value: name}, `${name}: ${words}`)));
  const show = () => {
    const name = choice.value;
    const latency = report.intervals.latency[name];
    const xs = middles(report.intervals);
    const series = [
      {label: "p50", column: latency.p50, stroke: "sky"}, {label: "p95", column: latency.p95, stroke: "blue"},
      {label: "p99", column: latency.p99, stroke: "orange"}, {label: "max", column: latency.max, stroke: "grey", dash: [3, 3], width: 1},
    ].map((each) => ({...each, column: each.column.map((value) => (value === null ? null : Math.max(value, 0.01)))}));
    const limits = report.limits.filter((limit) => limit.metric === name);
    const host = timeChart(`Percentiles of ${name} over time, in milliseconds, logarithmic`, 250, xs, series,
      {format: ms, log: true, limits: () => limits, tick: (value) => compact(value) + " ms"});
    for (const entry of charts.splice(0)) if (entry.host !== place.firstChild) charts.push(entry); else entry.plot && drop(entry.plot);
    place.replaceChildren(host, timeTable(xs, series.map((each) => [each.label, each.column]), ms));
    mount(host);
  };
  choice.addEventListener("change", show);
  onStart.push(show);
  return section("latency", "Latency", "Percentiles of each interval, by when the result was seen. A dashed line is a threshold.",
    el("div", {class: "tools"}, choice), place);
}

function drop(plot) {
  timeCharts.splice(0, timeCharts.length, ...timeCharts.filter((each) => each !== plot));
  plot.destroy();
}

const onStart = [];

function mount(host) {
  const entry = charts.find((each) => each.host === host);
  build(entry);
  listen(entry);
}

const middles = (intervals) => intervals.at_s.map((at) => Math.round((at + intervals.width_s / 2) * 1000) / 1000);

const GAP_COLOURS = {publish: "sky", queue_wait: "orange", prefetch_wait: "yellow", run: "green", result_lag: "purple"};

function timelinePanel(report) {
  const xs = middles(report.intervals);
  const names = Object.keys(GAP_WORDS);
  const columns = names.map((name) => report.intervals.gaps[name]);
  const reversed = [...names].reverse();
  const host = timeChart("Where the time of a task went, over time, in milliseconds, stacked", 270, xs,
    reversed.map((name) => ({label: GAP_WORDS[name], stroke: GAP_COLOURS[name], fill: [GAP_COLOURS[name], 1], width: 0.5})), {
      columns: () => stacked(columns), format: ms,
      reading: (index, row) => report.intervals.gaps[reversed[index]][row],
      ticks: (plot, splits) => splits.map((value) => compact(value) + " ms"),
    });
  return section("timeline", "Where the time goes",
    "The mean life of a task whose result was seen in that interval, from the moment it was intended to the moment its result was seen: "
    + "publishing (with what the schedule lagged), waiting in the queue, waiting in the worker that took it, running, and the way of the result.",
    host, timeTable(xs, names.map((name, at) => [GAP_WORDS[name], columns[at]]), ms), gapTable(report.summary.metrics));
}

function gapTable(metrics) {
  const names = ["schedule_lag", "publish", "queue_wait", "prefetch_wait", "run", "result_lag", "task_duration", "canvas_duration", "chord_join"];
  return el("div", {}, el("h3", {}, "The whole run, in milliseconds"), trendTable(names.map((name) => [name, metrics[name]])));
}

const TREND_COLUMNS = [["count", "count", integer], ["mean", "avg_ms", decimal], ["p50", "p50_ms", decimal], ["p75", "p75_ms", decimal],
  ["p90", "p90_ms", decimal], ["p95", "p95_ms", decimal], ["p99", "p99_ms", decimal], ["p99.9", "p99_9_ms", decimal], ["max", "max_ms", decimal]];

function trendTable(trends, first = "") {
  const some = trends.filter(([, trend]) => trend && trend.count);
  return table([[first, "text"], ...TREND_COLUMNS.map(([title]) => [title, "number"])],
    some.map(([name, trend]) => [named(name, 60), ...TREND_COLUMNS.map(([, key, format]) => format(trend[key]))]));
}

function distributionPanel(report) {
  const place = el("div");
  const spreads = report.spread;
  const choice = el("select", {"aria-label": "Tasks"}, spreads.map((each, at) =>
    el("option", {value: String(at)}, each.by === "all" ? each.name : `${each.by} ${clip(plain(each.name), 60)}`)));
  const floor = (row) => report.rows.lowest_ms * Math.pow(2, row / report.rows.per_octave);
  // A row is from its floor to that of the next; bars and cells have their edges half a row beside their number.
  const rowTicks = (low, high, shift) => roundNumbers(floor(low + shift), floor(high + shift)).map((value) =>
    Math.log2(value / report.rows.lowest_ms) * report.rows.per_octave - shift);
  const show = () => {
    const each = spreads[Number(choice.value)];
    const low = each.rows[0][0] - 1;
    const high = each.rows[each.rows.length - 1][0] + 1;
    const counts = new Map(each.rows);
    const xs = Array.from({length: high - low + 1}, (unused, at) => low + at);
    const host = chart("How many tasks took how long", 220, () => ({
      data: [xs, xs.map((row) => counts.get(row) || 0)],
      options: {
        cursor: {drag: {x: false, y: false}, y: false},
        scales: {x: {time: false, range: [low - 0.5, high + 0.5]}, y: {range: (plot, min, max) => [0, Math.max(1, max * 1.08)]}},
        axes: [
          axis({values: (plot, splits) => splits.map((row) => compact(floor(row + 0.5)) + " ms"), size: 30,
                splits: (plot, at, low, high) => rowTicks(low, high, 0.5)}),
          axis({size: Y_WIDTH, values: (plot, splits) => splits.map((value) => (Number.isInteger(value) ? compact(value) : ""))}),
        ],
        series: [
          {label: "from", value: (plot, row) => (row === null ? NOTHING : `${ms(floor(row))} to ${ms(floor(row + 1))}`)},
          {label: "tasks", stroke: colour("blue"), fill: faded("blue", 0.55), width: 1, points: {show: false},
           paths: uPlot.paths.bars({size: [0.92, 60]}), value: (plot, value) => integer(value)},
        ],
      },
    }));
    for (const entry of charts.splice(0)) if (entry.host !== place.firstChild) charts.push(entry); else entry.plot.destroy();
    place.replaceChildren(host, el("div", {}, table(
      [["tasks", "number"], ...each.percentiles.map(([percent]) => [percent === 0 ? "min" : percent === 100 ? "max" : "p" + percent, "number"])],
      [[integer(each.count), ...each.percentiles.map(([, value]) => ms(value))]])),
      folded("Table", () => table([["from", "number"], ["to", "number"], ["tasks", "number"]],
        each.rows.map(([row, count]) => [ms(floor(row)), ms(floor(row + 1)), integer(count)]))));
    mount(host);
  };
  if (spreads.length) {
    choice.addEventListener("change", show);
    onStart.push(show);
  } else place.append(el("p", {class: "note"}, "No result was seen."));
  return section("distribution", "Distribution",
    "task_duration of every task of the run" + (runMarks.some((mark) => mark.kind === "warmup") ? ", those of the warm-up included." : "."),
    spreads.length ? el("div", {class: "tools"}, choice) : null, place, heatMap(report, floor, rowTicks));
}

function heatMap(report, floor, rowTicks) {
  const cells = report.intervals.heat;
  if (!cells.length) return null;
  const wide = report.intervals.width_s;
  const lowest = Math.min(...cells.map((cell) => cell[1]));
  const highest = Math.max(...cells.map((cell) => cell[1])) + 1;
  const most = Math.max(...cells.map((cell) => cell[2]));
  const found = new Map(cells.map(([at, row, count]) => [at + " " + row, count]));
  const reading = el("p", {class: "reading"});
  const xs = middles(report.intervals);
  const host = timeChart("Heat map of task durations over time", 240, xs, [], {
    columns: () => [], range: [lowest, highest],
    splits: (plot, at, low, high) => rowTicks(low, high, 0),
    ticks: (plot, splits) => splits.map((row) => compact(floor(row)) + " ms"),
    draw: (plot) => inside(plot, (ctx, box, ratio) => {
      for (const [at, row, count] of cells) {
        const left = plot.valToPos(at * wide, "x", true);
        const right = plot.valToPos((at + 1) * wide, "x", true);
        const top = plot.valToPos(row + 1, "y", true);
        const bottom = plot.valToPos(row, "y", true);
        ctx.fillStyle = faded("blue", 0.12 + 0.88 * Math.log(1 + count) / Math.log(1 + most));
        ctx.fillRect(left, top, Math.max(ratio, right - left - ratio * 0.5), bottom - top - ratio * 0.5);
      }
    }),
    hover: (plot) => {
      if (plot.cursor.left === undefined || plot.cursor.left < 0) { reading.textContent = ""; return; }
      const at = Math.floor(plot.posToVal(plot.cursor.left, "x") / wide);
      const row = Math.floor(plot.posToVal(plot.cursor.top, "y"));
      const count = found.get(at + " " + row) || 0;
      reading.textContent = `${decimal(at * wide)} to ${decimal((at + 1) * wide)} s, ${ms(floor(row))} to ${ms(floor(row + 1))}: ${counted(count, "task")}`;
    },
  });
  return el("div", {}, el("h3", {}, "The same over time"),
    el("p", {class: "note"}, "The stronger the colour, the more tasks took that long (logarithmic)."), host, reading,
    folded("Table", () => table([["from", "number"], ["duration from", "number"], ["to", "number"], ["tasks", "number"]],
      cells.map(([at, row, count]) => [seconds(at * wide), ms(floor(row)), ms(floor(row + 1)), integer(count)]))));
}
