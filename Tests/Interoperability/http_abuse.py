"""Hostile requests against `patternalarm serve`, over raw sockets: every check has a name, any failure fails the run.

    python http_abuse.py PATTERNALARM [WORK-FOLDER]

Only Python's own library is needed. Slow checks run beside each other; the whole takes less than a minute.
"""

import concurrent.futures
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

binary = os.path.abspath(sys.argv[1])
work = sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp(prefix="http-abuse-")

results = []
skipped = []
lock = threading.Lock()


def check(name, holds, seen=""):
    with lock:
        results.append((name, bool(holds), seen))
        if not holds:
            print(f"FAILED  {name}: {seen}", flush=True)


def skip(name, why):
    with lock:
        skipped.append(name)
        print(f"skipped {name}: {why}", flush=True)


# ---------------------------------------------------------------------------------------------------------------------
# The server


class Server:
    def __init__(self, name, *options, umask=None, data=None, **settings):
        self.data = data or os.path.join(work, name)
        self.err_path = os.path.join(work, name + ".err")
        self.err = open(self.err_path, "wb")
        self.process = subprocess.Popen(
            [binary, "serve", "--data-dir", self.data, "--port", "0", *options],
            stdout=subprocess.PIPE, stderr=self.err, cwd=work, **settings)
        line = self.process.stdout.readline().decode()
        match = re.fullmatch(r"listening on http://(127\.0\.0\.1|\[::1\]):(\d+)\n", line)
        if not match:
            raise SystemExit(f"{name} does not start: {line!r} {self.log()}")
        self.port = int(match[2])
        self.family = socket.AF_INET6 if match[1] == "[::1]" else socket.AF_INET
        self.address = match[1].strip("[]")
        self.host = f"{match[1]}:{self.port}"
        self.token = open(self.data + "/token").read().strip()

    def log(self):
        return open(self.err_path, "rb").read().decode("utf-8", "replace")

    def connect(self, timeout=15):
        connection = socket.socket(self.family)
        connection.settimeout(timeout)
        connection.connect((self.address, self.port))
        return connection

    def raw(self, data, timeout=15, half_close=False):
        """Sends bytes and reads until the server closes, or until one answer is whole and nothing follows."""
        with self.connect(timeout) as connection:
            try:
                connection.sendall(data)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            return read_all(connection)

    def request(self, method, target, headers=(), body=None, host=None, timeout=15):
        """One request on a connection of its own."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host or self.host}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers]
        if body is not None and not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers):
            lines.append(f"Content-Length: {len(body)}")
        data = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")
        return Answer(self.raw(data, timeout))

    def bearer(self):
        return ("Authorization", f"Bearer {self.token}")

    def status(self, name):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(name + ":"):
                return line.split(":", 1)[1].strip()
        return None

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident(self):
        return int(self.status("VmRSS").split()[0]) * 1024

    def stop(self, timeout=10):
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "killed"
        return code, time.monotonic() - start


def read_all(connection):
    data = b""
    try:
        while True:
            piece = connection.recv(65536)
            if not piece:
                return data
            data += piece
    except OSError:
        return data


def read_answer(connection):
    """One answer with a Content-Length, on a connection that stays open."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return Answer(data)
        data += piece
    head, rest = data.split(b"\r\n\r\n", 1)
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    while length and len(rest) < int(length[1]):
        piece = connection.recv(65536)
        if not piece:
            break
        rest += piece
    return Answer(head + b"\r\n\r\n" + rest)


class Answer:
    def __init__(self, data):
        self.data = data
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ", 2)
        self.status = int(words[1]) if len(words) > 1 and words[1].isdigit() else None
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers.setdefault(name.lower(), []).append(value.strip())

    def header(self, name):
        return ", ".join(self.headers.get(name.lower(), []))

    def __str__(self):
        return f"{self.status} {self.data[:300]!r}"


CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
       "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'")
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def missing_headers(answer):
    wrong = [name for name, value in HEADERS.items() if answer.header(name) != value]
    wrong += [name for name in ("server", "access-control-allow-origin", "x-powered-by") if answer.header(name)]
    return wrong


OPEN = ["/", "/docs", "/openapi.json", "/health", "/ready", "/assets/style.css"]
CLOSED = [
    ("GET", "/metrics"), ("DELETE", "/session"), ("POST", "/session/codes"), ("POST", "/events"), ("GET", "/alerts"),
    ("GET", "/alerts/1"), ("PATCH", "/alerts/1"), ("POST", "/alerts/1/label"), ("GET", "/analytics/velocity"),
    ("GET", "/analytics/summary"), ("GET", "/analytics/domain/gaming"), ("GET", "/models"), ("POST", "/predict"),
    ("POST", "/predict/batch"), ("GET", "/predict/health"), ("GET", "/simulations"), ("POST", "/simulations"),
    ("GET", "/simulations/test-1"), ("DELETE", "/simulations/test-1"), ("GET", "/stream"),
    # Neither what is not there nor a method that is not: deny by default.
    ("GET", "/nothing"), ("PUT", "/"), ("POST", "/"), ("DELETE", "/health"), ("POST", "/ready"), ("OPTIONS", "/alerts"),
    ("TRACE", "/"), ("GET", "/session"), ("GET", "/Docs"), ("GET", "/docs/"), ("GET", "/health/"), ("GET", "/assets"),
    ("GET", "/token"), ("GET", "/server.json"), ("GET", "/./"), ("GET", "/%64ocs"), ("GET", "/health;x"),
]
JSON = ("Content-Type", "application/json")


# ---------------------------------------------------------------------------------------------------------------------
# Who gets in


