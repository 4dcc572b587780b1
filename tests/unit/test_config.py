from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smsbot.config import Env, load_settings
from smsbot.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("PORT", "SMSBOT_ENV", "SMSBOT_DATA", "SMSBOT_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)


def test_what_is_given_beats_the_environment_and_that_beats_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(
        'PORT=8001\nSMSBOT_DATA="mahali pa kazi"\nSMSBOT_PUBLIC_URL=https://ሀ.example # ours\n'
        "SOMETHING_ELSE=1\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("SMSBOT_DATA", "données")

    settings = load_settings()
    assert (settings.port, str(settings.data)) == (8001, "données")
    assert settings.public_url == "https://ሀ.example"
    assert settings.env is Env.DEV

    assert load_settings(port=8002, data=tmp_path / "x", redis_url=None).port == 8002


def test_a_wrong_variable_is_named_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "many")
    with pytest.raises(ConfigError, match=r"the environment is wrong: PORT: .* integer"):
        load_settings()
