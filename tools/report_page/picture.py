"""The report as a picture, for where a page cannot go: a PNG by matplotlib, which is an extra."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from tools.frames import extra
from tools.runs import RunError
from tools.text import money

INK, SOFT, GRID = "#17202b", "#5a6675", "#e3e0d8"
MARK, LONG, SHORT, ADL = "#0b5fb5", "#c23b1a", "#0d7f74", "#7a3cb8"
TONES = (MARK, "#a86f00", SHORT, ADL, LONG, SOFT)
"""Of accounts; there are as many as colours that can be told apart."""
SIZE, DPI = (13.6, 11.0), 120
BUBBLE = 420
"""Area of the largest bubble, in square points."""

Axes = Any
"""matplotlib's, which the base install does not have."""
Run = Mapping[str, Any]
"""What `report_data` tells of a run."""


class Part(NamedTuple):
    """One chart of the picture."""

    title: str
    unit: str
    is_there: bool
    draw: Callable[[Axes], None]


def write_pictures(page: Path, runs: Sequence[Run]) -> Iterator[Path]:
    """A picture of each run beside the page, and its path.

    Raises MissingExtraError without matplotlib, and RunError.
    """
    for number, run in enumerate(runs, start=1):
        path = page.with_name(page.stem + (f"-{number}" if len(runs) > 1 else "") + ".png")
        write_picture(path, run)
        yield path


def write_picture(path: Path, run: Run) -> None:
    """Draw the report of a run.  Raises MissingExtraError without matplotlib, and RunError."""
    figure = extra("matplotlib.figure", "png").Figure(SIZE, DPI, layout="constrained")
    drawn = [part for part in parts(run) if part.is_there]
    grid = figure.add_gridspec(len(drawn) // 2 + 1, 2, top=0.9)
    for place, part in enumerate(drawn):
        row, column = (place + 1) // 2, (place + 1) % 2
        axes = figure.add_subplot(grid[0, :] if place == 0 else grid[row, column])
        dress(axes, part)
        part.draw(axes)
        if axes.get_legend_handles_labels()[1]:
            axes.legend(fontsize=8, frameon=False, labelcolor=INK)
    figure.suptitle(f"{run['title']}\n", ha="left", x=0.01, fontsize=16, fontweight="bold")
    figure.text(0.012, 0.955, summary_line(run), color=SOFT, fontsize=9.5)
    try:
        figure.savefig(path)
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}") from None


def parts(run: Run) -> list[Part]:
    """The charts, those that have nothing to show among them."""
    symbol, market = most_liquidated(run)
    asset, heat = market.get("asset", ""), market.get("heatmap")
    funds = {name: fund for name, fund in run["funds"].items() if fund["t"]}
    curves = [one for one in run["accounts"] if one.get("curve")][: len(TONES)]
    cascade = market.get("cascade", {})
    return [
        Part(f"{symbol} price and liquidations", asset, bool(market.get("t")),
             lambda axes: prices(axes, run, market)),
        Part(f"{symbol} liquidated", f"{asset} notional", any(cascade.get("long", [])),
             lambda axes: liquidated(axes, run, cascade)),
        Part(f"{symbol} open interest by liquidation price", asset, bool(heat),
             lambda axes: heatmap(axes, run, market)),
        Part("Equity of each account, from its first", "per cent", bool(curves),
             lambda axes: equity(axes, run, curves)),
        Part("Insurance fund", ", ".join(funds), bool(funds),
             lambda axes: fund(axes, run, funds)),
    ]  # fmt: skip


def summary_line(run: Run) -> str:
    """What it came to."""
    told = [
        f"under the {run['rulebook']} rulebook",
        f"{run['first_at'] or 'not begun'} to {run['last_at'] or 'not ended'}",
        f"{run['liquidations']:,} liquidations of {run['accounts_liquidated']:,} accounts",
    ]
    for asset, where in run["money"].items():
        told.append(
            f"insurance fund {money(Fraction(where['balances']['insurance fund']))} {asset}"
        )
    return "   ".join(told)


def most_liquidated(run: Run) -> tuple[str, Run]:
    """The market in which most was liquidated; the first where none was."""

    def notional(market: Run) -> float:
        return sum(sum(market["cascade"][name]) for name in ("long", "short", "adl"))

    markets = run["markets"].items()
    return max(markets, key=lambda one: notional(one[1]), default=("", {}))


