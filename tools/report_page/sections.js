"use strict";
// The sections of a run, from top to bottom.  Each is a function of the run that returns elements, or nothing.

const chosen = { run: 0, symbol: null, account: null, fills: null, story: null };
const seconds = (run, offsets) => offsets.map((at) => (run.start + at) / 1000);
const rangeOf = (run) => [run.start / 1000, Math.max(run.end, run.start + 1) / 1000];
const days = (run) => run.end - run.start > 86400000;

function section(id, title, about, tools, ...children) {
  return make("section", { id }, make("div", { class: "head" }, make("h2", {}, title), tools),
    about ? make("p", { class: "about" }, about) : null, ...children);
}

function symbols(run) {
  const all = Object.keys(run.markets);
  return all.length > 1 ? choice(all, chosen.symbol, (name) => { chosen.symbol = name; render(); }, "Instrument") : null;
}

// ------------------------------------------------------------------------------------ head

function headline(run) {
  const span = run.first_at ? `${clock(run.start / 1000, true)} to ${clock(run.end / 1000, days(run))} UTC` : "it did not begin";
  const made = [
    make("h1", {}, run.title),
    make("p", { class: "lead" }, "Under the ", make("b", {}, run.rulebook), ` rulebook · ${span} · ${duration(Number(run.seconds || 0))} of venue time · `,
      `${number(run.commands)} commands, ${number(run.events)} events`),
  ];
  const troubles = [];
  if (run.error) troubles.push(`It ended with an error: ${run.error}`);
  if (run.interrupted) troubles.push("It was interrupted; what is here is what had happened.");
  if (run.positions_not_opened) troubles.push(`${plural(run.positions_not_opened, "position")} never had a mark price to be brought in at.`);
  for (const failure of run.expectations.failures) troubles.push(`Expected otherwise: ${failure}`);
  for (const feed of run.feeds) {
    const count = Object.values(feed.defects).reduce((sum, one) => sum + one, 0);
    if (count) troubles.push(`${feed.name}: ${plural(count, "defect")}, the first: ${feed.first_defects[0] || ""}`);
  }
  for (const trouble of troubles) made.push(make("p", { class: "trouble", role: "alert" }, trouble));
  if (run.notes) made.push(make("details", { class: "notes" }, make("summary", {}, "About this scenario"), make("p", {}, run.notes)));
  const figures = tiles(run);
  made.push(make("div", { class: "tiles", style: `--columns:${Math.ceil(figures.length / Math.ceil(figures.length / 7))}` }, ...figures));
  return make("section", { id: "top", style: "margin-top:0" }, ...made);
}

function tile(label, value, note, tone) {
  return make("div", { class: "tile" }, make("div", { class: "label" }, label),
    make("div", { class: tone ? `value ${tone}` : "value" }, value), make("div", { class: "note" }, note));
}

function tiles(run) {
  const made = [];
  for (const [symbol, market] of Object.entries(run.markets)) {
    if (!market.first_mark) continue;
    const move = market.last_mark / market.first_mark - 1, low = market.lowest / market.first_mark - 1;
    made.push(tile(`${symbol} mark`, signed(move, percent), `low ${number(market.lowest, market.price_digits)} (${signed(low, percent)})`, move < 0 ? "bad" : "good"));
  }
  for (const [asset, sums] of Object.entries(liquidated(run))) {
    made.push(tile(`Liquidated, ${asset}`, compact(sums.book + sums.adl), sums.adl ? `${compact(sums.adl)} of it by auto-deleveraging` : "all of it through the book"));
  }
  made.push(tile("Liquidations", number(run.liquidations), `of ${plural(run.accounts_liquidated, "account")}`));
  for (const [asset, { balances }] of Object.entries(run.money)) {
    const fund = Number(balances["insurance fund"]), first = run.funds[asset]?.insurance_fund[0];
    made.push(tile(`Insurance fund, ${asset}`, money(fund), first === undefined ? "at the end" : `${signed(fund - first)} since the beginning`, first !== undefined && fund < first ? "bad" : null));
    const lost = -Number(balances["uncovered loss"]);
    made.push(tile(`Uncovered loss, ${asset}`, money(lost), lost ? "paid by nobody" : "every loss was paid", lost ? "bad" : null));
    made.push(tile(`Trading fees, ${asset}`, money(Number(balances.fees)), "paid to the venue"));
  }
  return made;
}

