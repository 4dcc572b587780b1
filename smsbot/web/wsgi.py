"""What the WSGI server loads: the webhooks in front, Flask behind."""

from __future__ import annotations

import time

from smsbot import log
from smsbot.bootstrap import App
from smsbot.config import load_settings
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
    """Read the environment, open every part and give the application. Once per process."""
    log.configure("web")
    app = App.open(load_settings())
    app.watch_content()
    return make_application(app)
