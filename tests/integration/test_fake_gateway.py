"""The pretend providers themselves: what they count, refuse, post and never forgive."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
import requests

from smsbot.fakegateway import Behaviour, FakeGateway, Fault, Receipts, UssdFault, UssdPhone
from smsbot.fakegateway.ledger import Ledger
from smsbot.gateways.twilio_signature import Secret, algorithm_of, is_signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ME = "+254711000111"
FORM = {"bulkSMSMode": "1", "message": "Habari, yako?"}


class Service:
    """Stands where smsbot would: keeps every post, answers as it is told."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.answer: Callable[[dict[str, str]], tuple[int, str, bytes]]
        self.answer = lambda _form: (200, "text/plain; charset=utf-8", b"")
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = dict(parse_qsl(body, keep_blank_values=True))
                headers = {k.lower(): v for k, v in self.headers.items()}
                service.posts.append((self.path, form, headers))
                status, kind, page = service.answer(form)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def statuses(self) -> list[str]:
        return [form.get("status") or form["MessageStatus"] for _, form, _ in self.posts]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def service() -> Iterator[Service]:
    found = Service()
    yield found
    found.close()


@pytest.fixture
def fake() -> Iterator[FakeGateway]:
    with FakeGateway("africastalking") as found:
        yield found


@pytest.fixture
def twilio() -> Iterator[FakeGateway]:
    with FakeGateway("twilio") as found:
        yield found


def _send(fake: FakeGateway, to: str = ME, **more: str) -> requests.Response:
    form = FORM | {"username": "smsbot-fake", "to": to} | more
    headers = {"apiKey": fake.environment["AFRICASTALKING_API_KEY"], "Accept": "application/json"}
    return requests.post(f"{fake.url}/version1/messaging", data=form, headers=headers, timeout=5)


def _create(fake: FakeGateway, to: str = ME, **more: str) -> requests.Response:
    sid, token = fake.environment["TWILIO_ACCOUNT_SID"], fake.environment["TWILIO_AUTH_TOKEN"]
    form = {"To": to, "From": "+254711000999", "Body": "Habari, yako?"} | more
    url = f"{fake.url}/2010-04-01/Accounts/{sid}/Messages.json"
    return requests.post(url, data=form, auth=(sid, token), timeout=5)


# --- the ledger ---------------------------------------------------------------------------------


def test_the_peak_is_that_of_any_sliding_second() -> None:
    ledger = Ledger()
    for at, count in [(10.0, 2), (10.6, 3), (10.99, 1), (11.0, 4), (11.59, 1), (13.0, 5)]:
        ledger.take(at, ["+2547"] * count, "x", segments=1)
    assert ledger.peak() == 9  # from 10.6 on: 3 + 1 + 4 + 1
    assert ledger.peak(window_s=0.1) == 5


def test_segments_count_for_the_rate_and_doubles_by_number_and_text() -> None:
    ledger = Ledger()
    ledger.take(1.0, ["+1", "+2"], "long", segments=3)
    ledger.take(1.5, ["+1"], "other", segments=1)
    ledger.take(1.9, ["+1"], "long", segments=3)
    stats = ledger.stats()
    assert (stats["accepted"], stats["distinct"], stats["twice"]) == (4, 3, 1)
    assert (stats["segments"], stats["peak_per_second"]) == (10, 10)


# --- what it is asked ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 201),
        ({"username": "another"}, 401),
        ({"message": ""}, 400),
        ({"to": ""}, 400),
        ({"to": f"{ME},,{ME}"}, 400),
        ({"to": ",".join([ME] * 101)}, 400),
        ({"bulkSMSMode": "0"}, 400),
        ({"surprise": "1"}, 400),
    ],
)
def test_africas_talking_is_strict_about_the_form(
    fake: FakeGateway, change: dict[str, str], status: int
) -> None:
    assert _send(fake, **change).status_code == status
    assert fake.stats()["accepted"] == (1 if status == 201 else 0)


