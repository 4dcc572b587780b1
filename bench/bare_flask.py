"""The bar: a bare Flask app that does one GET and one SET by redis-py, and nothing else."""

import os

import redis
from flask import Flask, Response, request

application = Flask(__name__)
client = redis.Redis.from_url(os.environ["SMSBOT_REDIS_URL"])


@application.post("/ussd")
def turn() -> Response:
    key = "bare:" + request.form["sessionId"]
    seen = int(client.get(key) or 0)
    client.set(key, seen + 1, ex=300)
    text = request.form["text"]
    return Response(
        f"CON You are at step {seen}\n1 Next\n2 Leave\n({len(text)})", mimetype="text/plain"
    )