/** Notional liquidated in each asset, in the book and by ADL. */
function liquidated(run) {
  const sums = {};
  const add = (values) => values.reduce((sum, one) => sum + one, 0);
  for (const { asset, cascade } of Object.values(run.markets)) {
    const own = sums[asset] ||= { book: 0, adl: 0 };
    own.book += add(cascade.long) + add(cascade.short);
    own.adl += add(cascade.adl);
  }
  return sums;
}

// ---------------------------------------------------------------------------------- market

function marketSection(run) {
  const market = run.markets[chosen.symbol];
  if (!market?.t) return null;
  const x = seconds(run, market.t);
  const names = ["none", ...Object.keys(market.fills)];
  if (!names.includes(chosen.fills)) chosen.fills = traderOf(run, market) || "none";
  const fills = market.fills[chosen.fills];
  const price = (value) => number(value, market.price_digits);
  const shared = { x, range: rangeOf(run), sync: run.name };
  const select = make("label", { class: "dim" }, "Fills of ", make("select", { onchange: (event) => { chosen.fills = event.target.value; render(); } },
    ...names.map((name) => make("option", { value: name, selected: name === chosen.fills ? "" : null }, name))));
  const chart = timeChart({
    ...shared, title: `${chosen.symbol} price`, unit: `${market.inverse ? "USD" : market.asset} per unit`, height: 400, write: (value) => number(value, value < 10 ? 4 : 0), tell: price,
    lines: [
      { label: "highest", values: market.high, color: "range", width: 0, hidden: true },
      { label: "lowest", values: market.low, color: "range", width: 0, hidden: true },
      { label: "last", values: market.close, color: "last", width: 1.1 },
      { label: "index", values: market.index, color: "index", dash: [5, 4], width: 1.3 },
      { label: "mark", values: market.mark, color: "mark", width: 1.9 },
    ],
    bands: [{ series: [1, 2], fill: color("range") }],
    paint: [paintBubbles(run.start, market.cascade.bubbles), ...(fills ? [paintFills(run.start, fills)] : [])],
    keys: [
      { shape: "range", color: "range", label: "range of trades" },
      ...(market.cascade.bubbles.long.t.length ? [{ shape: "bubble", color: "long", label: "longs liquidated" }] : []),
      ...(market.cascade.bubbles.short.t.length ? [{ shape: "bubble", color: "short", label: "shorts liquidated" }] : []),
      ...(fills?.buy ? [{ shape: "up", color: "short", label: `${chosen.fills} bought` }] : []),
      ...(fills?.sell ? [{ shape: "down", color: "long", label: `${chosen.fills} sold` }] : []),
    ],
  });
  const interest = timeChart({
    ...shared, title: `${chosen.symbol} open interest`, unit: "units", height: 190, tell: (value) => number(value, 3),
    lines: [{ label: "open interest", values: market.open_interest, color: "mark", fill: true }], zero: true,
  });
  const premium = timeChart({
    ...shared, title: `${chosen.symbol} premium and funding`, unit: "mark over index, per cent; funding rate for an interval, per cent", height: 190, empty: "There was no index price", write: (value) => `${number(value, 2)}%`, tell: (value) => (value === null ? NOTHING : `${number(value, 4)}%`),
    lines: [
      { label: "premium", values: market.mark.map((mark, at) => (mark && market.index[at] ? (mark / market.index[at] - 1) * 100 : null)), color: "mark" },
      { label: "funding rate", values: market.funding_rate.map((rate) => (rate === null ? null : rate * 100)), color: "index" },
    ],
  });
  return section("market", "Market", "Margin is measured at the mark price, never at the last trade. Circles are liquidations that traded in the book, their area the size; drag over a chart to look closer, double-click to return.",
    make("div", { class: "switch" }, select, symbols(run)), chart, make("div", { class: "grid" }, interest, premium));
}

/** Whose fills are shown at first: those of the strategy that took most. */
function traderOf(run, market) {
  const taken = (name) => run.accounts.filter((one) => one.name === name && one.strategy).reduce((sum, one) => sum + one.trading.taker.notional, 0);
  return Object.keys(market.fills).sort((a, b) => taken(b) - taken(a))[0];
}

