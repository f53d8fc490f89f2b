"""The server under test, what it answers, and the list of checks."""

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


class Server:
    def __init__(self, name, *options, umask=None, data=None, under=(), **settings):
        self.data = data or os.path.join(work, name)
        self.err_path = os.path.join(work, name + ".err")
        self.err = open(self.err_path, "wb")
        self.process = subprocess.Popen(
            [*under, binary, "serve", "--data-dir", self.data, "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=self.err,
            cwd=work,
            **settings,
        )
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


CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
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
    ("GET", "/metrics"),
    ("DELETE", "/session"),
    ("POST", "/session/codes"),
    ("POST", "/events"),
    ("GET", "/alerts"),
    ("GET", "/alerts/1"),
    ("PATCH", "/alerts/1"),
    ("POST", "/alerts/1/label"),
    ("GET", "/analytics/velocity"),
    ("GET", "/analytics/summary"),
    ("GET", "/analytics/domain/gaming"),
    ("GET", "/models"),
    ("GET", "/activations"),
    ("POST", "/activations"),
    ("POST", "/predict"),
    ("POST", "/predict/batch"),
    ("GET", "/predict/health"),
    ("GET", "/simulations"),
    ("POST", "/simulations"),
    ("GET", "/simulations/test-1"),
    ("DELETE", "/simulations/test-1"),
    ("GET", "/stream"),
    # Neither what is not there nor a method that is not: deny by default.
    ("GET", "/nothing"),
    ("PUT", "/"),
    ("POST", "/"),
    ("DELETE", "/health"),
    ("POST", "/ready"),
    ("OPTIONS", "/alerts"),
    ("TRACE", "/"),
    ("GET", "/session"),
    ("GET", "/Docs"),
    ("GET", "/docs/"),
    ("GET", "/health/"),
    ("GET", "/assets"),
    ("GET", "/token"),
    ("GET", "/server.json"),
    ("GET", "/./"),
    ("GET", "/%64ocs"),
    ("GET", "/health;x"),
]
JSON = ("Content-Type", "application/json")
