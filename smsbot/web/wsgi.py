"""What the WSGI server loads: the webhooks in front, Flask behind."""

from __future__ import annotations

import gc
import time

from smsbot import log
from smsbot.bootstrap import App
from smsbot.config import load_settings
from smsbot.errors import SmsbotError
from smsbot.upkeep.examine_stores import refuse_forgetful
from smsbot.web.app import make_flask
from smsbot.web.hooks import Hooks

_YOUNG = 20_000


def make_application(app: App) -> Hooks:
    """Give the WSGI application of an App whose parts are open."""
    return Hooks(
        app.gateways,
        app.desk,
        make_flask(app).wsgi_app,
        public_url=app.settings.public_url,
        perf_counter=time.perf_counter,
    )


def create() -> Hooks:
    """Read the environment, open every part and give the application. Once per process.

    What cannot be right is one line in the log, and the process ends with status 1.
    """
    log.configure("web")
    try:
        app = App.open(load_settings())
        if not app.settings.is_dev:
            refuse_forgetful(app.parts.redis)
    except SmsbotError as fault:
        log.get_logger().critical("web_refused", exc_info=fault)
        raise SystemExit(1) from None
    app.watch_content()
    application = make_application(app)
    _rest_the_collector()
    return application


def _rest_the_collector() -> None:
    """Take what was made so far out of the garbage collector's rounds, and let them be rarer.

    Content and code are there for as long as the process; a round over them every few turns would
    cost more than the turns' own garbage, which has no cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 50)
