"use strict";
// The page as a whole: what is compared, which run is shown, light and dark.

const { runs } = JSON.parse(document.getElementById("data").textContent);
const SECTIONS = [
  ["market", "Market", marketSection],
  ["cascade", "Cascade", cascadeSection],
  ["heatmap", "Heatmap", heatmapSection],
  ["accounts", "Accounts", accountsSection],
  ["liquidations", "Liquidations", liquidationsSection],
  ["fund", "Fund & ADL", fundSection],
  ["money", "Money", moneySection],
  ["run", "Run", runSection],
];

for (const run of runs) {
  for (const account of run.accounts)
    account.assets = run.accounts.filter(({ name }) => name === account.name).length;
}

/** Build the page anew from the data and from what is chosen. */
function render() {
  const top = window.scrollY;
  dropCharts();
  const run = runs[chosen.run];
  if (!run.markets[chosen.symbol]) chosen.symbol = Object.keys(run.markets)[0];
  const made = [
    ["top", "Overview", runs.length > 1 ? comparison(runs) : null],
    ...SECTIONS.map(([id, name, build]) => [id, name, build(run)]),
  ].filter(([id, , element]) => element || id === "top");
  const main = document.querySelector("main");
  main.replaceChildren(
    ...(runs.length > 1 ? [made[0][2], runSwitch()] : []),
    headline(run),
    ...made.slice(1).map(([, , element]) => element),
    foot(),
  );
  document
    .querySelector(".top nav")
    .replaceChildren(
      ...made.map(([id, name]) =>
        make("a", { href: `#${runs.length > 1 && id === "top" ? "compare" : id}` }, name),
      ),
    );
  drawCharts();
  window.scrollTo({ top, behavior: "instant" });
}

function runSwitch() {
  const names = runs.map(({ name }) => name);
  return make(
    "section",
    { id: "runs" },
    make(
      "div",
      { class: "head" },
      make("h2", {}, "One run in full"),
      choice(
        names,
        names[chosen.run],
        (name) => {
          chosen.run = names.indexOf(name);
          render();
        },
        "Run",
      ),
    ),
  );
}

function foot() {
  return make(
    "footer",
    {},
    "Made by Plimsoll. The Plimsoll line shows how deep a ship may be loaded; maintenance margin is that line for an account. This page needs no network: all of it is in this file.",
  );
}

// ---------------------------------------------------------------------------------- theme

const remembered = () => {
  try {
    return localStorage.getItem("plimsoll-theme");
  } catch {
    return null;
  }
};
const dark = matchMedia("(prefers-color-scheme: dark)");

function dress() {
  document.documentElement.dataset.theme = remembered() || (dark.matches ? "dark" : "light");
  render();
}

document.getElementById("theme").addEventListener("click", () => {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("plimsoll-theme", next);
  } catch {
    /* a page from a file may not remember */
  }
  document.documentElement.dataset.theme = next;
  render();
});
dark.addEventListener("change", dress);
window.addEventListener("resize", drawDrawings);
dress();
