"""Campaign files: what authors write, and every fault at its line with its remedy."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from smsbot.campaigns.order import Known, read_order
from smsbot.errors import ContentError
from smsbot.plans import Audience, Canary, Plan, Start, StartZone, Window, as_json, from_json
from smsbot.values import Channel, ChannelKind, Prices, QuietHours


def _channel(name: str, **changes: object) -> Channel:
    given: dict[str, object] = {
        "id": name,
        "gateway": "simulator",
        "kinds": frozenset(ChannelKind),
        "languages": ("en", "sw"),
        "country": "KE",
        "timezone": ZoneInfo("Africa/Nairobi"),
        "prices": Prices("KES", 800_000),
        "rate": 20.0,
        "quiet_hours": QuietHours(time(19), time(8)),
    }
    return Channel(**{**given, **changes})  # type: ignore[arg-type]


KNOWN = Known(
    channels={
        "sim": _channel("sim"),
        "dial": _channel("dial", kinds=frozenset({ChannelKind.USSD})),
    },
    languages=frozenset({"en", "sw", "am"}),
    flows=frozenset({"menu", "wrong-send", "pin-is-yours"}),
    courses=frozenset({"boosters"}),
    purposes=frozenset({"savings"}),
)
SMALL = """\
title: Wrong sends in March
purpose: lessons
channel: sim
message: {en: Check your balance first., sw: Angalia salio kwanza.}
"""


def _read(text: str) -> Plan:
    return read_order(text.encode(), "c.yaml", KNOWN)


def _faults(text: str) -> list[str]:
    with pytest.raises(ContentError) as refused:
        _read(text)
    return str(refused.value).split("\n")


def test_a_small_file_has_defaults_that_harm_nobody() -> None:
    plan = _read(SMALL)

    assert plan == Plan(
        title="Wrong sends in March",
        purpose="lessons",
        channel="sim",
        message={"en": "Check your balance first.", "sw": "Angalia salio kwanza."},
        currency="KES",
    )
    assert (plan.expiry_s, plan.hold_out, plan.budget_micros) == (21_600, 0.0, None)


FULL = """\
title: "Salio kwanza: wrong sends ✓"
purpose: savings
channel: sim
audience:
  tags_all: learner
  tags_any: [nairobi, kisumu]
  tags_none: [staff]
  language: [en, sw]
  country: ke
  region: [Nyanza]
  network: [63902, "63903"]
  active_within_days: 90
  finished: pin-is-yours
  not_finished: [wrong-send]
  enrolled: boosters
  consent: research
  sample: 5000
flow: wrong-send
course: boosters
start: {at: 2026-12-01T09:00}
window: {from: "09:00", to: "17:30", days: [mon, Tuesday, sat]}
repeat: "0 9 * * 1"
expiry: 2d
rate: 5
budget: {amount: 5000.50, currency: KES}
hold_out: 0.1
canary: {share: 0.02, watch: 10m}
risk_note: |
  No deception. Help line is named.
