"""PO files (gettext) as bytes to entries and back, exactly. Meaning is `catalogue.py`'s.

Read by hand because content of 100 flows in 5 languages is 400 files, and written by hand because
tools of translators must be able to read the previous msgid (decision 030).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

WIDTH = 76
_ESCAPED = re.compile(r'\\([nrt"\\])')
_UNESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_CHUNK = re.compile(r"\S*\s*")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One message. `comments` are the translator's (`# ..`), `notes` ours (`#. ..`).

    `previous` is the msgid that the translation was made for, when the source changed since.
    `line` is the first line of the entry, `text_line` that of its msgstr.
    """

    context: str
    msgid: str
    text: str = ""
    fuzzy: bool = False
    previous: str = ""
    comments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    obsolete: bool = False
    line: int = field(default=0, compare=False)
    text_line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class PoFault:
    """What is wrong with a PO file, and on which line."""

    line: int
    words: str


@dataclass(frozen=True, slots=True)
class PoFile:
    """The entries of a file in their order. `header` is the text of the entry with no msgid."""

    header: str = ""
    header_comments: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    faults: tuple[PoFault, ...] = ()


@dataclass(slots=True)
class _Draft:
    """An entry while its lines are read. `keyword` is the field that takes the next string."""

    fields: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    obsolete: bool = False
    line: int = 0
    text_line: int = 0
    keyword: str = ""


class _Reader:
    """Walks the lines once. Lines that are no PO are faults, the rest is still read."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.faults: list[PoFault] = []
        self.header = ""
        self.header_comments: tuple[str, ...] = ()
        self._draft = _Draft()

    def read(self, text: str) -> PoFile:
        """Give what the text holds."""
        for number, raw in enumerate(text.split("\n"), 1):
            line = raw.strip()
            if not line:
                continue
            first = line[0]
            if first == '"':
                self._string(line, number, "")
            elif first == "#":
                self._comment(line, number)
            else:
                self._keyword(line, number, "")
        self._close()
        return PoFile(self.header, self.header_comments, tuple(self.entries), tuple(self.faults))

    def _comment(self, line: str, number: int) -> None:
        mark, rest = line[1:2], line[2:].strip()
        if mark == "~":
            self._old(rest, number)
            return
        if mark == "|":
            self._previous(rest, number)
            return
        self._open(number)
        if mark == ".":
            self._draft.notes.append(rest)
        elif mark == ",":
            self._draft.flags += [flag.strip() for flag in rest.split(",") if flag.strip()]
        elif mark != ":":
            self._draft.comments.append(line[1:].strip())

    def _old(self, rest: str, number: int) -> None:
        """Read a line of an obsolete entry."""
        if rest.startswith("|"):
            self._previous(rest[1:].strip(), number)
        elif rest.startswith('"'):
            self._string(rest, number, "")
        elif rest:
            self._keyword(rest, number, "")
            self._draft.obsolete = True

    def _previous(self, rest: str, number: int) -> None:
        if rest.startswith('"'):
            self._string(rest, number, "|")
        else:
            self._open(number)
            self._keyword(rest, number, "|")

    def _keyword(self, line: str, number: int, prefix: str) -> None:
        keyword, _, rest = line.partition(" ")
        draft = self._draft
        if not prefix and keyword in ("msgctxt", "msgid") and "msgstr" in draft.fields:
            self._close()
            draft = self._draft
        if keyword.startswith(("msgid_plural", "msgstr[")):
            self.faults.append(PoFault(number, "plural entries are not supported"))
            draft.keyword = "ignored"
            return
        if keyword not in ("msgctxt", "msgid", "msgstr"):
            self.faults.append(PoFault(number, f"is no line of a PO file: {line[:30]!r}"))
            draft.keyword = "ignored"
            return
        name = prefix + keyword
        if name in draft.fields:
            self.faults.append(PoFault(number, f"{keyword} stands twice in one entry"))
        draft.fields[name] = ""
        draft.keyword = name
        draft.line = draft.line or number
        if keyword == "msgstr":
            draft.text_line = number
        self._string(rest.strip(), number, prefix)

    def _string(self, quoted: str, number: int, prefix: str) -> None:
        draft = self._draft
        name = draft.keyword
        if len(quoted) < 2 or quoted[-1] != '"' or quoted[0] != '"':  # noqa: PLR2004 - the quotes
            self.faults.append(PoFault(number, "a text must stand in double quotes"))
            return
        if name == "ignored":
            return
        if not name or name.startswith("|") != (prefix == "|"):
            self.faults.append(PoFault(number, "a text without msgctxt, msgid or msgstr before it"))
            return
        inner = quoted[1:-1]
        if "\\" in inner:
            inner = _ESCAPED.sub(lambda found: _UNESCAPES[found[1]], inner)
        draft.fields[name] += inner

    def _open(self, number: int) -> None:
        """Begin a new entry when the one before has all it needs."""
        if "msgstr" in self._draft.fields:
            self._close()
        self._draft.line = self._draft.line or number

    def _close(self) -> None:
        draft, self._draft = self._draft, _Draft()
        fields = draft.fields
        if not fields:
            return
        if "msgid" not in fields or "msgstr" not in fields:
            if draft.keyword != "ignored":
                self.faults.append(PoFault(draft.line, "an entry needs msgid and msgstr"))
            return
        if not fields["msgid"] and "msgctxt" not in fields:
            self.header = fields["msgstr"]
            self.header_comments = tuple(draft.comments)
            return
        fuzzy = "fuzzy" in draft.flags
        self.entries.append(
            Entry(
                fields.get("msgctxt", ""),
                fields["msgid"],
                fields["msgstr"],
                fuzzy,
                fields.get("|msgid", ""),
                tuple(draft.comments),
                tuple(draft.notes),
                tuple(flag for flag in draft.flags if flag != "fuzzy"),
                draft.obsolete,
                draft.line,
                draft.text_line,
            )
        )


def read_po(raw: bytes) -> PoFile:
    """Give the entries of a PO file; what can't be read is in `faults`, and nothing is raised."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return PoFile(faults=(PoFault(line, "is not UTF-8"),))
    return _Reader().read(text)


