from __future__ import annotations

import pytest

from smsbot.text.receipts import receipt_signs


@pytest.mark.parametrize(
    "text",
    [
        "RB47XK20LM Confirmed. Ksh1,250.00 sent to A B on 4/3/26 at 9:14 AM. New M-PESA balance is Ksh3,410.75.",
        "Umepokea TSh 40,000 kutoka kwa JUMA. Salio jipya ni TSh 52,310. Muamala 11223344556.",
        "You have sent UGX 25,000 to OKOT. Fee UGX 500. New balance: UGX 45,625. Transaction ID: 19877665544.",
        "Vous avez reçu 25 000 FCFA de AYA. Nouveau solde: 31 450 FCFA. ID de transaction: PP260304.1010.A12345.",
    ],
)
def test_a_receipt_is_known_by_its_parts(text: str) -> None:
    found = receipt_signs(text)
    assert found.is_receipt
    assert not found.is_odd


def test_a_locked_balance_gives_a_fake_away() -> None:
    found = receipt_signs("You have received Ksh 5,600 from PETER. New balance Ksh 7,200 (LOCKED).")
    assert found.is_receipt
    assert found.locked_balance
    assert found.is_odd


@pytest.mark.parametrize(
    "text", ["I paid Ksh 500 for lunch", "Confirmed, see you at 10:30", "", "balance " * 3000]
)
def test_other_texts_are_none(text: str) -> None:
    assert not receipt_signs(text).is_receipt