def test_africas_talking_wants_its_key_and_its_headers(fake: FakeGateway) -> None:
    url, form = f"{fake.url}/version1/messaging", FORM | {"username": "smsbot-fake", "to": ME}
    key = fake.environment["AFRICASTALKING_API_KEY"]
    statuses = [
        requests.post(url, data=form, headers=headers, timeout=5).status_code
        for headers in (
            {},
            {"apiKey": "wrong", "Accept": "application/json"},
            {"apiKey": key},
        )
    ]
    assert statuses == [401, 401, 400]


def test_the_balance_is_told(fake: FakeGateway) -> None:
    key = {"apiKey": fake.environment["AFRICASTALKING_API_KEY"]}
    url = f"{fake.url}/version1/user?username=smsbot-fake"
    assert requests.get(url, headers=key, timeout=5).json()["UserData"]["balance"] == "KES 1785.50"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "0711"}, 21211),
        ({"From": ""}, 21603),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"StatusCallback": "https://my_bot.example.org/x"}, 21609),
        ({"Surprise": "1"}, 20001),
    ],
)
def test_twilio_is_strict_about_the_form(
    twilio: FakeGateway, change: dict[str, str], code: int
) -> None:
    answer = _create(twilio, **change)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert twilio.stats()["accepted"] == 0


def test_another_path_is_not_there(fake: FakeGateway, twilio: FakeGateway) -> None:
    for one in (fake, twilio):
        assert requests.get(f"{one.url}/version2", timeout=5).status_code == 404


def test_a_body_that_is_no_http_is_refused_and_the_rest_still_served(fake: FakeGateway) -> None:
    headers = {"Transfer-Encoding": "chunked"}
    answer = requests.post(f"{fake.url}/x", data=iter([b"1"]), headers=headers, timeout=5)
    assert answer.status_code == 400
    assert _send(fake).status_code == 201


# --- how it behaves -----------------------------------------------------------------------------


def test_a_script_is_played_once_and_then_all_is_well(fake: FakeGateway) -> None:
    fake.next(Fault.ERROR, None, Fault.HTML_502)
    assert [_send(fake).status_code for _ in range(4)] == [500, 201, 502, 201]
    assert fake.stats()["answers"] == {"error": 1, "ok": 2, "html_502": 1}


def test_a_share_of_the_requests_goes_wrong_and_the_same_ones_for_a_seed(
    fake: FakeGateway,
) -> None:
    runs = []
    for _ in range(2):
        fake.behave(rates={"error": 0.3}, seed=7)
        runs.append([_send(fake).status_code for _ in range(40)])
    assert runs[0] == runs[1]
    assert 4 <= runs[0].count(500) <= 20


def test_it_is_throttled_for_as_long_as_it_was_told(fake: FakeGateway) -> None:
    fake.behave(throttle_s=0.3, retry_after_s=3)
    answer = _send(fake)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    time.sleep(0.35)
    assert _send(fake).status_code == 201


def test_it_takes_its_time(fake: FakeGateway) -> None:
    fake.behave(latency_ms=80)
    began = time.monotonic()
    _send(fake)
    assert time.monotonic() - began >= 0.08


def test_it_is_told_over_http_too(fake: FakeGateway) -> None:
    control = fake.control_url
    changed = requests.post(f"{control}/behaviour", json={"script": ["error"]}, timeout=5)
    assert changed.json()["script"] == ["error"]
    assert [_send(fake).status_code for _ in range(2)] == [500, 201]
    stats = requests.get(f"{control}/stats", timeout=5).json()
    assert (stats["requests"], stats["accepted"]) == (2, 1)
    lines = requests.get(f"{control}/accepted", timeout=5).text.splitlines()
    (line,) = map(json.loads, lines)
    assert (line["number"], line["segments"], len(line["text"])) == (ME, 1, 16)
    assert abs(line["at"] - time.time()) < 60
    assert requests.post(f"{control}/reset", timeout=5).json()["requests"] == 0
    assert requests.get(f"{control}/behaviour", timeout=5).json()["script"] == []


