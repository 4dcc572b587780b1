"""One small module per gateway, all of one Protocol (`protocol.py`)."""
