"""Redis: live sessions, the journal, rate buckets. Losing all of it loses no fact."""
