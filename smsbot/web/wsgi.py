"""What the WSGI server loads: the webhooks in front, Flask behind."""

from __future__ import annotations

import time

from smsbot import log
from smsbot.bootstrap import App
from smsbot.config import load_settings
from smsbot.errors import SmsbotError
from smsbot.upkeep.examine_stores import refuse_forgetful
from smsbot.web.app import make_flask
from smsbot.web.hooks import Hooks


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
    return make_application(app)
