// The panels of one run, in the order in which they are asked for.

function runPanels(report) {
  const {summary} = report;
  return [
    verdictPanel(report), figuresPanel(report), faultsPanel(summary), throughputPanel(report), latencyPanel(report), timelinePanel(report),
    backlogPanel(report), distributionPanel(report), workersPanel(report), canvasPanel(report), failuresPanel(report),
    brokerPanel(summary), scenarioPanel(report),
  ];
}

function verdictPanel(report) {
  const {summary} = report;
  const {run, verdicts} = summary;
  const passed = run.exit_code === 0;
  const node = section("verdict", "Verdict", null);
  node.classList.add("verdict");
  if (!passed) node.classList.add("failed");
  const about = summary.scenario.description;
  const bottleneck = summary.orchestrator && summary.orchestrator.bottleneck_reason;
  const rows = report.thresholds.map((each) => [
    el("span", {class: each.passed ? "good" : "bad"}, each.passed ? "\u2713 held" : "\u2717 failed"),
    named(each.metric), el("code", {}, named(each.expression)), each.text,
  ]);
  const words = Object.entries(VERDICT_WORDS);
  node.replaceChildren();
  return filled(node,
    el("div", {class: "head"},
      el("span", {class: passed ? "badge" : "badge bad", id: "badge"}, passed ? "PASSED" : run.stopped_by ? "STOPPED" : "FAILED"),
      el("h1", {id: "verdict-title"}, named(run.name, 120))),
    about ? el("p", {}, named(about, 400)) : null,
    el("p", {class: "soft"}, `${EXIT_WORDS[run.exit_code] || "ended"} (exit code ${run.exit_code})`,
      run.stopped_by ? [", stopped by ", named(run.stopped_by, 300)] : null, ` \u00b7 ${seconds(run.duration_s)} \u00b7 `,
      run.started_at.replace("T", " ").replace(/\.\d+/, "").replace("+00:00", " UTC"), " \u00b7 run ", named(run.id)),
    bottleneck ? el("p", {class: "bad"}, "The orchestrator itself was the bottleneck: ", named(bottleneck, 400)) : null,
    rows.length ? table([["", "mark"], ["threshold on", "text"], ["must hold", "text"], ["observed", "number"]], rows)
      : el("p", {class: "note"}, "The scenario has no thresholds."),
    table([["sent", "number"], ...words.map(([, title]) => [title, "number"])],
      [[integer(verdicts.sent), ...words.map(([key]) => el("span", {class: key === "ok" ? "good" : verdicts[key] ? "bad" : "soft", "data-verdict": key}, integer(verdicts[key])))]]),
    environmentLine(summary));
}

function environmentLine(summary) {
  const {environment} = summary;
  const {broker, host} = environment;
  const parts = ["celery", "kombu", "python"].filter((name) => environment[name]).map((name) => `${name} ${environment[name]}`);
  parts.push(`${broker.kind} ${broker.version}`.trim(), `${integer(host.cpus)} CPUs`, bytes(host.memory_bytes), `celery-orchestrator ${environment.orchestrator}`);
  return el("p", {class: "note"}, named(parts.join(" \u00b7 "), 300));
}

