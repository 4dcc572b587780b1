"""Flask: health, readiness, metrics, and what the simulator's phones were sent."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import TYPE_CHECKING

from flask import Flask, Response, abort, jsonify, request

from smsbot import metrics
from smsbot.errors import Malformed, NotFound, SmsbotError

if TYPE_CHECKING:
    from smsbot.bootstrap import App


def make_flask(app: App) -> Flask:
    """Give the Flask application. It holds no state of its own."""
    flask = Flask("smsbot.web", static_folder=None)
    flask.config.update(
        MAX_CONTENT_LENGTH=64 * 1024, MAX_FORM_PARTS=100, TRAP_HTTP_EXCEPTIONS=False
    )
    _health(flask, app)
    if app.settings.is_dev:
        _simulator(flask, app)
    _guards(flask)
    return flask


def _health(flask: Flask, app: App) -> None:
    @flask.get("/healthz")
    def healthz() -> Response:
        return jsonify(alive=True)

    @flask.get("/readyz")
    def readyz() -> tuple[Response, int]:
        ready, parts = app.readiness()
        return jsonify(ready=ready, parts=parts), 200 if ready else 503

    @flask.get("/metrics")
    def show_metrics() -> Response:
        _refuse_strangers(app.settings.metrics_token)
        return Response(metrics.render(), content_type=metrics.CONTENT_TYPE)


def _refuse_strangers(token: str) -> None:
    """Let in who brings the token; without one, only this machine itself, not through a proxy."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return
    proxied = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded"))
    try:
        local = ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        local = False
    if not local or proxied:
        abort(403)


def _simulator(flask: Flask, app: App) -> None:
    @flask.get("/simulator/messages")
    def messages() -> Response:
        raw_number = request.args.get("to", "")
        if not raw_number:
            raise Malformed("?to= names the phone whose messages are listed")
        return jsonify(app.simulated_messages(raw_number))


def _guards(flask: Flask) -> None:
    @flask.errorhandler(SmsbotError)
    def say(fault: SmsbotError) -> tuple[Response, int]:
        status = getattr(fault, "status", 404 if isinstance(fault, NotFound) else 400)
        return jsonify(code=fault.code, message=str(fault)), status

    @flask.errorhandler(Exception)
    def hide(fault: Exception) -> tuple[Response, int]:
        status = getattr(fault, "code", None)
        if isinstance(status, int):
            return jsonify(code=getattr(fault, "name", "error"), message="refused"), status
        flask.logger.error("request_failed", exc_info=fault)
        return jsonify(code="internal", message="this went wrong on our side"), 503

    @flask.after_request
    def harden(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", "default-src 'none'")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers.setdefault("Cache-Control", "no-store")
        return response
