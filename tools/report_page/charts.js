"use strict";
// Charts over time: uPlot, with a caption that names what is drawn and its unit, and a legend that tells values.

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const charts = [];
const HEIGHT = 300;
const STEPPED = 240;

/** The value in force at a moment, in a series over rising times. */
function asOf(times, values, at) {
  let low = 0,
    high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= at) low = middle + 1;
    else high = middle;
  }
  return low ? values[low - 1] : null;
}

/** A card with a caption, in which something is drawn. */
function card(title, unit, ...children) {
  return make(
    "figure",
    { class: "card", "aria-label": unit ? `${title}, ${unit}` : title },
    make("figcaption", {}, make("b", {}, title), make("span", { class: "unit" }, unit || "")),
    ...children,
  );
}

/**
 * A chart over time.  spec: title, unit, x (seconds), lines [{label, values, color, write, ...}],
 * range [from, to], paint [functions that draw on it], keys [what they draw], write (of the axis).
 */
function timeChart(spec) {
  const plot = make("div", { class: "plot" });
  const legend = make("div", { class: "legend" });
  const made = card(spec.title, spec.unit, plot, legend);
  if (!spec.lines.some((line) => line.hidden || line.values.some((value) => value !== null))) {
    plot.replaceWith(make("div", { class: "empty" }, spec.empty || "Nothing to show"));
    legend.remove();
    return made;
  }
  charts.push({ spec, plot, legend, chart: null });
  return made;
}

/** Draw everything that has a place on the page by now. */
function drawCharts() {
  drawDrawings();
  for (const one of charts) {
    one.chart = new uPlot(
      options(one),
      [one.spec.x, ...one.spec.lines.map((line) => line.stacked || line.values)],
      one.plot,
    );
    fillLegend(one);
    followFinger(one.chart);
    sizes.observe(one.plot);
  }
}

/** A finger on a chart shows the values below it, as a pointer does. */
function followFinger({ over, setCursor }) {
  const follow = ({ touches: [finger] }) => {
    const { left, top } = over.getBoundingClientRect();
    setCursor({ left: finger.clientX - left, top: finger.clientY - top });
  };
  over.addEventListener("touchstart", follow, { passive: true });
  over.addEventListener("touchmove", follow, { passive: true });
}

function dropCharts() {
  sizes.disconnect();
  drawings.length = 0;
  for (const { chart } of charts.splice(0)) if (chart) chart.destroy();
}

const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const one = charts.find(({ plot }) => plot === target);
    const width = Math.floor(contentRect.width);
    if (one?.chart && width > 0 && width !== one.chart.width)
      one.chart.setSize({ width, height: one.chart.height });
  }
});

function options(one) {
  const { spec, plot } = one;
  const soft = color("soft"),
    line = color("line");
  const narrow = plot.clientWidth < 500;
  const font = `${narrow ? 11 : 12}px system-ui, "DejaVu Sans", sans-serif`;
  const axis = {
    stroke: soft,
    font,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 5 },
  };
  const right = spec.lines.some((each) => each.scale === "right");
  const size = (chart, values) =>
    Math.max(34, ...(values || []).map((text) => text.length * (narrow ? 6.3 : 7) + 14));
  return {
    width: plot.clientWidth,
    height: spec.height || (narrow ? 240 : HEIGHT),
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
    legend: { show: false },
    padding: [10, right ? 0 : narrow ? 16 : 26, 0, 0],
    cursor: {
      sync: { key: spec.sync || "run" },
      drag: { x: true, y: false, setScale: true },
      points: { size: 7 },
    },
    scales: {
      x: { time: !spec.elapsed, range: (chart, low, high) => within(spec, chart, low, high) },
      y: { range: spec.span || ((chart, low, high) => spread(low, high, spec.zero)) },
      right: { range: spec.rightSpan || ((chart, low, high) => spread(low, high, false)) },
    },
    axes: [
      {
        ...axis,
        values: (chart, splits, place, space, step) =>
          splits.map((at, each) =>
            spec.elapsed ? elapsed(at) : moment(at, each ? splits[each - 1] : null, step),
          ),
        space: narrow ? 60 : 80,
        incrs: spec.elapsed
          ? [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 21600, 86400, 604800]
          : undefined,
      },
      { ...axis, size, values: (chart, splits) => axisTexts(splits, spec.write) },
      ...(right
        ? [
            {
              ...axis,
              scale: "right",
              side: 1,
              grid: { show: false },
              size,
              values: (chart, splits) => axisTexts(splits, spec.rightWrite),
            },
          ]
        : []),
    ],
    series: [{}, ...spec.lines.map((line) => lineOptions(line, spec.x.length))],
    bands: spec.bands,
    hooks: {
      drawAxes: (spec.under || []).map((paint) => (chart) => paint(chart)),
      draw: (spec.paint || []).map((paint) => (chart) => paint(chart)),
      setCursor: [(chart) => tellValues(one, chart.cursor.idx)],
    },
  };
}

