"use strict";
// The sections of a run, from top to bottom.  Each is a function of the run that returns elements, or nothing.

const chosen = { run: 0, symbol: null, account: null, fills: null, story: null };
const seconds = (run, offsets) => offsets.map((at) => (run.start + at) / 1000);
const rangeOf = (run) => [run.start / 1000, Math.max(run.end, run.start + 1) / 1000];
const days = (run) => run.end - run.start > 86400000;

function section(id, title, about, tools, ...children) {
  return make(
    "section",
    { id },
    make("div", { class: "head" }, make("h2", {}, title), tools),
    about ? make("p", { class: "about" }, about) : null,
    ...children,
  );
}

function symbols(run) {
  const all = Object.keys(run.markets);
  return all.length > 1
    ? choice(
        all,
        chosen.symbol,
        (name) => {
          chosen.symbol = name;
          render();
        },
        "Instrument",
      )
    : null;
}