def access(server):
    for method, target in CLOSED:
        headers = [JSON] if method in ("POST", "PATCH") else []
        answer = server.request(method, target, headers, b"{}" if headers else None)
        check(f"401 without token: {method} {target}", answer.status == 401, answer)
        check(f"headers on 401: {method} {target}", not missing_headers(answer), missing_headers(answer))
        check(f"problem on 401: {method} {target}",
              answer.header("content-type") == "application/problem+json" and answer.header("www-authenticate") == "Bearer",
              answer)
    for target in OPEN:
        answer = server.request("GET", target)
        check(f"open: GET {target}", answer.status in (200, 404, 503), answer)
        check(f"headers: GET {target}", not missing_headers(answer), missing_headers(answer))
        head = server.request("HEAD", target)
        check(f"HEAD has no body: {target}", head.status is not None and head.body == b"" and not missing_headers(head), head)
    for name, value in [
        ("wrong token", "Bearer " + "0" * 64), ("empty token", "Bearer "), ("no scheme", server.token),
        ("basic", "Basic " + server.token), ("two spaces", "Bearer  " + server.token), ("cut", "Bearer " + server.token[:-1]),
        ("longer", "Bearer " + server.token + "0"), ("upper case", "Bearer " + server.token.upper()),
        ("two tokens", f"Bearer {server.token}, Bearer {server.token}"),
    ]:
        answer = server.request("GET", "/nothing", [("Authorization", value)])
        wanted = 401 if value != "Bearer " + server.token else 404
        check(f"401: {name}", answer.status == wanted, answer)
    answer = server.request("GET", "/nothing", [server.bearer(), ("Authorization", "Bearer x")])
    check("401: a right and a wrong token", answer.status == 401, answer)
    answer = server.request("GET", f"/nothing?token={server.token}")
    check("no token in URLs", answer.status == 401, answer)
    answer = server.request("GET", "/nothing", [server.bearer()])
    check("404 with token", answer.status == 404 and not missing_headers(answer), answer)
    answer = server.request("GET", "/nothing", [("authorization", "bearer " + server.token)])
    check("the scheme's case does not matter", answer.status == 404, answer)


def sessions(server):
    def code():
        answer = server.request("POST", "/session/codes", [server.bearer()])
        check("a code for the token", answer.status == 201, answer)
        return json.loads(answer.body)["code"]

    def enter(text, *headers):
        return server.request("POST", "/session", [JSON, *headers], json.dumps({"code": text}).encode())

    printed = re.search(r"/#code=([a-z0-9]+) within 5 minutes", server.log())
    check("the start prints a code", printed, server.log())
    answer = enter(printed[1])
    check("the printed code opens a session", answer.status == 204, answer)
    cookie = answer.header("set-cookie")
    check("the cookie is HttpOnly and Strict",
          re.fullmatch(r"patternalarm_session=[0-9a-f]{64}; HttpOnly; SameSite=Strict; Path=/", cookie), cookie)
    session = ("Cookie", cookie.split(";")[0])
    check("a code is good once", enter(printed[1]).status == 401)
    first = code()
    check("a code and a session are not the token",
          server.request("GET", "/nothing", [("Authorization", "Bearer " + first)]).status == 401)
    check("a session is not the token",
          server.request("GET", "/nothing", [("Authorization", "Bearer " + session[1].split("=")[1])]).status == 401)
    check("the session is let in", server.request("GET", "/nothing", [session]).status == 404)
    check("a wrong token is not made good by a session",
          server.request("GET", "/nothing", [session, ("Authorization", "Bearer x")]).status == 401)
    check("a session makes no codes",
          server.request("POST", "/session/codes", [session, ("Sec-Fetch-Site", "same-origin")]).status == 401)
    own = ("Origin", f"http://{server.host}")

    # Pages of other sites, with the owner's cookie.
    for name, headers, wanted in [
        ("own origin", [own], 404), ("own origin and site", [own, ("Sec-Fetch-Site", "same-origin")], 404),
        ("same-origin alone", [("Sec-Fetch-Site", "same-origin")], 404), ("neither", [], 403),
        ("typed in", [("Sec-Fetch-Site", "none")], 403), ("other origin", [("Origin", "http://evil.example")], 403),
        ("null origin", [("Origin", "null")], 403), ("other port", [("Origin", "http://127.0.0.1:1")], 403),
        ("other name", [("Origin", f"http://localhost:{server.port}")], 403),
        ("cross-site with own origin", [own, ("Sec-Fetch-Site", "cross-site")], 403),
        ("same-site", [own, ("Sec-Fetch-Site", "same-site")], 403), ("two origins", [own, own], 403),
        ("prefix of origin", [("Origin", f"http://{server.host}.evil.example")], 403),
    ]:
        answer = server.request("POST", "/nothing", [session, JSON, *headers], b"{}")
        check(f"CSRF, POST, {name}", answer.status == wanted and not missing_headers(answer), answer)
    for method in ("PATCH", "DELETE", "PUT"):
        answer = server.request(method, "/nothing", [session, ("Sec-Fetch-Site", "cross-site")])
        check(f"CSRF, {method}, cross-site", answer.status == 403, answer)
    for name, headers, wanted in [
        ("cross-site", [("Sec-Fetch-Site", "cross-site")], 403), ("same-site", [("Sec-Fetch-Site", "same-site")], 403),
        ("navigation to data", [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"),
                                ("Sec-Fetch-Dest", "document")], 403),
        ("same-origin", [("Sec-Fetch-Site", "same-origin")], 404),
    ]:
        check(f"reading with a cookie, {name}", server.request("GET", "/nothing", [session, *headers]).status == wanted)
    navigation = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")]
    for target in ("/", "/docs"):
        answer = server.request("GET", target, navigation + [("Sec-Fetch-Dest", "document")])
        check(f"links to {target} are followed", answer.status in (200, 404), answer)
        answer = server.request("GET", target, navigation + [("Sec-Fetch-Dest", "iframe")])
        check(f"no frame of another site holds {target}", answer.status == 403, answer)
    check("health is not for other sites' pages",
          server.request("GET", "/ready", [("Sec-Fetch-Site", "cross-site")]).status == 403)
    check("login is not for other sites' pages",
          enter(first, ("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site")).status == 403)

    # Types and shapes of the code's request.
    text = json.dumps({"code": first}).encode()
    for type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/jsonx",
                 "text/plain; application/json", "application/x-ndjson"):
        answer = server.request("POST", "/session", [("Content-Type", type)], text)
        check(f"415: {type or 'empty type'}", answer.status == 415, answer)
    check("415: no type", server.request("POST", "/session", [], text).status == 415)
    check("415: two types", server.request("POST", "/session", [JSON, ("Content-Type", "text/plain")], text).status == 415)
    check("415: compressed", server.request("POST", "/session", [JSON, ("Content-Encoding", "gzip")], text).status == 415)
    for body in (b"", b"{", b"[]", b"null", b'{"code":1}', b'{"code":null}', b"\xff\xfe", b'{"Code":"x"}', b"[" * 4000):
        answer = server.request("POST", "/session", [JSON], body) if body else server.request("POST", "/session", [JSON])
        check(f"400: session with {body[:20]!r}", answer.status == 400 and not missing_headers(answer), answer)
    check("413: a session of 5 KiB", server.request("POST", "/session", [JSON], b" " * 5000).status == 413)
    check("a code survives all that", enter(first).status == 204)

    # Guessing is slow and few may guess at once; the owner gets in all the same.
    start = time.monotonic()
    check("a wrong code is refused", enter("0" * 24).status == 401)
    check("a wrong code takes its time", time.monotonic() - start >= 0.5)
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        guesses = [pool.submit(enter, "0" * 24) for _ in range(40)]
        time.sleep(0.2)
        start = time.monotonic()
        check("the owner gets in among guesses", enter(code()).status == 204)
        check("and does not wait", time.monotonic() - start < 0.5, time.monotonic() - start)
        statuses = sorted(guess.result().status for guess in guesses)
    check("guesses are refused or turned away", set(statuses) == {401, 429}, statuses)
    codes = [code() for _ in range(9)]
    check("at most eight codes: the oldest is gone", enter(codes[0]).status == 401)
    check("at most eight codes: the newest is good", enter(codes[8]).status == 204)

    answer = server.request("DELETE", "/session", [session, own])
    check("a session can be closed", answer.status == 204 and "Max-Age=0" in answer.header("set-cookie"), answer)
    check("a closed session is closed", server.request("GET", "/nothing", [session]).status == 401)
    for text in ("patternalarm_session=", "patternalarm_session=x", "patternalarm_session", "=", ";;;", "a=b; " * 500):
        check(f"401: cookie {text[:25]!r}", server.request("GET", "/nothing", [("Cookie", text)]).status == 401)


