"use strict";
// The largest liquidations: where the money went, and what the venue did.

function liquidationsSection(run) {
  if (!run.stories.length) return null;
  const numbers = run.stories.map((story) => story.number);
  if (!numbers.includes(chosen.story))
    chosen.story = run.stories.reduce((a, b) => (b.notional > a.notional ? b : a)).number;
  const story = run.stories.find((one) => one.number === chosen.story);
  const pick = (one) => {
    chosen.story = one.number;
    render();
  };
  const rows = run.stories.map((one) =>
    make(
      "tr",
      {
        class: one === story ? "pick picked" : "pick",
        tabindex: 0,
        "aria-selected": String(one === story),
        onclick: () => pick(one),
        onkeydown: (event) => {
          if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            pick(one);
          }
        },
      },
      ...[
        number(one.number),
        clock((run.start + one.t) / 1000, days(run)),
        one.account,
        one.symbol || scopeOf(one),
        one.asset,
        money(one.notional),
        gain(one.realised_pnl),
        money(one.liquidation_fees),
        money(one.fund_paid),
        one.adl_notional ? money(one.adl_notional) : NOTHING,
        one.end,
      ].map((cell, place) => make("td", { class: [1, 2, 3, 4, 10].includes(place) ? "text" : null }, cell)),
    ),
  );
  const list = table(
    [
      ["#"],
      ["at", "text"],
      ["account", "text"],
      ["scope", "text"],
      ["asset", "text"],
      ["notional"],
      ["realised PnL"],
      ["fee"],
      ["fund paid"],
      ["ADL notional"],
      ["end", "text"],
    ],
    rows,
    { scroll: true },
  );
  const count =
    run.stories.length === run.liquidations
      ? `${number(run.liquidations)} in all`
      : `${number(run.stories.length)} of ${number(run.liquidations)}: the largest, and those of named accounts`;
  return section(
    "liquidations",
    "Liquidations",
    `${count}. Choose one to see where the money went.`,
    null,
    card("Liquidations", "times in UTC", list),
    storyCard(run, story),
  );
}

/** What fails together where it is not one isolated position. */
function scopeOf(story) {
  if (story.counted.length) return "unified account";
  return story.mode === "portfolio" ? "portfolio" : "cross account";
}

function storyCard(run, story) {
  const scope = story.symbol ? `isolated ${story.symbol}` : scopeOf(story);
  const held = table(
    [["held", "text"], ["size"], ["entry"], ["mark"], ["notional"], ["unrealised PnL"], ["maintenance"]],
    story.positions.map((one) => [
      one.label,
      number(one.size, 3),
      money(one.entry_price),
      money(one.mark_price),
      money(one.notional),
      gain(one.unrealised_pnl),
      money(one.maintenance_margin),
    ]),
  );
  const counted = story.counted.length
    ? table(
        [["collateral", "text"], ["balance"], ["price"], ["of which counts"], ["adds to equity"]],
        story.counted.map((one) => [
          one.asset,
          number(one.balance, 3),
          money(one.price),
          percent(one.ratio),
          money(one.value),
        ]),
      )
    : null;
  const units = story.units.length
    ? table(
        [["risk unit", "text"], ["worst move"], ["loss"], ["basis"], ["offset"], ["credit"], ["least"], ["margin"]],
        story.units.flatMap((one) => [
          [
            one.underlying,
            percent(one.move),
            ...["scan", "basis", "offset", "credit", "minimum", "margin"].map((name) => money(one[name])),
          ],
          ...one.contracts.map((own) => [
            `${own.symbol}, ${own.size > 0 ? "long" : "short"} ${number(Math.abs(own.size), 3)}`,
            NOTHING,
            money(own.loss),
            NOTHING,
            NOTHING,
            NOTHING,
            NOTHING,
            NOTHING,
          ]),
          ...one.coins.map((own) => [
            `${own.symbol}, ${own.size > 0 ? "owned" : "owed"} ${number(Math.abs(own.size), 3)}`,
            NOTHING,
            money(own.loss),
            NOTHING,
            money(one.spot),
            NOTHING,
            NOTHING,
            NOTHING,
          ]),
        ]),
      )
    : null;
  const adds =
    Math.abs(story.difference) < 1e-9
      ? "The money adds up to the last unit."
      : `It is off by ${money(story.difference)}.`;
  return card(
    `Liquidation ${number(story.number)}: ${story.account}, ${scope}, at ${clock((run.start + story.t) / 1000, days(run))} UTC`,
    story.asset,
    held,
    units,
    counted,
    make(
      "div",
      { class: "story", style: "margin-top:1rem" },
      make(
        "div",
        {},
        make("h3", {}, "Where the money went"),
        waterfall(story),
        make("p", { class: "dim" }, adds),
      ),
      make(
        "div",
        {},
        make("h3", {}, "What the venue did"),
        make("ol", { class: "steps" }, ...steps(story).map((text) => make("li", {}, text))),
      ),
    ),
  );
}

/** Each step as a sentence. */
function steps(story) {
  const said = [
    `Equity ${money(story.equity)} had fallen below maintenance margin ${money(story.maintenance_margin)}.`,
  ];
  if (story.orders_cancelled) said.push(`${plural(story.orders_cancelled, "open order")} cancelled.`);
  for (const one of story.exchanges)
    said.push(
      `${money(one.repaid)} ${one.bought} that were owed: repaid with ${number(one.amount, 3)} ${one.sold} at ${money(one.price)}${one.fee ? `, ${number(one.fee, 3)} of it a fee` : ""}.`,
    );
  const most = 9;
  for (const one of story.attempts.slice(0, most)) said.push(attempt(one));
  if (story.attempts.length > most) said.push(`${plural(story.attempts.length - most, "more step")}.`);
  said.push(
    story.end === "safe again"
      ? "The account is safe again."
      : story.end === "closed"
        ? `Nothing is left to close; ${money(story.collateral_after)} ${story.asset} ${story.released ? "go back to the wallet" : "stay"}.`
        : "The journal ends here.",
  );
  return said;
}

function attempt(one) {
  const way = {
    book: "in the book",
    insurance_fund: "in the book, with the insurance fund behind it",
    takeover: "to the venue itself",
    adl: "by auto-deleveraging",
    socialised: "in the book, at others' cost",
  }[one.closing];
  const asked = `${one.label}: ${one.side} ${number(one.size, 3)} ${way}, no worse than ${money(one.bankruptcy_price)}`;
  if (!one.filled) return `${asked}: nobody there.`;
  const parts = [
    `${number(one.filled, 3)} at ${money(one.average_price)}`,
    `realised ${signed(one.realised_pnl)}`,
  ];
  if (one.deleveraged) parts.push(`against ${plural(one.deleveraged, "trader")}`);
  if (one.liquidation_fee) parts.push(`fee ${money(one.liquidation_fee)}`);
  if (one.fund_paid) parts.push(`the fund paid ${money(one.fund_paid)}`);
  if (one.leftover) parts.push(`${money(one.leftover)} left, to the fund`);
  if (one.socialised) parts.push(`other traders bore ${money(one.socialised)}`);
  if (one.uncovered) parts.push(`${money(one.uncovered)} left to the venue`);
  return `${asked}: ${parts.join(", ")}.`;
}