@pytest.mark.parametrize("body", ["[]", "nonsense", '{"latency": 1}', '{"script": ["odd"]}', "1"])
def test_an_order_that_makes_no_sense_is_refused(fake: FakeGateway, body: str) -> None:
    answer = requests.post(f"{fake.control_url}/behaviour", data=body, timeout=5)
    if body == "[]":  # no changes
        assert answer.status_code == 200
    else:
        assert answer.status_code == 400
    assert requests.post(f"{fake.control_url}/nothing", timeout=5).status_code == 404


# --- delivery reports ---------------------------------------------------------------------------


def _with_receipts(service: Service, **more: Any) -> Behaviour:
    return Behaviour(receipts=Receipts(url=f"{service.url}/delivery", **{"when": "after"} | more))


def test_reports_follow_each_message_in_turn(service: Service) -> None:
    with FakeGateway(behaviour=_with_receipts(service)) as fake:
        ids = {one["messageId"] for one in _recipients(_send(fake, to=f"{ME},+254711000112"))}
        fake.wait_until_quiet()
        assert fake.stats()["callbacks"] == {"200": 4}
    assert {form["id"] for _, form, _ in service.posts} == ids
    assert sorted(service.statuses()) == ["Sent", "Sent", "Success", "Success"]


def test_reports_come_before_the_answer_doubled_and_backwards(service: Service) -> None:
    with FakeGateway(
        behaviour=_with_receipts(service, when="before", repeat=2, reverse=True)
    ) as fake:
        _send(fake)
        assert service.statuses() == ["Success", "Success", "Sent", "Sent"]


def test_reports_come_late(service: Service) -> None:
    with FakeGateway(behaviour=_with_receipts(service, delay_ms=150)) as fake:
        _send(fake)
        assert service.posts == []
        fake.wait_until_quiet()
        assert len(service.posts) == 2


def test_a_bad_report_has_its_reason(service: Service) -> None:
    plan = _with_receipts(service, fail_rate=1, reason="UserInBlackList", only_last=True)
    with FakeGateway(behaviour=plan) as fake:
        _send(fake)
        fake.wait_until_quiet()
    ((_, form, _),) = service.posts
    assert (form["status"], form["failureReason"]) == ("Failed", "UserInBlackList")


def test_twilio_calls_back_where_the_message_says_and_signs_it(service: Service) -> None:
    with FakeGateway("twilio", behaviour=Behaviour(receipts=Receipts(when="after"))) as fake:
        sid = _create(fake, StatusCallback=f"{service.url}/hooks/tw/status?m=42").json()["sid"]
        fake.wait_until_quiet()
        token = fake.environment["TWILIO_AUTH_TOKEN"]
    assert service.statuses() == ["sent", "delivered"]
    for path, form, headers in service.posts:
        assert (path, form["MessageSid"]) == ("/hooks/tw/status?m=42", sid)
        assert _is_signed(f"{service.url}{path}", form, headers, token)


def test_a_report_that_cannot_be_posted_is_counted() -> None:
    plan = Receipts(when="after", url="http://127.0.0.1:1/delivery", only_last=True)
    with FakeGateway(behaviour=Behaviour(receipts=plan)) as fake:
        _send(fake)
        fake.wait_until_quiet()
        assert fake.stats()["callbacks"] == {"0": 1}


def test_it_never_posts_to_another_machine() -> None:
    plan = Receipts(when="after", url="http://192.0.2.1/delivery", only_last=True)
    with FakeGateway(behaviour=Behaviour(receipts=plan)) as fake:
        _send(fake)
        fake.wait_until_quiet(1.0)  # at once: no connection was tried
        assert fake.stats()["callbacks"] == {"0": 1}


# --- texts from people --------------------------------------------------------------------------


def test_a_text_is_posted_again_until_it_is_taken(fake: FakeGateway, service: Service) -> None:
    answers = iter([503, 400, 200])
    service.answer = lambda _form: (next(answers), "text/plain", b"")
    url = f"{service.url}/sms"
    posts = fake.post_sms(url, sender=ME, to="22384", text="SCAM ƙarya", wait_s=0.01, most=9)
    assert posts == 3
    assert {form["text"] for _, form, _ in service.posts} == {"SCAM ƙarya"}
    assert len({form["id"] for _, form, _ in service.posts}) == 1


