"""From channels to adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smsbot.config import Settings
from smsbot.errors import ConfigError
from smsbot.gateways.africastalking import AfricasTalking
from smsbot.gateways.registry import make_gateways
from smsbot.gateways.simulator import Simulator
from smsbot.gateways.twilio import Twilio
from smsbot.values import ChannelKind
from tests.unit.gateways.gateway_samples import AUTH, SID, channel

if TYPE_CHECKING:
    from pathlib import Path


def _settings(tmp_path: Path, **more: str) -> Settings:
    nothing = {
        "africastalking_username": "",
        "africastalking_api_key": "",
        "twilio_account_sid": "",
        "twilio_auth_token": "",
    }
    return Settings(_env_file=None, data=tmp_path, **(nothing | more))  # type: ignore[arg-type,call-arg]


def test_each_channel_gets_the_adapter_of_its_gateway(tmp_path: Path) -> None:
    channels = [channel("simulator"), channel(), channel("twilio")]
    made = make_gateways(channels, _settings(tmp_path))
    assert {name: type(one) for name, one in made.items()} == {
        "sim": Simulator,
        "at-ke": AfricasTalking,
        "tw": Twilio,
    }
    assert [one.has_credentials for one in made.values()] == [True, False, False]


def test_credentials_come_from_the_settings(tmp_path: Path) -> None:
    settings = _settings(
        tmp_path,
        africastalking_username="u",
        africastalking_api_key="k\n",
        twilio_account_sid=SID,
        twilio_auth_token=f"{AUTH}, sha256:shared",
    )
    made = make_gateways([channel(), channel("twilio")], settings)
    assert all(one.has_credentials for one in made.values())


@pytest.mark.parametrize(
    ("base_url", "public_url", "callback"),
    [
        ("http://127.0.0.1:9", "", "http://127.0.0.1:8042/hooks/tw/status"),
        (
            "http://127.0.0.1:9",
            "https://sms.example.org",
            "https://sms.example.org/hooks/tw/status",
        ),
        ("", "", ""),
    ],
)
def test_a_pretend_twilio_on_this_machine_calls_back_without_a_public_address(
    tmp_path: Path, base_url: str, public_url: str, callback: str
) -> None:
    settings = _settings(
        tmp_path,
        twilio_account_sid=SID,
        twilio_auth_token=AUTH,
        twilio_base_url=base_url,
        public_url=public_url,
    ).model_copy(update={"port": 8042})
    made = make_gateways([channel("twilio")], settings)["tw"]
    assert isinstance(made, Twilio)
    assert made._connected()._callback == callback


def test_a_gateway_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as fault:
        make_gateways([channel("pigeon")], _settings(tmp_path))
    assert str(fault.value) == (
        "channel x: gateway 'pigeon' is not one of africastalking, simulator, twilio"
    )


@pytest.mark.parametrize("key", ["two words", "k\x00", "ключ", "line\nbreak"])
def test_a_key_that_no_header_can_carry_is_refused_at_start(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match="AFRICASTALKING_API_KEY holds characters") as fault:
        make_gateways([channel()], _settings(tmp_path, africastalking_api_key=key))
    assert key not in str(fault.value)


def test_a_twilio_channel_has_no_ussd(tmp_path: Path) -> None:
    both = channel("twilio", kinds=frozenset(ChannelKind))
    with pytest.raises(ConfigError, match="Twilio has no USSD"):
        make_gateways([both], _settings(tmp_path))


def test_a_twilio_channel_that_can_send_needs_a_sender(tmp_path: Path) -> None:
    settings = _settings(tmp_path, twilio_account_sid=SID, twilio_auth_token=AUTH)
    with pytest.raises(ConfigError, match="channel tw: Twilio needs a sender"):
        make_gateways([channel("twilio", sender="")], settings)
    make_gateways([channel("twilio", sender="")], _settings(tmp_path))
