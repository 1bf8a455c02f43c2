"""The page in a browser: every chart is drawn, and nothing complains.  Needs chromium."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.crash import crash
from tools.report_page import report_data, report_page
from tools.runs import open_run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr",
    "--v=0", "--virtual-time-budget=3000", "--dump-dom",
)  # fmt: skip

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium, which is not here")


def opened(page: str, folder: Path, width: int) -> tuple[str, list[str]]:
    """The document as the browser has it in the end, and what the page said on its console."""
    file = folder / "page.html"
    file.write_text(page)
    shown = subprocess.run(  # noqa: S603 (a browser that was looked up above)
        [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--window-size={width},900",
         file.as_uri()],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return shown.stdout, [line for line in shown.stderr.splitlines() if "CONSOLE" in line]


@needs_chromium
@pytest.mark.parametrize("width", [1440, 390])
def test_every_chart_is_drawn_and_named(tmp_path: Path, width: int) -> None:
    page = report_page(report_data([open_run(crash(tmp_path).folder)]))
    document, said = opened(page, tmp_path, width)
    figures = re.findall(r"<figure[^>]*>.*?</figure>", document, re.DOTALL)
    charts = [figure for figure in figures if "<canvas" in figure]

    assert said == []
    assert len(charts) >= 10
    for chart in charts:
        assert re.search(r'<figcaption><b>[^<]+</b><span class="unit">[^<]+</span>', chart)
        assert '<div class="legend"><' in chart


@needs_chromium
def test_runs_are_compared_in_one_page(tmp_path: Path) -> None:
    runs = [open_run(crash(tmp_path / name).folder) for name in ("one", "two")]
    document, said = opened(report_page(report_data(runs)), tmp_path, 1440)

    assert said == []
    assert "<h1>2 runs compared</h1>" in document
    assert "Equity of anna" in document
    assert "NaN" not in re.sub(r"<script.*?</script>", "", document, flags=re.DOTALL)


@needs_chromium
def test_a_page_tells_a_stopped_strategy_the_high_and_digits_that_differ(tmp_path: Path) -> None:
    (data,) = report_data([open_run(crash(tmp_path).folder)])
    data["strategies"] = [{"name": "mm", "stopped": "ValueError: x", "stopped_at": "10:00:00"}]
    values = "[999950, 1000000, 1000050]"
    shown = f"<script>document.body.append(axisTexts({values}).join(' '))</script>"
    document, said = opened(report_page([data]) + shown, tmp_path, 1440)

    assert said == []
    assert "Strategy mm was stopped at 10:00:00: ValueError: x" in document
    assert "low 53,000 (\u221211.67%), high 60,000 (0.00%)" in document
    assert "999,950 1,000,000 1,000,050" in document
