"""A table of a run, as Arrow, pandas or polars, and to be looked at in a notebook."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from html import escape
from importlib import import_module
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

SHOWN = 10
"""Rows of a table in a notebook, half of them from its end."""
STYLE = (
    "font-family:ui-monospace,monospace;font-size:12px;border-collapse:collapse;"
    "font-variant-numeric:tabular-nums"
)


WRITTEN: dict[type, Callable[[Any], str]] = {
    bool: lambda value: "yes" if value else "no",
    int: lambda value: f"{value:,}",
    float: lambda value: f"{value:,.10g}",
    Decimal: lambda value: f"{value.normalize():,f}",
    datetime: lambda value: value.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
}
"""How values of each kind are shown."""


class MissingExtraError(ImportError):
    """A library that is not part of the base install."""


class Frame:
    """A table.  Any library that speaks Arrow takes it as it is; the rest is convenience.

    >>> frame = Frame("fills", pa.table({"account": ["anna", "carl"], "fee": [30.0, 12.0]}))
    >>> len(frame), frame.where(account="carl").rows()
    (2, [{'account': 'carl', 'fee': 12.0}])
    """

    def __init__(self, name: str, table: pa.Table) -> None:
        self.name = name
        self.arrow = table
        """The table itself: a pyarrow.Table."""

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.arrow.column_names)

    def __len__(self) -> int:
        return int(self.arrow.num_rows)

    def __getitem__(self, column: str) -> list[Any]:
        """One column as a list.  KeyError where there is none of that name."""
        return list(plain(self.arrow.select([column]))[column].to_pylist())

    def where(self, **equal: object) -> "Frame":
        """The rows in which every column named has the value given.

        Raises KeyError where there is no such column.
        """
        table = self.arrow
        for column, value in equal.items():
            if column not in table.column_names:
                known = ", ".join(self.columns)
                raise KeyError(f"{self.name} has no column {column!r}, expected one of {known}")
            table = table.filter(pc.field(column) == value)
        return Frame(self.name, table)

    def rows(self) -> list[dict[str, Any]]:
        """Every row as a dict."""
        return list(plain(self.arrow).to_pylist())

    def pandas(self) -> Any:  # noqa: ANN401 (a pandas.DataFrame, where pandas is there)
        """A pandas.DataFrame.  Raises MissingExtraError without pandas."""
        extra("pandas", "pandas")
        return self.arrow.to_pandas()

    def polars(self) -> Any:  # noqa: ANN401 (a polars.DataFrame, where polars is there)
        """A polars.DataFrame.  Raises MissingExtraError without polars."""
        return extra("polars", "polars").from_arrow(self.arrow)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The Arrow PyCapsule interface: how other libraries take a table without a copy."""
        return self.arrow.__arrow_c_stream__(requested_schema)  # type: ignore[no-untyped-call]

    def __repr__(self) -> str:
        return f"<{self.name}: {len(self):,} rows of {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        """The first and last rows, for notebooks."""
        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        body = "".join(self._html_rows())
        title = f"<b>{escape(self.name)}</b>, {len(self):,} rows"
        table = (
            f'<table style="{STYLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        )
        return f"<div>{title}<div style='overflow-x:auto'>{table}</div></div>"

    def _html_rows(self) -> Iterator[str]:
        half = SHOWN // 2
        whole = len(self) <= SHOWN
        parts = [self.arrow] if whole else [self.arrow.slice(0, half), self.arrow[-half:]]
        for number, part in enumerate(parts):
            if number:
                yield f'<tr><td colspan="{len(self.columns)}" style="text-align:center">…</td></tr>'
            for row in plain(part).to_pylist():
                yield "<tr>" + "".join(cell(value) for value in row.values()) + "</tr>"


def plain(table: pa.Table) -> pa.Table:
    """With times to the microsecond: Python's own know no more, and need no pandas."""
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            times = table.column(place).cast(pa.timestamp("us", tz=field.type.tz), safe=False)
            table = table.set_column(place, field.name, times)
    return table


def cell(value: object) -> str:
    """A value as a table's cell: numbers to the right and with separators.

    >>> cell(1234.5), cell("anna")
    ('<td style="text-align:right">1,234.5</td>', '<td style="text-align:left">anna</td>')
    """
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    side = "right" if is_number else "left"
    return f'<td style="text-align:{side}">{escape(shown(value))}</td>'


def shown(value: object) -> str:
    """A value as people read it; nothing for one that is not there."""
    if value is None:
        return ""
    write = WRITTEN.get(type(value), str)
    return write(value)


def extra(module: str, name: str) -> Any:  # noqa: ANN401 (a module)
    """An optional library.  Raises MissingExtraError, saying how to get it."""
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise MissingExtraError(
            f'{module} is not installed, expected for this: pip install "plimsoll[{name}]"'
        ) from None
