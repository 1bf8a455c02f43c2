"use strict";
// Numbers, times and elements: how everything on the page is written.

const MINUS = "\u2212";
const NOTHING = "\u2013";

/** A number with thousands separators and so many decimal places. */
function number(value, places = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return NOTHING;
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  const text = Math.abs(value).toLocaleString("en-US", {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  });
  const isZero = !/[1-9]/.test(text);
  return value < 0 && !isZero ? MINUS + text : text;
}

/** An amount of money: whole from ten thousand on, with two places below, four below one. */
function money(value) {
  if (value === null || value === undefined) return NOTHING;
  const size = Math.abs(value);
  return number(value, size >= 10000 || size === 0 ? 0 : size >= 1 ? 2 : 4);
}

/** An amount with its sign. */
function signed(value, write = money) {
  if (value === null || value === undefined) return NOTHING;
  return value > 0 ? `+${write(value)}` : write(value);
}

/** An amount in few characters, for axes: 1.5M, 20k. */
function compact(value) {
  if (value === null || value === undefined) return "";
  const size = Math.abs(value);
  const [unit, letter] =
    size >= 1e9 ? [1e9, "bn"] : size >= 1e6 ? [1e6, "M"] : size >= 1e4 ? [1e3, "k"] : [1, ""];
  const scaled = value / unit;
  const text = Math.abs(scaled).toLocaleString("en-US", { maximumSignificantDigits: letter ? 4 : 6 });
  return (value < 0 ? MINUS : "") + text + letter;
}

/** The numbers of an axis: in few characters, but with as many digits as tell them apart. */
function axisTexts(values, write = compact) {
  const short = values.map((value) => write(value));
  if (new Set(short).size === short.length || short[0].endsWith("%")) return short;
  const step = Math.abs(values[1] - values[0]);
  const isWhole = (value, places) => Math.abs(value - Number(value.toFixed(places))) < step / 100;
  let places = 0;
  while (places < 9 && !values.every((value) => isWhole(value, places))) places += 1;
  return values.map((value) => number(value, places));
}

/** A part of one, in per cent. */
function percent(value, places = 2) {
  return value === null || value === undefined ? NOTHING : `${number(value * 100, places)}%`;
}

/** How one figure of a table is written. */
const WRITE = {
  percent: (value) => percent(value),
  ratio: (value) => number(value, 2),
  money: (value) => signed(value),
  count: (value) => number(value),
  times: (value) => (value === null ? NOTHING : `${number(value, 2)}×`),
};

/** A moment in UTC: "21:14:03", with the day before it where a run has several. */
function clock(seconds, withDay = false) {
  const text = new Date(seconds * 1000).toISOString();
  return withDay ? `${text.slice(0, 10)} ${text.slice(11, 19)}` : text.slice(11, 19);
}

/** Seconds as people say them: "56 min 59 s". */
function duration(seconds) {
  const parts = [
    [86400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  let left = Math.round(seconds);
  const said = [];
  for (const [unit, name] of parts) {
    const count = Math.floor(left / unit);
    left -= count * unit;
    if (count && said.length < 2) said.push(`${count} ${name}`);
  }
  return said.join(" ") || `${number(seconds, 3)} s`;
}

function plural(count, what) {
  return `${number(count)} ${what}${count === 1 ? "" : "s"}`;
}

/** An element: make("td", {class: "text"}, "anna", other). */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** An element of a drawing. */
function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A table; columns are [heading, "text" or "", explanation]. */
function table(columns, rows, { scroll = false, sum = null } = {}) {
  const head = columns.map(([name, kind = "", title = null]) =>
    make("th", { class: kind, title, scope: "col" }, name),
  );
  const body = rows.map((row) => (row instanceof Element ? row : tableRow(columns, row)));
  if (sum) body.push(tableRow(columns, sum, "sum"));
  return make(
    "div",
    { class: scroll ? "table scroll" : "table" },
    make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body)),
  );
}

function tableRow(columns, cells, name = null) {
  return make(
    "tr",
    { class: name },
    ...cells.map((cell, place) =>
      cell instanceof Element && cell.tagName === "TD"
        ? cell
        : make("td", { class: columns[place][1] || null }, cell),
    ),
  );
}

/** A signed amount in its colour. */
function gain(value, write = money) {
  return make("span", { class: value > 0 ? "good" : value < 0 ? "bad" : "dim" }, signed(value, write));
}

/** Buttons of which one is chosen. */
function choice(names, chosen, choose, label) {
  return make(
    "div",
    { class: "switch", role: "group", "aria-label": label },
    ...names.map((name) =>
      make(
        "button",
        { type: "button", "aria-pressed": String(name === chosen), onclick: () => choose(name) },
        name,
      ),
    ),
  );
}
