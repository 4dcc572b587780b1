"""The `smsbot` command: one small module per command. click lives here."""
