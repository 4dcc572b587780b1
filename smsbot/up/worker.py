"""The worker process: RQ on our queues, with everything warm before it forks.

RQ forks a process per job, so a job that crashes or hangs harms no other. Its defaults find a killed
worker after minutes; these find it in one (stated where they are set), and the ticker over SQL
recovers the work itself within seconds (docs/decisions/061). RQ's scheduler runs in the ticker. A
failed job is logged and kept in Redis by type and place: RQ would keep the traceback, and a message in
it can quote a person's text.
"""

from __future__ import annotations

import os
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from rq.serializers import JSONSerializer

from smsbot import jobs, log, memory, metrics
from smsbot.backstage import Backstage
from smsbot.config import load_settings
from smsbot.errors import SmsbotError
from smsbot.sessions.client import answering
from smsbot.upkeep.examine_stores import refuse_forgetful

if TYPE_CHECKING:
    from rq import Queue
    from rq.executions import Execution
    from rq.job import Job

    from smsbot.config import Settings

WORKER_TTL_S: Final = 20
"""An idle worker that is gone is noticed after this; it waits 15 s less for a job (RQ's rule)."""
MAINTENANCE_S: Final = 15
"""How often jobs of dead workers are looked for."""
MONITORING_S: Final = 5
"""How often a running job's worker says that it lives."""


_SDKS: Final = {
    "africastalking": "smsbot.gateways.africastalking_api",
    "twilio": "smsbot.gateways.twilio_api",
}


class JobWorker(jobs.SendingWorker):
    """Writes one line per job: name, id and numbers; never arguments, results or tracebacks."""

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Run a job in its own process."""
        began = time.perf_counter()
        is_done = super().perform_job(job, queue, execution)
        seconds = time.perf_counter() - began
        name = (job.func_name or "unknown").rpartition(".")[2]
        outcome = "done" if is_done else "failed"
        metrics.job(name, outcome, seconds)
        log.get_logger().info(
            "job", job=name, id=job.id, queue=queue.name, outcome=outcome, ms=round(seconds * 1000)
        )
        return is_done

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Log why a job failed."""
        log.get_logger().error("job_failed", id=job.id, exc_info=exc_info)

    def handle_job_failure(self, job: Job, queue: Queue, *more: Any, **named: Any) -> None:
        """Let RQ retry or file the job, without the traceback."""
        error = named.get("exc_string", "").strip().rpartition("\n")[2]
        named["exc_string"] = error.partition(":")[0]
        super().handle_job_failure(job, queue, *more, **named)


def make_worker(settings: Settings) -> JobWorker:
    """Give a worker with a Redis connection of its own; raises RedisAway when Redis is away."""
    with answering():
        return JobWorker(
            list(jobs.QUEUES),
            connection=jobs.connection(settings),
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL_S,
            maintenance_interval=MAINTENANCE_S,
            job_monitoring_interval=MONITORING_S,
            log_job_description=False,
        )


def main() -> None:
    """Work until SIGTERM or SIGINT; a job at work is asked to come to an end first."""
    os.environ.setdefault(metrics.ROLE_VARIABLE, f"worker-{os.getpid()}")
    log.configure("worker")
    try:
        settings = load_settings()
        backstage = Backstage(settings)
        jobs.prepare(backstage.crew())
        memory.give_back()
        _import_sdks(backstage)
        if not settings.is_dev:
            refuse_forgetful(backstage.redis)
        worker = make_worker(settings)
        with answering():
            worker.work(logging_level=None)
    except SmsbotError as fault:  # whoever supervises starts us again
        log.get_logger().error("worker_stopped", exc_info=fault)
        raise SystemExit(1) from None


def _import_sdks(backstage: Backstage) -> None:
    """Import the SDKs of the accounts that are set: 0.3 s, which each job would pay anew."""
    for gateway in backstage.gateways.values():
        module = _SDKS.get(gateway.channel.gateway)
        if module and gateway.has_credentials:
            import_module(module)


if __name__ == "__main__":
    main()
