"""Every word that the code says to a person is one that translators see."""

import re
from pathlib import Path

from smsbot.content.corewords import CORE_TEXTS

_SAID = re.compile(
    r'(?:Answer\(|word\(|word\(self\._front, |_plain\(content, language, )\s*"([a-z-]+)"'
)


def test_every_key_that_the_code_says_is_a_core_word() -> None:
    known = {word.key for word in CORE_TEXTS}
    for path in Path("smsbot").rglob("*.py"):
        said = set(_SAID.findall(path.read_text()))
        assert said <= known, (path, said - known)