def write_po(file: PoFile) -> bytes:
    """Give the bytes: the same entries give the same bytes, wrapped at 76 columns."""
    out: list[str] = [f"# {comment}".rstrip() for comment in file.header_comments]
    out += ['msgid ""', 'msgstr ""']
    out += [_quoted(line) for line in _LINE.findall(file.header)]
    for entry in sorted(file.entries, key=lambda entry: entry.obsolete):
        out.append("")
        out += [f"# {comment}".rstrip() for comment in entry.comments]
        out += [f"#. {note}".rstrip() for note in entry.notes]
        flags = (("fuzzy",) if entry.fuzzy else ()) + entry.flags
        if flags:
            out.append(f"#, {', '.join(flags)}")
        old = "#~ " if entry.obsolete else ""
        if entry.previous and not entry.obsolete:  # Babel stumbles over `#~|`
            out += [f"#| {line}" for line in _field("msgid", entry.previous, WIDTH - 3)]
        if entry.context:
            out.append(f"{old}msgctxt {_quoted(entry.context)}")
        for name, text in (("msgid", entry.msgid), ("msgstr", entry.text)):
            out += [old + line for line in _field(name, text, WIDTH - len(old))]
    return ("\n".join(out) + "\n").encode()


def without_lines(entry: Entry, **changes: object) -> Entry:
    """Give the entry changed, without its place in a file."""
    return replace(entry, line=0, text_line=0, **changes)  # type: ignore[arg-type]


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def _field(name: str, text: str, width: int) -> list[str]:
    """Give a field on one line, or wrapped between words with an empty first line."""
    one = f"{name} {_quoted(text)}"
    if len(one) <= width and "\n" not in text[:-1]:
        return [one]
    lines: list[str] = []
    for part in _LINE.findall(text):
        line = ""
        for chunk in _CHUNK.findall(part):
            if line and len(_quoted(line + chunk.rstrip())) > width:
                lines.append(_quoted(line))
                line = ""
            line += chunk
        lines.append(_quoted(line))
    return [f'{name} ""', *lines]
