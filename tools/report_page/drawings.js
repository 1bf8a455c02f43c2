"use strict";
// What is painted on charts, and drawings of their own: fills, bubbles, heatmap, waterfall, gains and losses.

/** Triangles where an account bought (up) and sold (down). */
function paintFills(start, fills) {
  return (chart) => {
    const { ctx } = chart;
    ctx.save();
    clip(chart);
    for (const [side, tone, way] of [
      ["buy", "short", 1],
      ["sell", "long", -1],
    ]) {
      const points = fills[side];
      if (!points) continue;
      ctx.fillStyle = color(tone);
      ctx.strokeStyle = color("card");
      ctx.lineWidth = devicePixelRatio;
      const greatest = Math.max(...points.size);
      points.t.forEach((at, place) => {
        const x = chart.valToPos((start + at) / 1000, "x", true);
        const y = chart.valToPos(points.price[place], "y", true);
        const reach = (3.5 + 3.5 * Math.sqrt(points.size[place] / greatest)) * devicePixelRatio;
        ctx.beginPath();
        ctx.moveTo(x, y - way * reach);
        ctx.lineTo(x + reach, y + way * reach);
        ctx.lineTo(x - reach, y + way * reach);
        ctx.closePath();
        ctx.fill();
        ctx.stroke();
      });
    }
    ctx.restore();
  };
}

/** Circles where liquidations traded; their area is the size. */
function paintBubbles(start, bubbles) {
  const greatest = Math.max(1e-12, ...bubbles.long.size, ...bubbles.short.size);
  return (chart) => {
    const { ctx } = chart;
    ctx.save();
    clip(chart);
    for (const whose of ["long", "short"]) {
      const tone = color(whose);
      bubbles[whose].t.forEach((at, place) => {
        const x = chart.valToPos((start + at) / 1000, "x", true);
        const y = chart.valToPos(bubbles[whose].price[place], "y", true);
        const radius = (3 + 17 * Math.sqrt(bubbles[whose].size[place] / greatest)) * devicePixelRatio;
        ctx.beginPath();
        ctx.arc(x, y, radius, 0, 2 * Math.PI);
        ctx.fillStyle = `${tone}44`;
        ctx.strokeStyle = tone;
        ctx.lineWidth = 1.2 * devicePixelRatio;
        ctx.fill();
        ctx.stroke();
      });
    }
    ctx.restore();
  };
}