function figuresPanel(report) {
  const {summary} = report;
  const {rates, counters, verdicts} = summary;
  const duration = summary.metrics.task_duration;
  const cpu = Object.values(summary.workers).reduce((sum, each) => sum + (each.cpu_s || 0), 0);
  const cards = [
    [integer(verdicts.ok), `of ${integer(verdicts.sent)} tasks ok`],
    [perSecond(rates.throughput_per_s), `tasks, of ${perSecond(rates.offered_rate_per_s)} offered`],
    [share(rates.verified_ratio), "verified"],
    [ms(duration.p50_ms), "p50 task duration"], [ms(duration.p95_ms), "p95"], [ms(duration.p99_ms), "p99"], [ms(duration.max_ms), "max"],
    [cpu && verdicts.sent ? seconds(cpu / verdicts.sent * 1000) : NOTHING, "worker CPU per 1,000 tasks"],
    [integer(counters.tasks_retried), "tasks retried"], [integer(counters.dropped_iterations), "iterations dropped"],
  ];
  const workloads = Object.entries(summary.workloads).map(([name, each]) => [
    named(name, 50), each.executor, integer(each.iterations), integer(each.dropped_iterations), perSecond(each.throughput_per_s),
    perSecond(each.offered_rate_per_s), ms(each.metrics.canvas_duration.p95_ms),
    each.aggregate ? [named(each.aggregate, 40), " ", named(report.values[name], 60)] : "",
  ]);
  return section("figures", "Figures", null,
    el("div", {class: "cards"}, cards.map(([value, words]) => el("div", {class: "card"}, el("b", {}, value), el("span", {}, words)))),
    el("h3", {}, "Workloads"),
    table([["workload", "text"], ["executor", "text"], ["iterations", "number"], ["dropped", "number"], ["tasks done", "number"],
      ["tasks offered", "number"], ["p95 of a canvas", "number"], ["value", "text"]], workloads));
}

function faultsPanel(summary) {
  if (!(summary.faults || []).length) return null;
  const rows = summary.faults.map((each) => {
    const name = named([each.kind, each.worker].filter(Boolean).join(" "), 80);
    if (each.struck_s === null) return [name, seconds(each.at_s), "", "", "", "", "", ["did not strike: ", named(each.note || "the load was over", 200)]];
    const became = Object.entries(VERDICT_WORDS).filter(([key]) => each.verdicts[key]).map(([key, word]) => `${integer(each.verdicts[key])} ${word}`);
    return [name, seconds(each.struck_s), seconds(each.ended_s), seconds(each.down_s), seconds(each.recovered_s), integer(each.tasks), integer(each.cut_off), became.join(", ")];
  });
  return section("faults", "Faults",
    "What went wrong on purpose. Down: from its strike to the first result of a task that started after it. Recovered: from its strike to the last result of the tasks in flight.",
    table([["fault", "text"], ["struck at", "number"], ["over at", "number"], ["down", "number"], ["recovered", "number"], ["in flight", "number"],
      ["cut off", "number"], ["what became of them", "text"]], rows));
}

function throughputPanel(report) {
  const {intervals} = report;
  const xs = middles(intervals);
  const series = [
    {label: "intended", column: intervals.intended, stroke: "grey", dash: [5, 4]},
    {label: "published", column: intervals.published, stroke: "blue"},
    {label: "completed", column: intervals.completed, stroke: "green", fill: ["green", 0.12]},
    {label: "not ok", column: intervals.not_ok, stroke: "red"},
  ];
  const host = timeChart("Tasks per second over time", 250, xs, series, {format: perSecond});
  return section("throughput", "Throughput",
    "Tasks per second. Intended is when the schedule wanted a task to be sent; one that a worker sends (a later link, a chord's body) is intended when it is sent.",
    host, timeTable(xs, series.map((each) => [each.label, each.column]), decimal));
}

function linesOf(title, height, xs, columns, format, options) {
  const some = Object.entries(columns).filter(([, column]) => column.some((value) => value !== null));
  if (!some.length || !xs.length) return el("p", {class: "note"}, "Nothing is known of it.");
  const shown = some.slice(0, 24);
  const series = shown.map(([label, column], at) => ({label, column, stroke: nth(at), dash: at >= SERIES_COLOURS.length ? [6, 3] : undefined}));
  const host = timeChart(title, height, xs, series, {format, ...options});
  return el("div", {}, host, timeTable(xs, some, format), some.length > shown.length ? el("p", {class: "note"}, `${some.length - shown.length} more are in the table only.`) : null);
}

const WHOLE = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((power) => [1, 2, 5].map((step) => step * Math.pow(10, power)));
const MEBIBYTES = Array.from({length: 20}, (unused, power) => 1048576 * Math.pow(2, power));

function backlogPanel(report) {
  const {series} = report;
  return section("backlog", "Backlog", "Messages that wait in each queue, once a second; unacked are those that a worker has taken and not finished.",
    linesOf("Messages in each queue over time", 210, series.at_s, {...series.backlog}, integer, {incrs: WHOLE}));
}

