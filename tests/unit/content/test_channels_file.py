"""channels.yaml is believed whole or refused whole, with file and line, and without a secret."""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from smsbot.config import Env, load_settings, read_made_secrets
from smsbot.content.channel_schema import GATEWAYS
from smsbot.content.channels_file import load_channels
from smsbot.errors import ConfigError
from smsbot.gateways import registry
from smsbot.values import Channel, ChannelKind, PageLimit, QuietHours, Tariff

if TYPE_CHECKING:
    from smsbot.config import Settings

ROOT = Path(__file__).parents[3]
STRONG = "A" * 20 + "-_"
LINES = (
    "- id: at-ke",
    "  gateway: africastalking",
    "  kinds: [ussd, sms]",
    '  service_code: "*384*123#"',
    "  sender: 22384",
    "  country: KE",
    "  timezone: Africa/Nairobi",
    "  languages: [en, sw]",
    "  price: {currency: KES, default: 0.8}",
    '  tokens: ["${TOKEN}"]',
)


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return load_settings(SMSBOT_DATA=tmp_path / "var")


def production(settings: Settings) -> Settings:
    return settings.model_copy(update={"env": Env.PRODUCTION})


class File:
    """A channels.yaml of the test, from lines that may be changed by their beginning."""

    def __init__(self, root: Path) -> None:
        self.path = root / "channels.yaml"
        self.environment: dict[str, str] = {"TOKEN": STRONG}
        self.made: list[str] = []
        self.write()

    def write(self, *changed: str, without: str = "", more: str = "") -> None:
        lines = []
        for line in LINES:
            key = line.split(":")[0]
            if without and key.strip() == without:
                continue
            lines.append(next((each for each in changed if each.split(":")[0] == key), line))
        known = {line.split(":")[0] for line in LINES}
        lines += [each for each in changed if each.split(":")[0] not in known]
        self.path.write_text("\n".join(lines) + "\n" + more, "utf-8")

    def _token(self, name: str) -> str:
        self.made.append(name)
        return f"made-for-{name}"

    def load(self, settings: Settings) -> tuple[Channel, ...]:
        return load_channels(self.path, settings, self._token, environment=self.environment)

    def faults(self, settings: Settings) -> list[str]:
        with pytest.raises(ConfigError) as refused:
            self.load(settings)
        return [re.sub(r"^.*channels.yaml:", "", line) for line in str(refused.value).splitlines()]


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path)


def test_every_field_reaches_the_channel(dev: Settings, file: File) -> None:
    file.write(
        "  rate: 2.5",
        "  price: {currency: KES, default: 0.8, by_country: {UG: '1.2'}, by_network: {'63902': 0.55}}",
        "  ussd_page: {gsm7: 120, ucs2: 60}",
        "  quiet_hours: {from: '20:30', to: '07:00'}",
        "  frequency_cap: {messages: 3, days: 14}",
        "  reply_caps: {number_per_hour: 12, prefix_per_day: 900}",
        "  tariff: free",
        "  gateway_confirms_stop: true",
    )
    (channel,) = file.load(dev)
    assert channel.kinds == {ChannelKind.USSD, ChannelKind.SMS}
    assert (channel.id, channel.gateway, channel.service_code, channel.sender) == (
        "at-ke", "africastalking", "*384*123#", "22384",
    )  # fmt: skip
    assert (channel.country, channel.timezone, channel.languages) == (
        "KE", ZoneInfo("Africa/Nairobi"), ("en", "sw"),
    )  # fmt: skip
    prices = channel.prices
    assert (prices.currency, prices.segment_micros("TZ", "")) == ("KES", 800_000)
    assert prices.segment_micros("UG", "") == 1_200_000
    assert prices.segment_micros("UG", "63902") == 550_000
    assert (channel.rate, channel.page) == (2.5, PageLimit(120, 60))
    assert channel.quiet_hours == QuietHours(time(20, 30), time(7))
    assert (channel.frequency_cap, channel.tariff) == ((3, 14), Tariff.FREE)
    assert (channel.replies_per_number_hour, channel.replies_per_prefix_day) == (12, 900)
    assert (channel.tokens, channel.gateway_confirms_stop) == ((STRONG,), True)