/** Upright lines at moments of note. */
function paintMoments(moments, tone) {
  return (chart) => {
    const {
      ctx,
      bbox: { top, height },
    } = chart;
    ctx.save();
    clip(chart);
    ctx.setLineDash([3 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.strokeStyle = color(tone);
    ctx.lineWidth = 1.3 * devicePixelRatio;
    for (const at of moments) {
      const x = chart.valToPos(at, "x", true);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + height);
      ctx.stroke();
    }
    ctx.restore();
  };
}

/** Dots at (moment, value), at the edge where the value lies beyond it. */
function paintDots(points, tone) {
  return (chart) => {
    const {
      ctx,
      bbox: { top },
    } = chart;
    ctx.save();
    ctx.fillStyle = color(tone);
    for (const [at, value] of points) {
      ctx.beginPath();
      ctx.arc(
        chart.valToPos(at, "x", true),
        Math.max(top, chart.valToPos(value, "y", true)),
        4.5 * devicePixelRatio,
        0,
        2 * Math.PI,
      );
      ctx.fill();
    }
    ctx.restore();
  };
}

function clip(chart) {
  const { left, top, width, height } = chart.bbox;
  chart.ctx.beginPath();
  chart.ctx.rect(left, top, width, height);
  chart.ctx.clip();
}

/** Cells of open interest by liquidation price, in bands as high as an eye can tell apart. */
function heatCells(market) {
  const { cells, first, step } = market.heatmap;
  const [low, high] = heatSpan(market);
  const together = Math.max(1, Math.ceil((high - low) / step / BANDS_MOST));
  const merged = new Map();
  for (const [column, band, long, short] of cells) {
    const row = Math.floor(band / together),
      key = `${column}/${row}`;
    const cell = merged.get(key) || merged.set(key, [column, row, 0, 0]).get(key);
    cell[2] += long;
    cell[3] += short;
  }
  const strengths = [...merged.values()]
    .map(([, , long, short]) => Math.max(long, short))
    .sort((a, b) => a - b);
  return {
    cells: [...merged.values()],
    first,
    step: step * together,
    span: [low, high],
    strongest: strengths[Math.floor((strengths.length - 1) * 0.99)] || 1,
  };
}

const BANDS_MOST = 110;

/** Strength goes by the square root of the size; all but the largest hundredth are below the strongest. */
function paintHeatmap(run, market, heat) {
  const seconds = market.heatmap.t.map((at) => (run.start + at) / 1000);
  const ends = [...seconds.slice(1), run.end / 1000];
  return (chart) => {
    const { ctx } = chart;
    ctx.save();
    clip(chart);
    for (const [column, row, long, short] of heat.cells) {
      const low = heat.first + row * heat.step;
      const x = chart.valToPos(seconds[column], "x", true),
        right = chart.valToPos(ends[column], "x", true);
      const y = chart.valToPos(low + heat.step, "y", true),
        bottom = chart.valToPos(low, "y", true);
      ctx.globalAlpha = 0.12 + 0.88 * Math.sqrt(Math.min(1, Math.max(long, short) / heat.strongest));
      ctx.fillStyle = color(long >= short ? "long" : "short");
      ctx.fillRect(
        Math.floor(x),
        Math.floor(y),
        Math.floor(right) - Math.floor(x),
        Math.max(1, Math.floor(bottom) - Math.floor(y)),
      );
    }
    ctx.restore();
  };
}

/** The prices worth showing: those of the mark, and where nine tenths of the sizes would be liquidated. */
function heatSpan(market) {
  const { cells, first, step } = market.heatmap;
  const bands = cells
    .map(([, band, long, short]) => [first + (band + 0.5) * step, long + short])
    .sort(([a], [b]) => a - b);
  const whole = bands.reduce((sum, [, size]) => sum + size, 0);
  const at = (share) => {
    let sum = 0;
    return bands.find(([, size]) => (sum += size) >= share * whole)[0];
  };
  const low = Math.min(market.lowest, at(0.05)),
    high = Math.max(market.highest, at(0.95));
  const room = (high - low) * 0.06 + step;
  return [Math.max(0, low - room), high + room];
}

function ramp(tone, label) {
  const full = color(tone);
  return make(
    "span",
    {},
    make("i", { class: "ramp", style: `background:linear-gradient(90deg, ${full}10, ${full})` }),
    label,
  );
}

/** What the collateral is called. */
function purseOf(story) {
  if (story.counted.length) return "balance, as far as it counts";
  return story.symbol ? "isolated margin" : "wallet balance";
}

/** From the collateral to what is left: a bar for every movement of money. */
function waterfall(story) {
  const bars = [
    {
      label: purseOf(story),
      from: 0,
      to: story.collateral,
      tone: "mark",
    },
  ];
  let level = story.collateral;
  const tones = {
    pnl: ["short", "long"],
    fee: ["index", "index"],
    fund: ["fund", "fund"],
    uncovered: ["adl", "adl"],
    adl: ["adl", "adl"],
  };
  for (const { label, amount, kind } of story.parts) {
    const adl = label.includes("auto-deleveraging");
    bars.push({
      label,
      from: level,
      to: level + amount,
      amount,
      tone: adl ? "adl" : tones[kind][amount > 0 ? 0 : 1],
    });
    level += amount;
  }
  bars.push({ label: "left", from: 0, to: story.collateral_after, tone: "mark" });
  return drawing((width) => barDrawing(bars, width, `Where the money of liquidation ${story.number} went`));
}

const drawings = [];

/** A place for a drawing, made once it is known how wide that is: its letters keep their size. */
function drawing(build) {
  const host = make("div", { class: "plot" });
  drawings.push({ host, build });
  return host;
}

function drawDrawings() {
  for (const { host, build } of drawings) host.replaceChildren(build(Math.min(760, host.clientWidth)));
}

const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Horizontal bars, one under the other, each beginning where the one before ended. */
function barDrawing(bars, width, label) {
  const row = 34,
    left = 0,
    top = 6,
    height = top + bars.length * row + 4;
  const lowest = Math.min(0, ...bars.map(({ from, to }) => Math.min(from, to)));
  const highest = Math.max(0, ...bars.map(({ from, to }) => Math.max(from, to)));
  const area = width - left - 8;
  const x = (value) => left + 4 + ((value - lowest) / (highest - lowest || 1)) * area;
  const svg = draw("svg", {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "aria-label": label,
  });
  svg.append(draw("path", { d: `M${x(0)} 0V${height}`, stroke: color("soft"), "stroke-width": 1 }));
  bars.forEach((bar, place) => {
    const y = top + place * row;
    const [low, high] = [Math.min(bar.from, bar.to), Math.max(bar.from, bar.to)];
    svg.append(
      draw("rect", {
        x: x(low),
        y: y + 15,
        width: Math.max(1.5, x(high) - x(low)),
        height: 13,
        rx: 2,
        fill: color(bar.tone),
      }),
    );
    if (place < bars.length - 1)
      svg.append(
        draw("path", {
          d: `M${x(bar.to)} ${y + 28}v${row - 13}`,
          stroke: color("line"),
          "stroke-width": 1.5,
        }),
      );
    const text = bar.amount === undefined ? money(bar.to) : signed(bar.amount);
    svg.append(draw("text", { x: left + 10, y: y + 11, class: "soft" }, bar.label));
    svg.append(
      draw("text", { x: width - 4, y: y + 11, "text-anchor": "end", style: "font-weight:600" }, text),
    );
  });
  return svg;
}

/** Gains to the right, losses to the left. */
function gainDrawing(rows, width, label) {
  const row = 26,
    name = width < 500 ? 105 : 170,
    number = width < 500 ? 88 : 130;
  const height = rows.length * row + 4;
  const greatest = Math.max(...rows.map(({ amount }) => Math.abs(amount)), 1e-12);
  const middle = name + (width - name - number) / 2;
  const reach = (width - name - number) / 2 - 4;
  const svg = draw("svg", {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "aria-label": label,
  });
  svg.append(draw("path", { d: `M${middle} 0V${height}`, stroke: color("soft"), "stroke-width": 1 }));
  rows.forEach(({ label: text, amount, tone }, place) => {
    const y = place * row + 4,
      length = (Math.abs(amount) / greatest) * reach;
    svg.append(
      draw("rect", {
        x: amount < 0 ? middle - length : middle,
        y: y + 3,
        width: Math.max(1.5, length),
        height: 14,
        rx: 2,
        fill: color(tone || (amount < 0 ? "bad" : "good")),
      }),
    );
    svg.append(draw("text", { x: 0, y: y + 15 }, shortened(text, width < 500 ? 15 : 26)));
    svg.append(
      draw("text", { x: width, y: y + 15, "text-anchor": "end", style: "font-weight:600" }, signed(amount)),
    );
  });
  return svg;
}