function workersPanel(report) {
  const {summary, series, lanes} = report;
  const rows = Object.entries(summary.workers).map(([name, each]) => [
    named(name, 50), `${each.pool} \u00d7 ${each.concurrency}`, named(each.queues.join(", "), 60), integer(each.tasks), seconds(each.cpu_s),
    each.cpu_s === null || !each.tasks ? NOTHING : seconds(each.cpu_s / each.tasks * 1000), bytes(each.rss_max_bytes), integer(each.restarts), seconds(each.startup_s),
  ]);
  const own = summary.orchestrator;
  if (own) rows.push([el("em", {}, "orchestrator"), "", "", "", seconds(own.cpu_s), "", bytes(own.rss_max_bytes), "", ""]);
  return section("workers", "Workers", null,
    table([["pool", "text"], ["kind", "text"], ["queues", "text"], ["tasks", "number"], ["CPU", "number"], ["CPU per 1,000", "number"],
      ["most memory", "number"], ["restarts", "number"], ["started in", "number"]], rows),
    el("div", {class: "pair"},
      el("div", {}, el("h3", {}, "CPU, in cores"), linesOf("CPU of each pool over time, in cores", 200, series.at_s, series.cpu, cores)),
      el("div", {}, el("h3", {}, "Memory (resident)"), linesOf("Memory of each pool over time", 200, series.at_s, series.rss, bytes,
        {incrs: MEBIBYTES, tick: (value) => (value ? value / 1048576 + " MiB" : "0")}))),
    lanes ? [el("h3", {}, "What each process ran"), el("p", {class: "note"}, "A bar is an execution; those side by side ran at the same time. Drag to look closer."), lanesPanel(lanes)]
      : el("p", {class: "note"}, "Executions are drawn one by one for runs of up to 3,000 tasks whose workers told of them."));
}

function canvasPanel(report) {
  const {summary, canvases} = report;
  const names = Object.keys(summary.workloads);
  const size = (each) => (!each ? NOTHING : each.fewest === each.most ? integer(each.most) : `${integer(each.fewest)} to ${integer(each.most)}`);
  const rows = names.map((name) => {
    const {metrics, iterations} = summary.workloads[name];
    const {canvas_duration: canvas, chord_join: join} = metrics;
    return [named(name, 50), integer(iterations), size(canvases[name]), ms(canvas.p50_ms), ms(canvas.p95_ms), ms(canvas.max_ms),
      integer(join.count), ms(join.p50_ms), ms(join.p95_ms), ms(join.max_ms)];
  });
  const slow = names.filter((name) => canvases[name] && canvases[name].slowest);
  return section("canvases", "Canvases",
    "An iteration is one canvas: a task, group, chord or chain. The join of a chord is from the end of its last header task to the start of its body.",
    table([["workload", "text"], ["iterations", "number"], ["tasks in each", "number"], ["p50", "number"], ["p95", "number"], ["max", "number"],
      ["chords", "number"], ["join p50", "number"], ["join p95", "number"], ["join max", "number"]], rows),
    slow.map((name) => slowest(name, canvases[name].slowest)));
}

function slowest(name, canvas) {
  const hidden = canvas.tasks_count - canvas.tasks.length;
  const gaps = Object.keys(GAP_WORDS);
  const node = el("details", {class: "slowest"}, el("summary", {}, "The slowest iteration of ", named(name, 50), `: number ${canvas.iteration}, ${counted(canvas.tasks_count, "task")}, ${ms(canvas.ms)}`));
  node.addEventListener("toggle", () => {
    if (!node.open || node.children.length > 1) return;
    filled(node,
      el("div", {class: "keys"}, gaps.map((gap) => el("span", {}, el("i", {colour: `var(--${GAP_COLOURS[gap]})`}), GAP_WORDS[gap]))),
      waterfall(canvas),
      hidden ? el("p", {class: "note"}, `${integer(hidden)} quicker tasks of it are not shown.`) : null);
  });
  return node;
}

