"""A table's rows: for reading, decoded one by one, and for changing, without touching what is there.

Both stand on the dict of encoded documents in `contents.py` and hand out private copies.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, MutableMapping
from typing import Any, Final

from .contents import Change, Clear, Delete, Put
from .documents import decode, encode
from .errors import ValueRefused

NO_ROWS: Final[dict[int, bytes]] = {}
"""The rows of a table that is not there."""


def accept_id(doc_id: object) -> None:
    """Raise `ValueRefused` unless this can be a document's id."""
    if type(doc_id) is not int or not -(2**63) <= doc_id < 2**64:
        raise ValueRefused("a document id that is not a whole number of 64 bits")


class Rows(Mapping[Any, dict[str, Any]]):
    """One table for reading, decoded document by document, as it was when iteration began."""

    def __init__(self, encoded: dict[int, bytes]) -> None:
        self.encoded = encoded

    def __getitem__(self, doc_id: Any) -> dict[str, Any]:
        if isinstance(doc_id, str):  # TinyDB asks with text, because JSON knows no other keys
            try:
                doc_id = int(doc_id)
            except ValueError:
                raise KeyError(doc_id) from None
        return decode(self.encoded[doc_id])

    def __iter__(self) -> Iterator[int]:
        return iter(list(self.encoded))

    def __len__(self) -> int:
        return len(self.encoded)

    def items(self) -> ItemsView[Any, dict[str, Any]]:
        """Pairs of id and a private copy of the document."""
        return _Items(self)


class _Items(ItemsView[Any, dict[str, Any]]):
    _mapping: Rows

    def __iter__(self) -> Iterator[tuple[Any, dict[str, Any]]]:
        return ((doc_id, decode(data)) for doc_id, data in list(self._mapping.encoded.items()))


class Overlay(MutableMapping[int, dict[str, Any]]):
    """A table while it is being changed: what it was, and over it what the change has touched."""

    def __init__(self, table: str, encoded: dict[int, bytes] | None) -> None:
        self._table = table
        self._exists = encoded is not None
        self._encoded = NO_ROWS if encoded is None else encoded
        self._touched: dict[int, dict[str, Any]] = {}
        self._gone: set[int] = set()
        self._cleared = False

    def encoded_items(self) -> list[tuple[int, bytes]]:
        """Ids and bytes of the table as it was before this change."""
        return list(self._encoded.items())

    def __getitem__(self, doc_id: int) -> dict[str, Any]:
        if doc_id not in self._touched:
            if not self._untouched(doc_id):
                raise KeyError(doc_id)
            self._touched[doc_id] = decode(self._encoded[doc_id])
        return self._touched[doc_id]

    def __setitem__(self, doc_id: int, document: dict[str, Any]) -> None:
        accept_id(doc_id)
        self._touched[doc_id] = document

    def __delitem__(self, doc_id: int) -> None:
        if doc_id not in self:
            raise KeyError(doc_id)
        self._touched.pop(doc_id, None)
        if doc_id in self._encoded and not self._cleared:
            self._gone.add(doc_id)

    def __contains__(self, doc_id: object) -> bool:
        return doc_id in self._touched or self._untouched(doc_id)

    def __iter__(self) -> Iterator[int]:
        ids = [doc_id for doc_id in self._encoded if self._untouched(doc_id)]
        ids.extend(doc_id for doc_id in self._touched if not self._untouched(doc_id))
        return iter(ids)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        """Empty the table."""
        self._touched.clear()
        self._gone.clear()
        self._cleared = True

    def changes(self) -> list[Change]:
        """What differs now. Raises `ValueRefused` for a document that can't be stored."""
        changes: list[Change] = []
        if not self._exists or (self._cleared and self._encoded):
            changes.append(Clear(self._table))
        if self._gone:
            changes.append(Delete(self._table, list(self._gone)))
        put = {}
        for doc_id, document in self._touched.items():
            data = encode(document)
            if not self._untouched(doc_id) or data != self._encoded[doc_id]:
                put[doc_id] = data
        if put:
            changes.append(Put(self._table, put))
        return changes

    def _untouched(self, doc_id: object) -> bool:
        return not self._cleared and doc_id in self._encoded and doc_id not in self._gone
