"""The part of a scanning report on tables that were counted, not audited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sara.brief._safe import public_table, said
from sara.brief.document import Block, Bullets, Paragraph, Section, Table, Withheld

__all__ = ["glance_section", "glance_tables"]


def glance_section(glances: Mapping[str, Any], looked_past: tuple[str, ...], withheld: Withheld) -> Section | None:
    """Say what counts say of the large tables, and what was not looked at."""
    if not glances:
        return None
    blocks: list[Block] = []
    for name, glance in glances.items():
        blocks.append(Paragraph(said(f"{name.capitalize()}: {glance.text}", withheld)))
        tables = (_numbers(name, glance, withheld, 40), _categories(name, glance, withheld, 15))
        blocks.extend(table for table in tables if table is not None)
    blocks.append(
        Paragraph("Not looked at here. To have it looked at, audit a year: sara.audit(source.select_period(start, end)).")
    )
    blocks.append(Bullets(looked_past))
    return Section("Counted, not audited: is the file sound?", tuple(blocks))


def glance_tables(glances: Mapping[str, Any], withheld: Withheld) -> dict[str, Table | None]:
    """Return the same tables whole, for the workbook."""
    out: dict[str, Table | None] = {}
    for name, glance in glances.items():
        out[f"counted {name}"[:31]] = _numbers(name, glance, withheld, 1_000)
        out[f"categories {name}"[:31]] = _categories(name, glance, withheld, 1_000)
    return out


def _numbers(name: str, glance: Any, withheld: Withheld, rows: int) -> Table | None:
    columns = {"what": "what", "n": "number"}
    return public_table(glance.numbers, withheld, caption=f"What counts say of the {name}", columns=columns, rows=rows)


def _categories(name: str, glance: Any, withheld: Withheld, rows: int) -> Table | None:
    columns = {"category": "category", "n": "rows"}
    caption = f"Categories of the {name}, largest first"
    return public_table(glance.categories, withheld, caption=caption, counts=("n",), columns=columns, rows=rows)
