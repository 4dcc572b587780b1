"""The steps from an empty database to `tables.metadata`. `smsbot/storage/migrate.py` takes them."""
