"use strict";
// What a run came to, in a few lines and figures.

function headline(run) {
  const span = run.first_at
    ? `${clock(run.start / 1000, true)} to ${clock(run.end / 1000, days(run))} UTC`
    : "it did not begin";
  const made = [
    make("h1", {}, run.title),
    make(
      "p",
      { class: "lead" },
      "Under the ",
      make("b", {}, run.rulebook),
      ` rulebook · ${span} · ${duration(Number(run.seconds || 0))} of venue time · `,
      `${number(run.commands)} commands, ${number(run.events)} events`,
    ),
  ];
  const troubles = [];
  if (run.error) troubles.push(`It ended with an error: ${run.error}`);
  for (const one of run.strategies || [])
    if (one.stopped) troubles.push(`Strategy ${one.name} was stopped at ${one.stopped_at}: ${one.stopped}`);
  if (run.interrupted) troubles.push("It was interrupted; what is here is what had happened.");
  if (run.positions_not_opened)
    troubles.push(
      `${plural(run.positions_not_opened, "position")} never had a mark price to be brought in at.`,
    );
  for (const failure of run.expectations.failures) troubles.push(`Expected otherwise: ${failure}`);
  for (const feed of run.feeds) {
    const count = Object.values(feed.defects).reduce((sum, one) => sum + one, 0);
    if (count)
      troubles.push(`${feed.name}: ${plural(count, "defect")}, the first: ${feed.first_defects[0] || ""}`);
  }
  for (const trouble of troubles) made.push(make("p", { class: "trouble", role: "alert" }, trouble));
  if (run.notes)
    made.push(
      make(
        "details",
        { class: "notes" },
        make("summary", {}, "About this scenario"),
        make("p", {}, run.notes),
      ),
    );
  const figures = tiles(run);
  made.push(
    make(
      "div",
      { class: "tiles", style: `--columns:${Math.ceil(figures.length / Math.ceil(figures.length / 7))}` },
      ...figures,
    ),
  );
  return make("section", { id: "top", style: "margin-top:0" }, ...made);
}

function tile(label, value, note, tone) {
  return make(
    "div",
    { class: "tile" },
    make("div", { class: "label" }, label),
    make("div", { class: tone ? `value ${tone}` : "value", style: `--letters:${value.length}` }, value),
    make("div", { class: "note" }, note),
  );
}

function tiles(run) {
  const made = [];
  for (const [symbol, market] of Object.entries(run.markets)) {
    if (!market.first_mark) continue;
    const move = market.last_mark / market.first_mark - 1;
    const reached = (name, price) =>
      `${name} ${number(price, market.price_digits)} (${signed(price / market.first_mark - 1, percent)})`;
    made.push(
      tile(
        `${symbol} mark`,
        signed(move, percent),
        `${reached("low", market.lowest)}, ${reached("high", market.highest)}`,
        move < 0 ? "bad" : "good",
      ),
    );
  }
  for (const [asset, sums] of Object.entries(liquidated(run))) {
    made.push(
      tile(
        `Liquidated, ${asset}`,
        compact(sums.book + sums.adl),
        sums.adl ? `${compact(sums.adl)} of it by auto-deleveraging` : "none of it by auto-deleveraging",
      ),
    );
  }
  made.push(
    tile("Liquidations", number(run.liquidations), `of ${plural(run.accounts_liquidated, "account")}`),
  );
  for (const [asset, { balances }] of Object.entries(run.money)) {
    const fund = Number(balances["insurance fund"]),
      first = run.funds[asset]?.insurance_fund[0];
    made.push(
      tile(
        `Insurance fund, ${asset}`,
        money(fund),
        first === undefined ? "at the end" : `${signed(fund - first)} since the beginning`,
        first !== undefined && fund < first ? "bad" : null,
      ),
    );
    const lost = -Number(balances["uncovered loss"]);
    made.push(
      tile(
        `Uncovered loss, ${asset}`,
        money(lost),
        lost ? "paid by nobody" : "every loss was paid",
        lost ? "bad" : null,
      ),
    );
    made.push(tile(`Trading fees, ${asset}`, money(Number(balances.fees)), "paid to the venue"));
  }
  return made;
}

/** Notional liquidated in each asset, in the book and by ADL. */
function liquidated(run) {
  const sums = {};
  const add = (values) => values.reduce((sum, one) => sum + one, 0);
  for (const { asset, cascade } of Object.values(run.markets)) {
    const own = (sums[asset] ||= { book: 0, adl: 0 });
    own.book += add(cascade.long) + add(cascade.short);
    own.adl += add(cascade.adl);
  }
  return sums;
}