function waterfall(canvas) {
  const rows = canvas.tasks.map((task) => {
    const bar = svg("svg", {width: "100%", height: 12, viewBox: `0 0 ${canvas.ms} 12`, preserveAspectRatio: "none", role: "img"});
    Object.keys(GAP_WORDS).forEach((gap, at) => {
      const [from, to] = [task.points[at], task.points[at + 1]];
      if (from !== null && to !== null) bar.append(svg("rect", {x: from, y: 1, width: Math.max(to - from, canvas.ms / 2000), height: 10, fill: `var(--${GAP_COLOURS[gap]})`}));
    });
    const last = [...task.points].reverse().find((value) => value !== null);
    return [named(task.task, 40), bar, ms(last), task.verdict === "ok" ? "" : el("span", {class: "bad"}, VERDICT_WORDS[task.verdict] || task.verdict)];
  });
  const node = table([["task", "text"], [`0 to ${ms(canvas.ms)}`, "text"], ["until", "number"], ["", "text"]], rows);
  for (const cell of node.querySelectorAll("td:nth-child(2)")) cell.style.width = "60%";
  return node;
}

function svg(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function failuresPanel(report) {
  const {groups, left_out: leftOut} = report.failures;
  if (!groups.length) return section("failures", "Failures", "None: every task is ok.");
  return section("failures", "Failures", "Tasks that are not ok, those with the same verdict, task and reason (numbers aside) together.",
    table([["verdict", "text"], ["tasks", "number"], ["task", "text"], ["reason", "text"], ["first at", "number"]],
      groups.map((group) => [
        el("span", {class: "badge bad small"}, VERDICT_WORDS[group.verdict] || group.verdict), integer(group.count), named(group.task, 60),
        el("div", {}, named(group.reason || "", 400),
          folded(`ids${group.count > group.ids.length ? `, ${group.ids.length} of ${integer(group.count)}` : ""}`, () => el("div", {},
            el("pre", {}, group.ids.map(plain).join("\n")), group.workers.length ? el("p", {class: "note"}, "ran on ", named(group.workers.join(", "), 300)) : null)),
          group.traceback ? folded("traceback", () => el("pre", {}, lines(group.traceback))) : null),
        group.first_ms === null ? NOTHING : seconds(group.first_ms / 1000),
      ])),
    leftOut ? el("p", {class: "note"}, `${integer(leftOut)} more tasks are in groups that are not shown; tasks.csv.gz has all of them.`) : null);
}

function brokerPanel(summary) {
  const {broker, results, points_from: from, clocks} = summary.environment;
  const rows = [["broker", `${broker.kind} ${broker.version}`], ["address", broker.url], ["results", broker.results_url]];
  if (broker.path) rows.push(["server", broker.path]);
  if (results && results.why) rows.push(["why there", results.why]);
  if (from) rows.push(["what workers did is from", {probe: "the probe in the workers", events: "Celery events", results: "the results alone"}[from] || from]);
  for (const clock of clocks || []) {
    rows.push([`clock of ${clock.host}`, clock.same ? "this host's" : clock.ahead_ms === null ? "cannot be compared" : `${ms(clock.ahead_ms)} ahead, \u00b1 ${ms(clock.uncertainty_ms)}`]);
  }
  return section("broker", "Broker", null, table(null, rows.map(([name, value]) => [named(name), named(value, 300)])));
}

function scenarioPanel(report) {
  const name = plain(report.summary.run.name).replace(/[^A-Za-z0-9._-]+/g, "-").slice(0, 60) || "run";
  const json = () => JSON.stringify(report.summary, null, 2) + "\n";
  return section("scenario", "Scenario", "As it was run, secrets masked. summary.json has every figure of this page.",
    el("div", {class: "tools buttons"},
      el("button", {type: "button", id: "get-scenario", onclick: () => download(name + ".yaml", "application/yaml", report.scenario)}, "Download scenario.yaml"),
      el("button", {type: "button", id: "get-summary", onclick: () => download(name + "-summary.json", "application/json", json())}, "Download summary.json")),
    el("pre", {tabindex: "0"}, lines(report.scenario)),
    folded("summary.json", () => el("pre", {tabindex: "0"}, lines(json()))));
}