def test_what_is_left_out_has_cautious_values(dev: Settings, file: File) -> None:
    (channel,) = file.load(dev)
    assert channel.quiet_hours == QuietHours(time(19), time(8))
    assert (channel.rate, channel.page, channel.frequency_cap) == (10, PageLimit(), (2, 7))
    assert (channel.replies_per_number_hour, channel.replies_per_prefix_day) == (30, 20_000)
    assert (channel.tariff, channel.gateway_confirms_stop) == (Tariff.STANDARD, False)


def test_quiet_hours_can_be_none(dev: Settings, file: File) -> None:
    file.write("  quiet_hours: none")
    assert file.load(dev)[0].quiet_hours is None


def test_the_list_may_stand_below_a_key(dev: Settings, file: File) -> None:
    indented = "".join(f"  {line}\n" for line in LINES)
    file.path.write_text(f"channels:\n{indented}", "utf-8")
    assert file.load(dev)[0].id == "at-ke"
    file.path.write_text(f"channels:\n{indented}".replace("KE\n", "Kenya\n"), "utf-8")
    assert file.faults(dev)[0].startswith("7: error: `country` is 'Kenya'")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("- id: At KE", "1: error: `id` is 'At KE': wanted is small letters"),
        (
            "  gateway: twillio",
            "2: error: `gateway` must be 'africastalking', 'twilio' or 'simulat",
        ),
        (
            "  kinds: [usd]",
            "3: error: entry 1 of `kinds` must be 'ussd' or 'sms' (did you mean 'us",
        ),
        ("  kinds: []", "3: error: `kinds` has too few entries"),
        ("  kinds: [sms, sms]", "3: error: `kinds` names the same one twice"),
        ("  service_code: 384", "4: error: `service_code` must be a text"),
        ("  service_code: '*384'", "4: error: `service_code` is '*384': wanted is a code such as"),
        ("  country: Kenya", "6: error: `country` is 'Kenya': wanted is a country"),
        ("  timezone: Nairobi", "7: error: `timezone` is no timezone such as Africa/Nairobi"),
        ("  timezone: ../etc/passwd", "7: error: `timezone` is no timezone"),
        ("  timezone: 3", "7: error: `timezone` is no timezone"),
        (
            "  languages: [Swahili]",
            "8: error: entry 1 of `languages` is 'Swahili': wanted is a lan",
        ),
        ("  languages: []", "8: error: `languages` has too few entries"),
        ("  price: {default: 1}", "9: error: `currency` is missing"),
        ("  price: {currency: KES, default: -1}", "9: error: `default` must be greater than or"),
        ("  price: {currency: KES, default: free}", "9: error: `default` must be a number"),
        ("  price: 0.8", "9: error: `price` must be a mapping"),
        ("  tokens: [12345]", "10: error: a token must be a text (put quotes around it)"),
        ("  tokens: ['no spaces']", "10: error: a token holds other characters than letters"),
        ("  rate: 0", "11: error: `rate` must be greater than 0"),
        ("  rate: true", "11: error: `rate` must be a number"),
        ("  ussd_page: {gsm: 160}", "11: error: `gsm` has no meaning here (did you mean 'gsm7'?)"),
        ("  ussd_page: {gsm7: 5}", "11: error: `gsm7` must be greater than or equal to 40"),
        ("  quiet_hours: {from: 7pm, to: '08:00'}", "11: error: `from` must be a time such as 19"),
        (
            "  quiet_hours: {from: '08:00', to: '08:00'}",
            "11: error: `quiet_hours`: `from` and `to`",
        ),
        ("  frequency_cap: 2", "11: error: `frequency_cap` must be a mapping"),
        ("  frequency_cap: {messages: 1.5, days: 1}", "11: error: `messages` must be a whole num"),
        ("  tariff: cheap", "11: error: `tariff` must be 'free', 'standard' or 'premium'"),
        ("  gateway_confirms_stop: yes", "11: error: `gateway_confirms_stop` must be true or fal"),
        ("  sevice_code: x", "11: error: `sevice_code` has no meaning here (did you mean 'servi"),
    ],
)
def test_a_wrong_line_is_refused_with_its_number(
    dev: Settings, file: File, line: str, fault: str
) -> None:
    file.write(line)
    assert any(found.startswith(fault) for found in file.faults(dev)), file.faults(dev)


