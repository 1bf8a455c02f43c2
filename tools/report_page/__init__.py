"""The report of a run, or of several: one HTML page that needs nothing else."""

from tools.report_page.page import report_page, write_page

__all__ = ["report_page", "write_page"]
