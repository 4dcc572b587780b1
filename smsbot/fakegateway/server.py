"""The server: one of the pretend providers on a free port of loopback, and its control calls.

In a test: `with FakeGateway(kind="africastalking") as fake: ... fake.url ...`. It runs on a thread
of its own; `serve` runs it on the main thread for the command line.

    GET  /control/stats        counts, doubles, the peak of any sliding second
    GET  /control/accepted     a JSON line per recipient that was taken
    GET  /control/behaviour    how it behaves now
    POST /control/behaviour    change some of it (JSON; what is not named stays, a script starts anew)
    POST /control/reset        forget what was taken and counted
    POST /control/sms          post a text from a person: {url, from, to, text, ...}
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import orjson
from pydantic import ValidationError

from smsbot.errors import ConfigError
from smsbot.fakegateway.africastalking import AfricasTalkingApi
from smsbot.fakegateway.behaviour import Behaviour, Fault, InboundText
from smsbot.fakegateway.http import Answer, Connection, Reply, Request
from smsbot.fakegateway.twilio import TwilioApi
from smsbot.fakegateway.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType
    from typing import Self

T = TypeVar("T")
Kind = Literal["africastalking", "twilio"]
_APIS: dict[Kind, type[AfricasTalkingApi | TwilioApi]] = {
    "africastalking": AfricasTalkingApi,
    "twilio": TwilioApi,
}
_CALL_S = 60.0


class FakeGateway:
    """A pretend provider. Threads may call every method; the address is known once it has begun."""

    def __init__(
        self, kind: Kind = "africastalking", *, port: int = 0, behaviour: Behaviour | None = None
    ) -> None:
        self.kind = kind
        self._port = port
        self._behaviour = behaviour or Behaviour()
        self._world = World()
        self.api = _APIS[kind](self._world)
        self._loop: asyncio.AbstractEventLoop
        self._open_now: set[asyncio.Transport] = set()
        self._server: asyncio.Server | None = None
        self._thread: threading.Thread | None = None

    # --- life -------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._begin()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="fake-gateway", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._thread is not None
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def serve(self, ready: Callable[[FakeGateway], None]) -> None:
        """Run until SIGINT or SIGTERM; call `ready` once the address is known."""
        self._begin()
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self._loop.stop)
        try:
            ready(self)
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._stop())
            self._loop.close()

    def _begin(self) -> None:
        self._loop = asyncio.new_event_loop()
        try:
            self._loop.run_until_complete(self._listen())
        except BaseException:
            self._loop.close()
            raise

    async def _listen(self) -> None:
        self._world.behave(self._behaviour)
        try:
            self._server = await self._loop.create_server(
                lambda: Connection(self._answer, self._open_now), "127.0.0.1", self._port
            )
        except OSError:
            raise ConfigError(f"port {self._port} of 127.0.0.1 is taken: give another") from None
        self._port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        await self._world.close()
        if self._server is not None:
            self._server.close()
        for transport in list(self._open_now):
            transport.abort()
        for _ in range(3):  # let what was cut off end
            await asyncio.sleep(0)

    # --- what a test asks -------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Give the address to send to: scheme, host and port."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def control_url(self) -> str:
        """Give the address of the control calls."""
        return f"{self.url}/control"

    @property
    def environment(self) -> dict[str, str]:
        """Give the settings that make smsbot send here."""
        return {self.api.address_setting: self.url, **self.api.environment}

    def stats(self) -> dict[str, Any]:
        """Give the counts of what was asked and taken."""
        return self._world.ledger.stats()

    def accepted(self) -> list[dict[str, Any]]:
        """Give one line per recipient that was taken: at, number, text (a hash), segments."""
        return list(self._world.ledger.lines())

    def behave(self, **changes: Any) -> None:
        """Change how it behaves; what is not named stays."""

        async def change() -> None:
            self._change(changes)

        self._call(change())

    def next(self, *faults: Fault | None) -> None:
        """Let the next requests go wrong so, one after the other."""
        self.behave(script=list(faults))

    def reset(self) -> None:
        """Forget what was taken and counted."""
        self._world.forget()

    def post_sms(self, url: str, *, sender: str, to: str, text: str, **more: Any) -> int:
        """Post a text from a person; give how many posts it took (0: never taken).

        `more` are fields of InboundText.
        """
        given = {"url": url, "from": sender, "to": to, "text": text, **more}
        return self._call(self.api.post_sms(InboundText.model_validate(given)))

    def sign_with(self, algorithm: str) -> None:
        """Sign Twilio's posts by HMAC_SHA1 (an auth token) or HMAC_SHA256 (a SharedKey)."""
        assert isinstance(self.api, TwilioApi)
        self.api.algorithm = algorithm

    def wait_until_quiet(self, timeout_s: float = 10.0) -> None:
        """Return once every report has been posted; raise TimeoutError if that takes too long."""
        until = time.monotonic() + timeout_s
        while self._world.is_busy():
            if time.monotonic() > until:
                raise TimeoutError("reports are still under way")
            time.sleep(0.005)

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_CALL_S)

    # --- requests ---------------------------------------------------------------------------

    async def _answer(self, request: Request) -> Answer:
        if request.path.startswith("/control/"):
            return await self._control(request)
        answer = await self.api.answer(request)
        return answer or Reply(404, b'{"code": 20404, "message": "Not Found"}')

    async def _control(self, request: Request) -> Reply:
        call = f"{request.method} {request.path.removeprefix('/control/')}"
        if call == "POST sms":
            return await self._posted_sms(request.body)
        if call == "POST behaviour":
            return self._changed(request.body)
        if call == "GET accepted":
            lines = b"".join(orjson.dumps(line) + b"\n" for line in self._world.ledger.lines())
            return Reply(200, lines, "application/x-ndjson")
        if call == "POST reset":
            self._world.forget()
        views: dict[str, Callable[[], object]] = {
            "GET stats": self.stats,
            "GET behaviour": lambda: self._world.behaviour.model_dump(mode="json"),
            "POST reset": self.stats,
        }
        view = views.get(call)
        return _json(view()) if view else Reply(404, b'{"error": "no such control call"}')

    def _changed(self, body: bytes) -> Reply:
        try:
            self._change(dict(orjson.loads(body)))
        except (ValueError, TypeError) as fault:
            return Reply(400, orjson.dumps({"error": str(fault)}))
        return _json(self._world.behaviour.model_dump(mode="json"))

    def _change(self, changes: dict[str, Any]) -> None:
        kept = self._world.behaviour.model_dump() | {"script": [], "throttle_s": 0}
        self._world.behave(Behaviour.model_validate(kept | changes))

    async def _posted_sms(self, body: bytes) -> Reply:
        try:
            inbound = InboundText.model_validate_json(body)
        except ValidationError as fault:
            return Reply(400, orjson.dumps({"error": str(fault)}))
        return _json({"posts": await self.api.post_sms(inbound)})


def _json(answer: object) -> Reply:
    return Reply(200, orjson.dumps(answer))