def test_all_faults_are_told_at_once(dev: Settings, file: File) -> None:
    file.write("  country: Kenya", "  rate: 0", without="languages")
    assert [fault.split(":")[0] for fault in file.faults(dev)] == ["1", "6", "10"]


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("", "1: error: must be a list of channels"),
        ("sim: {}", "1: error: must be a list of channels"),
        ("- id: [", "2: error: is not YAML"),
        ("- sim\n", "1: error: entry 1 must be a mapping"),
    ],
)
def test_a_file_of_another_shape_is_refused(
    dev: Settings, file: File, raw: str, fault: str
) -> None:
    file.path.write_text(raw, "utf-8")
    assert file.faults(dev)[0].startswith(fault)


def test_an_absent_file_is_refused(dev: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none.yaml:1: error: cannot be read"):
        load_channels(tmp_path / "none.yaml", dev)


def test_two_channels_cannot_have_one_name(dev: Settings, file: File) -> None:
    file.write(more="\n".join(LINES) + "\n")
    assert file.faults(dev) == ["11: error: two channels are named 'at-ke'"]


def test_ussd_needs_a_code_and_twilio_has_neither_ussd_nor_tokens(
    dev: Settings, file: File
) -> None:
    file.write(without="service_code")
    assert "entry 1 has ussd in `kinds`, so it needs a `service_code`" in file.faults(dev)[0]
    file.write("  gateway: twilio")
    assert "entry 1 has no USSD at Twilio" in file.faults(dev)[0]
    file.write("  gateway: twilio", "  kinds: [sms]")
    assert "needs no `tokens`" in file.faults(dev)[0]
    file.write("  gateway: twilio", "  kinds: [sms]", without="tokens")
    assert file.load(production(dev))[0].tokens == ()


# --- ${NAME} -------------------------------------------------------------------------------------


def test_names_take_values_from_the_environment(dev: Settings, file: File) -> None:
    file.environment |= {"SENDER": "+254711000111", "RATE": "7.5", "CODE": "*1#"}
    file.write(
        '  sender: "${SENDER}"', '  rate: "${RATE}"', '  service_code: "${CODE}"',
        '  country: "${COUNTRY:-UG}"',
    )  # fmt: skip
    (channel,) = file.load(dev)
    assert (channel.sender, channel.rate, channel.service_code, channel.country) == (
        "+254711000111", 7.5, "*1#", "UG",
    )  # fmt: skip


def test_a_name_that_is_not_set_is_a_fault_and_an_empty_default_is_not(
    dev: Settings, file: File
) -> None:
    file.write('  sender: "${SENDER}"')
    assert file.faults(dev) == ["5: error: SENDER is not set (in the environment or in .env)"]
    file.write('  sender: "${SENDER:-}"')
    assert file.load(dev)[0].sender == ""


def test_the_process_environment_beats_the_env_file(
    dev: Settings, file: File, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(f"TOKEN={STRONG}\nSENDER=from-file\nCOUNTRY=UG\n")
    monkeypatch.setenv("SENDER", "from-process")
    file.write('  sender: "${SENDER}"', '  country: "${COUNTRY}"')
    (channel,) = load_channels(file.path, dev)
    assert (channel.sender, channel.country, channel.tokens) == ("from-process", "UG", (STRONG,))


# --- tokens --------------------------------------------------------------------------------------


@pytest.mark.parametrize("without", ["", "tokens"])
def test_dev_makes_a_missing_token_once_and_keeps_it(
    dev: Settings, file: File, without: str
) -> None:
    file.write('  tokens: ["${SMSBOT_TOKEN_AT_KE}"]', without=without)
    first = load_channels(file.path, dev, environment={})[0].tokens
    assert load_channels(file.path, dev, environment={})[0].tokens == first
    assert read_made_secrets(dev.data)["SMSBOT_TOKEN_AT_KE"] == first[0]
    assert re.fullmatch(r"[A-Za-z0-9_-]{22,}", first[0])
    assert file.load(dev)[0].tokens == ("made-for-SMSBOT_TOKEN_AT_KE",)


def test_a_made_token_is_never_used_where_one_is_given(dev: Settings, file: File) -> None:
    assert file.load(dev)[0].tokens == (STRONG,)
    assert file.made == []


def test_two_tokens_are_valid_while_one_replaces_the_other(dev: Settings, file: File) -> None:
    file.environment["TOKEN"] = f"{STRONG}new, {STRONG}old"
    assert file.load(production(dev))[0].tokens == (f"{STRONG}new", f"{STRONG}old")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "TOKEN is not set: the webhooks would be open"),
        ("A" * 21, "a token is shorter than 22 characters"),
        ("A" * 30 + "/", "a token holds other characters"),
    ],
)
def test_production_refuses_a_missing_or_weak_token_without_printing_it(
    dev: Settings, file: File, given: str, words: str
) -> None:
    file.environment["TOKEN"] = given
    faults = file.faults(production(dev))
    assert words in faults[0]
    assert faults[0].startswith("10: error:")
    assert not given or given not in faults[0]
    assert file.made == []


