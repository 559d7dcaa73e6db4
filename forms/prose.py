"""Which strings of a file a person may see or hear.

`passages` gives each of them with its line and a key that names the place:

- ``.md`` whole text; links, inline code and fenced code with a language are left out.
- ``.txt`` whole text.
- ``.toml`` every string, except under keys that hold identifiers, hidden search words or titles
  of sources (`HIDDEN_KEYS`).
- ``.csv`` every cell, except in such columns.
- ``.po`` the translations (`msgstr`), and the originals where nothing is translated yet.
- ``.py`` every string literal, except docstrings (those of commands are shown as help, so they
  count), annotations, ``__all__``, ``__repr__``, and statements and lines with the comment
  ``# wording: not shown``. A single word in small letters or with signs of code in it is a
  name: only slurs count there.

Lines count from 1. Where a string's exact line can't be told, it is the line it starts on.
"""

from __future__ import annotations

import ast
import csv
import io
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forms.wordlist import WordingError

NOT_SHOWN = "# wording: not shown"
HIDDEN_KEYS = frozenset(
    {"key", "id", "synonyms", "search", "maps", "sources", "codes", "timezone", "uses", "schemes"}
)
_NAME = re.compile(r"[^\sA-Z]+|\S*[_/\\=<>{}()\[\]@#%&+~^$|]\S*|\S+\.\S+")
_FENCE = re.compile(r"^([ \t]*)(```+|~~~+)[ \t]*([\w+-]+)[^\n]*\n.*?^\1\2[ \t]*$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(
    r"(?<!`)(`{1,2})(?!`).+?(?<!`)\1(?!`)|\]\([^)\s]*\)|https?://\S+|<[^>\n]+>|<!--.*?-->", re.DOTALL
)
_LISTS_OF_NAMES = {"__all__", "__slots__", "__match_args__"}
_KNOWN_KINDS = (".md", ".txt", ".toml", ".csv", ".po", ".py")


@dataclass(frozen=True, slots=True)
class Passage:
    """A text with the line it starts on, the last line it may reach, and the key of its place."""

    text: str
    line: int
    key: str
    is_name: bool = False
    lines: tuple[str, ...] = ()
    """The source lines the text comes from, where they differ from the text itself."""

    def line_of(self, start: int, found: str) -> int:
        """The line for a finding that starts at a character position of the text."""
        if not self.lines:
            return self.line + self.text.count("\n", 0, start)
        first = found.split()[0].casefold() if found.split() else ""
        for place, source in enumerate(self.lines):
            if first and first in source.casefold():
                return self.line + place
        return self.line


