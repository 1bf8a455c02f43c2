"use strict";
// Several runs side by side.

const RUN_TONES = ["one", "two", "three", "four", "five", "six"];

function comparison(all) {
  const figures = comparedFigures(all);
  const columns = [["", "text"], ...all.map(({ name }) => [name])];
  const rows = figures.map(([name, values, write]) => [
    name,
    ...values.map((value, place) => compared(value, values[0], place, write)),
  ]);
  const sameStart = all.every(({ start }) => start === all[0].start);
  return make(
    "section",
    { id: "compare", style: "margin-top:0" },
    make("h1", {}, `${all.length} runs compared`),
    make("p", { class: "lead" }, all.map(({ name, title }) => `${name}: ${title}`).join(" · ")),
    card("Figures", "below each, the difference from the first run", table(columns, rows)),
    make("div", { class: "grid" }, ...comparedCharts(all, sameStart)),
  );
}

function compared(value, first, place, write) {
  if (value === null || value === undefined) return NOTHING;
  if (typeof value === "string") return value;
  const difference = place && first !== null ? value - first : null;
  return make(
    "span",
    {},
    write(value),
    difference ? make("div", { class: "dim" }, signed(difference, write)) : null,
  );
}

function comparedFigures(all) {
  const rows = [
    ["Rulebook", all.map(({ rulebook }) => rulebook)],
    ["Digest", all.map(({ digest }) => (digest || NOTHING).slice(0, 8))],
    ["Liquidations", all.map(({ liquidations }) => liquidations), number],
    ["Accounts liquidated", all.map((run) => run.accounts_liquidated), number],
  ];
  const unique = (lists) => [...new Set(lists.flat())];
  for (const asset of unique(all.map((run) => Object.keys(run.money)))) {
    const balance = (run, name) => (run.money[asset] ? Number(run.money[asset].balances[name]) : null);
    const sums = all.map((run) => liquidated(run)[asset]);
    rows.push(
      [`Liquidated, in the book or taken over, ${asset}`, sums.map((one) => one?.book ?? null), money],
      [`Deleveraged, ${asset}`, sums.map((one) => one?.adl ?? null), money],
      [`Insurance fund, ${asset}`, all.map((run) => balance(run, "insurance fund")), money],
      [
        `Uncovered loss, ${asset}`,
        all.map((run) => {
          const lost = balance(run, "uncovered loss");
          return lost === null ? null : -lost;
        }),
        money,
      ],
      [`Trading fees, ${asset}`, all.map((run) => balance(run, "fees")), money],
    );
  }
  for (const symbol of unique(all.map((run) => Object.keys(run.markets)))) {
    for (const end of ["lowest", "highest"])
      rows.push([
        `${symbol} ${end} mark`,
        all.map((run) => run.markets[symbol]?.[end] ?? null),
        (value) => number(value, 2),
      ]);
  }
  for (const name of unique(all.map((run) => run.accounts.map(label)))) {
    const of = (run) => run.accounts.find((one) => label(one) === name);
    rows.push(
      [`${name}: profit`, all.map((run) => of(run)?.profit ?? null), money],
      [`${name}: deepest drawdown`, all.map((run) => statistic(of(run), "Deepest drawdown")), percent],
    );
  }
  return rows;
}

const statistic = (account, name) => account?.statistics?.find((one) => one.name === name)?.value ?? null;

function comparedCharts(all, sameStart) {
  const zero = (run) => (sameStart ? 0 : run.start);
  const moments = (run, offsets) => offsets.map((at) => (run.start + at - zero(run)) / 1000);
  const overlay = (title, unit, found, more) => {
    const there = found.filter(({ t }) => t?.length);
    if (!there.length) return null;
    const tables = there.map(({ run, t, values }) => [moments(run, t), values]);
    const [x, ...values] = uPlot.join(tables);
    const lines = there.map(({ run }, place) => ({
      label: run.name,
      values: values[place].map(
        (value, at) =>
          value ??
          (x[at] < tables[place][0][0] || x[at] > tables[place][0].at(-1)
            ? null
            : asOf(...tables[place], x[at])),
      ),
      color: RUN_TONES[all.indexOf(run) % RUN_TONES.length],
      dash: all.indexOf(run) >= RUN_TONES.length ? [6, 4] : undefined,
      width: 1.8,
    }));
    return timeChart({ title, unit, x, lines, sync: "compare", elapsed: !sameStart, height: 280, ...more });
  };
  const charts = [];
  for (const symbol of new Set(all.flatMap((run) => Object.keys(run.markets)))) {
    charts.push(
      overlay(
        `${symbol} mark price`,
        all[0].markets[symbol]?.asset || "",
        all.map((run) => ({ run, t: run.markets[symbol]?.t, values: run.markets[symbol]?.mark })),
        { write: (value) => number(value, value < 10 ? 4 : 0), tell: (value) => number(value, 2) },
      ),
    );
  }
  for (const asset of new Set(all.flatMap((run) => Object.keys(run.funds)))) {
    charts.push(
      overlay(
        `Insurance fund, ${asset}`,
        asset,
        all.map((run) => ({ run, t: run.funds[asset]?.t, values: run.funds[asset]?.insurance_fund })),
      ),
    );
  }
  for (const name of new Set(all.flatMap((run) => run.accounts.map(label)))) {
    const curves = all.map((run) => ({ run, curve: run.accounts.find((one) => label(one) === name)?.curve }));
    charts.push(
      overlay(
        `Equity of ${name}`,
        all[0].accounts[0]?.asset || "",
        curves.map(({ run, curve }) => ({ run, t: curve?.t, values: curve?.equity })),
      ),
    );
  }
  return charts;
}
