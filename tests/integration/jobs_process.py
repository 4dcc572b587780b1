"""A real RQ worker of ours in a process of its own: `jobs_process.py JSON`."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING

from rq.serializers import JSONSerializer

from smsbot import jobs
from smsbot.campaigns import schedule
from smsbot.clock import Clock
from smsbot.sessions.client import connect
from smsbot.storage.database import Database
from smsbot.vault import Vault
from tests.integration.loopback_gateway import LoopbackGateway
from tests.integration.sending_support import channel, sender_of

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    wanted = json.loads(sys.argv[1])
    logging.disable(logging.WARNING)
    vault = Vault(
        "a-secret-of-the-test-suite-only-0123456789", ["first-pii-key-of-the-test-suite-012345"]
    )
    database = Database(wanted["database"])
    client = connect(wanted["redis"])
    gateway = LoopbackGateway(channel(rate=wanted["rate"]), wanted["port"])
    waker = jobs.Waker(client)

    def launch(campaign_id: int, should_stop: Callable[[], bool]) -> bool:
        return schedule.run_due(
            database,
            {"at-ke": gateway.channel},
            campaign_id,
            now_ms=Clock().now_ms,
            canary_over=1000,
            should_stop=should_stop,
            call_at=lambda campaign, at: waker.launch_at(campaign, at, now_ms=Clock().now_ms()),
        )

    sender = sender_of(database, vault, client, gateway)
    jobs.prepare(jobs.Crew(sender, client, database.dispose, launches=launch))
    worker = jobs.SendingWorker(
        list(jobs.QUEUES), connection=connect(wanted["redis"]), serializer=JSONSerializer
    )
    worker.work(logging_level="ERROR")


if __name__ == "__main__":
    main()
