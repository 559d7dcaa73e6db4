"""An example team, plainly fictional, with real keys: for trying Outreach out and for tests."""
