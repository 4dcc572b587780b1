"""Africa's Talking's webhooks, as tables of raw requests."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from smsbot.errors import Forbidden, Malformed, UnknownChannel, WrongAddress
from smsbot.gateways.africastalking import AfricasTalking
from smsbot.gateways.protocol import Route
from smsbot.values import (
    ChannelKind,
    Ignored,
    InboundSms,
    MessageState,
    Msisdn,
    OptOut,
    Receipt,
    UssdEnd,
    UssdTurn,
)
from tests.unit.gateways.gateway_samples import (
    ME,
    OLD_TOKEN,
    africastalking,
    channel,
    post,
    sms,
    ussd,
)

AT = africastalking()


def _without(form: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in form.items() if name not in names}


# --- USSD ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "1", "1*1", "1*", "1*a*b", "2* jina langu", "ረዳት", " 1 "])
def test_a_turn_carries_the_transcript_untouched(text: str) -> None:
    turn = AT.parse(post(ussd(text=text), "ussd"), Route.USSD)
    assert turn == UssdTurn("ATUid_6f1b2c", Msisdn(ME), text, "63902")


def test_a_plus_sent_bare_is_repaired() -> None:
    body = f"sessionId=1&serviceCode=*384*123#&phoneNumber={ME}&networkCode=63902&text=".encode()
    turn = AT.parse(post(body, "ussd"), Route.USSD)
    assert isinstance(turn, UssdTurn)
    assert turn.caller == Msisdn(ME)


@pytest.mark.parametrize("code", ["*384*123#", "384*123", "*384*123"])
def test_the_service_code_is_ours_however_it_is_written(code: str) -> None:
    assert isinstance(AT.parse(post(ussd(serviceCode=code), "ussd"), Route.USSD), UssdTurn)


@pytest.mark.parametrize("code", ["*384*124#", "*384#", "", "*384*123*1#"])
def test_another_service_code_is_refused(code: str) -> None:
    with pytest.raises(WrongAddress, match="serviceCode"):
        AT.parse(post(ussd(serviceCode=code), "ussd"), Route.USSD)


def test_a_channel_without_a_code_takes_every_code() -> None:
    gateway = africastalking(service_code="")
    assert isinstance(gateway.parse(post(ussd(serviceCode="x"), "ussd"), Route.USSD), UssdTurn)


@pytest.mark.parametrize("missing", ["text", "networkCode"])
def test_a_turn_without_text_is_the_first_and_a_network_is_not_needed(missing: str) -> None:
    turn = AT.parse(post(_without(ussd(), missing), "ussd"), Route.USSD)
    assert isinstance(turn, UssdTurn)
    assert turn.transcript == ""


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (_without(ussd(), "sessionId"), "sessionId is missing"),
        (ussd(sessionId=" "), "sessionId is missing"),
        (ussd(sessionId="x" * 129), "sessionId is not an id"),
        (_without(ussd(), "phoneNumber"), "phoneNumber is missing"),
        (ussd(phoneNumber="hello"), "phoneNumber is not a phone number"),
        (ussd(phoneNumber="+25471"), "phoneNumber is not a phone number"),
        ({}, "sessionId is missing"),
    ],
)
def test_a_turn_that_lacks_what_it_needs_is_malformed(form: dict[str, str], words: str) -> None:
    with pytest.raises(Malformed) as refusal:
        AT.parse(post(form, "ussd"), Route.USSD)
    assert str(refusal.value) == words


def test_a_doubled_key_is_malformed() -> None:
    with pytest.raises(Malformed, match="text is there twice"):
        AT.parse(post(b"sessionId=1&text=1&text=2", "ussd"), Route.USSD)


def test_an_odd_network_is_left_out() -> None:
    turn = AT.parse(post(ussd(networkCode="63902 or more than sixteen"), "ussd"), Route.USSD)
    assert isinstance(turn, UssdTurn)
    assert turn.network == ""


@pytest.mark.parametrize(
    ("text", "ends", "body"),
    [
        ("Karibu\n1. Jifunze", False, b"CON Karibu\n1. Jifunze"),
        ("Asante", True, b"END Asante"),
        ("\ufeff\n  Karibu", False, b"CON Karibu"),
        ("Mstari\r\nwa pili\rwa tatu", False, b"CON Mstari\nwa pili\nwa tatu"),
        ("\u201cPIN\u201d \u2014 it\u2019s yours", True, b'END "PIN" - it\'s yours'),
        ("ሰላም", False, "CON ሰላም".encode()),
        ("ƙasa ɗaya", False, "CON ƙasa ɗaya".encode()),  # a letter is never changed
        ("", True, b"END "),
    ],
)
def test_a_page_starts_with_its_word_and_nothing_before_it(
    text: str, ends: bool, body: bytes
) -> None:
    ack = AT.render_ussd(text, ends=ends)
    assert (ack.status, ack.content_type.split(";")[0], ack.body) == (200, "text/plain", body)


# --- the end of a session -----------------------------------------------------------------------

END = {
    "date": "2026-11-22 08:34:18",
    "sessionId": "ATUid_6f1b2c",
    "serviceCode": "*384*123#",
    "networkCode": "63902",
    "phoneNumber": ME,
    "status": "Incomplete",
    "cost": "KES 2.5",
    "durationInMillis": "41200",
    "hopsCount": "4",
    "input": "1*2*1234",
    "lastAppResponse": "CON Weka PIN",
}


def test_the_end_of_a_session_leaves_out_what_the_person_typed() -> None:
    end = AT.parse(post(END, "ussd-end"), Route.USSD_END)
    assert end == UssdEnd("ATUid_6f1b2c", Msisdn(ME), "Incomplete", 41_200, 4, 2_500_000, "63902")
    assert "1234" not in repr(end)


def test_the_reason_of_a_failed_session_is_kept_without_numbers() -> None:
    form = END | {"status": "Failed", "errorMessage": f"code 530 <none> for {ME}"}
    end = AT.parse(post(form, "ussd-end"), Route.USSD_END)
    assert isinstance(end, UssdEnd)
    assert end.failed_because == "code 530 <none> for +#"


def test_an_end_with_odd_figures_is_still_an_end() -> None:
    form = END | {"phoneNumber": "hidden", "cost": "?", "durationInMillis": "-1", "hopsCount": ""}
    end = AT.parse(post(form, "ussd-end"), Route.USSD_END)
    assert end == UssdEnd("ATUid_6f1b2c", None, "Incomplete", network="63902")


# --- SMS in -------------------------------------------------------------------------------------


def test_a_text_is_read_with_its_id_and_time() -> None:
    assert AT.parse(post(sms(), "sms"), Route.SMS) == InboundSms(
        gateway_id="7a1c0a52-3f0e-4f4e-9a43-0a8b4b1f0001",
        sender=Msisdn(ME),
        raw_sender="",
        text="SCAM wametuma ujumbe",
        network="63902",
        sent_at=datetime(2026, 11, 22, 8, 34, 18, 445_000, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "form",
    [
        {"from": ME, "text": "Habari", "id": "12345"},
        {"from": ME, "text": "Habari", "id": "12345", "date": "jana", "cost": "?", "to": ""},
        {"from": ME[1:], "text": "Habari", "id": "12345"},
        {"from": "0711000111", "text": "Habari", "id": "12345"},
    ],
)
def test_only_sender_text_and_id_matter(form: dict[str, str]) -> None:
    text = AT.parse(post(form, "sms"), Route.SMS)
    assert text == InboundSms("12345", Msisdn(ME), "", "Habari")


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\0"])
def test_a_blank_text_is_counted_and_not_refused(text: str) -> None:
    assert AT.parse(post(sms(text=text), "sms"), Route.SMS) == Ignored("blank")


def test_a_text_without_the_field_is_blank() -> None:
    assert AT.parse(post(_without(sms(), "text"), "sms"), Route.SMS) == Ignored("blank")


@pytest.mark.parametrize("sender", ["MTN", "M-PESA", "40404", "Vodafone Cash"])
def test_a_name_or_a_short_code_is_a_sender_that_none_can_answer(sender: str) -> None:
    text = AT.parse(post(sms(**{"from": sender}), "sms"), Route.SMS)
    assert isinstance(text, InboundSms)
    assert (text.sender, text.raw_sender) == (None, sender)


@pytest.mark.parametrize("missing", ["id", "from"])
def test_a_text_without_id_or_sender_is_malformed(missing: str) -> None:
    with pytest.raises(Malformed, match=f"{missing} is missing"):
        AT.parse(post(_without(sms(), missing), "sms"), Route.SMS)


def test_a_text_to_another_short_code_is_refused() -> None:
    with pytest.raises(WrongAddress, match="to is not"):
        AT.parse(post(sms(to="22385"), "sms"), Route.SMS)


@pytest.mark.parametrize("to", [" 254711000222", "+254711000222", "254711000222"])
def test_our_own_number_is_ours_however_it_is_written(to: str) -> None:
    gateway = africastalking(sender="+254711000222")
    assert isinstance(gateway.parse(post(sms(to=to), "sms"), Route.SMS), InboundSms)


# --- delivery reports ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Sent", MessageState.ACCEPTED),
        ("Submitted", MessageState.ACCEPTED),
        ("Buffered", MessageState.ACCEPTED),
        ("Success", MessageState.DELIVERED),
        ("success", MessageState.DELIVERED),
        ("Failed", MessageState.FAILED),
        ("Rejected", MessageState.FAILED),
        ("AbsentSubscriber", MessageState.UNDELIVERED),
        ("Expired", MessageState.EXPIRED),
        ("Borked", None),
        ("+254711000111", None),
    ],
)
def test_each_status_word_is_a_state_or_none(status: str, state: MessageState | None) -> None:
    report = AT.parse(post({"id": "ATXid_1", "status": status}, "delivery"), Route.DELIVERY)
    assert isinstance(report, Receipt)
    assert (report.gateway_id, report.state, report.our_id) == ("ATXid_1", state, None)
    assert ME[1:] not in report.raw_status


@pytest.mark.parametrize(
    ("reason", "opted_out"),
    [
        ("UserInBlackList", True),
        ("UserInBlacklist", True),
        ("UserDoesNotExist", False),
        ("UserAccountSuspended", False),
        ("UserIsInactive", False),
        ("NotNetworkSubcriber", False),
        ("InsufficientCredit", False),
        ("DeliveryFailure", False),
        ("DoNotDisturbRejection", False),
    ],
)
def test_a_failure_reason_is_kept_and_the_blacklist_is_an_opt_out(
    reason: str, opted_out: bool
) -> None:
    form = {
        "id": "ATXid_1",
        "status": "Failed",
        "failureReason": reason,
        "phoneNumber": ME,
        "networkCode": "63902",
        "retryCount": "0",
    }
    assert AT.parse(post(form, "delivery"), Route.DELIVERY) == Receipt(
        "ATXid_1", MessageState.FAILED, "Failed", reason, None, opted_out, "63902"
    )


@pytest.mark.parametrize("missing", ["id", "status"])
def test_a_report_without_id_or_status_is_malformed(missing: str) -> None:
    form = _without({"id": "ATXid_1", "status": "Success"}, missing)
    with pytest.raises(Malformed, match=f"{missing} is missing"):
        AT.parse(post(form, "delivery"), Route.DELIVERY)


def test_a_report_on_a_message_that_was_never_made_is_counted() -> None:
    form = {"id": "None", "status": "Failed"}
    assert AT.parse(post(form, "delivery"), Route.DELIVERY) == Ignored("no_id")


# --- opt-outs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("phone", [ME, ME[1:], " 254711000111"])
@pytest.mark.parametrize("sender", ["22384", "SOMEBODY", ""])
def test_an_opt_out_holds_whichever_of_our_names_it_was_for(phone: str, sender: str) -> None:
    form = {"senderId": sender, "phoneNumber": phone}
    assert AT.parse(post(form, "optout"), Route.OPTOUT) == OptOut(Msisdn(ME))


@pytest.mark.parametrize("route", ["optout", "sms"])
def test_the_end_of_a_subscription_is_an_opt_out_and_its_start_is_counted(route: str) -> None:
    form = {"phoneNumber": ME, "shortCode": "22384", "keyword": "learn", "updateType": "deletion"}
    assert AT.parse(post(form, route), Route(route)) == OptOut(Msisdn(ME))
    form["updateType"] = "addition"
    assert AT.parse(post(form, route), Route(route)) == Ignored("subscription_addition")


def test_an_opt_out_of_a_masked_number_is_counted() -> None:
    form = {"senderId": "22384", "phoneNumber": "f3b1c0aa"}
    assert AT.parse(post(form, "optout"), Route.OPTOUT) == Ignored("unreadable_number")


def test_an_opt_out_of_nobody_is_malformed() -> None:
    with pytest.raises(Malformed, match="phoneNumber is missing"):
        AT.parse(post({"senderId": "22384"}, "optout"), Route.OPTOUT)


# --- who may post -------------------------------------------------------------------------------


def test_both_tokens_of_a_rotation_are_let_in() -> None:
    AT.authenticate(post(ussd(), "ussd"), Route.USSD)
    AT.authenticate(post(ussd(), "ussd", token=OLD_TOKEN), Route.USSD)


@pytest.mark.parametrize("token", ["", "x", OLD_TOKEN + "x", OLD_TOKEN[:-1], "é", "\udcff"])
def test_any_other_token_is_forbidden(token: str) -> None:
    with pytest.raises(Forbidden):
        AT.authenticate(post(ussd(), "ussd", token=token), Route.USSD)


@pytest.mark.parametrize("tokens", [(), ("",)])
def test_a_channel_without_tokens_lets_nobody_in(tokens: tuple[str, ...]) -> None:
    gateway = africastalking(tokens=tokens)
    with pytest.raises(Forbidden):
        gateway.authenticate(post(ussd(), "ussd", token=""), Route.USSD)


def test_the_routes_are_those_of_the_channels_kinds() -> None:
    ussd_only = africastalking(kinds=frozenset({ChannelKind.USSD}))
    assert ussd_only.routes == {Route.USSD, Route.USSD_END}
    with pytest.raises(UnknownChannel):
        ussd_only.parse(post(sms(), "sms"), Route.SMS)


@pytest.mark.parametrize(("username", "key"), [("", ""), ("u", ""), ("", "k")])
def test_without_both_credentials_nothing_can_be_sent(username: str, key: str) -> None:
    assert not AfricasTalking(channel(), username=username, api_key=key).has_credentials
    assert AT.has_credentials