def test_a_text_that_is_never_taken_is_given_up(fake: FakeGateway, service: Service) -> None:
    service.answer = lambda _form: (500, "text/plain", b"")
    url = f"{service.url}/sms"
    assert fake.post_sms(url, sender=ME, to="22384", text="x", wait_s=0, most=3) == 0
    assert len(service.posts) == 3


@pytest.mark.parametrize("algorithm", ["HMAC_SHA1", "HMAC_SHA256"])
def test_twilio_retries_under_the_same_idempotency_token(
    twilio: FakeGateway, service: Service, algorithm: str
) -> None:
    answers = iter([500, 200])
    service.answer = lambda _form: (next(answers), "text/xml", b"<Response/>")
    twilio.sign_with(algorithm)
    public = "https://bot.example.org/hooks/tw/sms"
    url = f"{service.url}/hooks/tw/sms"
    assert twilio.post_sms(url, sender=ME, to="+254711000999", text="Hi", public_url=public) == 2
    token = twilio.environment["TWILIO_AUTH_TOKEN"]
    assert all(_is_signed(public, form, headers, token) for _, form, headers in service.posts)
    assert len({headers["i-twilio-idempotency-token"] for _, _, headers in service.posts}) == 1


def test_a_text_is_ordered_over_http_too(fake: FakeGateway, service: Service) -> None:
    order = {"url": f"{service.url}/sms", "from": ME, "to": "22384", "text": "Habari", "id": "77"}
    posted = requests.post(f"{fake.control_url}/sms", json=order, timeout=5)
    assert posted.json() == {"posts": 1}
    assert service.posts[0][1]["id"] == "77"
    assert requests.post(f"{fake.control_url}/sms", json={}, timeout=5).status_code == 400


# --- the phone ----------------------------------------------------------------------------------


def _menu(form: dict[str, str]) -> tuple[int, str, bytes]:
    if "input" in form:  # the end event
        return 200, "text/plain", b""
    page = b"END Kwaheri" if form["text"].endswith("0") else b"CON Karibu " + form["text"].encode()
    return 200, "text/plain; charset=utf-8", page


@pytest.fixture
def phone(service: Service) -> Iterator[UssdPhone]:
    service.answer = _menu
    with UssdPhone(f"{service.url}/ussd", number=ME, answer_within_s=0.5) as found:
        yield found


def test_a_phone_sends_the_whole_transcript_each_time(phone: UssdPhone, service: Service) -> None:
    assert phone.dial().text == "Karibu "
    assert phone.answer("1").text == "Karibu 1"
    assert phone.answer("a*b").text == "Karibu 1*a*b"
    assert phone.resend().text == "Karibu 1*a*b"
    assert phone.overlap("2", times=3).text == "Karibu 1*a*b*2"
    assert phone.answer("0").ends
    texts = [form["text"] for _, form, _ in service.posts]
    assert texts == ["", "1", "1*a*b", "1*a*b", *["1*a*b*2"] * 3, "1*a*b*2*0"]
    assert len({form["sessionId"] for _, form, _ in service.posts}) == 1
    with pytest.raises(UssdFault, match="is over"):
        phone.answer("1")


def test_a_phone_dials_deep_goes_back_and_begins_again(phone: UssdPhone, service: Service) -> None:
    assert phone.dial("1*2").text == "Karibu 1*2"
    assert phone.go_back_to("1").text == "Karibu 1"
    assert phone.reset().text == "Karibu "
    assert phone.end(f"{service.url}/ussd-end") == 200
    path, form, _ = service.posts[-1]
    assert (path, form["status"]) == ("/ussd-end", "Incomplete")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((500, "text/plain", b"CON x"), "status is 500"),
        ((302, "text/plain", b"CON x"), "status is 302"),
        ((200, "application/json", b'"CON x"'), "not text/plain"),
        ((200, "text/plain", b""), "neither with CON nor with END"),
        ((200, "text/plain", b" CON x"), "neither with CON nor with END"),
        ((200, "text/plain", b"CON"), "neither with CON nor with END"),
        ((200, "text/plain", b"con x"), "neither with CON nor with END"),
        ((200, "text/plain", b"\xef\xbb\xbfCON x"), "neither with CON nor with END"),
        ((200, "text/plain", b"CON \n"), "empty"),
        ((200, "text/plain", b"CON  x"), "begins with a blank"),
        ((200, "text/plain", b"CON a\r\nb"), "carriage return"),
        ((200, "text/plain", b"CON \xff"), "not UTF-8"),
        ((200, "text/plain", b"CON " + b"x" * 161), "161 units"),
        ((200, "text/plain", b"CON " + "ƙ".encode() * 71), "71 units"),
        ((200, "text/plain", b"CON " + b"{" * 81), "162 units"),
    ],
)
def test_a_page_that_the_gateway_would_not_show_is_a_fault(
    phone: UssdPhone, service: Service, answer: tuple[int, str, bytes], words: str
) -> None:
    service.answer = lambda _form: answer
    with pytest.raises(UssdFault, match=words):
        phone.dial()


