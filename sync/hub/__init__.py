"""The hub: the central store, which orders sealed envelopes, receipts them, and can open none.

    request ─► access ─► app ─► hub ─► caller    who asks (a token signed with a certified key)
              (time,    (HTTP)   │  ─► intake    is the batch whole, signed, certified, chained?
               logs)             │  ─► teams     the teams' own logs, verified
                                 └──► store ─► SQLite, in one transaction a batch

`create_app(database)` gives the ASGI app; `sync.hub.serve` runs it. The bodies are described in
`sync/PROTOCOL.md`. The hub knows nothing of what is inside an envelope and imports nothing of the app.
"""

from sync.hub.app import create_app

__all__ = ["create_app"]
