"use strict";
// The named accounts: equity and margin over time, statistics, trading.

function accountsSection(run) {
  if (!run.accounts.length) return null;
  const labels = run.accounts.map(label);
  if (!labels.includes(chosen.account)) chosen.account = labels[0];
  const account = run.accounts[labels.indexOf(chosen.account)];
  const picker = choice(
    labels,
    chosen.account,
    (name) => {
      chosen.account = name;
      render();
    },
    "Account",
  );
  const told = [
    `${account.name}${account.strategy ? `, traded by ${account.strategy}` : ""}: ${money(account.deposited)} ${account.asset} brought in, ${money(account.curve?.equity.at(-1) ?? account.total)} in the end`,
    account.liquidations ? `liquidated ${number(account.liquidations)}×` : null,
    account.deleveraged ? `deleveraged ${number(account.deleveraged)}×` : null,
  ]
    .filter(Boolean)
    .join("; ");
  return section(
    "accounts",
    "Accounts",
    null,
    picker,
    make("p", { class: "about" }, `${told}.`),
    ...accountCharts(run, account),
  );
}

const label = (account) => (account.assets > 1 ? `${account.name} ${account.asset}` : account.name);

function accountCharts(run, account) {
  if (!account.curve) return [make("p", { class: "about" }, "Sampling was switched off for this run.")];
  const { curve } = account;
  const shared = {
    x: seconds(run, curve.t),
    range: rangeOf(run),
    sync: run.name,
    height: 260,
    ...liquidatedAt(run, account),
  };
  const equity = timeChart({
    ...shared,
    title: "Equity",
    unit: account.asset,
    lines: [
      { label: "equity", values: curve.equity, color: "mark", width: 2 },
      ...(curve.spot.some((worth) => worth)
        ? [{ label: "of which spot, at its mark", values: curve.spot, color: "index", width: 1.4 }]
        : []),
    ],
  });
  const margin = timeChart({
    ...shared,
    title: "Available margin, and margin in use",
    unit: `${account.asset}, of the cross pool`,
    lines: [
      { label: "available", values: curve.available_margin, color: "short", width: 1.8 },
      { label: "initial margin", values: curve.initial_margin, color: "index" },
      { label: "maintenance margin", values: curve.maintenance_margin, color: "long" },
    ],
  });
  const pairs = account.positions.flatMap((one) => [
    positionSize(run, one, shared),
    liquidationPrices(run, one, shared),
  ]);
  equity.classList.add("wide");
  return [
    make("div", { class: "grid" }, equity, margin, marginRatio(run, account, shared), ...pairs),
    make("div", { class: "grid below" }, statisticsCard(account), tradingCard(account)),
    fillsCard(run, account),
  ];
}

/** Where the account was liquidated: an upright line on its charts. */
function liquidatedAt(run, account) {
  const moments = account.breaches.map(({ t }) => (run.start + t) / 1000);
  return moments.length
    ? {
        paint: [paintMoments(moments, "long")],
        keys: [{ shape: "dots", color: "long", label: "liquidated" }],
      }
    : {};
}

function positionSize(run, one, shared) {
  const side = one.side === "net" ? "" : ` ${one.side}`;
  return timeChart({
    ...shared,
    x: seconds(run, one.t),
    title: `${one.symbol}${side} position`,
    unit: "units, short below zero",
    tell: (value) => number(value, run.markets[one.symbol].size_digits),
    lines: [{ label: "size", values: one.size.map((size) => size ?? 0), color: "mark", fill: true }],
  });
}

function marginRatio(run, account, shared) {
  const own = account.positions.filter(({ mode }) => mode === "isolated");
  const ratio = (value) => (value === null ? NOTHING : percent(value, 1));
  const tables = [
    [shared.x, account.curve.margin_ratio],
    ...own.map((one) => [seconds(run, one.t), one.margin_ratio]),
  ];
  const [x, ...values] = uPlot.join(
    tables,
    tables.map((each) => each.slice(1).map(() => 1)),
  );
  const tones = ["mark", "two", "four", "three"];
  const named = ["cross pool", ...own.map(({ symbol }) => `${symbol}, isolated`)];
  const lines = values
    .map((each, place) => ({
      label: named[place],
      values: carried(x, each, tables[place]),
      color: tones[place % tones.length],
      width: 1.7,
    }))
    .filter((line) => line.values.some((value) => value !== null));
  const breaches = account.breaches.map(({ t, ratio: value }) => [(run.start + t) / 1000, value ?? 99]);
  return timeChart({
    ...shared,
    x: lines.length ? x : [],
    title: "Margin ratio",
    unit: "maintenance margin / equity; liquidated above 100%",
    empty: "It never held a position",
    span: (chart, low, high) => [0, Math.max(1.05, Math.min(high ?? 1, 1.5))],
    write: (value) => percent(value, 0),
    tell: ratio,
    lines,
    paint: [paintLevel(1, "long"), paintDots(breaches, "long")],
    keys: breaches.length ? [{ shape: "dot", color: "long", label: "when it was liquidated" }] : [],
  });
}

