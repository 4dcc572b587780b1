"""One person's whole life with the service, by SMS over HTTP and through the gateway."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from tests.e2e.callers import texter
from tests.e2e.running import until

if TYPE_CHECKING:
    from tests.e2e.conftest import House


def test_a_whole_life_by_sms(house: House) -> None:
    up = house.up
    person = texter(up)
    ref = up.ref(person.number)

    # A keyword begins a lesson; answers go on in it; a language word in between is heard.
    assert "Otieno" in person.ask("wrong")
    assert "His balance has not moved" in person.ask("Check his balance")
    assert "A hidden balance" in person.ask("2.")
    assert "Kuanzia sasa tunakuandikia kwa Kiswahili" in person.ask("kiswahili")
    language = "SELECT language FROM contacts WHERE ref = :r"
    assert up.value(language, r=ref) == "sw"
    person.ask("1")
    assert "From now on we write to you in English" in person.ask("English")
    assert up.value(language, r=ref) == "en"

    # Consent, and the end of it: one confirmation, and nothing after.
    assert "thank you" in person.ask("JOIN")
    assert "you have left" in person.ask("Stop!")
    quiet = len(person.inbox())
    assert person.send("STOP") == 200
    assert person.send("stop all") == 200
    time.sleep(1.5)
    assert len(person.inbox()) == quiet
    held = "SELECT lifted_at IS NULL FROM suppressions WHERE ref = :r"
    assert up.value(held, r=ref)

    # Back again; a report; what is kept; and then nothing is kept.
    assert "welcome back" in person.ask("START")
    assert not up.value(held, r=ref)
    thanks = person.ask("SCAM You won KSh 90,000. Call 0722 000 000 and send your PIN")
    reference = re.search(r"\b\d{8}\b", thanks)
    assert reference
    assert "received, not yet read" in person.ask(f"STATUS {reference[0]}")
    assert texter(up).ask(f"STATUS {reference[0]}").startswith("We know no such report")
    code = re.search(r"MYDATA (\d{6})", person.ask("MYDATA"))
    assert code
    assert "Tries left" in person.ask("MYDATA 000000")
    assert "Reports 1" in person.ask(code[0])
    code = re.search(r"DELETE (\d{6})", person.ask("DELETE"))
    assert code
    before = len(person.inbox())
    assert person.send(code[0]) == 200
    until(lambda: up.value("SELECT count(*) FROM inbound WHERE ref = :r", r=ref) == 0, 30)
    told = [row["text"] for row in person.inbox()]
    assert len(told) <= before
    for table in ("inbound", "turns", "reports", "ussd_sessions"):
        assert up.value(f"SELECT count(*) FROM {table} WHERE ref = :r", r=ref) == 0
    assert up.value("SELECT reason FROM suppressions WHERE ref = :r", r=ref) == "erased"
    until(lambda: house.times_reached(person.number) == before + 1)
