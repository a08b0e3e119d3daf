"""Real data sets that arrive whole and verified: a card for each, and the fetcher. Needs neither medlab nor torch."""