def test_no_token_is_in_the_repr_of_a_channel(dev: Settings, file: File) -> None:
    assert STRONG not in repr(file.load(dev))


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("  tariff: premium", "11: error: a premium tariff makes citizens pay"),
        ("  gateway: simulator", "2: error: the simulator is for dev"),
    ],
)
def test_production_refuses_what_dev_allows(
    dev: Settings, file: File, line: str, fault: str
) -> None:
    file.write(line)
    assert file.load(dev)
    assert file.faults(production(dev))[0].startswith(fault)


# --- what is shipped -----------------------------------------------------------------------------


def test_the_shipped_file_serves_without_any_setting_in_dev(dev: Settings, file: File) -> None:
    file.path = ROOT / "channels.yaml"
    file.environment = {}
    channels = {channel.id: channel for channel in file.load(dev)}
    assert list(channels) == ["sim", "at-ke", "tw"]
    for name in ("sim", "at-ke"):
        channel = channels[name]
        assert (channel.service_code, channel.sender, channel.country) == (
            "*384*123#",
            "22384",
            "KE",
        )
        assert channel.timezone == ZoneInfo("Africa/Nairobi")
        assert channel.languages == ("en", "sw", "fr")
    assert (channels["tw"].kinds, channels["tw"].sender) == ({ChannelKind.SMS}, "")
    registry.make_gateways(channels.values(), dev)


def test_every_name_in_the_shipped_file_is_documented() -> None:
    names = re.findall(r"\$\{(\w+)[:}]", (ROOT / "channels.yaml").read_text("utf-8"))
    settings = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert [name for name in names if name != "NAME"] == [
        "SMSBOT_TOKEN_SIM", "SMSBOT_TOKEN_AT_KE", "TWILIO_NUMBER",
    ]  # fmt: skip
    assert all(f"`{name}`" in settings for name in names if name != "NAME")


def test_production_with_the_shipped_file_names_what_to_mend(dev: Settings, file: File) -> None:
    file.path = ROOT / "channels.yaml"
    file.environment = {}
    faults = file.faults(production(dev))
    assert len(faults) == 3
    assert any("the simulator is for dev" in fault for fault in faults)
    assert sum("is not set: the webhooks would be open" in fault for fault in faults) == 2


def test_the_example_in_the_guide_loads(dev: Settings, file: File) -> None:
    guide = (ROOT / "docs" / "channels.md").read_text("utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    file.path.write_text(block, "utf-8")
    file.environment = {"SMSBOT_TOKEN_AT_KE": STRONG}
    (channel,) = file.load(production(dev))
    assert (channel.id, channel.tariff) == ("at-ke", Tariff.FREE)
    for field in Channel.__dataclass_fields__:
        name = {"prices": "price", "page": "ussd_page"}.get(field, field)
        name = "reply_caps" if name.startswith("replies_per") else name
        assert f"`{name}`" in guide, name


def test_the_gateways_of_the_file_are_those_that_exist() -> None:
    assert set(GATEWAYS) == set(registry._MAKERS)