function cascadeSection(run) {
  const market = run.markets[chosen.symbol];
  const { cascade } = market;
  if (!run.liquidations || !cascade.t.length) return null;
  const every = duration(cascade.every / 1000);
  const both = cascade.long.map((long, at) => long + cascade.short[at]);
  const moves = cascade.mark.map((mark, at) => (at && mark && cascade.mark[at - 1] ? mark / cascade.mark[at - 1] - 1 : null));
  const chart = timeChart({
    title: `${chosen.symbol} liquidated, per ${every}`, unit: `${market.asset} notional; mark price on the right`, x: seconds(run, cascade.t), range: rangeOf(run), sync: run.name, zero: true,
    rightWrite: (value) => number(value, value < 10 ? 4 : 0), height: 320,
    lines: [
      { label: "by auto-deleveraging", values: cascade.adl, stacked: both.map((one, at) => one + cascade.adl[at]), color: "adl", bars: true },
      { label: "shorts, in the book", values: cascade.short, stacked: both, color: "short", bars: true },
      { label: "longs, in the book", values: cascade.long, color: "long", bars: true },
      { label: "mark", values: cascade.mark, color: "mark", scale: "right", width: 2, straight: true, write: (value) => number(value, market.price_digits) },
    ],
  });
  const rows = cascade.t.map((at, place) => ({ at, place, total: both[place] + cascade.adl[place] }))
    .filter(({ total }) => total > 0).sort((a, b) => b.total - a.total).slice(0, 8).sort((a, b) => a.at - b.at);
  const worst = table(
    [["from", "text"], ["longs"], ["shorts"], ["ADL"], ["together"], ["mark moved"]],
    rows.map(({ at, place, total }) => [clock((run.start + at) / 1000, days(run)), money(cascade.long[place]), money(cascade.short[place]), money(cascade.adl[place]), money(total), gain(moves[place], percent)]));
  return section("cascade", "Cascade", "A liquidation sells into the book, the price falls, and that liquidates others: how much was liquidated, against how far the mark price moved.",
    symbols(run), chart, card(`${chosen.symbol}: where most was liquidated, per ${every}`, `${market.asset} notional`, worst));
}

function heatmapSection(run) {
  const market = run.markets[chosen.symbol];
  if (!market?.t || !market.heatmap || market.heatmap.t.length < 3) return null;
  const heat = heatCells(market);
  const price = (value) => number(value, market.price_digits);
  const chart = timeChart({
    title: `${chosen.symbol} open interest by liquidation price`, unit: `units in a band of ${price(heat.step)}`, x: seconds(run, market.t), range: rangeOf(run), sync: run.name, height: 420,
    write: (value) => number(value, value < 10 ? 4 : 0), tell: price, span: () => heat.span, under: [paintHeatmap(run, market, heat)],
    lines: [{ label: "mark", values: market.mark, color: "ink", width: 1.6 }],
    keys: [ramp("long", `longs, 0 to ${number(heat.strongest, 2)} and more`), ramp("short", "shorts")],
  });
  return section("heatmap", "Liquidation heatmap", "Where the open positions would be liquidated. Where the mark price runs into a strong band, positions go, and the band fades.", symbols(run), chart);
}

// -------------------------------------------------------------------------------- accounts

function accountsSection(run) {
  if (!run.accounts.length) return null;
  const labels = run.accounts.map(label);
  if (!labels.includes(chosen.account)) chosen.account = labels[0];
  const account = run.accounts[labels.indexOf(chosen.account)];
  const picker = choice(labels, chosen.account, (name) => { chosen.account = name; render(); }, "Account");
  const told = [
    `${account.name}${account.strategy ? `, traded by ${account.strategy}` : ""}: ${money(account.deposited)} ${account.asset} brought in, ${money(account.total)} in the end`,
    account.liquidations ? `liquidated ${number(account.liquidations)}×` : null,
    account.deleveraged ? `deleveraged ${number(account.deleveraged)}×` : null,
  ].filter(Boolean).join("; ");
  return section("accounts", "Accounts", null, picker, make("p", { class: "about" }, `${told}.`), ...accountCharts(run, account));
}

const label = (account) => account.assets > 1 ? `${account.name} ${account.asset}` : account.name;

