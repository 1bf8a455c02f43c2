"use strict";
// The markets: prices, cascade, heatmap.

function marketSection(run) {
  const market = run.markets[chosen.symbol];
  if (!market?.t) return null;
  const x = seconds(run, market.t);
  const names = ["none", ...Object.keys(market.fills)];
  if (!names.includes(chosen.fills)) chosen.fills = traderOf(run, market) || "none";
  const fills = market.fills[chosen.fills];
  const price = (value) => number(value, market.price_digits);
  const shared = { x, range: rangeOf(run), sync: run.name };
  const select = make(
    "label",
    { class: "dim" },
    "Fills of ",
    make(
      "select",
      {
        onchange: (event) => {
          chosen.fills = event.target.value;
          render();
        },
      },
      ...names.map((name) =>
        make("option", { value: name, selected: name === chosen.fills ? "" : null }, name),
      ),
    ),
  );
  const chart = timeChart({
    ...shared,
    title: `${chosen.symbol} price`,
    unit: `${market.inverse ? "USD" : market.asset} per unit`,
    height: 400,
    write: (value) => number(value, value < 10 ? 4 : 0),
    tell: price,
    lines: [
      { label: "highest", values: market.high, color: "range", width: 0, hidden: true },
      { label: "lowest", values: market.low, color: "range", width: 0, hidden: true },
      { label: "last", values: market.close, color: "last", width: 1.1 },
      { label: "index", values: market.index, color: "index", dash: [5, 4], width: 1.3 },
      { label: "mark", values: market.mark, color: "mark", width: 1.9 },
    ],
    bands: [{ series: [1, 2], fill: color("range") }],
    paint: [
      paintBubbles(run.start, market.cascade.bubbles),
      ...(fills ? [paintFills(run.start, fills)] : []),
    ],
    keys: [
      { shape: "range", color: "range", label: "range of trades" },
      ...(market.cascade.bubbles.long.t.length
        ? [{ shape: "bubble", color: "long", label: "longs liquidated" }]
        : []),
      ...(market.cascade.bubbles.short.t.length
        ? [{ shape: "bubble", color: "short", label: "shorts liquidated" }]
        : []),
      ...(fills?.buy ? [{ shape: "up", color: "short", label: `${chosen.fills} bought` }] : []),
      ...(fills?.sell ? [{ shape: "down", color: "long", label: `${chosen.fills} sold` }] : []),
    ],
  });
  const interest = timeChart({
    ...shared,
    title: `${chosen.symbol} open interest`,
    unit: "units",
    height: 190,
    tell: (value) => number(value, 3),
    lines: [{ label: "open interest", values: market.open_interest, color: "mark", fill: true }],
    zero: true,
  });
  const premium = timeChart({
    ...shared,
    title: `${chosen.symbol} premium and funding`,
    unit: "mark over index, per cent; funding rate for an interval, per cent",
    height: 190,
    empty: "There was no index price",
    write: (value) => `${number(value, 2)}%`,
    tell: (value) => (value === null ? NOTHING : `${number(value, 4)}%`),
    lines: [
      {
        label: "premium",
        values: market.mark.map((mark, at) =>
          mark && market.index[at] ? (mark / market.index[at] - 1) * 100 : null,
        ),
        color: "mark",
      },
      {
        label: "funding rate",
        values: market.funding_rate.map((rate) => (rate === null ? null : rate * 100)),
        color: "index",
      },
    ],
  });
  return section(
    "market",
    "Market",
    "Margin is measured at the mark price, never at the last trade. Circles are liquidations, in the book or taken over, their area the size; drag over a chart to look closer, double-click to return.",
    make("div", { class: "switch" }, select, symbols(run)),
    chart,
    make("div", { class: "grid" }, interest, premium),
  );
}

/** Whose fills are shown at first: those of the strategy that took most. */
function traderOf(run, market) {
  const taken = (name) =>
    run.accounts
      .filter((one) => one.name === name && one.strategy)
      .reduce((sum, one) => sum + one.trading.taker.notional, 0);
  return Object.keys(market.fills).sort((a, b) => taken(b) - taken(a))[0];
}

function cascadeSection(run) {
  const market = run.markets[chosen.symbol];
  const { cascade } = market;
  if (!run.liquidations || !cascade.t.length) return null;
  const every = duration(cascade.every / 1000);
  const both = cascade.long.map((long, at) => long + cascade.short[at]);
  const moves = cascade.mark.map((mark, at) =>
    at && mark && cascade.mark[at - 1] ? mark / cascade.mark[at - 1] - 1 : null,
  );
  const chart = timeChart({
    title: `${chosen.symbol} liquidated, per ${every}`,
    unit: `${market.asset} notional; mark price on the right`,
    x: seconds(run, cascade.t),
    range: rangeOf(run),
    sync: run.name,
    zero: true,
    rightWrite: (value) => number(value, value < 10 ? 4 : 0),
    height: 320,
    lines: [
      {
        label: "by auto-deleveraging",
        values: cascade.adl,
        stacked: both.map((one, at) => one + cascade.adl[at]),
        color: "adl",
        bars: true,
      },
      { label: "shorts, in the book or taken over", values: cascade.short, stacked: both, color: "short", bars: true },
      { label: "longs, in the book or taken over", values: cascade.long, color: "long", bars: true },
      {
        label: "mark",
        values: cascade.mark,
        color: "mark",
        scale: "right",
        width: 2,
        straight: true,
        write: (value) => number(value, market.price_digits),
      },
    ],
  });
  const rows = cascade.t
    .map((at, place) => ({ at, place, total: both[place] + cascade.adl[place] }))
    .filter(({ total }) => total > 0)
    .sort((a, b) => b.total - a.total)
    .slice(0, 8)
    .sort((a, b) => a.at - b.at);
  const worst = table(
    [["from", "text"], ["longs"], ["shorts"], ["ADL"], ["together"], ["mark moved"]],
    rows.map(({ at, place, total }) => [
      clock((run.start + at) / 1000, days(run)),
      money(cascade.long[place]),
      money(cascade.short[place]),
      money(cascade.adl[place]),
      money(total),
      gain(moves[place], percent),
    ]),
  );
  return section(
    "cascade",
    "Cascade",
    "Liquidating longs sells into the book and the price falls; liquidating shorts buys and it rises. Either way that liquidates others: how much was liquidated, against how far the mark price moved.",
    symbols(run),
    chart,
    card(`${chosen.symbol}: where most was liquidated, per ${every}`, `${market.asset} notional`, worst),
  );
}

function heatmapSection(run) {
  const market = run.markets[chosen.symbol];
  if (!market?.t || !market.heatmap || market.heatmap.t.length < 3) return null;
  const heat = heatCells(market);
  const price = (value) => number(value, market.price_digits);
  const chart = timeChart({
    title: `${chosen.symbol} open interest by liquidation price`,
    unit: `units in a band of ${price(heat.step)}`,
    x: seconds(run, market.t),
    range: rangeOf(run),
    sync: run.name,
    height: 420,
    write: (value) => number(value, value < 10 ? 4 : 0),
    tell: price,
    span: () => heat.span,
    under: [paintHeatmap(run, market, heat)],
    lines: [{ label: "mark", values: market.mark, color: "ink", width: 1.6 }],
    keys: [ramp("long", `longs, 0 to ${number(heat.strongest, 2)} and more`), ramp("short", "shorts")],
  });
  return section(
    "heatmap",
    "Liquidation heatmap",
    "Where the open positions would be liquidated. Where the mark price runs into a strong band, positions go, and the band fades.",
    symbols(run),
    chart,
  );
}