@pytest.mark.parametrize("page", [b"x" * 160, "ƙ".encode() * 70, b"{" * 80])
def test_a_page_that_just_fits_is_shown(phone: UssdPhone, service: Service, page: bytes) -> None:
    service.answer = lambda _form: (200, "text/plain", b"END " + page)
    assert phone.dial().ends


def test_a_page_that_comes_too_late_is_a_fault(phone: UssdPhone, service: Service) -> None:
    service.answer = lambda form: (time.sleep(0.8), *_menu(form))[1:]  # type: ignore[func-returns-value,return-value]
    with pytest.raises(UssdFault, match="no answer"):
        phone.dial()


def test_two_answers_to_one_turn_are_a_fault(phone: UssdPhone, service: Service) -> None:
    pages = iter([b"CON 1", b"CON 2", b"CON 3", b"CON 4"])
    service.answer = lambda _form: (200, "text/plain", next(pages))
    phone.dial()
    with pytest.raises(UssdFault, match="sent twice"):
        phone.resend()
    with pytest.raises(UssdFault, match="sent at once"):
        phone.overlap("1")


# --- the command --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["africastalking", "twilio"])
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_its_addresses_and_stops_when_told(
    kind: str, stop: signal.Signals
) -> None:
    command = [sys.executable, "-m", "smsbot", "fake-gateway", "--kind", kind, "--fault", "error=1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        printed = [process.stdout.readline().strip() for _ in range(5)]
        address, control = (line.split()[1] for line in printed[:2])
        settings = dict(line.split("=", 1) for line in printed[2:])
        assert settings.pop(f"{kind.upper()}_BASE_URL") == address
        assert len(settings) == 2
        assert requests.get(f"{control}/stats", timeout=5).json()["requests"] == 0
        process.send_signal(stop)
        _, errors = process.communicate(timeout=10)
        assert (process.returncode, errors) == (0, "")
    finally:
        process.kill()
        process.wait()


def test_the_command_refuses_a_fault_that_does_not_exist() -> None:
    command = [sys.executable, "-m", "smsbot", "fake-gateway", "--fault", "odd=1"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "hang_after" in run.stderr


def test_a_taken_port_is_said_in_one_sentence(fake: FakeGateway) -> None:
    port = fake.url.rsplit(":", 1)[1]
    command = [sys.executable, "-m", "smsbot", "fake-gateway", "--port", port]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, len(run.stderr.splitlines())) == (1, 1)
    assert "taken" in run.stderr


def test_times_in_the_ledger_never_go_back(fake: FakeGateway) -> None:
    for _ in range(5):
        _send(fake)
    times = [line["at"] for line in fake.accepted()]
    assert all(before <= after for before, after in pairwise(times))


def _recipients(answer: requests.Response) -> list[dict[str, str]]:
    found: list[dict[str, str]] = answer.json()["SMSMessageData"]["Recipients"]
    return found


def _is_signed(url: str, form: dict[str, str], headers: dict[str, str], token: str) -> bool:
    algorithm = algorithm_of(headers.get("x-twilio-webhooks-signature-settings", ""))
    signature = headers["x-twilio-signature"]
    return is_signed(url, form.items(), signature, [Secret.parse(token)], algorithm)