function accountCharts(run, account) {
  if (!account.curve) return [make("p", { class: "about" }, "Sampling was switched off for this run.")];
  const { curve } = account;
  const shared = { x: seconds(run, curve.t), range: rangeOf(run), sync: run.name, height: 260, ...liquidatedAt(run, account) };
  const equity = timeChart({ ...shared, title: "Equity", unit: account.asset, lines: [{ label: "equity", values: curve.equity, color: "mark", width: 2 }] });
  const margin = timeChart({ ...shared, title: "Available margin, and margin in use", unit: `${account.asset}, of the cross pool`, lines: [
    { label: "available", values: curve.available_margin, color: "short", width: 1.8 },
    { label: "initial margin", values: curve.initial_margin, color: "index" },
    { label: "maintenance margin", values: curve.maintenance_margin, color: "long" }] });
  const pairs = account.positions.flatMap((one) => [positionSize(run, one, shared), liquidationPrices(run, one, shared)]);
  equity.classList.add("wide");
  return [make("div", { class: "grid" }, equity, margin, marginRatio(run, account, shared), ...pairs),
    make("div", { class: "grid below" }, statisticsCard(account), tradingCard(account)), fillsCard(run, account)];
}

/** Where the account was liquidated: an upright line on its charts. */
function liquidatedAt(run, account) {
  const moments = account.breaches.map(({ t }) => (run.start + t) / 1000);
  return moments.length ? { paint: [paintMoments(moments, "long")], keys: [{ shape: "dots", color: "long", label: "liquidated" }] } : {};
}

function positionSize(run, one, shared) {
  const side = one.side === "net" ? "" : ` ${one.side}`;
  return timeChart({ ...shared, x: seconds(run, one.t), title: `${one.symbol}${side} position`, unit: "units, short below zero", tell: (value) => number(value, run.markets[one.symbol].size_digits),
    lines: [{ label: "size", values: one.size.map((size) => size ?? 0), color: "mark", fill: true }] });
}

function marginRatio(run, account, shared) {
  const own = account.positions.filter(({ mode }) => mode === "isolated");
  const ratio = (value) => (value === null ? NOTHING : percent(value, 1));
  const tables = [[shared.x, account.curve.margin_ratio], ...own.map((one) => [seconds(run, one.t), one.margin_ratio])];
  const [x, ...values] = uPlot.join(tables, tables.map((each) => each.slice(1).map(() => 1)));
  const tones = ["mark", "two", "four", "three"];
  const named = ["cross pool", ...own.map(({ symbol }) => `${symbol}, isolated`)];
  const lines = values.map((each, place) => ({ label: named[place], values: carried(x, each, tables[place]), color: tones[place % tones.length], width: 1.7 }))
    .filter((line) => line.values.some((value) => value !== null));
  const breaches = account.breaches.map(({ t, ratio: value }) => [(run.start + t) / 1000, value ?? 99]);
  return timeChart({
    ...shared, x: lines.length ? x : [], title: "Margin ratio", unit: "maintenance margin / equity; liquidated above 100%", empty: "It never held a position",
    span: (chart, low, high) => [0, Math.max(1.05, Math.min(high ?? 1, 1.5))], write: (value) => percent(value, 0), tell: ratio, lines,
    paint: [paintLevel(1, "long"), paintDots(breaches, "long")],
    keys: breaches.length ? [{ shape: "dot", color: "long", label: "when it was liquidated" }] : [],
  });
}

/** A joined series, without the gaps that only the other's moments made. */
function carried(x, values, [times, own]) {
  return values.map((value, place) => (value !== undefined ? value : x[place] < times[0] ? null : asOf(times, own, x[place])));
}

