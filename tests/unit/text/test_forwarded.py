from __future__ import annotations

import csv
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.text.forwarded import looks_forwarded

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    "text",
    [
        "Congratulations! You have won KSh 50,000 in the Bonga draw. Call 0712345678 to claim now.",
        "Hongera! Umeshinda zawadi ya TSh 1,000,000. Piga 0754123456 kupata zawadi yako leo.",
        "Nimekosea kutuma pesa kwa namba yako, tafadhali rudisha Ksh 3,500 kwa 0712345678",
        "QWE4RT56YU Confirmed. You have received Ksh3,500.00 from JOHN DOE. New balance Ksh3,512.00",
        "Dear customer, your M-PESA account will be blocked. Send your PIN to 0712345678 to verify",
        "Ile pesa tuma kwa namba hii 0712345678 jina litakuja Asha Ali",
        "Get an instant loan of KES 20,000 with no interest. Apply at http://fast-loan.example.com",
        "Part time job: earn KES 3,000 per day from home. WhatsApp wa.me/254712345678",
        "Félicitations ! Vous avez gagné 500 000 FCFA. Appelez le 0701020304 pour votre lot.",
        "Cher client, votre compte est bloqué. Envoyez votre code PIN au 0701020304",
        "J’ai envoyé par erreur 20 000 FCFA sur votre compte, renvoyez au 0701020304 svp",
        "Bannaffe, owangudde ssente UGX 500,000. Kuba essimu 0772123456 ofune ssente zo",
        "Mteja wetu, laini yako itafungwa leo. Ingiza namba ya siri kuthibitisha: bit.ly/xyz",
        "Hi mum, this is my new number, I lost my phone. Please send 5000 to 0712345678 urgent",
        "Your parcel is held.\nPay Ksh 150 at\nwww.posta-delivery.example.xyz/pay to release it",
        "Ndugu mteja umepokea mkopo wa Tsh 200,000. Bonyeza https://mkopo.example.top kuupata",
        "Stop! Your account is blocked. Reply with your OTP code to 0712345678 within 24 hours",
        "Mimi ni mwenye nyumba wako, hii namba yangu mpya. Kodi itume kwenye Tigo 0712345678",
    ],
)
def test_a_strangers_text_passed_on_is_recognised(text: str) -> None:
    assert looks_forwarded(text)
    assert looks_forwarded(text.upper())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "STOP",
        "Hello",
        "SCAM",
        "SGH7AB12CD",
        "0712345678",
        "KSh 3,500",
        "Habari za asubuhi ndugu zangu wa huduma hii",
        "How do I report a scam message to you please?",
        "Is it safe to share my PIN with the agent when I withdraw?",
        "What is a PIN and why should I not share it?",
        "My number is 0712345678",
        "I sent KSh 5000 to 0712345678",
        "Nilituma 5000 kwa 0712345678 jana",
        "I lost 20,000 shillings to a man who called me yesterday, can you help me?",
        "Nimetapeliwa elfu ishirini naomba msaada wenu tafadhali",
        "Pouvez-vous m'aider ? J’ai perdu 20 000 FCFA hier soir",
        "Comment puis-je signaler un numéro de téléphone ?",
        "Please call me on 0712345678 when you are free",
        "Thank you for the lesson, I have learned a lot about scams today",
        "Asante sana kwa somo, nimejifunza mengi kuhusu utapeli wa simu",
        "My name is Amina and I live in Kibera near the market",
        "I want to learn how to protect my mobile money account",
        "Someone called me and asked for my PIN but I refused",
        "Yes I want to receive the lessons every week",
        "Can you send me the number for Safaricom customer care?",
        "Kutuma pesa kwa mtu usiyemjua ni hatari",
        "Njagala okuyiga engeri y'okwekuuma ababbi",
        "Mkopo wa simu unanisumbua kulipa, nifanye nini?",
        "I think the message I got yesterday about a prize was false",
        "ምን ማድረግ አለብኝ? ገንዘቤን ያጣሁ ይመስለኛል እባካችሁ እርዱኝ",
        "Ina son in koyi yadda zan kare kuɗina daga ƴan damfara",
    ],
)
def test_an_answer_a_greeting_or_a_question_is_not(text: str) -> None:
    assert not looks_forwarded(text)


@given(st.text(st.characters(codec=None)))
def test_any_text_is_judged(text: str) -> None:
    assert looks_forwarded(text) in (True, False)


@pytest.mark.parametrize("piece", ["a", "call ", "send ", "1 ", "dear ", "tuma ", "0", "a.", "- "])
def test_a_hostile_text_takes_no_time(piece: str) -> None:
    began = time.perf_counter()
    looks_forwarded((piece * 10_000)[:10_000])
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    ("name", "label", "least", "most"),
    [
        ("scam/swahili_tz.csv", "scam", 0.9, 1.0),
        ("scam/swahili_tz.csv", "ham", 0.0, 0.02),
        ("scam/smishing_en.csv", "smishing", 0.7, 1.0),
        ("scam/smishing_en.csv", "ham", 0.0, 0.01),
    ],
)
def test_the_reference_texts_are_told_apart(
    reference: Callable[[str], Any], name: str, label: str, least: float, most: float
) -> None:
    with reference(name).open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file) if row["label"] == label]
    assert least <= sum(map(looks_forwarded, texts)) / len(texts) <= most
