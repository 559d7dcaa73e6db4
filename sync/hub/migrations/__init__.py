"""The history of the hub's tables, one file a change under `versions/`, run by `sync.hub.database.migrate`.

A new one: copy the newest file, give it its own revision and the newest as `down_revision`, and change
`sync.hub.schema` to match; a test compares the two.
"""
