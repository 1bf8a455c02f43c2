"""The report of a run, or of several: one HTML page that needs nothing else."""

from tools.report_page.page import (
    place_of_page,
    report_data,
    report_page,
    without_pages,
    write_page,
)
from tools.report_page.picture import write_pictures

__all__ = [
    "place_of_page",
    "report_data",
    "report_page",
    "without_pages",
    "write_page",
    "write_pictures",
]
