"use strict";
// The venue itself: funds, auto-deleveraging, the ledger, populations, facts of the run.

function fundSection(run) {
  const cards = Object.entries(run.funds).map(([asset, fund]) =>
    timeChart({
      title: `Insurance fund, ${asset}`,
      unit: `${asset}`,
      x: seconds(run, fund.t),
      range: rangeOf(run),
      sync: run.name,
      height: 330,
      lines: [
        { label: "insurance fund", values: fund.insurance_fund, color: "fund", width: 2 },
        ...(fund.uncovered_loss.some((one) => one)
          ? [
              {
                label: "uncovered loss",
                values: fund.uncovered_loss.map((one) => -one),
                color: "bad",
                scale: "right",
              },
            ]
          : []),
      ],
    }),
  );
  const adl = run.victims.length
    ? card(
        "Who was deleveraged",
        "the largest first; notional and PnL in the settlement asset",
        table(
          [
            ["account", "text"],
            ["instrument", "text"],
            ["times"],
            ["notional"],
            ["realised PnL"],
            ["best rank", "", "The foremost place that it had in the queue"],
          ],
          run.victims.map((one) => [
            one.account,
            one.symbol,
            number(one.count),
            money(one.notional),
            gain(one.realised_pnl),
            number(one.rank),
          ]),
          { scroll: true },
        ),
      )
    : null;
  if (!cards.length && !adl) return null;
  return section(
    "fund",
    "Insurance fund and auto-deleveraging",
    "Liquidation fees fill the fund, losses beyond an account's collateral drain it. What neither book nor fund can take is closed against the traders with most profit and leverage on the other side.",
    null,
    make("div", { class: "grid" }, ...cards, adl),
  );
}

function moneySection(run) {
  const cards = Object.entries(run.money).map(([asset, told]) => {
    const groups = run.groups.filter((one) => one.asset === asset);
    const rows = groups.map((one) => ({
      label: one.accounts > 1 ? `${one.name} (${number(one.accounts)})` : one.name,
      amount: Number(one.profit),
    }));
    const fund = run.funds[asset],
      first = fund ? fund.insurance_fund[0] : 0;
    rows.push(
      { label: "insurance fund", amount: Number(told.balances["insurance fund"]) - first, tone: "fund" },
      { label: "venue's fees", amount: Number(told.balances.fees), tone: "mark" },
    );
    const rest = -rows.reduce((sum, { amount }) => sum + amount, 0);
    rows.push({ label: "rest of the market", amount: rest, tone: "last" });
    const groupTable = table(
      [
        ["account", "text"],
        ["accounts"],
        ["liquidated"],
        ["ADL"],
        ["brought in"],
        ["in the end"],
        ["profit"],
      ],
      groups.map((one) => [
        one.name,
        number(one.accounts),
        number(one.liquidated),
        number(one.deleveraged),
        money(Number(one.deposited)),
        money(Number(one.total)),
        gain(Number(one.profit)),
      ]),
    );
    const ledger = table(
      [["ledger account", "text"], [asset]],
      Object.entries(told.balances).map(([name, amount]) => [name, number(Number(amount), 2)]),
      { sum: ["sum", number(Number(told.sum), 2)] },
    );
    return [
      card(
        "Who gained, who lost",
        asset,
        drawing((width) => gainDrawing(rows, width, `Who gained and who lost, in ${asset}`)),
        make(
          "p",
          { class: "dim" },
          "The rest of the market is history's liquidity, which took the other side.",
        ),
      ),
      card(
        `Where all ${asset} is`,
        "a double-entry ledger: it sums to zero, ‘outside’ being what was brought in",
        ledger,
      ),
      make("div", { class: "wide" }, card("Accounts", asset, groupTable)),
    ];
  });
  return section(
    "money",
    "Money",
    null,
    null,
    make("div", { class: "grid" }, ...cards.flat()),
    ...populationCards(run),
  );
}

function populationCards(run) {
  if (!run.populations.length) return [];
  return [
    make(
      "div",
      { class: "grid below" },
      ...run.populations.flatMap((one) => {
        const shared = { x: seconds(run, one.t), range: rangeOf(run), sync: run.name, height: 240 };
        return [
          timeChart({
            ...shared,
            title: `Population ${one.name}`,
            unit: `accounts, of ${number(Math.max(...one.accounts))}`,
            tell: number,
            zero: true,
            lines: [
              { label: "with a position", values: one.holding, color: "mark", width: 2 },
              { label: "liquidated so far", values: one.liquidated, color: "long", width: 2 },
            ],
          }),
          timeChart({
            ...shared,
            title: `Population ${one.name}: positions and equity`,
            unit: one.asset,
            zero: true,
            lines: [
              { label: "long notional", values: one.long_notional, color: "short" },
              { label: "short notional", values: one.short_notional, color: "long" },
              { label: "equity", values: one.equity, color: "mark" },
            ],
          }),
        ];
      }),
    ),
  ];
}

function runSection(run) {
  const rows = [
    ["Run folder", run.name],
    ["Digest", make("code", {}, run.digest || NOTHING)],
    ["Seed", String(run.seed)],
    ["Plimsoll", `${run.plimsoll}, Python ${run.python}, core ${run.core}`],
    ["Commands", `${number(run.commands)}, of which ${number(run.rejected)} were refused`],
    ["Events", number(run.events)],
    ["Feed items", number(run.feed_items)],
    ...run.feeds.map((feed) => ["Feed", feed.name]),
    ...(run.expectations.checked
      ? [
          [
            "Expectations",
            `${number(run.expectations.checked)} checked, ${plural(run.expectations.failures.length, "failure")}`,
          ],
        ]
      : []),
    ...Object.entries(run.book_checks || {}).map(([symbol, one]) => [
      `Book of ${symbol}`,
      `${number(one.prices_agreed)} of ${number(one.total)} of the record's own best prices met${one.prices_agreed_percent ? ` (${one.prices_agreed_percent}%)` : ""}`,
    ]),
  ];
  return section(
    "run",
    "The run itself",
    "Equal runs have equal digests, on every machine.",
    null,
    card(
      "Facts",
      "",
      table(
        [
          ["", "text"],
          ["", "text long"],
        ],
        rows.map(([name, fact]) => [name, fact]),
      ),
    ),
  );
}