/** The whole run, unless someone looks closer. */
function within(spec, chart, low, high) {
  const x = chart.data[0];
  return spec.range && low === x[0] && high === x[x.length - 1] ? spec.range : [low, high];
}

/** A little room above and below. */
function spread(low, high, fromZero) {
  if (low === null || high === null) return [0, 1];
  const room = (high - low) * 0.08 || Math.abs(high) * 0.01 || 1;
  const bottom = fromZero && low >= 0 ? 0 : low - room;
  return [bottom, fromZero && high <= 0 ? 0 : high + room];
}

/** A moment on the axis: as fine as its steps, with the day where a new one begins. */
function moment(at, before, step) {
  const [day, time] = clock(at, true).split(" ");
  const isNewDay = before === null || clock(before, true).slice(0, 10) !== day;
  if (step >= 86400) return day;
  const shown = step >= 60 ? time.slice(0, 5) : step >= 1 ? time : time + (at % 1).toFixed(1).slice(1);
  return isNewDay ? `${shown}\n${day}` : shown;
}

const elapsed = (at) =>
  `+${Math.floor(at / 3600)}:${String(Math.floor(at / 60) % 60).padStart(2, "0")}:${String(Math.floor(at) % 60).padStart(2, "0")}`;

/** Few moments: a value stands until the next one.  Many: a line shows the same with less ink. */
function lineOptions(line, moments) {
  const stroke = color(line.color);
  const common = {
    label: line.label,
    scale: line.scale || "y",
    stroke,
    width: line.width ?? 1.6,
    dash: line.dash,
    show: line.show ?? true,
    spanGaps: line.spanGaps ?? false,
    points: { show: false },
  };
  if (line.bars)
    return { ...common, fill: stroke, width: 0, paths: uPlot.paths.bars({ size: [0.86, 60], align: 1 }) };
  if (!line.straight && moments <= STEPPED) common.paths = uPlot.paths.stepped({ align: 1 });
  if (line.fill) common.fill = `${stroke}22`;
  return common;
}

// ---------------------------------------------------------------------------------- legends

/** What a line or a painted mark looks like, in the legend. */
function swatch(shape, tone, dash) {
  const svg = draw("svg", { width: 18, height: 12, viewBox: "0 0 18 12", "aria-hidden": "true" });
  const fill = color(tone);
  if (shape === "up") svg.append(draw("path", { d: "M9 1l5 9H4z", fill }));
  else if (shape === "down") svg.append(draw("path", { d: "M9 11l5-9H4z", fill }));
  else if (shape === "dot") svg.append(draw("circle", { cx: 9, cy: 6, r: 4.5, fill }));
  else if (shape === "dots")
    svg.append(draw("path", { d: "M9 0v12", stroke: fill, "stroke-width": 2, "stroke-dasharray": "3 2" }));
  else if (shape === "bubble")
    svg.append(draw("circle", { cx: 9, cy: 6, r: 5, fill, "fill-opacity": 0.4, stroke: fill }));
  else if (shape === "box") svg.append(draw("rect", { x: 3, y: 1, width: 12, height: 10, rx: 2, fill }));
  else if (shape === "range")
    svg.append(draw("rect", { x: 0, y: 1, width: 18, height: 10, fill: color("range") }));
  else
    svg.append(
      draw("path", {
        d: "M0 6h18",
        stroke: fill,
        "stroke-width": 2.5,
        "stroke-dasharray": dash ? "4 3" : "none",
      }),
    );
  return svg;
}

function fillLegend(one) {
  one.values = [];
  one.spec.lines.forEach((line, place) => {
    if (line.hidden) return;
    const value = make("span", { class: "value" });
    const shape = line.bars ? "box" : "line";
    const name = line.scale === "right" ? `${line.label} (right)` : line.label;
    const key = make(
      "button",
      { type: "button", "aria-pressed": String(line.show ?? true), onclick: () => toggle(one, place, key) },
      swatch(shape, line.color, line.dash),
      name,
      value,
    );
    one.legend.append(key);
    one.values.push([place, value]);
  });
  for (const key of one.spec.keys || []) {
    one.legend.append(
      key instanceof Element ? key : make("span", {}, swatch(key.shape, key.color), key.label),
    );
  }
  tellValues(one, null);
}

function toggle(one, place, key) {
  const show = key.getAttribute("aria-pressed") !== "true";
  key.setAttribute("aria-pressed", String(show));
  one.chart.setSeries(place + 1, { show });
}

/** The values under the cursor; without one, the last there are. */
function tellValues(one, index) {
  for (const [place, element] of one.values || []) {
    const line = one.spec.lines[place];
    const write = line.write || one.spec.tell || money;
    let at = index ?? line.values.length - 1;
    if (index === null) while (at > 0 && line.values[at] === null) at -= 1;
    element.textContent = write(line.values[at]);
  }
}
