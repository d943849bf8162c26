// Every task of a small run, in the process that ran it.

function lanesPanel(lanes) {
  const height = 30 + Math.min(560, Math.max(120, 14 * laneCount(lanes) + 20));
  const offsets = laneOffsets(lanes);
  const reading = el("p", {class: "reading"});
  const xs = [timeSpan[0], timeSpan[1]];
  const total = laneCount(lanes);
  const host = timeChart("What each worker process ran, over time", height, xs, [], {
    range: [0, total], downwards: true,
    columns: () => [],
    splits: () => offsets,
    ticks: (plot, splits) => splits.map((at) => clip(plain(lanes.workers[offsets.indexOf(at)].worker.split("@")[0]), 9)),
    draw: (plot) => drawLanes(plot, lanes, offsets),
    hover: (plot) => { reading.textContent = hoverLane(plot, lanes, offsets); },
  });
  return [
    host,
    el("div", {class: "keys"}, lanes.names.slice(0, 16).map((name, at) => {
      const key = el("span", {}, el("i"), named(name, 50));
      key.firstChild.style.background = `var(--${nth(at)})`;
      return key;
    })),
    reading,
  ];
}

const laneCount = (lanes) => lanes.workers.reduce((sum, each) => sum + each.lanes, 0) + (lanes.workers.length - 1) * 0.6;

function laneOffsets(lanes) {
  let at = 0;
  return lanes.workers.map((each) => {
    const mine = at;
    at += each.lanes + 0.6;
    return mine;
  });
}

function drawLanes(plot, lanes, offsets) {
  const fills = lanes.names.map((name, at) => colour(nth(at)));
  const wrong = colour("red");
  inside(plot, (ctx, box, ratio) => {
    const tall = Math.max(1, Math.abs(plot.valToPos(0.82, "y", true) - plot.valToPos(0, "y", true)));
    lanes.workers.forEach((worker, number) => {
      const top = plot.valToPos(offsets[number] - 0.3, "y", true);
      if (number) line(ctx, [box.left, top], [box.left + box.width, top], "line", ratio);
      for (const [lane, from, to, name, ok] of worker.runs) {
        const left = plot.valToPos(from / 1000, "x", true);
        const right = plot.valToPos(to / 1000, "x", true);
        ctx.fillStyle = fills[name];
        ctx.fillRect(left, plot.valToPos(offsets[number] + lane, "y", true), Math.max(ratio, right - left), tall);
        if (!ok) {
          ctx.strokeStyle = wrong;
          ctx.lineWidth = 2 * ratio;
          ctx.strokeRect(left, plot.valToPos(offsets[number] + lane, "y", true), Math.max(ratio, right - left), tall);
        }
      }
    });
  });
}

function hoverLane(plot, lanes, offsets) {
  const {left, top} = plot.cursor;
  if (left === undefined || left < 0) return "";
  const at = plot.posToVal(left, "x") * 1000;
  const y = plot.posToVal(top, "y");
  const slack = 2 * Math.abs(plot.posToVal(1, "x") - plot.posToVal(0, "x")) * 1000;
  for (let number = lanes.workers.length - 1; number >= 0; number -= 1) {
    if (y < offsets[number]) continue;
    const lane = Math.floor(y - offsets[number]);
    const worker = lanes.workers[number];
    const run = worker.runs.find((each) => each[0] === lane && each[1] - slack <= at && at <= each[2] + slack);
    const place = clip(plain(worker.worker), 40);
    if (!run) return place;
    return `${place}: ${clip(plain(lanes.names[run[3]]), 60)}, ${ms(run[2] - run[1])}, from ${decimal(run[1] / 1000)} s`;
  }
  return "";
}
