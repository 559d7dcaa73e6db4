"""Which counts may be printed, so that nobody can be picked out of a table.

The rule (domain: NDTMS hides counts under five): a count of 1 to 4 is hidden, and so is a
difference of 1 to 4 between a step and the step that it is a part of, since "20 assessed, 18
started" tells of two people. Then further counts are hidden until a reader who adds up,
subtracts and compares can't narrow down any of them: `bounds` is that reader, and as long as
it leaves fewer than `WIDTH` possible values for a small count, something else is hidden too.
Zero stays, except in a line whose first count is small: there everything is hidden.

Percentages and medians ask for a denominator of `DENOMINATOR`, and are not shown of anything hidden.

All arithmetic comes first, hiding last; nothing hidden is ever stored or printed elsewhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SMALL = 4
"""Counts from 1 to this are hidden."""
WIDTH = 4
"""Possible values that a reader is left with for a small count, at least."""
DENOMINATOR = 10
"""Cases that a percentage or a median is made of, at least."""
HIDDEN = "too few to show"

Cell = tuple[int, int, int]
"""Table, line, column. Table -1 holds the one line of totals that all tables share."""

_NO_END = 10**9


@dataclass(frozen=True)
class Tables:
    """Tables of counts with the same columns, whose lines add up to the same totals.

    `within` says which column is a part of which, as pairs (whole, part). `compared` are further
    pairs of columns that a reader sets side by side although neither is a part of the other.
    """

    totals: tuple[int, ...]
    tables: tuple[tuple[tuple[int, ...], ...], ...]
    within: tuple[tuple[int, int], ...] = ()
    compared: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        for table in self.tables:
            sums = tuple(sum(column) for column in zip(*table, strict=True)) if table else None
            if sums is not None and sums != self.totals:
                raise ValueError("The lines of a table don't add up to its totals.")

    def value(self, cell: Cell) -> int:
        table, line, column = cell
        return self.totals[column] if table < 0 else self.tables[table][line][column]

    def lines(self) -> Iterator[tuple[int, int]]:
        yield (-1, 0)
        for table, lines in enumerate(self.tables):
            yield from ((table, line) for line in range(len(lines)))

    def cells(self) -> Iterator[Cell]:
        for table, line in self.lines():
            yield from ((table, line, column) for column in range(len(self.totals)))


@dataclass(frozen=True)
class Shown:
    """The same tables with None where a count is hidden."""

    totals: tuple[int | None, ...]
    tables: tuple[tuple[tuple[int | None, ...], ...], ...]


def is_small(count: int) -> bool:
    return 0 < count <= SMALL


def suppress(tables: Tables) -> Shown:
    """What may be shown of tables."""
    hidden = _first_hidden(tables)
    while (cell := _given_away(tables, hidden)) is not None and (more := _partner(tables, hidden, cell)):
        hidden.add(more)

    def line(table: int, number: int, counts: Sequence[int]) -> tuple[int | None, ...]:
        return tuple(None if (table, number, at) in hidden else count for at, count in enumerate(counts))

    return Shown(
        line(-1, 0, tables.totals),
        tuple(
            tuple(line(table, number, counts) for number, counts in enumerate(lines))
            for table, lines in enumerate(tables.tables)
        ),
    )


def suppress_list(counts: dict[str, int]) -> tuple[dict[str, int], int]:
    """Counts of a list without a total: those that may be shown, and how many entries may not."""
    shown = {key: count for key, count in counts.items() if not is_small(count) and count}
    return shown, sum(1 for count in counts.values() if is_small(count))


def percentage(part: int | None, whole: int | None) -> int | None:
    """Whole per cent; None where one is hidden or the whole is under `DENOMINATOR`."""
    if part is None or whole is None or whole < DENOMINATOR:
        return None
    return int(100 * part / whole + 0.5)


def bounds(tables: Tables, hidden: set[Cell]) -> dict[Cell, tuple[int, int]]:
    """What a reader of the shown counts can work out about every count: least and most.

    The reader knows the rule, that lines add up, and which column is a part of which.
    """
    known: dict[Cell, tuple[int, int]] = {}
    for cell in tables.cells():
        value = tables.value(cell)
        whole_line = (cell[0], cell[1], 0) in hidden and cell[2] > 0
        known[cell] = (0 if whole_line else 1, _NO_END) if cell in hidden else (value, value)
    sums = [
        ((-1, 0, column), [(table, line, column) for line in range(len(lines))])
        for table, lines in enumerate(tables.tables)
        if lines
        for column in range(len(tables.totals))
        if any((table, line, column) in hidden for line in range(len(lines))) or (-1, 0, column) in hidden
    ]
    parts = [
        ((*line, whole), (*line, part))
        for line in tables.lines()
        for whole, part in tables.within
        if (*line, whole) in hidden or (*line, part) in hidden
    ]
    changed = True

    def narrow(cell: Cell, least: int, most: int) -> None:
        nonlocal changed
        low, high = known[cell]
        if least > low or most < high:
            known[cell] = (max(low, least), min(high, most))
            changed = True

    for _ in range(50):
        if not changed:
            break
        changed = False
        for whole, part in parts:
            narrow(part, 0, known[whole][1])
            narrow(whole, known[part][0], _NO_END)
        for total, lines in sums:
            low = sum(known[cell][0] for cell in lines)
            high = sum(known[cell][1] for cell in lines)
            narrow(total, low, min(high, _NO_END))
            for cell in lines:
                least, most = known[cell]
                narrow(cell, known[total][0] - min(high - most, _NO_END), known[total][1] - (low - least))
    return known


def _first_hidden(tables: Tables) -> set[Cell]:
    hidden = {cell for cell in tables.cells() if is_small(tables.value(cell))}
    for table, line in tables.lines():
        if (table, line, 0) in hidden:
            hidden.update((table, line, column) for column in range(len(tables.totals)))
        for first, second in (*tables.within, *tables.compared):
            one, other = (table, line, first), (table, line, second)
            if not hidden & {one, other} and is_small(abs(tables.value(one) - tables.value(other))):
                hidden.add(other)
    return hidden


def _given_away(tables: Tables, hidden: set[Cell]) -> Cell | None:
    """A hidden count of which a reader would know too much; None where all is well."""
    if not hidden:
        return None
    known = bounds(tables, hidden)
    for cell in sorted(hidden):
        low, high = known[cell]
        if is_small(tables.value(cell)) and high - low + 1 < WIDTH:
            return cell
    for line in tables.lines():
        for first, second in (*tables.within, *tables.compared):
            one, other = (*line, first), (*line, second)
            if is_small(abs(tables.value(one) - tables.value(other))):
                least = known[one][0] - known[other][1]
                if (first, second) in tables.within:
                    least = max(0, least)
                most = known[one][1] - known[other][0]
                if most - least + 1 < WIDTH:
                    return other
    return None


def _partner(tables: Tables, hidden: set[Cell], cell: Cell) -> Cell | None:
    """What to hide besides, so that less is known about a count: small and near it, totals last."""
    table, line, column = cell
    near: list[tuple[int, int, int, Cell]] = []
    for other in tables.cells():
        if other in hidden or not tables.value(other):
            continue
        same_column = other[2] == column
        same_line = other[:2] == (table, line)
        if not (same_column or same_line):
            continue
        in_the_way = sum(each[0] == other[0] and each[2] == column for each in hidden)
        if same_column and table in (-1, other[0]) and other[0] >= 0:
            rank = 0
        elif same_line and other[2] == column + 1:
            rank = 1
        elif same_column and other[0] < 0:
            rank = 2
        elif same_line:
            rank = 3
        else:
            rank = 4
        near.append((rank, in_the_way if table < 0 else 0, tables.value(other), other))
    return min(near)[-1] if near else None