function paintLevel(value, tone) {
  return (chart) => {
    const y = chart.valToPos(value, "y", true), { left, width } = chart.bbox;
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
  const inside = (price) => (price === null || price > high + 4 * reach || price < low - 4 * reach ? null : price);
  const ends = one.liquidation_price.map(inside);
  const isFar = ends.every((price) => price === null) && near.length;
  return timeChart({
    title: `${one.symbol}${side}: how far from liquidation`, unit: `${market.inverse ? "USD" : market.asset}; ${one.mode}, leverage ${one.leverage}`, ...shared, x: seconds(run, one.t),
    write: (value) => number(value, value < 10 ? 4 : 0), tell: (value) => number(value, market.price_digits),
    lines: [
      { label: "mark", values: one.mark, color: "mark", width: 1.8 },
      { label: "entry", values: one.entry_price, color: "last", dash: [2, 3], width: 1.3 },
      { label: isFar ? "liquidation price: none, or far away" : "liquidation price", values: ends, color: "long", width: 1.8 },
      { label: "bankruptcy price", values: one.bankruptcy_price.map(inside), color: "index", dash: [5, 4], width: 1.2, show: false },
    ],
  });
}

function statisticsCard(account) {
  if (!account.statistics.length) return card("Statistics", "", make("div", { class: "empty" }, "It never had equity"));
  const meanings = make("dl", {}, ...account.statistics.flatMap(({ name, meaning }) => [make("dt", {}, name), make("dd", {}, meaning)]));
  return card("Statistics", account.statistics_of, table([["", "text"], [account.asset]],
    account.statistics.map(({ name, value, kind, meaning }) => [make("td", { class: "text", title: meaning }, name), WRITE[kind](value)])),
    make("details", { class: "notes" }, make("summary", {}, "Definitions"), meanings));
}

function tradingCard(account) {
  const roles = [["as maker", account.trading.maker], ["as taker", account.trading.taker], ["by the venue", account.trading.forced]];
  const bps = (value) => (value === null ? NOTHING : signed(value, (each) => number(each, 2)));
  const columns = [["", "text"], ["fills"], ["notional"], ["fees", "", "Below zero: a rebate"], ["slippage, bp", "", "Against the mark price of the moment, weighted by notional; above zero it cost"]];
  const rows = roles.map(([name, role]) => [name, number(role.count), money(role.notional), money(role.fees), bps(role.slippage)]);
  const more = [["Profit", gain(account.profit)], ["Realised PnL", gain(account.realised_pnl)], ["Trading fees", money(account.fees)], ["Liquidation fees", money(account.liquidation_fees)], ["Paid by the insurance fund", money(account.fund_paid)]];
  if (account.funding !== null && account.funding !== undefined) more.splice(3, 0, ["Funding received", gain(account.funding)]);
  return card("Trading", account.asset, table(columns, rows), make("div", { style: "height:.6rem" }), table([["", "text"], [account.asset]], more));
}

function fillsCard(run, account) {
  if (!account.largest.length) return null;
  const rows = account.largest.map((fill) => {
    const { price_digits: price, size_digits: size } = run.markets[fill.symbol];
    return [clock(fill.at / 1e9, days(run)), fill.symbol, fill.side, fill.role, fill.kind, number(fill.price, price), number(fill.size, size), money(fill.notional), money(fill.fee), gain(fill.realised_pnl)];
  });
  return make("div", { class: "below" }, card(`The largest fills of ${account.name}`, `money in ${account.asset}, times in UTC`,
    table([["at", "text"], ["instrument", "text"], ["side", "text"], ["role", "text"], ["kind", "text"], ["price"], ["size"], ["notional"], ["fee"], ["realised PnL"]], rows, { scroll: true })));
}

// ---------------------------------------------------------------------------- liquidations

function liquidationsSection(run) {
  if (!run.stories.length) return null;
  const numbers = run.stories.map((story) => story.number);
  if (!numbers.includes(chosen.story)) chosen.story = run.stories.reduce((a, b) => (b.notional > a.notional ? b : a)).number;
  const story = run.stories.find((one) => one.number === chosen.story);
  const pick = (one) => { chosen.story = one.number; render(); };
  const rows = run.stories.map((one) => make("tr", {
    class: one === story ? "pick picked" : "pick", tabindex: 0, "aria-selected": String(one === story),
    onclick: () => pick(one), onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(one); } },
  }, ...[number(one.number), clock((run.start + one.t) / 1000, days(run)), one.account, one.symbol || "cross account", one.asset, money(one.notional), gain(one.realised_pnl), money(one.liquidation_fees), money(one.fund_paid), one.adl_notional ? money(one.adl_notional) : NOTHING, one.end]
    .map((cell, place) => make("td", { class: [1, 2, 3, 4, 10].includes(place) ? "text" : null }, cell))));
  const list = table([["#"], ["at", "text"], ["account", "text"], ["scope", "text"], ["asset", "text"], ["notional"], ["realised PnL"], ["fee"], ["fund paid"], ["ADL notional"], ["end", "text"]], rows, { scroll: true });
  const count = run.stories.length === run.liquidations ? `All ${number(run.liquidations)} of them` : `${number(run.stories.length)} of ${number(run.liquidations)}: the largest, and those of named accounts`;
  return section("liquidations", "Liquidations", `${count}. Choose one to see where the money went.`, null,
    card("Liquidations", "times in UTC", list), storyCard(run, story));
}