def passages(path: Path) -> Iterator[Passage]:
    """Every string of a file that a person may see. Raises WordingError with a sentence."""
    if path.is_dir():
        raise WordingError(f"{path} is a folder, so nothing in it was checked. Name its files.")
    if path.suffix.lower() not in _KNOWN_KINDS:
        raise WordingError(
            f"{path} was not checked: only these kinds of file can be: {', '.join(_KNOWN_KINDS)}."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise WordingError(f"{path} is not there, so it was not checked. Is the name right?") from error
    except (OSError, UnicodeDecodeError) as error:
        raise WordingError(
            f"{path} can't be read as text ({type(error).__name__}), so it was not checked."
        ) from error
    name = path.as_posix()
    match path.suffix.lower():
        case ".md":
            yield Passage(_without_code(text), 1, name)
        case ".txt":
            yield Passage(text, 1, name)
        case ".toml":
            yield from _toml(name, text)
        case ".csv":
            yield from _csv(name, text)
        case ".po":
            yield from _po(name, text)
        case _:
            yield from _python(name, text)


def _without_code(text: str) -> str:
    """Markdown with code and addresses blanked out, every character in its place."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match[0])

    return _INLINE.sub(blank, _FENCE.sub(blank, text))


def _toml(name: str, text: str) -> Iterator[Passage]:
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WordingError(f"{name} is not sound TOML ({error}), so it was not checked.") from error
    lines = text.splitlines()
    cursor = 0
    for key, value in _leaves(tree, ""):
        cursor, line = _find_line(lines, value, cursor)
        yield Passage(value, line, f"{name}:{key}", lines=tuple(lines[line - 1 : line + value.count("\n")]))


def _leaves(tree: object, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(tree, str):
        yield key, tree
    elif isinstance(tree, dict):
        for part, value in tree.items():
            if not (part in HIDDEN_KEYS and _holds_no_table_with_text(part, value)):
                yield from _leaves(value, f"{key}.{part}" if key else part)
    elif isinstance(tree, list):
        for place, value in enumerate(tree):
            own = value.get("key") or value.get("id") if isinstance(value, dict) else None
            yield from _leaves(value, f"{key}.{own or place}")


def _holds_no_table_with_text(part: str, value: object) -> bool:
    """`codes` names other codes in a quick pick, but is the list itself at the top of a code list."""
    return part != "codes" or not (isinstance(value, list) and any(isinstance(v, dict) for v in value))


def _find_line(lines: list[str], value: str, cursor: int) -> tuple[int, int]:
    """Where a value stands: (index to look from next, line number). Values come in file order."""
    first = value.strip().split("\n")[0][:40].replace("\\", "\\\\").replace('"', '\\"')
    for start in (cursor, 0):
        for place in range(start, len(lines)):
            if first and first in lines[place]:
                return place, place + 1
    return cursor, min(cursor + 1, len(lines)) or 1


def _csv(name: str, text: str) -> Iterator[Passage]:
    reader = csv.reader(io.StringIO(text, newline=""))
    header: list[str] = []
    line = 1
    try:
        for row in reader:
            if not header:
                header = row
            for place, cell in enumerate(row):
                column = header[place] if place < len(header) else str(place)
                if column.strip().lower() not in HIDDEN_KEYS:
                    yield Passage(cell, line, f"{name}:{column}", is_name=_is_name(cell))
            line = reader.line_num + 1
    except csv.Error as error:
        raise WordingError(
            f"{name} is not a sound table ({error}), so it was not checked in full."
        ) from error


def _po(name: str, text: str) -> Iterator[Passage]:
    """Entries of a gettext file; an entry is an original with its translations."""
    original = ""
    part, line, value = "", 0, ""
    found: list[tuple[str, int, str]] = []
    for number, row in enumerate([*text.splitlines(), ""], start=1):
        match = re.match(r'\s*(msgctxt|msgid_plural|msgid|msgstr(?:\[\d+\])?)\s+(".*")\s*$', row)
        more = re.match(r'\s*(".*")\s*$', row)
        if more and part:
            value += _unquoted(name, number, more[1])
            continue
        if part:
            found.append((part, line, value))
            part = ""
        if match:
            part, line, value = match[1], number, _unquoted(name, number, match[2])
    for part, line, value in found:
        if part in ("msgid", "msgid_plural"):
            original = value
        elif part.startswith("msgstr") and original:
            told = value or original
            yield Passage(told, line, f"{name}:{original[:60]}", lines=(told,))


def _unquoted(name: str, line: int, quoted: str) -> str:
    try:
        return str(ast.literal_eval(quoted))
    except (SyntaxError, ValueError) as error:
        raise WordingError(f"{name}, line {line}: a quote is not closed, so it was not checked.") from error


def _is_name(text: str) -> bool:
    """Whether a string looks like a name in code: one word, small letters or with signs of code."""
    return bool(_NAME.fullmatch(text.strip())) if text.strip() else True


def _python(name: str, text: str) -> Iterator[Passage]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise WordingError(f"{name} is not sound Python ({error}), so it was not checked.") from error
    lines = text.splitlines()
    marked = {number for number, line in enumerate(lines, start=1) if NOT_SHOWN in line}
    found: list[Passage] = []
    _Literals(name, lines, marked, found).visit(tree)
    yield from sorted(found, key=lambda passage: passage.line)


class _Literals(ast.NodeVisitor):
    """Collects the string literals of a module, joining what the program joins."""

    def __init__(self, name: str, lines: list[str], marked: set[int], found: list[Passage]) -> None:
        self.name = name
        self.lines = lines
        self.marked = marked
        self.found = found

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.stmt) and node.lineno in self.marked:
            return
        super().visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not (isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)):
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if not any(isinstance(t, ast.Name) and t.id in _LISTS_OF_NAMES for t in node.targets):
            self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not ast.unparse(node.value).endswith("Literal"):
            self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """A function without its annotations. The docstring of a command is what ``--help`` prints."""
        if node.name == "__repr__":
            return
        for child in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults, *node.body):
            if child is not None:
                self.visit(child)
        first = node.body[0]
        shown = any(re.search(r"\.(command|callback)\b", ast.unparse(d)) for d in node.decorator_list)
        if shown and isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            self._add(first.value, str(first.value.value))

    def visit_BinOp(self, node: ast.BinOp) -> None:
        told = self._told(node)
        if told is None:
            self.generic_visit(node)
        else:
            self._add(node, told)
            self._inside(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self._add(node, node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._add(node, self._told(node) or "")
        self._inside(node)

    def _inside(self, node: ast.AST) -> None:
        """Visit what is computed inside an f-string or a sum of strings."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FormattedValue):
                self.visit(child.value)
            elif isinstance(child, ast.BinOp | ast.JoinedStr):
                self._inside(child)
            elif not isinstance(child, ast.Constant | ast.operator):
                self.visit(child)

    def _told(self, node: ast.expr) -> str | None:
        """The text of literals that are added up; a value in the middle is shown as an ellipsis."""
        match node:
            case ast.Constant(value=str() as text):
                return text
            case ast.JoinedStr(values=values):
                return "".join(self._told(v) or "…" if isinstance(v, ast.expr) else "" for v in values)
            case ast.FormattedValue():
                return "…"
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                before, after = self._told(left), self._told(right)
                if before is None and after is None:
                    return None
                return ("…" if before is None else before) + ("…" if after is None else after)
        return None

    def _add(self, node: ast.expr, text: str) -> None:
        last = node.end_lineno or node.lineno
        if text and not any(node.lineno <= line <= last for line in self.marked):
            self.found.append(
                Passage(
                    text,
                    node.lineno,
                    self.name,
                    is_name=_is_name(text),
                    lines=tuple(self.lines[node.lineno - 1 : last]),
                )
            )
