"""What keeps a deployment sound: retention, backups, keys and alerts."""
