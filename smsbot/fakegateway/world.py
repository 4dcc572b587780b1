"""What both pretend providers share: their behaviour, their ledger, and their posts to us."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from smsbot.fakegateway.behaviour import Behaviour, Fault
from smsbot.fakegateway.http import Answer, Drop, Hang, Reply
from smsbot.fakegateway.ledger import Ledger
from smsbot.fakegateway.posting import Poster

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping, Sequence

_UNDONE: dict[Fault, Answer] = {
    Fault.HANG: Hang(),
    Fault.DROP: Drop(),
    Fault.ERROR: Reply(500, b"Internal Server Error", "text/plain"),
    Fault.HTML_502: Reply(502, b"<html><h1>502 Bad Gateway</h1></html>", "text/html"),
    Fault.UNAUTHORIZED: Reply(401, b"The supplied authentication is invalid", "text/plain"),
    Fault.REDIRECT: Reply(302, b"", headers={"Location": "http://127.0.0.1:9/elsewhere"}),
}
_DONE_ALL_THE_SAME: dict[Fault, Answer] = {
    Fault.HANG_AFTER: Hang(),
    Fault.DROP_AFTER: Drop(),
    Fault.ERROR_AFTER: Reply(500, b"Internal Server Error", "text/plain"),
}


class World:
    """The state of one server; touched by its own thread, but for reads of the ledger."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.ledger = Ledger()
        self.poster = Poster()
        self._tasks: set[asyncio.Task[Any]] = set()

    def behave(self, behaviour: Behaviour) -> None:
        """Behave so from now on."""
        behaviour.start(time.monotonic())
        self.behaviour = behaviour

    def forget(self) -> None:
        """Forget what was taken and counted; the behaviour stays."""
        self.ledger = Ledger()

    async def meet(self) -> Fault | None:
        """Draw the fault of a request and let the time of its answer pass."""
        fault = self.behaviour.fault(time.monotonic())
        self.ledger.answers[fault.value if fault else "ok"] += 1
        wait_s = self.behaviour.wait_s()
        if wait_s:
            await asyncio.sleep(wait_s)
        return fault

    def answer_without_taking(self, fault: Fault | None) -> Answer | None:
        """Give the answer of a fault that leaves a request undone; None for the others."""
        if fault is Fault.THROTTLE:
            pause = {"Retry-After": str(self.behaviour.retry_after_s)}
            return Reply(429, b'{"code": 20429, "message": "Too Many Requests"}', headers=pause)
        return _UNDONE.get(fault) if fault else None

    def answer_after_taking(self, fault: Fault | None, good: Reply) -> Answer:
        """Give the answer to a request that was done."""
        if fault is Fault.GARBLED:
            return Reply(good.status, good.body[: len(good.body) // 2], good.content_type)
        if fault is Fault.CHARSET:
            return Reply(good.status, good.body, "application/json; charset=utf-8")
        return _DONE_ALL_THE_SAME.get(fault, good) if fault else good

    def pays_for(self, wanted: int) -> int:
        """Take from the balance; give how many it pays for."""
        balance = self.behaviour.balance
        if balance is None:
            return wanted
        paid = min(wanted, balance)
        self.behaviour.balance = balance - paid
        return paid

    async def report(self, reports: Iterable[Sequence[Report]]) -> None:
        """Post the delivery reports of some messages as the plan says; each message's in turn."""
        plan = self.behaviour.receipts
        if plan.delay_ms:
            await asyncio.sleep(plan.delay_ms / 1000)
        await asyncio.gather(*(self._report_one(of_one) for of_one in reports))

    async def _report_one(self, reports: Sequence[Report]) -> None:
        plan = self.behaviour.receipts
        ordered = list(reversed(reports)) if plan.reverse else list(reports)
        for report in ordered[-1:] if plan.only_last and not plan.reverse else ordered:
            for _ in range(plan.repeat):
                await self.post(*report)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Post to the service and count the answer."""
        status = await self.poster.post(url, body, headers)
        self.ledger.callbacks[str(status)] += 1
        return status

    def later(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something beside the answer."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def is_busy(self) -> bool:
        """Say whether posts are still under way."""
        return bool(self._tasks)

    async def close(self) -> None:
        """Drop what is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.poster.close()


Report = tuple[str, bytes, dict[str, str]]
"""A post: address, body, headers."""
