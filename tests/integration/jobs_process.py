"""A real RQ worker of ours in a process of its own: `jobs_process.py JSON`."""

from __future__ import annotations

import json
import logging
import sys

from rq.serializers import JSONSerializer

from smsbot import jobs
from smsbot.sessions.client import connect
from smsbot.storage.database import Database
from smsbot.vault import Vault
from tests.integration.loopback_gateway import LoopbackGateway
from tests.integration.sending_support import channel, sender_of


def main() -> None:
    wanted = json.loads(sys.argv[1])
    logging.disable(logging.WARNING)
    vault = Vault(
        "a-secret-of-the-test-suite-only-0123456789", ["first-pii-key-of-the-test-suite-012345"]
    )
    database = Database(wanted["database"])
    client = connect(wanted["redis"])
    gateway = LoopbackGateway(channel(rate=wanted["rate"]), wanted["port"])
    jobs.prepare(jobs.Crew(sender_of(database, vault, client, gateway), client, database.dispose))
    worker = jobs.SendingWorker(
        list(jobs.QUEUES), connection=connect(wanted["redis"]), serializer=JSONSerializer
    )
    worker.work(logging_level="ERROR")


if __name__ == "__main__":
    main()