def dress(axes: Axes, part: Part) -> None:
    """A quiet frame: title and unit, a light grid, times in UTC."""
    dates = extra("matplotlib.dates", "png")
    ticker = extra("matplotlib.ticker", "png")
    axes.set_title(part.title, loc="left", fontsize=11, fontweight="bold", color=INK)
    axes.set_title(part.unit, loc="right", fontsize=9, color=SOFT)
    axes.grid(visible=True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=SOFT, labelsize=8)
    axes.spines[:].set_visible(False)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(dates.AutoDateLocator(), tz=UTC))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:,.10g}"))


def moments(run: Run, offsets: list[int]) -> list[datetime]:
    """Milliseconds since the run began, as times."""
    begin = datetime.fromtimestamp(run["start"] / 1000, UTC)
    return [begin + timedelta(milliseconds=at) for at in offsets]


def floats(values: list[float | None]) -> list[float]:
    """Gaps as matplotlib draws them."""
    return [float("nan") if value is None else value for value in values]


def prices(axes: Axes, run: Run, market: Run) -> None:
    """Last, index and mark price, and bubbles where liquidations traded."""
    at = moments(run, market["t"])
    axes.fill_between(at, floats(market["low"]), floats(market["high"]), color=GRID, linewidth=0)
    axes.plot(
        at, floats(market["index"]), color=TONES[1], linewidth=1, linestyle="--", label="index"
    )
    axes.plot(at, floats(market["mark"]), color=MARK, linewidth=1.4, label="mark")
    bubbles = market["cascade"]["bubbles"]
    greatest = max([*bubbles["long"]["size"], *bubbles["short"]["size"]], default=1)
    for whose, tone in (("long", LONG), ("short", SHORT)):
        found = bubbles[whose]
        if found["t"]:
            areas = [max(14, BUBBLE * size / greatest) for size in found["size"]]
            axes.scatter(moments(run, found["t"]), found["price"], s=areas, color=tone, alpha=0.4,
                         edgecolors=tone, label=f"{whose}s liquidated")  # fmt: skip


def liquidated(axes: Axes, run: Run, cascade: Run) -> None:
    """Notional in the book and by auto-deleveraging, bar by bar."""
    at = moments(run, cascade["t"])
    width = timedelta(milliseconds=cascade["every"] * 0.86)
    base = [0.0] * len(at)
    for name, tone, label in (
        ("long", LONG, "longs"),
        ("short", SHORT, "shorts"),
        ("adl", ADL, "ADL"),
    ):
        values = cascade[name]
        if any(values):
            axes.bar(at, values, width, bottom=base, color=tone, align="edge", label=label)
        base = [low + value for low, value in zip(base, values, strict=True)]


def heatmap(axes: Axes, run: Run, market: Run) -> None:
    """Cells, the stronger the more would be liquidated there, and the mark among them."""
    heat = market["heatmap"]
    at = [*moments(run, heat["t"]), moments(run, [run["end"] - run["start"]])[0]]
    greatest = max(max(long, short) for *_, long, short in heat["cells"])
    for column, band, long, short in heat["cells"]:
        low = heat["first"] + band * heat["step"]
        share = max(long, short) / greatest
        tone, strength = LONG if long >= short else SHORT, 0.12 + 0.88 * share**0.5
        span = at[column : column + 2]
        axes.fill_between(span, low, low + heat["step"], color=tone, alpha=strength, linewidth=0)
    axes.plot(
        moments(run, market["t"]), floats(market["mark"]), color=INK, linewidth=1, label="mark"
    )
    room = (market["highest"] - market["lowest"]) * 0.5
    axes.set_ylim(max(0, market["lowest"] - room), market["highest"] + room)


def equity(axes: Axes, run: Run, curves: list[Run]) -> None:
    """Equity of each account, its first being 100."""
    for one, tone in zip(curves, TONES, strict=False):
        values = one["curve"]["equity"]
        first = next((value for value in values if value), 1)
        shares = [value / first * 100 for value in values]
        axes.plot(
            moments(run, one["curve"]["t"]), shares, color=tone, linewidth=1.3, label=one["name"]
        )


def fund(axes: Axes, run: Run, funds: Run) -> None:
    """The insurance fund in each asset."""
    end = run["end"] - run["start"]
    for (asset, told), tone in zip(funds.items(), (SHORT, *TONES), strict=False):
        values = told["insurance_fund"]
        at = moments(run, [*told["t"], end])
        axes.step(at, [*values, values[-1]], where="post", color=tone, linewidth=1.6, label=asset)