"""


def test_a_full_file_becomes_the_plan_it_says_and_survives_sql() -> None:
    plan = _read(FULL)

    assert plan == Plan(
        title="Salio kwanza: wrong sends ✓",
        purpose="savings",
        channel="sim",
        audience=Audience(
            tags_all=("learner",),
            tags_any=("nairobi", "kisumu"),
            tags_none=("staff",),
            language=("en", "sw"),
            country=("KE",),
            region=("Nyanza",),
            network=("63902", "63903"),
            active_within_days=90,
            finished=("pin-is-yours",),
            not_finished=("wrong-send",),
            enrolled=("boosters",),
            consent=("research",),
            sample=5000,
        ),
        flow="wrong-send",
        course="boosters",
        start=Start(datetime(2026, 12, 1, 9), StartZone.CHANNEL),  # noqa: DTZ001
        window=Window(time(9), time(17, 30), (0, 1, 5)),
        repeat="0 9 * * 1",
        expiry_s=172_800,
        rate=5.0,
        budget_micros=5_000_500_000,
        currency="KES",
        hold_out=0.1,
        canary=Canary(0.02, 600),
        risk_note="No deception. Help line is named.",
    )
    assert from_json(as_json(plan)) == plan


@pytest.mark.parametrize(
    ("line", "start"),
    [
        ("start: now", Start()),
        ("start: {at: 2026-12-01 09:00, timezone: contact}", Start(None, StartZone.CONTACT)),
        ('start: {at: "2026-12-01T09:00:00"}', Start()),
        ("start: {at: 2026-12-01T06:00Z}", Start()),
        ("start: {at: 2026-12-01T07:00+01:00, timezone: channel}", Start()),
    ],
)
def test_a_start_is_a_wall_clock_time_of_the_channel_or_of_each_contact(
    line: str, start: Start
) -> None:
    found = _read(SMALL + line).start

    nine = datetime(2026, 12, 1, 9)  # noqa: DTZ001
    assert found == Start(None if line == "start: now" else nine, start.zone)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("retry: 3", "c.yaml:5: error: `retry` has no meaning here (known here"),
        ('risk_note: "a\\0b"', "`risk_note` holds a control character"),
        ("titel: x", "c.yaml:5: error: `titel` has no meaning here (did you mean 'title'?)"),
        ("audience: {tag_all: x}", "`tag_all` has no meaning here (did you mean 'tags_all'?)"),
        ("audience: {language: []}", "`language` is empty: leave the line out"),
        ("audience: {tags_all: [a, a]}", "`tags_all` names the same one twice"),
        ("audience: {tags_all: a, tags_none: [a]}", "wants 'a' in `tags_all` and not in"),
        ("audience: {language: xx}", "no language 'xx' here"),
        ("audience: {finished: wrong-sent}", "no flow 'wrong-sent' here (did you mean 'wrong-send"),
        ("audience: {enrolled: booster}", "no course 'booster' here (did you mean 'boosters'?)"),
        ("audience: {consent: reserch}", "no purpose 'reserch' here (did you mean 'research'?)"),
        ("audience: {country: Kenya}", "wanted is a country of two capital letters"),
        ("audience: {network: safaricom}", "wanted is a network as the gateway writes it"),
        ("audience: {active_within_days: 0}", "`active_within_days` must be greater than"),
        ("audience: {sample: 1.5}", "`sample` must be a whole number"),
        ("flow: wrong-send", "either `message` (a text by language) or `flow`"),
        ("course: boost", "no course 'boost' here"),
        ("start: tomorrow", "`start` must be a mapping"),
        ("start: {at: 2026-02-30T09:00}", "`at` must be a time such as 2026-12-01T09:00"),
        ("start: {at: 2026-12-01}", "`at` must be a time such as"),
        ("start: {at: 2026-12-01T09:00Z, timezone: contact}", "every contact has their own"),
        ("start: {at: 2026-12-01T09:00, timezone: gateway}", "`timezone` must be 'channel' or"),
        ('window: {from: "08:00", to: "08:00"}', "is empty: `from` and `to` are the same"),
        ("window: {from: 8am, to: 17:00}", "`from` must be a time such as 19:00"),
        ('window: {from: "20:00", to: "07:00"}', "lies within the channel's quiet hours (19:00 to"),
        ('window: {from: "9:00", to: "17:00", days: [mon]}', "`from` must be a time such as"),
        ('window: {from: "09:00", to: "17:00", days: [moon]}', "must be days such as mon"),
        ('window: {from: "09:00", to: "17:00", days: []}', "`days` is empty"),
        ('window: {from: "09:00", to: "17:00", days: [mon-wed, tue]}', "names the same day twice"),
        ('window: {from: "09:00", to: "17:00", days: [5]}', "must be days such as mon"),
        ('repeat: "0 9 * *"', "a repeat has five fields"),
        ('repeat: "0 25 * * 1"', "the repeat is not cron"),
        ('repeat: "0 9 30 2 *"', "`repeat`"),
        (
            'repeat: "0 9 * * 1"\nstart: {at: 2026-12-01T09:00, timezone: contact}',
            "on each contact",
        ),
        ("expiry: 6", "`expiry` must be a time span such as 30m, 6h or 2d"),
        ("expiry: 4m", "`expiry` must be from 5m to 30d"),
        ("expiry: 31d", "`expiry` must be from 5m to 30d"),
        ("rate: 0", "`rate` must be greater than 0"),
        ("rate: 20.5", "over the channel's own, 20 segments a second (leave it out"),
        ("budget: 5000", "`budget` must be a mapping"),
        ("budget: {amount: 5000}", "`currency` is missing"),
        ("budget: {amount: 0, currency: KES}", "`amount` must be greater than 0"),
        ("budget: {amount: 5, currency: USD}", "prices are in KES (write KES)"),
        ("hold_out: 10", "`hold_out` must be less than or equal to 0.9"),
        ("canary: {share: 0.6}", "`share` must be less than or equal to 0.5"),
        ("risk_note: 7", "`risk_note` must be a text (put quotes around it)"),
    ],
)
def test_a_fault_has_its_place_and_its_remedy(line: str, words: str) -> None:
    (first, *more) = _faults(SMALL + line)

    assert words in first, first
    assert first.startswith("c.yaml:")
    assert more == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("purpose: lessons", "purpose: lesson", "nobody here has agreed to 'lesson' (did you mean"),
        ("purpose: lessons", "purpose: service", "is for our own answers"),
        ("purpose: lessons", "purpose: reply", "is for our own answers"),
        ("purpose: lessons", "purpose: election-2027", "is political"),
        ("purpose: lessons", "purpose: betting", "is betting"),
        ("purpose: lessons", "purpose: marketing", "is commercial"),
        ("purpose: lessons", "purpose: Big Lessons", "a small word such as lessons"),
        ("channel: sim", "channel: sims", "no channel 'sims' here (did you mean 'sim'?)"),
        ("channel: sim", "channel: dial", "sends no SMS"),
        ("title: Wrong sends in March", "title: ''", "`title` is empty"),
        ("title: Wrong sends in March", 'title: "a\\nb"', "`title` holds a line break"),
        ("title: Wrong sends in March", 'title: "a\\0b"', "`title` holds a control"),
        ("Check your balance first.", '"a\\0b"', "`en` holds a"),
        ("title: Wrong sends in March\n", "", "c.yaml:1: error: `title` is missing"),
        ("title: Wrong sends in March", "title: " + "x" * 121, "at most 120"),
        ("sw: Angalia", "xx: Angalia", "no language 'xx' here"),
        ("Angalia salio", "'Habari {name}, salio'", "c.yaml:4: error: "),
        ("Check your balance first.", "''", "is empty"),
        ("{en: Check your balance first., sw: Angalia salio kwanza.}", "{}", "too few entries"),
        (SMALL, "- one\n- two\n", "begins with `title: ...`"),
        (SMALL, "", "begins with `title: ...`"),
        (SMALL, "title: [", "error: is not YAML"),
        (SMALL, "title: a\ntitle: b\n", "c.yaml:2: error: 'title' stands twice"),
    ],
)
def test_a_wrong_file_is_refused(old: str, new: str, words: str) -> None:
    assert words in _faults(SMALL.replace(old, new))[0]


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    found = _faults(
        SMALL.replace("lessons", "betting").replace("sw:", "zz:")
        + "rate: 99\nbudget: {amount: 1, currency: UGX}\n"
    )

    assert [line.split(":")[1] for line in found] == ["2", "4", "5", "6"]


def test_braces_are_refused_since_a_text_is_the_same_for_everybody() -> None:
    (found,) = _faults(
        SMALL.replace("Check your", "'{name}, check your").replace("first.,", "first.',")
    )

    assert "without {name}" in found


@pytest.mark.parametrize(
    ("days", "numbers"),
    [
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("[sat-mon, wed]", (0, 2, 5, 6)),
        ("[Thursday, sun]", (3, 6)),
        ("mon-sun", (0, 1, 2, 3, 4, 5, 6)),
    ],
)
def test_days_are_words_or_runs_of_them(days: str, numbers: tuple[int, ...]) -> None:
    window = _read(SMALL + f'window: {{from: "09:00", to: "17:00", days: {days}}}').window

    assert window is not None
    assert window.days == numbers


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ContentError, match="is not UTF-8"):
        read_order(b"title: \xff\xfe", "c.yaml", KNOWN)


def test_a_window_may_pass_midnight_on_a_channel_without_quiet_hours() -> None:
    known = Known(
        {"sim": _channel("sim", quiet_hours=None)},
        KNOWN.languages,
        KNOWN.flows,
    )

    plan = read_order((SMALL + 'window: {from: "22:00", to: "02:00"}').encode(), "c.yaml", known)

    assert plan.window == Window(time(22), time(2))
