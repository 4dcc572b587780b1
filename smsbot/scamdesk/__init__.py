"""Reports of scams: taking them in and giving a reference."""
