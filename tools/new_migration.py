"""Writes the migration that leads from the last one to `smsbot/storage/tables.py`; then read it.

`python tools/new_migration.py "add the case table"`, or `--first` to write 0001 anew (only before
the first release: a database that took the old 0001 will not take the new).
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from smsbot.storage import migrate
from smsbot.storage.database import Database

VERSIONS = Path(migrate.__file__).with_name("migrations") / "versions"


def main() -> None:
    """Upgrade an empty SQLite, compare, write the file, move HEAD, format."""
    words = sys.argv[1] if len(sys.argv) > 1 else ""
    if not words:
        sys.exit('say what changes: make migration NAME="add the case table"')
    if words == "--first":
        for old in VERSIONS.glob("0001_*.py"):
            old.unlink()
        words = "The first tables"
    newest = ScriptDirectory.from_config(migrate.config()).get_current_head()
    number = f"{int(newest or 0) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.sqlite3")
        with database.write() as connection:
            config = migrate.config(connection)
            if newest:
                command.upgrade(config, "head")
            command.revision(config, message=words, autogenerate=True, rev_id=number)
        database.close()
    home = Path(migrate.__file__)
    home.write_text(
        home.read_text().replace(f'HEAD: Final = "{migrate.HEAD}"', f'HEAD: Final = "{number}"')
    )
    written = next(VERSIONS.glob(f"{number}_*"))
    text = re.sub(r"^ *# ###.*\n", "", written.read_text(), flags=re.MULTILINE)
    text = re.sub(r"sa\.text\('\((\w+)\)'\)", r'sa.text("\1")', text)  # as SQLite alone writes it
    written.write_text(text)
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(written)], check=True)
    print(f"wrote {written}: read it before you commit it")


main()
