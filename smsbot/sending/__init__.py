"""From a queued message to its final state: claim, pace, send, receipts, sweep."""