function storyCard(run, story) {
  const scope = story.symbol ? `isolated ${story.symbol}` : "cross account";
  const held = table([["held", "text"], ["size"], ["entry"], ["mark"], ["notional"], ["unrealised PnL"], ["maintenance"]],
    story.positions.map((one) => [one.label, number(one.size, 3), money(one.entry_price), money(one.mark_price), money(one.notional), gain(one.unrealised_pnl), money(one.maintenance_margin)]));
  const adds = Math.abs(story.difference) < 1e-9 ? "The money adds up to the last unit." : `It is off by ${money(story.difference)}.`;
  return card(`Liquidation ${number(story.number)}: ${story.account}, ${scope}, at ${clock((run.start + story.t) / 1000, days(run))} UTC`, story.asset,
    held, make("div", { class: "story", style: "margin-top:1rem" },
      make("div", {}, make("h3", {}, "Where the money went"), waterfall(story), make("p", { class: "dim" }, adds)),
      make("div", {}, make("h3", {}, "What the venue did"), make("ol", { class: "steps" }, ...steps(story).map((text) => make("li", {}, text))))));
}

/** Each step as a sentence. */
function steps(story) {
  const said = [`Equity ${money(story.equity)} had fallen below maintenance margin ${money(story.maintenance_margin)}.`];
  if (story.orders_cancelled) said.push(`${plural(story.orders_cancelled, "open order")} cancelled.`);
  const most = 9;
  for (const one of story.attempts.slice(0, most)) said.push(attempt(one));
  if (story.attempts.length > most) said.push(`${plural(story.attempts.length - most, "more step")}.`);
  said.push(story.end === "safe again" ? "The account is safe again." : story.end === "closed" ? `Nothing is left to close; ${money(story.collateral_after)} ${story.asset} ${story.released ? "go back to the wallet" : "stay"}.` : "The journal ends here.");
  return said;
}

function attempt(one) {
  const way = { book: "in the book", insurance_fund: "in the book, with the insurance fund behind it", adl: "by auto-deleveraging" }[one.closing];
  const asked = `${one.label}: ${one.side} ${number(one.size, 3)} ${way}, no worse than ${money(one.bankruptcy_price)}`;
  if (!one.filled) return `${asked}: nobody there.`;
  const parts = [`${number(one.filled, 3)} at ${money(one.average_price)}`, `realised ${signed(one.realised_pnl)}`];
  if (one.deleveraged) parts.push(`against ${plural(one.deleveraged, "trader")}`);
  if (one.liquidation_fee) parts.push(`fee ${money(one.liquidation_fee)}`);
  if (one.fund_paid) parts.push(`the fund paid ${money(one.fund_paid)}`);
  if (one.uncovered) parts.push(`${money(one.uncovered)} left to the venue`);
  return `${asked}: ${parts.join(", ")}.`;
}

// ------------------------------------------------------------------------------ the venue

function fundSection(run) {
  const cards = Object.entries(run.funds).map(([asset, fund]) => timeChart({
    title: `Insurance fund, ${asset}`, unit: `${asset}`, x: seconds(run, fund.t), range: rangeOf(run), sync: run.name, height: 330,
    lines: [
      { label: "insurance fund", values: fund.insurance_fund, color: "fund", width: 2 },
      ...(fund.uncovered_loss.some((one) => one) ? [{ label: "uncovered loss", values: fund.uncovered_loss.map((one) => -one), color: "bad", scale: "right" }] : []),
    ],
  }));
  const adl = run.victims.length ? card("Who was deleveraged", "the largest first; notional and PnL in the settlement asset", table(
    [["account", "text"], ["instrument", "text"], ["times"], ["notional"], ["realised PnL"], ["best rank", "", "The foremost place that it had in the queue"]],
    run.victims.map((one) => [one.account, one.symbol, number(one.count), money(one.notional), gain(one.realised_pnl), number(one.rank)]), { scroll: true })) : null;
  if (!cards.length && !adl) return null;
  return section("fund", "Insurance fund and auto-deleveraging", "Liquidation fees fill the fund, losses beyond an account's collateral drain it. What neither book nor fund can take is closed against the traders with most profit and leverage on the other side.", null,
    make("div", { class: "grid" }, ...cards, adl));
}

