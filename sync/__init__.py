"""How records travel: sealed for those who may read them, signed, numbered, receipted.

`PROTOCOL.md` says what is on the wire. Reading order: `team` (who), `envelope` (what travels),
`outbox` (where it waits), `client` (how it goes), `receipts` (what the hub says), `hub` (the
central store, which opens nothing).
"""
