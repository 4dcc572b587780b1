"""Twilio's webhooks: signature, texts, statuses, as tables of raw requests."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

import pytest

from smsbot.errors import Forbidden, Malformed, UnknownChannel, WrongAddress
from smsbot.gateways.protocol import RawRequest, Route
from smsbot.gateways.twilio import Twilio, body_text
from smsbot.values import (
    Ignored,
    InboundSms,
    MessageState,
    Msisdn,
    OptHint,
    Receipt,
)
from tests.unit.gateways.gateway_samples import (
    AUTH,
    BASE,
    ME,
    SMS_ID,
    channel,
    signed,
    twilio,
    twilio_sms,
)

TW = twilio()
SERVICE = "MG" + "7" * 32
STATUS = {"MessageSid": SMS_ID, "MessageStatus": "delivered", "To": ME, "From": "+254711000999"}


# --- the signature ------------------------------------------------------------------------------


def test_a_signed_post_is_let_in_with_fields_that_we_never_heard_of() -> None:
    TW.authenticate(signed(twilio_sms(NewField="é & ñ"), "sms"), Route.SMS)


def test_the_query_with_our_id_is_part_of_what_is_signed() -> None:
    request = signed(STATUS, "status", query="?m=42")
    TW.authenticate(request, Route.STATUS)
    with pytest.raises(Forbidden):
        TW.authenticate(replace(request, url=request.url.replace("42", "43")), Route.STATUS)


def test_an_escaped_address_is_checked_as_it_was_sent() -> None:
    TW.authenticate(signed(STATUS, "status", query="?x=caf%C3%A9%7e&y=%41"), Route.STATUS)


def test_every_token_and_both_algorithms_are_known() -> None:
    gateway = twilio(tokens=("new", AUTH, "sha256:shared"))
    gateway.authenticate(signed(twilio_sms(), "sms"), Route.SMS)
    gateway.authenticate(signed(twilio_sms(), "sms", auth="new"), Route.SMS)
    shared = signed(twilio_sms(), "sms", auth="shared", algorithm="HMAC_SHA256")
    gateway.authenticate(shared, Route.SMS)
    with pytest.raises(Forbidden):
        gateway.authenticate(signed(twilio_sms(), "sms", auth="shared"), Route.SMS)
    with pytest.raises(Forbidden):
        TW.authenticate(shared, Route.SMS)


@pytest.mark.parametrize(
    "change",
    [
        {"headers": {}},
        {"headers": {"x-twilio-signature": ""}},
        {"headers": {"x-twilio-signature": "AAAA"}},
        {"headers": {"x-twilio-signature": "é"}},
        {"url": f"http{BASE[5:]}/hooks/tw/sms"},
        {"url": f"{BASE}/hooks/tw/sms/"},
        {"url": "nonsense"},
        {"url": "https://[broken"},
        {"body": b"Body=changed"},
        {"body": b"\xff"},
        {"body": b"%"},
        {"body": b""},
    ],
)
def test_whatever_was_not_signed_so_is_forbidden(change: dict[str, object]) -> None:
    request: RawRequest = replace(signed(twilio_sms(), "sms"), **change)  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        TW.authenticate(request, Route.SMS)


def test_a_json_body_is_forbidden_whatever_its_signature() -> None:
    request = signed({}, "sms", body=b'{"Body": "x"}')
    headers = dict(request.headers) | {"content-type": "application/json"}
    with pytest.raises(Forbidden):
        TW.authenticate(replace(request, headers=headers), Route.SMS)


def test_an_algorithm_nobody_set_up_is_forbidden() -> None:
    request = signed(twilio_sms(), "sms")
    settings = {"x-twilio-webhooks-signature-settings": "key=K1,algorithm=HMAC_MD5"}
    with pytest.raises(Forbidden):
        TW.authenticate(replace(request, headers=dict(request.headers) | settings), Route.SMS)


def test_a_doubled_key_that_was_signed_is_still_malformed() -> None:
    request = signed({"Body": "1"}, "sms", body=b"Body=1&Body=1")
    TW.authenticate(request, Route.SMS)  # Twilio signs the names and their different values
    with pytest.raises(Malformed, match="Body is there twice"):
        TW.parse(request, Route.SMS)


# --- texts --------------------------------------------------------------------------------------


def test_a_text_is_read_under_its_message_id() -> None:
    assert TW.parse(signed(twilio_sms(), "sms"), Route.SMS) == InboundSms(
        SMS_ID, Msisdn(ME), "", "Habari, 'naomba' msaada"
    )


@pytest.mark.parametrize(
    ("opt_out_type", "hint"),
    [
        ("STOP", OptHint.STOP),
        ("START", OptHint.START),
        ("help", OptHint.HELP),
        ("OTHER", None),
        ("", None),
    ],
)
def test_what_twilio_took_the_text_for_is_passed_on(
    opt_out_type: str, hint: OptHint | None
) -> None:
    text = TW.parse(signed(twilio_sms(OptOutType=opt_out_type), "sms"), Route.SMS)
    assert isinstance(text, InboundSms)
    assert text.opt_hint is hint


@pytest.mark.parametrize("media", ["0", "2"])
def test_a_picture_without_words_is_counted(media: str) -> None:
    form = twilio_sms(Body="", NumMedia=media, MediaUrl0="https://api.twilio.com/x.jpg")
    assert TW.parse(signed(form, "sms"), Route.SMS) == Ignored("blank")


def test_a_picture_with_words_is_its_words() -> None:
    form = twilio_sms(NumMedia="1", MediaUrl0="https://api.twilio.com/x.jpg")
    text = TW.parse(signed(form, "sms"), Route.SMS)
    assert isinstance(text, InboundSms)
    assert text.text == "Habari, 'naomba' msaada"


@pytest.mark.parametrize("sender", ["MPESA", "40404", "whatsapp:+254711000111"])
def test_a_sender_that_is_no_phone_gets_no_reply(sender: str) -> None:
    text = TW.parse(signed(twilio_sms(From=sender), "sms"), Route.SMS)
    assert isinstance(text, InboundSms)
    assert text.sender is None


@pytest.mark.parametrize("missing", ["MessageSid", "From"])
def test_a_text_without_id_or_sender_is_malformed(missing: str) -> None:
    form = {k: v for k, v in twilio_sms().items() if k != missing and not k.startswith("Sms")}
    with pytest.raises(Malformed, match=f"{missing} is missing"):
        TW.parse(signed(form, "sms"), Route.SMS)


def test_a_text_to_another_number_is_refused() -> None:
    with pytest.raises(WrongAddress, match="To is not"):
        TW.parse(signed(twilio_sms(To="+254711000998"), "sms"), Route.SMS)


def test_a_messaging_service_takes_each_of_its_numbers_and_no_other_service() -> None:
    gateway = twilio(sender=SERVICE)
    form = twilio_sms(To="+254711000500", MessagingServiceSid=SERVICE)
    assert isinstance(gateway.parse(signed(form, "sms"), Route.SMS), InboundSms)
    form["MessagingServiceSid"] = "MG" + "8" * 32
    with pytest.raises(WrongAddress, match="MessagingServiceSid"):
        gateway.parse(signed(form, "sms"), Route.SMS)


LONG = "Habari zenu wote. \u201cMsinitumie PIN\u201d, asema benki yenu kila siku"


@pytest.mark.parametrize("cut", [0, 1])
def test_a_joined_text_that_comes_as_base64_is_unpacked(cut: int) -> None:
    octets = (LONG + "\u201d").encode()
    octets += b" " * (-(len(octets) - cut) % 3)
    packed = b64encode(octets[: len(octets) - cut]).decode()
    assert body_text(packed + "\r").startswith(LONG)


def test_a_letter_cut_in_the_middle_is_dropped() -> None:
    octets = ("x" * 10 + " y" + "z" * 10 + "\u201c").encode()[:-1]
    assert body_text(b64encode(octets).decode()) == "x" * 10 + " y" + "z" * 10


@pytest.mark.parametrize(
    "plain",
    [
        "Habari",
        "This text\nhas a line break",
        "QGH7XK2M9PQ4",
        "QGH7XK2M9PQ4QGH7XK2M9PQ4",  # decodes, but not to words
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "Sijapokea-pesa/yangu+asante=sana.tafadhali",
        "SGFiYXJp",  # too short to be sure
    ],
)
def test_plain_words_are_never_taken_for_base64(plain: str) -> None:
    assert body_text(plain) == plain


# --- statuses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("accepted", MessageState.ACCEPTED),
        ("scheduled", MessageState.ACCEPTED),
        ("queued", MessageState.ACCEPTED),
        ("sending", MessageState.ACCEPTED),
        ("sent", MessageState.ACCEPTED),
        ("delivered", MessageState.DELIVERED),
        ("read", MessageState.DELIVERED),
        ("undelivered", MessageState.UNDELIVERED),
        ("failed", MessageState.FAILED),
        ("canceled", MessageState.FAILED),
        ("partially_delivered", None),
        ("received", None),
        ("huh", None),
    ],
)
def test_each_status_is_a_state_or_none(status: str, state: MessageState | None) -> None:
    request = signed(STATUS | {"MessageStatus": status}, "status", query="?m=42")
    assert TW.parse(request, Route.STATUS) == Receipt(SMS_ID, state, status, our_id=42)


@pytest.mark.parametrize(
    ("query", "our_id"),
    [
        ("", None),
        ("?m=7", 7),
        ("?a=1&m=7&b=2", 7),
        ("?m=", None),
        ("?m=abc", None),
        ("?m=7x", None),
        ("?xm=7", None),
        ("?m=-7", None),
        ("?m=" + "9" * 19, None),
        ("?m=%37", None),
    ],
)
def test_our_id_is_read_from_the_query_or_left_out(query: str, our_id: int | None) -> None:
    report = TW.parse(signed(STATUS, "status", query=query), Route.STATUS)
    assert isinstance(report, Receipt)
    assert report.our_id == our_id


@pytest.mark.parametrize(
    ("code", "opted_out"), [("21610", True), ("30003", False), ("63018", False), ("", False)]
)
def test_an_error_code_is_kept_and_21610_is_an_opt_out(code: str, opted_out: bool) -> None:
    form = STATUS | {"MessageStatus": "failed", "ErrorCode": code}
    assert TW.parse(signed(form, "status"), Route.STATUS) == Receipt(
        SMS_ID, MessageState.FAILED, "failed", code, None, opted_out
    )


@pytest.mark.parametrize("body", [b" ", b"", b"MessageSid=SM1", b"MessageSid=SM1&MessageStatus="])
def test_a_post_without_a_status_is_counted(body: bytes) -> None:
    assert TW.parse(signed({}, "status", body=body), Route.STATUS) == Ignored("no_status")


def test_a_status_of_no_message_is_malformed() -> None:
    with pytest.raises(Malformed, match="MessageSid is missing"):
        TW.parse(signed({"MessageStatus": "sent"}, "status"), Route.STATUS)


# --- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", [Route.SMS, Route.STATUS])
def test_the_answer_is_twiml_that_says_nothing(route: Route) -> None:
    ack = TW.ack(route)
    assert (ack.status, ack.content_type) == (200, "text/xml; charset=utf-8")
    assert ack.body.endswith(b"<Response></Response>")


def test_twilio_has_no_ussd() -> None:
    with pytest.raises(UnknownChannel):
        TW.render_ussd("Karibu", ends=False)
    with pytest.raises(UnknownChannel):
        TW.parse(signed({}, "ussd"), Route.USSD)


@pytest.mark.parametrize(
    ("sid", "tokens"), [("", ("t",)), ("AC1", ()), ("AC1", ("sha256:shared",))]
)
def test_without_account_and_token_nothing_can_be_sent(sid: str, tokens: tuple[str, ...]) -> None:
    assert not Twilio(channel("twilio"), account_sid=sid, tokens=tokens).has_credentials
    assert TW.has_credentials