def hosts(server):
    port = server.port
    for name in (f"127.0.0.1:{port}", f"localhost:{port}", f"LocalHost:{port}", f"[::1]:{port}"):
        check(f"host {name}", server.request("GET", "/ready", host=name).status in (200, 503))
    for name in ("evil.example", f"evil.example:{port}", "127.0.0.1", "localhost", f"127.0.0.1:{port + 1}", f"0.0.0.0:{port}",
                 f"127.0.0.1:{port}@evil.example", f"127.1:{port}", f"localhost.:{port}", f"127.0.0.1.nip.io:{port}",
                 f"127.0.0.1:{port}, evil.example", f"[::ffff:127.0.0.1]:{port}", "x" * 4000):
        answer = server.request("GET", "/ready", [server.bearer()], host=name)
        check(f"421: host {name[:40]}", answer.status == 421 and not missing_headers(answer), answer)


# ---------------------------------------------------------------------------------------------------------------------
# Framing


def framing(server):
    host = f"Host: {server.host}\r\n"
    token = f"Authorization: Bearer {server.token}\r\n"
    start = "POST /nothing HTTP/1.1\r\n" + host + token + "Content-Type: application/json\r\n"
    follow = "GET /ready HTTP/1.1\r\n" + host + "\r\n"
    shapes = [
        ("length and chunked", start + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("chunked and length", start + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400),
        ("two lengths", start + "Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}{}", 400),
        ("the same length twice", start + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
        ("a list of lengths", start + "Content-Length: 2, 2\r\n\r\n{}", 400),
        ("negative length", start + "Content-Length: -1\r\n\r\n{}", 400),
        ("signed length", start + "Content-Length: +2\r\n\r\n{}", 400),
        ("hexadecimal length", start + "Content-Length: 0x2\r\n\r\n{}", 400),
        ("length of 2^64", start + "Content-Length: 18446744073709551616\r\n\r\n{}", 400),
        ("length of 2^63", start + "Content-Length: 9223372036854775808\r\n\r\n{}", 400),
        ("empty length", start + "Content-Length:\r\n\r\n{}", 400),
        ("space before colon", start + "Content-Length : 2\r\n\r\n{}", 400),
        ("tab before colon", start + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400),
        ("folded length", start + "Content-Length:\r\n 2\r\n\r\n{}", 400),
        ("folded coding", start + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
        ("coding with vertical tab", start + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
        ("two codings", start + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        ("chunked twice", start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("coding identity", start + "Transfer-Encoding: identity\r\n\r\n", 400),
        ("quoted coding", start + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400),
        ("chunk size with sign", start + "Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n", 400),
        ("chunk size with 0x", start + "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", 400),
        ("chunk size too long", start + "Transfer-Encoding: chunked\r\n\r\n000000002\r\n{}\r\n0\r\n\r\n", 400),
        ("chunk size of 2^32", start + "Transfer-Encoding: chunked\r\n\r\n100000000\r\n{}\r\n0\r\n\r\n", 400),
        ("chunk extension", start + "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n", 400),
        ("chunk with bare LF", start + "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n", 400),
        ("chunk longer than said", start + "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", 400),
        ("trailer field", start + "Transfer-Encoding: chunked\r\n\r\n0\r\nHost: evil\r\n\r\n", 400),
        ("body with GET", "GET /ready HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\n{}", 400),
        ("chunked body with GET", "GET /ready HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("body with HEAD", "HEAD /ready HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\n{}", 400),
        ("bare LF", f"GET /ready HTTP/1.1\nHost: {server.host}\n\n", 400),
        ("one bare LF", f"GET /ready HTTP/1.1\r\nHost: {server.host}\nX: y\r\n\r\n", 400),
        ("bare CR", f"GET /ready HTTP/1.1\r\nHost: {server.host}\rX: y\r\n\r\n", 400),
        ("CR at the line's start", f"GET /ready HTTP/1.1\r\n\rHost: {server.host}\r\n\r\n", 400),
        ("folded field", "GET /ready HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n", 400),
        ("field without colon", "GET /ready HTTP/1.1\r\n" + host + "X\r\n\r\n", 400),
        ("field without name", "GET /ready HTTP/1.1\r\n" + host + ": x\r\n\r\n", 400),
        ("name with space", "GET /ready HTTP/1.1\r\n" + host + "X Y: z\r\n\r\n", 400),
        ("name beyond ASCII", "GET /ready HTTP/1.1\r\n" + host + "\xe9: z\r\n\r\n", 400),
        ("NUL in a value", "GET /ready HTTP/1.1\r\n" + host + "X: a\x00b\r\n\r\n", 400),
        ("escape in a value", "GET /ready HTTP/1.1\r\n" + host + "X: \x1b[31m\r\n\r\n", 400),
        ("DEL in a value", "GET /ready HTTP/1.1\r\n" + host + "X: \x7f\r\n\r\n", 400),
        ("NUL in the target", "GET /ready\x00 HTTP/1.1\r\n" + host + "\r\n", 400),
        ("no Host", "GET /ready HTTP/1.1\r\n\r\n", 400),
        ("two Hosts", "GET /ready HTTP/1.1\r\n" + host + host + "\r\n", 400),
        ("two different Hosts", "GET /ready HTTP/1.1\r\n" + host + "Host: evil.example\r\n\r\n", 400),
        ("absolute form", f"GET http://{server.host}/ready HTTP/1.1\r\n" + host + "\r\n", 400),
        ("absolute form of another", "GET http://evil.example/ HTTP/1.1\r\n" + host + "\r\n", 400),
        ("authority form", f"CONNECT {server.host} HTTP/1.1\r\n" + host + "\r\n", 501),
        ("GET of an authority", f"GET {server.host} HTTP/1.1\r\n" + host + "\r\n", 400),
        ("asterisk form", "OPTIONS * HTTP/1.1\r\n" + host + "\r\n", 400),
        ("two slashes", "GET //evil.example/%2f.. HTTP/1.1\r\n" + host + "\r\n", 400),
        ("empty target", "GET  HTTP/1.1\r\n" + host + "\r\n", 400),
        ("fragment", "GET /ready#x HTTP/1.1\r\n" + host + "\r\n", 400),
        ("backslash", "GET /\\evil HTTP/1.1\r\n" + host + "\r\n", 400),
        ("half an escape", "GET /ready%2 HTTP/1.1\r\n" + host + "\r\n", 400),
        ("space in the target", "GET /re ady HTTP/1.1\r\n" + host + "\r\n", 400),
        ("unknown method", "BREW /ready HTTP/1.1\r\n" + host + "\r\n", 501),
        ("lower-case method", "get /ready HTTP/1.1\r\n" + host + "\r\n", 501),
        ("method that is no word", "GE\xdfT /ready HTTP/1.1\r\n" + host + "\r\n", 400),
        ("HTTP/0.9", "GET /ready\r\n", 400),
        ("HTTP/1.0", "GET /ready HTTP/1.0\r\n" + host + "\r\n", 505),
        ("HTTP/1.2", "GET /ready HTTP/1.2\r\n" + host + "\r\n", 505),
        ("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("leading empty line", "\r\n" + follow, 400),
        ("leading space", " " + follow, 400),
        ("TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        ("SSH hello", "SSH-2.0-OpenSSH_9.6\r\n", 400),
        ("noise", "\xff\xfe\xfd\r\n\r\n", 400),
        ("other expectation", start + "Expect: 200-maybe\r\nContent-Length: 2\r\n\r\n{}", 417),
        ("target of 9,000 bytes", "GET /" + "a" * 9000 + " HTTP/1.1\r\n" + host + "\r\n", 414),
        ("first line without end", "GET /" + "a" * 20000, 414),
        ("field of 17 KiB", "GET /ready HTTP/1.1\r\n" + host + "X: " + "a" * 17000 + "\r\n\r\n", 431),
        ("101 fields", "GET /ready HTTP/1.1\r\n" + host + "X: a\r\n" * 100 + "\r\n", 431),
        ("fields without end", "GET /ready HTTP/1.1\r\n" + host + "X: a\r\n" * 5000, 431),
        ("too large by its length", start + "Content-Length: 1048577\r\n\r\n", 413),
        ("too large by far", start + "Content-Length: 999999999999999999\r\n\r\n", 413),
        ("too large by its chunk", start + "Transfer-Encoding: chunked\r\n\r\n100001\r\n", 413),
    ]

    def one(shape):
        name, text, wanted = shape
        # A request that hides behind must not be answered.
        answer = Answer(server.raw((text + follow).encode("latin-1")))
        check(f"framing, {name}", answer.status == wanted and len(re.findall(rb"HTTP/1\.1 \d{3} ", answer.data)) == 1, answer)
        check(f"framing, {name}: closes, with all headers",
              answer.header("connection") == "close" and not missing_headers(answer), answer)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(one, shapes))

    def statuses(data, **options):
        return re.findall(rb"HTTP/1\.1 (\d{3}) ", server.raw(data.encode("latin-1"), **options))

    last = "GET /ready HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n"
    ok = statuses(last)
    check("99 fields are taken",
          statuses("GET /ready HTTP/1.1\r\n" + host + "Connection: close\r\n" + "X: a\r\n" * 97 + "\r\n") == ok)
    check("pipelined requests are answered in turn", statuses(follow * 20 + last) == ok * 21)
    check("an error ends a pipeline behind the answers before", statuses(follow * 3 + "BAD\r\n\r\n" + follow) == ok * 3 + [b"400"])
    check("a pipeline is answered after a half-close", statuses(follow * 3, half_close=True) == ok * 3)
    check("nothing behind Connection: close is answered", statuses(last + follow) == ok)
    check("chunked bodies are taken",
          statuses(start + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n" + last) == [b"404"] + ok)
    check("an upgrade is not taken up", statuses(
        "GET /ready HTTP/1.1\r\n" + host + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n"
        + last) == ok * 2)
    check("a web socket is not opened", statuses(
        "GET /ready HTTP/1.1\r\n" + host + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" + last) == ok * 2)
    check("half a body is no request",
          statuses(start + "Content-Length: 10\r\n\r\n{}", half_close=True)[-1:] in ([b"400"], [b"404"]))
    check("half a head is no request", statuses("GET /ready HTTP/1.1\r\n" + host, half_close=True) == [b"400"])
    check("HEAD does not break a pipeline",
          statuses("HEAD /nothing HTTP/1.1\r\n" + host + "\r\n" + last) == [b"401"] + ok)
    with server.connect() as connection:
        head = start + "Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        seen = connection.recv(1000)
        check("an expected 100 is given", seen.startswith(b"HTTP/1.1 100 Continue\r\n\r\n"), seen)
        connection.sendall(b"{}")
        check("and the answer follows", b"404" in seen + read_all(connection))
    answer = server.request("POST", "/events", [JSON], b"x" * 300_000)
    check("an unauthorised body is not waited for", answer.status == 401, answer)
    # Byte by byte, what is right stays right.
    with server.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in last.encode():
            connection.send(bytes([byte]))
        check("a request in single bytes", read_answer(connection).status in (200, 503))


# ---------------------------------------------------------------------------------------------------------------------
# Paths and texts


def paths(server):
    secret = os.path.join(work, "secret.txt")
    with open(secret, "w") as file:
        file.write("do not show")
    for path in ("../token", "../../token", "..%2ftoken", "%2e%2e/token", "%2e%2e%2ftoken", "..%252ftoken", "....//token",
                 "..;/token", "/etc/passwd", "%2fetc%2fpasswd", "style.css/../../token", "style.css%00.js", "~/.ssh/id_rsa",
                 "..%c0%aftoken", "%c0%ae%c0%ae/token", "..%5c..%5ctoken", "file:///etc/passwd", secret, "./../secret.txt",
                 "%252e%252e/token", "CON", "a" * 7000):
        for headers in ([], [server.bearer()]):
            answer = server.request("GET", "/assets/" + path, headers)
            check(f"traversal, {path[:40]}{' with token' if headers else ''}",
                  answer.status in (400, 401, 403, 404) and b"root:" not in answer.data and b"do not show" not in answer.data
                  and server.token.encode() not in answer.data and not answer.header("location"), answer)


def events(server):
    """Bodies of events: half of one is none, a large one is taken."""
    headers = [server.bearer(), ("Content-Type", "application/x-ndjson")]

    def line(number, text="x"):
        return json.dumps({"transaction_id": f"{text}{number}", "actor_id": f"{text}{number % 5000}", "domain": "gaming", "amount": 1,
                           "currency": "EUR", "timestamp": "2026-11-21T10:00:00.000Z"}).encode() + b"\n"

    def count():
        answer = server.request("GET", "/analytics/summary", [server.bearer()])
        return json.loads(answer.body)["events"]["total"]

    before = count()
    whole = b"".join(line(number) for number in range(20))
    head = (f"POST /events HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {server.token}\r\n"
            "Content-Type: application/x-ndjson\r\n").encode()
    for name, data in [("by length", head + b"Content-Length: 100000\r\n\r\n" + whole),
                       ("in chunks", head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(whole) + whole + b"\r\n"),
                       ("without the last chunk's end",
                        head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(whole) + whole + b"\r\n0\r\n")]:
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
    check("the log has only whole lines", all(
        re.match(r"(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [a-z]+ |open http://)", line) for line in log.splitlines()),
        log[:500])
    check("the log has no token", server.token not in log)
    check("the log has no session", "patternalarm_session" not in log)
    check("the log has no code but the first", len(re.findall(r"code=", log)) == 1)


# ---------------------------------------------------------------------------------------------------------------------
# Slow and many


def slow_head(server):
    start = time.monotonic()
    with server.connect(20) as connection:
        connection.sendall(f"GET /ready HTTP/1.1\r\nHost: {server.host}\r\n".encode())
        try:
            for _ in range(20):
                connection.sendall(b"X: y\r\n")
                connection.settimeout(0.5)
                try:
                    if data := connection.recv(1000):
                        break
                except TimeoutError:
                    data = b""
        except OSError:
            pass
    took = time.monotonic() - start
    check("a slow head is refused after 5 s", Answer(data).status == 408 and 4 < took < 8, f"{took:.1f} s, {data[:60]!r}")


def slow_body(server):
    start = time.monotonic()
    data = b""
    with server.connect(20) as connection:
        connection.sendall((f"POST /session HTTP/1.1\r\nHost: {server.host}\r\nContent-Type: application/json\r\n"
                            "Content-Length: 1000\r\n\r\n").encode())
        try:
            for _ in range(40):
                connection.sendall(b" ")
                connection.settimeout(0.5)
                try:
                    if data := connection.recv(1000):
                        break
                except TimeoutError:
                    pass
        except OSError:
            pass
    took = time.monotonic() - start
    check("a slow body is refused after 10 s", Answer(data).status == 408 and 9 < took < 14, f"{took:.1f} s, {data[:60]!r}")


def slow_reader(server):
    """Asks again and again and reads nothing: the server must not keep the answers for ever."""
    start = time.monotonic()
    with server.connect(1) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = f"GET /ready HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode() * 100
        sent = 0
        cut = False
        while time.monotonic() - start < 25:
            try:
                sent += connection.send(request)
            except TimeoutError:
                continue
            except OSError:
                cut = True
                break
    took = time.monotonic() - start
    check("a client that does not read is cut off", cut and took < 24, f"{took:.1f} s, {sent} bytes sent")


def idle(server):
    """60 s are too long to wait for; half of them must not be enough."""
    with server.connect(30) as connection:
        time.sleep(12)
        connection.sendall(f"GET /ready HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode())
        check("a silent connection is served after 12 s", read_answer(connection).status in (200, 503))


def health_times(server, until, times):
    while not until.is_set():
        start = time.monotonic()
        try:
            status = server.request("GET", "/ready", timeout=5).status
        except OSError as error:
            status = str(error)
        times.append((time.monotonic() - start, status))
        time.sleep(0.05)


def crowds(server):
    for _ in range(20):
        server.request("GET", "/ready")
    base, memory = server.descriptors(), server.resident()
    done, times = threading.Event(), []
    watch = threading.Thread(target=health_times, args=(server, done, times))
    watch.start()
    half = f"GET /ready HTTP/1.1\r\nHost: {server.host}\r\nX: ".encode()
    slow = []
    for number in range(150):
        connection = server.connect()
        connection.sendall(half[:number % len(half)])
        slow.append(connection)
    time.sleep(1)
    check("150 slow clients: health answers within 1 s",
          times and max(took for took, _ in times) < 1 and all(status in (200, 503) for _, status in times),
          f"max {max(took for took, _ in times):.3f} s, {set(status for _, status in times)}")
    peak = server.descriptors()
    times.clear()
    flood = []
    start = time.monotonic()
    for number in range(600):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex((server.address, server.port))
        flood.append(connection)
        if number % 100 == 99:
            peak = max(peak, server.descriptors())
    time.sleep(2)
    peak = max(peak, server.descriptors())
    check("a flood of 600: health answers within 1 s",
          times and max(took for took, _ in times) < 1 and all(status in (200, 503) for _, status in times),
          f"max {max(took for took, _ in times):.3f} s, {set(status for _, status in times)}")
    check("a flood of 600: at most 256 connections are held", peak - base <= 256 + 40, f"{peak} from {base}")
    # Bodies that never end, on the open route.
    bodies = []
    for _ in range(100):
        connection = server.connect()
        connection.sendall((f"POST /session HTTP/1.1\r\nHost: {server.host}\r\nContent-Type: application/json\r\n"
                            "Content-Length: 4000\r\n\r\n{").encode())
        bodies.append(connection)
    time.sleep(0.5)
    done.set()
    watch.join()
    check("100 endless bodies: health answers within 1 s", max(took for took, _ in times) < 1,
          f"max {max(took for took, _ in times):.3f} s")
    for connection in slow + flood + bodies:
        connection.close()
    deadline = time.monotonic() + 8
    while server.descriptors() > base + 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    check("descriptors are back", server.descriptors() <= base + 2, f"{server.descriptors()} from {base}")
    check("memory is back", server.resident() < memory + (48 << 20), f"{server.resident() >> 20} MiB from {memory >> 20}")
    print(f"crowds: {base} to {peak} descriptors, {memory >> 20} to {server.resident() >> 20} MiB, "
          f"{time.monotonic() - start:.1f} s", flush=True)


def rude(server):
    """Connections that are reset in the middle of things."""
    base = server.descriptors()
    for number in range(200):
        connection = server.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.sendall((f"POST /session HTTP/1.1\r\nHost: {server.host}\r\nContent-Type: application/json\r\n"
                            "Content-Length: 100\r\n\r\n").encode()[:20 + number])
        connection.close()
    check("200 resets: still there", server.request("GET", "/ready").status in (200, 503))
    deadline = time.monotonic() + 5
    while server.descriptors() > base + 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    check("200 resets: descriptors are back", server.descriptors() <= base + 2, f"{server.descriptors()} from {base}")


def bursts(server):
    """Answers to framing errors are read even when much was sent behind them."""
    whole = 0
    for _ in range(20):
        data = b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 1_000_000
        whole += Answer(server.raw(data)).status == 413
    check("a refusal is not lost behind unread bytes", whole == 20, whole)


# ---------------------------------------------------------------------------------------------------------------------
# Starting and stopping


def fails(name, code, words, *arguments, data=None, **settings):
    """The server must not start, for a reason that it names."""
    command = [binary, "serve", "--data-dir", data or os.path.join(work, "fails"), "--port", "0", *arguments]
    try:
        result = subprocess.run(command, capture_output=True, timeout=10, cwd=work, **settings)
        seen = (result.returncode, result.stderr.decode())
    except subprocess.TimeoutExpired:
        seen = ("runs", "")
    check(f"does not start: {name}", seen[0] == code and re.search(words, seen[1]), seen)


def files(server):
    mode = lambda name: oct(os.stat(os.path.join(server.data, name)).st_mode & 0o7777)
    check("the token is 0600", mode("token") == "0o600", mode("token"))
    check("the notice is 0600", mode("server.json") == "0o600", mode("server.json"))
    check("the directory is 0700", mode("") == "0o700", mode(""))
    check("no other file is for others", all(
        os.stat(os.path.join(folder, name)).st_mode & 0o077 == 0
        for folder, _, names in os.walk(server.data) for name in names))
    check("the token is 64 digits", re.fullmatch(r"[0-9a-f]{64}", server.token))
    check("the token is not in the process's arguments or environment", all(
        server.token.encode() not in open(f"/proc/{server.process.pid}/{name}", "rb").read() for name in ("cmdline", "environ")))
    limits = open(f"/proc/{server.process.pid}/limits").read()
    check("no core files", re.search(r"Max core file size +0 +0 ", limits), limits)
    # Files of a process that may not be dumped belong to root, whoever runs it; the mode tells as root, too.
    sockets = open("/proc/net/tcp").read() + open("/proc/net/tcp6").read()
    mine = [line.split()[1] for line in sockets.splitlines()
            if line.split()[3:4] == ["0A"] and line.split()[1].endswith(f":{server.port:04X}")]
    check("it listens on 127.0.0.1 only", mine == [f"0100007F:{server.port:04X}"], mine)

    def opened(*arguments):
        result = subprocess.run([binary, "open", *arguments], capture_output=True, timeout=10, cwd=work)
        return result.returncode, result.stdout.decode(), result.stderr.decode()

    code, out, err = opened("--data-dir", server.data)
    match = re.fullmatch(rf"http://127\.0\.0\.1:{server.port}/#code=([a-z0-9]{{24}})\n", out)
    check("open prints a link", code == 0 and match, (code, out, err))
    answer = server.request("POST", "/session", [JSON], json.dumps({"code": match[1] if match else ""}).encode())
    check("open's link opens", answer.status == 204, answer)
    code, out, err = opened("--data-dir", os.path.join(work, "nowhere"))
    check("open without a server says so", code == 5 and out == "" and "no server runs" in err, (code, out, err))
    # What a killed server has left, with the number of a process that lives.
    stale = os.path.join(work, "stale")
    os.makedirs(stale, 0o700)
    for name, text in (("server.json", json.dumps({"address": f"http://127.0.0.1:{server.port}", "pid": os.getpid()})),
                       ("token", "0" * 64 + "\n"), ("lock", f"{os.getpid()}\n")):
        with open(os.open(os.path.join(stale, name), os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
    code, out, err = opened("--data-dir", stale)
    check("open is not taken in by a stale notice", code == 5 and out == "" and "no server runs" in err, (code, out, err))

    fails("a second server on the directory", 6, "in use by process", data=server.data)
    fails("the port is in use", 5, f"port {server.port} is in use", "--port", str(server.port))
    fails("an address that is none", 2, "no IP address", "--host", "evil.example")
    fails("an address of others", 2, "--allow-remote", "--host", "0.0.0.0")
    fails("every IPv6 address", 2, "--allow-remote", "--host", "::")
    fails("an address that is not here", 2, "no address of this machine", "--host", "192.0.2.1", "--allow-remote")
    fails("a port that is none", 2, "between 0 and 65535", "--port", "65536")

    def directory(name, make):
        path = os.path.join(work, name)
        os.makedirs(path, 0o700)
        make(path)
        return path

    def token(path, mode=0o600, text="0" * 64 + "\n"):
        with open(os.path.join(path, "token"), "w") as file:
            file.write(text)
        os.chmod(os.path.join(path, "token"), mode)

    victim = os.path.join(work, "victim")
    with open(victim, "w") as file:
        file.write("1" * 64 + "\n")
    os.chmod(victim, 0o600)
    for name, words, make in [
        ("a token others can read", "0644", lambda path: token(path, 0o644)),
        ("a token the group can read", "0640", lambda path: token(path, 0o640)),
        ("a token others can write", "0602", lambda path: token(path, 0o602)),
        ("a token that is a symbolic link", "symbolic link", lambda path: os.symlink(victim, path + "/token")),
        ("a token that is a link to nothing", "symbolic link", lambda path: os.symlink("/nowhere", path + "/token")),
        ("a token with two names", "plain file", lambda path: os.link(victim, path + "/token")),
        ("a token that is a pipe", "plain file", lambda path: os.mkfifo(path + "/token", 0o600)),
        ("a token that is a directory", "plain file", lambda path: os.mkdir(path + "/token", 0o700)),
        ("an empty token", "64 hexadecimal", lambda path: token(path, text="")),
        ("a short token", "64 hexadecimal", lambda path: token(path, text="0" * 63 + "\n")),
        ("a token that is none", "64 hexadecimal", lambda path: token(path, text="x" * 64 + "\n")),
        ("a token without end", "longer than", lambda path: token(path, text="0" * 10000)),
        ("a directory others can write to", "chmod go-w", lambda path: os.chmod(path, 0o777)),
        ("a directory with the sticky bit", "chmod go-w", lambda path: os.chmod(path, 0o1777)),
        ("a directory the group can write to", "chmod go-w", lambda path: os.chmod(path, 0o770)),
    ]:
        fails(name, 5, words, data=directory("d" + str(abs(hash(name))), make))
    check("a linked token is left alone", open(victim).read() == "1" * 64 + "\n")

    # A token that is there is kept, and what a killed start has left is replaced.
    kept = directory("kept", token)
    os.symlink(victim, kept + "/server.json.part")
    with open(kept + "/server.json", "w") as file:
        file.write("stale")
    os.chmod(kept + "/server.json", 0o600)
    again = Server("kept-log", "--host", "::1", "--allowed-host", "Box.lan", data=kept, umask=0)
    check("an existing token is kept", again.token == "0" * 64)
    check("a symbolic link in the notice's place is not followed", open(victim).read() == "1" * 64 + "\n")
    check("IPv6 loopback", again.request("GET", "/ready").status in (200, 503))
    check("an allowed host", again.request("GET", "/ready", host="box.lan").status in (200, 503))
    check("no other host", again.request("GET", "/ready", host="box2.lan").status == 421)
    origin = [("Origin", "https://box.lan"), ("Sec-Fetch-Site", "same-origin")]
    check("an allowed host behind TLS", again.request("GET", "/ready", origin, host="box.lan").status in (200, 503))
    code, took = again.stop()
    check("SIGTERM: 0", code == 0, code)
    check("the notice is gone", not os.path.exists(kept + "/server.json"))
    check("the token stays", os.path.exists(kept + "/token"))
    check("quiet by default", says_only_totals(again), again.log())


def says_only_totals(server):
    """Nothing on standard error but how to get in, and what was done."""
    lines = server.log().splitlines()
    return len(lines) == 2 and lines[0].startswith("open http://") and " events = " in lines[1]


def confined(server):
    """What the kernel forbids the process, where it can: Landlock."""
    if "Landlock (" in server.log() and "not confined" in server.log():
        return skip("confinement", re.search(r"not confined: .*", server.log())[0])
    check("the process says that it is confined", "confined to the data directory and the port (Landlock" in server.log())
    threads = os.listdir(f"/proc/{server.process.pid}/task")
    states = [re.search(r"NoNewPrivs:\t(\d)", open(f"/proc/{server.process.pid}/task/{thread}/status").read())[1]
              for thread in threads]
    check("no thread can get new privileges", len(states) > 1 and set(states) == {"1"}, states)

    # An alerts file that is a link out of the directory: good, and yet not to be opened.
    def linked(name):
        outside, data = os.path.join(work, name + "-outside"), os.path.join(work, name)
        os.makedirs(outside, 0o700)
        os.makedirs(data, 0o700)
        made = Server(name + "-made", data=data)
        code, _ = made.stop()
        check(f"{name}: made", code == 0, code)
        for file in os.listdir(data):
            if file.startswith("alerts.sqlite"):
                os.rename(os.path.join(data, file), os.path.join(outside, file))
        os.symlink(os.path.join(outside, "alerts.sqlite"), os.path.join(data, "alerts.sqlite"))
        return data, outside

    data, outside = linked("link")
    fails("an alerts file outside", 5, "alerts", data=data)
    free = Server("link-free", "--no-sandbox", data=data)
    check("the same without confinement", free.request("GET", "/ready").status in (200, 503))
    free.stop()
    named = Server("link-named", "--alerts", os.path.join(outside, "alerts.sqlite"), data=data)
    check("an alerts file that is named", named.request("GET", "/ready").status in (200, 503))
    named.stop()
    # A folder of the log that leads outside is neither read nor filled.
    data, outside = linked("log-link")
    os.remove(os.path.join(data, "alerts.sqlite"))
    os.rename(os.path.join(data, "log"), os.path.join(outside, "log"))
    os.symlink(os.path.join(outside, "log"), os.path.join(data, "log"))
    fails("a log outside", 5, "ermission denied", data=data)


def few_descriptors():
    server = Server("few", preexec_fn=lambda: __import__("resource").setrlimit(
        __import__("resource").RLIMIT_NOFILE, (72, 72)))
    held = []
    for _ in range(100):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex((server.address, server.port))
        held.append(connection)
    time.sleep(0.5)
    start = time.monotonic()
    answer = server.request("GET", "/ready", timeout=5)
    check("72 descriptors, 100 connections: health within 1 s",
          answer.status in (200, 503) and time.monotonic() - start < 1, (answer, time.monotonic() - start))
    for connection in held:
        connection.close()
    code, took = server.stop()
    check("72 descriptors: SIGTERM: 0", code == 0, code)


def stopping():
    server = Server("stopping")
    held = [server.connect() for _ in range(20)]
    for connection in held[:5]:
        connection.sendall(b"GET /re")
    for connection in held[5:10]:
        connection.sendall((f"POST /session HTTP/1.1\r\nHost: {server.host}\r\nContent-Type: application/json\r\n"
                            "Content-Length: 10\r\n\r\n{").encode())
    for connection in held[10:15]:
        connection.sendall((f"POST /events HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {server.token}\r\n"
                            "Content-Type: application/x-ndjson\r\nContent-Length: 1000\r\n\r\n{").encode())
    stream = server.connect()
    stream.sendall((f"GET /stream HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {server.token}\r\n\r\n").encode())
    first = stream.recv(1000)
    if b"200" not in first[:20]:
        skip("SIGTERM with an open stream", f"GET /stream says {first[9:12].decode()}")
    else:
        check("the stream has all headers", not missing_headers(Answer(first)), first)
    code, took = server.stop()
    check("SIGTERM with open connections: 0 within 5 s", code == 0 and took < 5, f"{code} after {took:.1f} s")
    check("SIGTERM: the totals are the only word", says_only_totals(server), server.log())
    for connection in held + [stream]:
        connection.close()


def main():
    start = time.monotonic()
    # Debug, so that the log has something to hide; the crowd gets a server of its own, to count its descriptors.
    server = Server("main", "--log-level", "debug")
    crowded = Server("crowded")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        jobs = [pool.submit(job, server) for job in (slow_head, slow_body, slow_reader, idle)]
        jobs += [pool.submit(few_descriptors), pool.submit(stopping), pool.submit(confined, server)]
        jobs.append(pool.submit(lambda: (crowds(crowded), rude(crowded))))
        for job in (access, sessions, hosts, framing, paths, bursts, events, texts, files):
            job(server)
        for job in jobs:
            job.result()
    check("health at the end", server.request("GET", "/ready").status in (200, 503))
    check("the log has no control characters at the end", not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", server.log()))
    for each in (server, crowded):
        code, took = each.stop()
        check("SIGTERM: 0 within 5 s", code == 0 and took < 5, f"{code} after {took:.1f} s")
    failed = [name for name, holds, _ in results if not holds]
    print(f"{len(results) - len(failed)} of {len(results)} checks hold, {len(skipped)} skipped, "
          f"{time.monotonic() - start:.0f} s")
    sys.exit(1 if failed else 0)


main()
