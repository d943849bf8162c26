// Figures as a person reads them.

const NOTHING = "\u2013";

function decimal(value) {
  if (value === null || value === undefined) return NOTHING;
  if (value === 0) return "0";
  const size = Math.abs(value);
  const places = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.995 ? 2 : 3;
  return value.toLocaleString("en-US", {minimumFractionDigits: size >= 0.995 ? places : 0, maximumFractionDigits: places});
}

const known = (shape) => (value) => (value === null || value === undefined ? NOTHING : shape(value));
const integer = known((value) => value.toLocaleString("en-US", {maximumFractionDigits: 0}));
const ms = known((value) => decimal(value) + " ms");
const seconds = known((value) => decimal(value) + " s");
const perSecond = known((value) => decimal(value) + "/s");
const cores = known((value) => value.toFixed(2));

const bytes = known((value) => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  while (value >= 1024 && at < units.length - 1) { value /= 1024; at += 1; }
  return decimal(value) + " " + units[at];
});

const share = known((value) => {
  const percent = value * 100;
  if (percent === 0 || percent === 100) return percent + " %";
  return Number(Math.min(Math.max(percent, 0.001), 99.999).toFixed(3)) + " %";
});

const counted = (count, word) => `${integer(count)} ${word}${count === 1 ? "" : "s"}`;

const VERDICT_WORDS = {
  ok: "ok", wrong: "wrong", failed: "failed", lost_task: "lost task", lost_result: "lost result",
  duplicate: "duplicate", late: "late",
};
const EXIT_WORDS = {
  0: "every result verified, every threshold held", 1: "a threshold failed", 2: "the scenario cannot be used",
  3: "the environment broke down", 4: "a bug in celery-orchestrator", 5: "verification failed",
  130: "interrupted", 143: "terminated",
};
const GAP_WORDS = {
  publish: "publish", queue_wait: "queue wait", prefetch_wait: "prefetch wait", run: "run", result_lag: "result lag",
};
