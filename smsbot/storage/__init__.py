"""SQL, the truth: tables, and one small store per subject. SQLite by default, PostgreSQL the same.

A store takes a `Connection` as its first argument; who calls it decides where a transaction ends.
"""
