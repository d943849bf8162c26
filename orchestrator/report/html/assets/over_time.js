// Charts along the time of the run: lines, stacks, the heat map and the lanes.

const Y_WIDTH = 64;
let runMarks = [];

// series: {label, column, stroke, fill, dash, width, show}; options: format, log, limits, min, bars, draw
function timeChart(title, height, xs, series, options = {}) {
  return chart(title, height, () => {
    const format = options.format || decimal;
    const columns = options.columns ? options.columns() : series.map((each) => each.column);
    return {
      time: true,
      data: [xs, ...columns],
      options: {
        cursor: {sync: {key: "time"}, drag: {x: true, y: false}, points: {size: 6}},
        legend: {live: true, show: series.length > 0},
        scales: {
          x: {time: false, range: (plot, min, max) => (zooming || min === null ? (min === null ? timeSpan : [min, max]) : wholeOr(min, max, xs))},
          y: {distr: options.log ? 3 : 1, dir: options.downwards ? -1 : 1, range: (plot, min, max) => spread(min, max, options)},
        },
        axes: [
          axis({values: (plot, splits) => splits.map((value) => compact(value) + " s"), size: 30, space: 70}),
          axis({size: Y_WIDTH, values: options.ticks || ((plot, splits) => splits.map(options.tick || compact)),
                splits: options.splits || (options.log ? (plot, at, low, high) => roundNumbers(low, high) : undefined), incrs: options.incrs}),
        ],
        series: [
          {label: "at", value: (plot, value) => (value === null ? NOTHING : decimal(value) + " s")},
          ...series.map((each, index) => ({
            label: plain(clip(each.label, 60)),
            stroke: each.stroke ? colour(each.stroke) : undefined,
            fill: each.fill ? faded(each.fill[0], each.fill[1]) : undefined,
            dash: each.dash, width: each.width === undefined ? 1.75 : each.width,
            show: each.show !== false,
            spanGaps: false,
            paths: options.paths ? options.paths() : undefined,
            points: {show: xs.length < 3, size: 4, filter: options.columns ? undefined : isolated},
            value: (plot, value, at, row) => format(row === null ? null : (options.reading ? options.reading(index, row) : value)),
          })),
        ],
        hooks: {
          setScale: [followZoom],
          drawClear: [(plot) => { drawBands(plot); }],
          draw: [(plot) => {
            if (options.draw) options.draw(plot);
            drawMoments(plot);
            drawLimits(plot, options.limits ? options.limits() : []);
          }],
          setCursor: options.hover ? [options.hover] : [],
        },
      },
    };
  });
}

// uPlot's own wish for the whole data becomes the whole time, the same in every chart.
function wholeOr(min, max, xs) {
  return min <= xs[0] && max >= xs[xs.length - 1] ? timeSpan : [min, max];
}

function spread(min, max, options) {
  if (options.range) return options.range;
  if (options.log) {
    const low = min === null ? 1 : Math.max(min, 0.001);
    let high = max === null ? 10 : max;
    for (const limit of options.limits ? options.limits() : []) if (limit.ms < high * 20) high = Math.max(high, limit.ms * 1.3);
    return [low / 1.5, high * 1.5];
  }
  return [0, max === null || max <= 0 ? 1 : max * 1.08];
}

// Where a logarithmic axis from low to high has its labels: 1, 10, 100 and, where those are few, 2 and 5 too.
function roundNumbers(low, high) {
  const found = [];
  const digits = high > 100 * low ? [1] : [1, 2, 5];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const digit of digits) found.push(Number(`${digit}e${power}`));
  }
  return found.filter((value) => value >= low && value <= high);
}

// A value between two that are not known has no line, so it gets a point.
function isolated(plot, index, shown) {
  if (shown) return null;
  const column = plot.data[index];
  const gap = (at) => column[at] === null || column[at] === undefined;
  return column.flatMap((value, at) => (gap(at) || !gap(at - 1) || !gap(at + 1) ? [] : [at]));
}

function inside(plot, draw) {
  const {ctx, bbox} = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(ctx, bbox, devicePixelRatio);
  ctx.restore();
}

function drawBands(plot) {
  inside(plot, (ctx, box, ratio) => {
    for (const mark of runMarks) {
      if (mark.to_s === null) continue;
      const left = plot.valToPos(mark.from_s, "x", true);
      const right = plot.valToPos(mark.to_s, "x", true);
      const fault = mark.kind === "fault";
      ctx.fillStyle = colour(fault ? "red" : "band");
      ctx.globalAlpha = fault ? 0.12 : 1;
      ctx.fillRect(left, box.top, right - left, box.height);
      ctx.globalAlpha = 1;
      write(ctx, mark.label, left + 4 * ratio, box.top + 11 * ratio, fault ? "red" : "soft", ratio);
    }
  });
}

function drawMoments(plot) {
  inside(plot, (ctx, box, ratio) => {
    for (const mark of runMarks) {
      if (mark.to_s !== null) continue;
      const at = plot.valToPos(mark.from_s, "x", true);
      line(ctx, [at, box.top], [at, box.top + box.height], mark.kind === "fault" ? "red" : "grey", ratio);
      write(ctx, mark.label, at + 4 * ratio, box.top + 11 * ratio, mark.kind === "fault" ? "red" : "soft", ratio);
    }
  });
}

// A limit that is far above everything that was measured is told in words.
function drawLimits(plot, limits) {
  inside(plot, (ctx, box, ratio) => {
    let above = 0;
    for (const limit of limits) {
      const tone = limit.passed ? "soft" : "red";
      const at = plot.valToPos(limit.ms, "y", true);
      if (at < box.top) {
        above += 1;
        write(ctx, "\u2191 " + limit.label, box.left + box.width - 6 * ratio, box.top + 14 * above * ratio, tone, ratio, "right");
      } else {
        line(ctx, [box.left, at], [box.left + box.width, at], tone, ratio);
        write(ctx, limit.label, box.left + box.width - 6 * ratio, at - 4 * ratio, tone, ratio, "right");
      }
    }
  });
}

function line(ctx, from, to, tone, ratio) {
  ctx.strokeStyle = colour(tone);
  ctx.lineWidth = ratio;
  ctx.setLineDash([5 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
  ctx.setLineDash([]);
}

function write(ctx, text, x, y, tone, ratio, align = "left") {
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = align;
  ctx.textBaseline = "alphabetic";
  ctx.fillStyle = colour(tone);
  ctx.fillText(clip(plain(text), 60), x, y);
}

// Columns one upon the other; the topmost comes first, so that each covers what is above its own part.
function stacked(columns) {
  const sums = [];
  let below = columns[0].map(() => 0);
  for (const column of columns) {
    below = below.map((sum, at) => sum + (column[at] || 0));
    sums.push(below.map((sum, at) => (columns.some((each) => each[at] !== null) ? sum : null)));
  }
  return sums.reverse();
}

function timeTable(xs, named, format) {
  return folded("Table", () => table(
    [["at", "number"], ...named.map(([label]) => [named_(label), "number"])],
    xs.map((at, row) => [decimal(at) + " s", ...named.map(([, column]) => format(column[row]))])));
}

const named_ = (label) => clip(plain(label), 40);
