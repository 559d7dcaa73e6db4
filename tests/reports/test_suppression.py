"""Small counts stay hidden from a reader who adds, subtracts and compares."""

from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from outreach.reports.suppression import (
    SMALL,
    Tables,
    bounds,
    is_small,
    percentage,
    suppress,
    suppress_list,
)


def one_table(*lines: tuple[int, ...], **pairs) -> Tables:
    return Tables(tuple(map(sum, zip(*lines, strict=True))), (lines,), **pairs)


def readings(shown, within) -> list[tuple[tuple[int, ...], ...]]:
    """Every table that a reader could think of, given what is shown of one table and its totals.

    Tried by brute force, knowing that lines add up, what is a part of what, and that a lone
    hidden count is not zero. Independent of the code under test.
    """
    lines = shown.tables[0]
    columns = len(shown.totals)
    by_column = []
    for column in range(columns):
        total = shown.totals[column]
        most = total if total is not None else 14
        choices = []
        for line in lines:
            if line[column] is not None:
                choices.append([line[column]])
            else:
                choices.append(range(0 if column and line[0] is None else 1, most + 1))
        by_column.append([values for values in product(*choices) if total is None or sum(values) == total])
    found = []
    for values in product(*by_column):
        table = tuple(zip(*values, strict=True))
        if all(line[part] <= line[whole] for line in table for whole, part in within):
            found.append(table)
    return found


@pytest.mark.requirement("RP07")
@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=2), min_size=1, max_size=3))
def test_no_small_count_can_be_worked_out(lines):
    table = tuple(tuple(sorted(line, reverse=True)) for line in lines if max(line))
    assume(table)
    within = ((0, 1),)
    shown = suppress(one_table(*table, within=within))
    possible = readings(shown, within)
    assert table in possible
    for number, line in enumerate(table):
        for column, count in enumerate(line):
            if is_small(count):
                assert shown.tables[0][number][column] is None
                assert len({reading[number][column] for reading in possible}) > 1
        lost = line[0] - line[1]
        if is_small(lost):
            assert len({reading[number][0] - reading[number][1] for reading in possible}) > 1


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(0, 30)] * 3), min_size=1, max_size=6),
    st.integers(1, 6),
)
def test_what_is_shown_is_true_and_the_same_in_both_tables(lines, parts):
    lines = [tuple(sorted(line, reverse=True)) for line in lines if max(line)]
    assume(lines)
    other = [
        tuple(map(sum, zip(*lines[start::parts], strict=True))) for start in range(min(parts, len(lines)))
    ]
    tables = Tables(tuple(map(sum, zip(*lines, strict=True))), (tuple(lines), tuple(other)), ((0, 1), (1, 2)))
    shown = suppress(tables)
    for true, seen in zip(
        (*tables.tables[0], *tables.tables[1], tables.totals),
        (*shown.tables[0], *shown.tables[1], shown.totals),
        strict=True,
    ):
        for count, cell in zip(true, seen, strict=True):
            assert cell is None or (cell == count and not is_small(count))
    hidden = {
        cell
        for cell in tables.cells()
        if (shown.totals[cell[2]] if cell[0] < 0 else shown.tables[cell[0]][cell[1]][cell[2]]) is None
    }
    for cell, (least, most) in bounds(tables, hidden).items():
        value = tables.value(cell)
        assert least <= value <= most  # the reader's sums are right
        if is_small(value) and not all((-1, 0, column) in hidden for column in range(3)):
            assert most - least >= 1


@pytest.mark.requirement("RP07")
def test_three_women_of_twelve_are_not_printed():
    """Middlesbrough's HAT paper had three women among twelve people (domain 2.14)."""
    shown = suppress(one_table((9,), (3,)))
    assert shown.tables[0] == ((None,), (None,))
    assert shown.totals == (12,)


@pytest.mark.requirement("RP07")
def test_a_lone_small_count_takes_the_smallest_other_with_it():
    shown = suppress(one_table((40,), (3,), (12,), (25,)))
    assert shown.tables[0] == ((40,), (None,), (None,), (25,))


def test_nothing_is_hidden_where_nothing_is_small():
    tables = one_table((40, 20), (15, 0), within=((0, 1),))
    assert suppress(tables).tables == tables.tables


@pytest.mark.requirement("RP07")
def test_a_difference_of_a_few_is_a_few_people():
    shown = suppress(one_table((40, 38), (60, 30), (50, 25), within=((0, 1),)))
    assert shown.tables[0][0] == (40, None)
    assert shown.tables[0][1:].count((60, 30)) + shown.tables[0][1:].count((50, 25)) == 1
    beside = suppress(one_table((40, 20, 18), (60, 30, 20), (50, 30, 20), compared=((1, 2),)))
    assert beside.tables[0][0] == (40, 20, None)


def test_a_line_of_few_is_hidden_whole_zeros_too():
    shown = suppress(one_table((3, 0), (20, 10), (15, 9), within=((0, 1),)))
    assert shown.tables[0][0] == (None, None)


def test_few_in_all_hides_everything():
    shown = suppress(one_table((2, 1), (1, 0), within=((0, 1),)))
    assert shown.totals == (None, None)
    assert set(shown.tables[0]) == {(None, None)}


def test_an_empty_table_is_empty():
    assert suppress(Tables((0, 0), ((), ()))).totals == (0, 0)


def test_tables_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match="add up"):
        Tables((4,), (((3,),),))


@pytest.mark.requirement("RP07")
def test_percentages_ask_for_ten():
    assert percentage(5, 9) is None
    assert percentage(5, 10) == 50
    assert percentage(276, 447) == 62
    assert percentage(None, 447) is percentage(3, None) is None


def test_lists_show_what_is_not_small():
    shown, hidden = suppress_list({"far": SMALL + 1, "pets": SMALL, "shut": 1, "none": 0})
    assert (shown, hidden) == ({"far": 5}, 2)
