from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from typing import TYPE_CHECKING

from genuine_texts import ALL, RECEIPTS
from hard_texts import HARD, WARNINGS

from smsbot.content.triage_file import load_typology
from smsbot.scamdesk.triage import Band, Judgement, classify_text

if TYPE_CHECKING:
    from smsbot.text.typology import Typology


@pytest.fixture(scope="module")
def rules() -> Typology:
    return load_typology(Path("flows/triage"))


def judge(rules: Typology, text: str, sender: str = "", country: str = "KE") -> Judgement:
    return classify_text(text, typology=rules, sender=sender, country=country)


def test_whoever_asks_for_a_secret_or_a_harmful_code_is_always_a_scam(rules: Typology) -> None:
    missed = [text for text in HARD if judge(rules, text).band is not Band.SCAM]
    assert len(HARD) > 150
    assert missed == []


@pytest.mark.parametrize("text", WARNINGS)
def test_who_warns_or_delivers_a_code_is_no_scam(rules: Typology, text: str) -> None:
    assert judge(rules, text).band is not Band.SCAM
    assert not rules.findings(text).is_hard


def test_genuine_messages_are_hardly_ever_called_a_scam(rules: Typology) -> None:
    wrong = [
        text
        for sender, country, text in ALL
        if judge(rules, text, sender, country).band is Band.SCAM
    ]
    assert len(ALL) > 60
    assert len(wrong) <= 0.02 * len(ALL), wrong


def test_genuine_receipts_without_their_sender_are_ordinary(rules: Typology) -> None:
    bands = [judge(rules, text, "", country).band for _, country, text in RECEIPTS]
    assert bands.count(Band.ORDINARY) >= 0.9 * len(RECEIPTS)
    assert Band.SCAM not in bands


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("T01", "I sent you Ksh 3,500 by mistake, please return my money to 0712345678"),
        ("T02", "Tuma hiyo pesa kwa namba hii 0657189015 jina litakuja AMINA, laini yangu ina tatizo"),
        ("T04", "Switch off your phone for two hours to complete your sim upgrade, then call 0712345678"),
        ("T06", "Hongera umeshinda TSh 5,000,000 katika promosheni, piga 0754000111 kupokea zawadi"),
        ("T07", "Get a loan today. Pay the processing fee of Ksh 350 to 0712345678 first"),
        ("T08", "HR team: you passed. Part time job, daily salary KES 3000, add us on WhatsApp 0712345678"),
        ("T09", "Your son had an accident and is in hospital, send money for the operation to 0712345678"),
        ("T10", "Mimi mwenye nyumba wako, kodi tuma kwenye namba hii 0712345678"),
        ("T13", "Mganga wa tiba asili anatibu na kuleta utajiri, jiunge freemason piga 0754000111"),
        ("T14", "Invest Ksh 1,000 and get Ksh 5,000 in two hours, guaranteed profit. WhatsApp 0712345678"),
        ("T16", "Your account is limited, click http://kra-refund.top/x to verify your details"),
        ("T17", "Your line will be blocked today. Call 0712345678 to avoid deactivation"),
        ("T19", "Pay 5,000 or I post your videos online to your family"),
        ("T21", "We recover your lost money from scammers, pay a small fee, call 0712345678"),
    ],
)  # fmt: skip
def test_a_trick_gets_its_type_and_a_reason(rules: Typology, kind: str, text: str) -> None:
    found = judge(rules, text)
    assert (found.type, found.band) == (kind, Band.SCAM)
    assert found.reasons
    assert all(reason[-1] == "." for reason in found.reasons)


def test_a_receipt_from_an_ordinary_number_is_suspicious(rules: Typology) -> None:
    text = "RC12ZZ9QWE Confirmed. You have received Ksh7,000.00 from PAUL OTIENO 0733111222 on 5/3/26. New M-PESA balance is Ksh9,120.00."
    assert judge(rules, text, "MPESA").band is Band.ORDINARY
    assert judge(rules, text, "0799111222").band is not Band.ORDINARY


def test_a_genuine_receipt_does_not_accuse_whom_it_names(rules: Typology) -> None:
    found = judge(rules, RECEIPTS[0][2], "MPESA")
    assert {each.type.value for each in found.indicators} == {"sender", "amount", "txid"}
    assert "0722000456" not in found.redacted
    assert "WAITHERA" not in found.redacted


def test_reasons_are_told_in_the_language_asked_for(rules: Typology) -> None:
    found = classify_text("Nitumie PIN yako", typology=rules, language="sw")
    assert found.reasons[0].startswith("Inakuomba")


def test_a_text_in_a_script_that_nobody_taught_is_left_to_the_rules(rules: Typology) -> None:
    assert judge(rules, "ሰላም እንዴት ነህ ነገ እንገናኝ").band is Band.ORDINARY
    assert judge(rules, "እባክዎ *35*0000*16# ይደውሉ").band is Band.SCAM


def test_a_blank_text_is_not_judged(rules: Typology) -> None:
    assert (judge(rules, "  ").band, judge(rules, "").type) == (Band.UNSURE, "T99")


@pytest.mark.parametrize(
    "piece",
    ["send your ", "a.", "*1", "0", "pin ", "tuma ", "to claim ", "😀", "PIN never ", "http://a."],
)
def test_no_text_takes_long(rules: Typology, piece: str) -> None:
    judge(rules, "warm up")
    began = time.process_time()
    judge(rules, piece * 5000)
    assert time.process_time() - began < 1


def test_a_text_takes_a_few_milliseconds(rules: Typology) -> None:
    judge(rules, "warm up")
    began = time.process_time()
    for sender, country, text in ALL:
        judge(rules, text, sender, country)
    assert (time.process_time() - began) / len(ALL) < 0.02