/** A joined series, without the gaps that only the other's moments made. */
function carried(x, values, [times, own]) {
  return values.map((value, place) =>
    value !== undefined ? value : x[place] < times[0] ? null : asOf(times, own, x[place]),
  );
}

function paintLevel(value, tone) {
  return (chart) => {
    const y = chart.valToPos(value, "y", true),
      { left, width } = chart.bbox;
    chart.ctx.save();
    chart.ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    chart.ctx.strokeStyle = color(tone);
    chart.ctx.lineWidth = 1.5 * devicePixelRatio;
    chart.ctx.beginPath();
    chart.ctx.moveTo(left, y);
    chart.ctx.lineTo(left + width, y);
    chart.ctx.stroke();
    chart.ctx.restore();
  };
}

function liquidationPrices(run, one, shared) {
  const market = run.markets[one.symbol];
  const side = one.side === "net" ? "" : ` ${one.side}`;
  const near = one.mark.filter((mark) => mark !== null);
  const [low, high] = [Math.min(...near), Math.max(...near)];
  const reach = Math.max(high - low, high * 0.05);
  const inside = (price) =>
    price === null || price > high + 4 * reach || price < low - 4 * reach ? null : price;
  const ends = one.liquidation_price.map(inside);
  const isFar = ends.every((price) => price === null) && near.length;
  return timeChart({
    title: `${one.symbol}${side}: how far from liquidation`,
    unit: `${market.inverse ? "USD" : market.asset}; ${one.mode}, leverage ${one.leverage}`,
    ...shared,
    x: seconds(run, one.t),
    write: (value) => number(value, value < 10 ? 4 : 0),
    tell: (value) => number(value, market.price_digits),
    lines: [
      { label: "mark", values: one.mark, color: "mark", width: 1.8 },
      { label: "entry", values: one.entry_price, color: "last", dash: [2, 3], width: 1.3 },
      {
        label: isFar ? "liquidation price: none, or far away" : "liquidation price",
        values: ends,
        color: "long",
        width: 1.8,
      },
      {
        label: "bankruptcy price",
        values: one.bankruptcy_price.map(inside),
        color: "index",
        dash: [5, 4],
        width: 1.2,
        show: false,
      },
    ],
  });
}

function statisticsCard(account) {
  if (!account.statistics.length)
    return card("Statistics", "", make("div", { class: "empty" }, "It never had equity"));
  const meanings = make(
    "dl",
    {},
    ...account.statistics.flatMap(({ name, meaning }) => [make("dt", {}, name), make("dd", {}, meaning)]),
  );
  return card(
    "Statistics",
    account.statistics_of,
    table(
      [["", "text"], [account.asset]],
      account.statistics.map(({ name, value, kind, meaning }) => [
        make("td", { class: "text", title: meaning }, name),
        WRITE[kind](value),
      ]),
    ),
    make("details", { class: "notes" }, make("summary", {}, "Definitions"), meanings),
  );
}

function tradingCard(account) {
  const roles = [
    ["as maker", account.trading.maker],
    ["as taker", account.trading.taker],
    ["by the venue", account.trading.forced],
  ];
  const bps = (value) => (value === null ? NOTHING : signed(value, (each) => number(each, 2)));
  const columns = [
    ["", "text"],
    ["fills"],
    ["notional"],
    ["fees", "", "Below zero: a rebate"],
    ["slippage, bp", "", "Against the mark price of the moment, weighted by notional; above zero it cost"],
  ];
  const rows = roles.map(([name, role]) => [
    name,
    number(role.count),
    money(role.notional),
    money(role.fees),
    bps(role.slippage),
  ]);
  const more = [
    ["Profit", gain(account.profit)],
    ["Realised PnL", gain(account.realised_pnl)],
    ["Trading fees", money(account.fees)],
    ["Funding received", gain(account.funding)],
    ["Liquidation fees", money(account.liquidation_fees)],
    ["Paid by the insurance fund", money(account.fund_paid)],
  ];
  return card(
    "Trading",
    account.asset,
    table(columns, rows),
    make("div", { style: "height:.6rem" }),
    table([["", "text"], [account.asset]], more),
  );
}

function fillsCard(run, account) {
  if (!account.largest.length) return null;
  const rows = account.largest.map((fill) => {
    const { price_digits: price, size_digits: size } = run.markets[fill.symbol];
    return [
      clock(fill.at / 1e9, days(run)),
      fill.symbol,
      fill.side,
      fill.role,
      fill.kind,
      number(fill.price, price),
      number(fill.size, size),
      money(fill.notional),
      money(fill.fee),
      gain(fill.realised_pnl),
    ];
  });
  return make(
    "div",
    { class: "below" },
    card(
      `The largest fills of ${account.name}`,
      `money in ${account.asset}, times in UTC`,
      table(
        [
          ["at", "text"],
          ["instrument", "text"],
          ["side", "text"],
          ["role", "text"],
          ["kind", "text"],
          ["price"],
          ["size"],
          ["notional"],
          ["fee"],
          ["realised PnL"],
        ],
        rows,
        { scroll: true },
      ),
    ),
  );
}
