from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsbot.text.redaction import redact

GOLDEN = [
    ("my PIN is 4821 please help", "my PIN is [secret] please help"),
    ("PIN yangu ni 4 8 2 1", "PIN yangu ni [secret]"),
    ("namba ya siri yangu ni 4821", "namba ya siri yangu ni [secret]"),
    ("mon code secret est 4821", "mon code secret est [secret]"),
    ("993201 is your verification code", "[secret] is your verification code"),
    ("993201 ni namba yako ya siri", "[secret] ni namba yako ya siri"),
    ("I told him the pin, it was 4821", "I told him the pin, it was [secret]"),
    ("Password: hunter2!", "Password: [secret]"),
    ("OTP AB12C9", "OTP [secret]"),
    ("ID no 23456789 sent", "ID no [id] sent"),
    ("kitambulisho namba 23456789", "kitambulisho namba [id]"),
    ("NIN CM82034100ABCD", "NIN [id]"),
    ("NIDA 19900101-12345-00001-12", "NIDA [id]"),
    ("card 4111 1111 1111 1111", "card [card]"),
    ("write to a.b@c.co.ke", "write to [mail]"),
    ("call 0712 345 678 or +254-733-111222", "call [phone] or [phone]"),
    ("namba0712345678", "namba[phone]"),
    ("Tuma kwa 0657189015 jina itakuja AMINA HASSAN", "Tuma kwa [phone] jina itakuja [name]"),
    ("TUMA KWA 0657189015 JINA LITAKUJA AMINA HASSAN", "TUMA KWA [phone] JINA LITAKUJA [name]"),
    ("received from PAUL OTIENO 0733111222", "received from [name] [phone]"),
    ("Pay JANE WANJIKU 0733111222", "Pay [name] [phone]"),
    ("Dear Amina, come", "Dear [name], come"),
    ("Dear customer, come", "Dear customer, come"),
    ("New M-PESA balance is Ksh3,410.75.", "New M-PESA balance is Ksh[balance]."),
    ("Salio lako jipya ni TSh 25,600", "Salio lako jipya ni TSh [balance]"),
    ("dial **21*0712345678#", "dial * * 21 * [phone] #"),
    ("see http://win.co.ke/a", "see win[.]co[.]ke/a"),
    ("PIN? pay Ksh 3500 now", "PIN? pay Ksh 3500 now"),
    ("Watoto wanapenda zawadi", "Watoto wanapenda zawadi"),
]


@pytest.mark.parametrize(("text", "wanted"), GOLDEN)
def test_what_belongs_to_somebody_is_left_out(text: str, wanted: str) -> None:
    assert redact(text) == wanted
    assert redact(wanted) == wanted


FRAMES = st.sampled_from([
    "my {w} is {s}", "{w} yangu ni {s} nisaidie", "{w}: {s}", "{w} {s}", "{s} is my {w}", "they wanted my {w} so I gave {s}",
    "nilimpa {w} yangu {s} kisha pesa ikaisha", "mon {w} est {s}", "{w}={s}.", "({w} {s})", "use {w} - {s}, ok", "{w}\n{s}",
])  # fmt: skip
WORDS = st.sampled_from(
    [
        "PIN",
        "pin",
        "OTP",
        "M-PESA PIN",
        "password",
        "secret code",
        "namba ya siri",
        "code secret",
        "nywila",
    ]
)


@given(FRAMES, WORDS, st.from_regex(r"[0-9]{4,8}", fullmatch=True))
@settings(max_examples=300)
def test_a_planted_secret_is_never_left(frame: str, word: str, secret: str) -> None:
    assert secret not in redact(frame.format(w=word, s=secret))


NUMBERS = st.tuples(
    st.sampled_from(["07", "01", "+2547", "2547", "+25575", "+25677", "06", "+22507"]),
    st.from_regex(r"[0-9]{8}", fullmatch=True),
).map("".join)


@given(
    NUMBERS,
    st.sampled_from([0, 3, 4, 6]),
    st.sampled_from([" ", "-", ".", ""]),
    st.sampled_from(
        [
            "call {n} now",
            "kutoka {n}.",
            "{n}",
            "JUMA{n}",
            "tel:{n},",
            "*21*{n}#",
            "wa.me/{n}",
            "(n) {n}!",
            "PIN {n}",
        ]
    ),
)
@settings(max_examples=300)
def test_a_planted_number_is_never_left(number: str, gap: int, sign: str, frame: str) -> None:
    written = number[:gap] + sign + number[gap:] if gap else number
    left = re.sub(r"\D", "", redact(frame.format(n=written)))
    assert number[-8:] not in left


@given(st.text(max_size=400))
def test_any_text_is_taken_and_a_second_time_changes_little(text: str) -> None:
    once = redact(text)
    assert len(redact(once)) <= len(once) + 40


@pytest.mark.parametrize(
    "piece",
    ["a.", "1 ", "to A", "0", "A", "to Aaaa Aaaa ", "pin ", "pin 12", "jina itakuja ", "*2"],
)
def test_no_text_takes_long(piece: str) -> None:
    redact(piece * 5000)