function moneySection(run) {
  const cards = Object.entries(run.money).map(([asset, told]) => {
    const groups = run.groups.filter((one) => one.asset === asset);
    const rows = groups.map((one) => ({ label: one.accounts > 1 ? `${one.name} (${number(one.accounts)})` : one.name, amount: Number(one.profit) }));
    const fund = run.funds[asset], first = fund ? fund.insurance_fund[0] : 0;
    rows.push({ label: "insurance fund", amount: Number(told.balances["insurance fund"]) - first, tone: "fund" }, { label: "venue's fees", amount: Number(told.balances.fees), tone: "mark" });
    const rest = -rows.reduce((sum, { amount }) => sum + amount, 0);
    rows.push({ label: "rest of the market", amount: rest, tone: "last" });
    const groupTable = table([["account", "text"], ["accounts"], ["liquidated"], ["ADL"], ["brought in"], ["in the end"], ["profit"]],
      groups.map((one) => [one.name, number(one.accounts), number(one.liquidated), number(one.deleveraged), money(Number(one.deposited)), money(Number(one.total)), gain(Number(one.profit))]));
    const ledger = table([["ledger account", "text"], [asset]], Object.entries(told.balances).map(([name, amount]) => [name, number(Number(amount), 2)]), { sum: ["sum", number(Number(told.sum), 2)] });
    return [
      card("Who gained, who lost", asset, drawing((width) => gainDrawing(rows, width, `Who gained and who lost, in ${asset}`)), make("p", { class: "dim" }, "The rest of the market is history's liquidity, which took the other side.")),
      card(`Where all ${asset} is`, "a double-entry ledger: it sums to zero, ‘outside’ being what was brought in", ledger),
      make("div", { class: "wide" }, card("Accounts", asset, groupTable)),
    ];
  });
  return section("money", "Money", null, null, make("div", { class: "grid" }, ...cards.flat()), ...populationCards(run));
}

function populationCards(run) {
  if (!run.populations.length) return [];
  return [make("div", { class: "grid below" }, ...run.populations.flatMap((one) => {
    const shared = { x: seconds(run, one.t), range: rangeOf(run), sync: run.name, height: 240 };
    return [
      timeChart({ ...shared, title: `Population ${one.name}`, unit: `accounts, of ${number(Math.max(...one.accounts))}`, tell: number, zero: true, lines: [
        { label: "with a position", values: one.holding, color: "mark", width: 2 },
        { label: "liquidated so far", values: one.liquidated, color: "long", width: 2 }] }),
      timeChart({ ...shared, title: `Population ${one.name}: positions and equity`, unit: one.asset, zero: true, lines: [
        { label: "long notional", values: one.long_notional, color: "short" },
        { label: "short notional", values: one.short_notional, color: "long" },
        { label: "equity", values: one.equity, color: "mark" }] }),
    ];
  }))];
}

function runSection(run) {
  const rows = [["Run folder", run.name], ["Digest", make("code", {}, run.digest || NOTHING)], ["Seed", String(run.seed)], ["Plimsoll", `${run.plimsoll}, Python ${run.python}, core ${run.core}`],
    ["Commands", `${number(run.commands)}, of which ${number(run.rejected)} were refused`], ["Events", number(run.events)], ["Feed items", number(run.feed_items)],
    ...run.feeds.map((feed) => ["Feed", feed.name]),
    ...(run.expectations.checked ? [["Expectations", `${number(run.expectations.checked)} checked, ${plural(run.expectations.failures.length, "failure")}`]] : []),
    ...Object.entries(run.book_checks || {}).map(([symbol, one]) => [`Book of ${symbol}`, `${number(one.prices_agreed)} of ${number(one.total)} of the record's own best prices met${one.prices_agreed_percent ? ` (${one.prices_agreed_percent}%)` : ""}`])];
  return section("run", "The run itself", "Equal runs have equal digests, on every machine.", null, card("Facts", "", table([["", "text"], ["", "text long"]], rows.map(([name, fact]) => [name, fact]))));
}
