"""Texts and numbers as phones see them: pure, no I/O."""
