"""A `patternalarm serve` of its own, in a directory of its own."""

import json
import queue
import re
import signal
import sqlite3
import subprocess
import threading
import time
import urllib.request


class Server:
    """Runs the binary until `stop`; what it printed is kept for a failure's report."""

    def __init__(self, binary, directory):
        self.directory = directory
        self.lines = []
        self._found = {"url": queue.Queue(), "code": queue.Queue()}
        self._process = subprocess.Popen(
            [binary, "serve", "--data-dir", directory, "--port", "0"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for stream in (self._process.stdout, self._process.stderr):
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()
        self.url = self._wait("url")
        self.code = self._wait("code")
        with open(f"{directory}/token", encoding="ascii") as file:
            self._token = file.read().strip()

    def _read(self, stream):
        for line in stream:
            self.lines.append(line.rstrip("\n"))
            for name, pattern in (("url", r"listening on (http://\S+)"), ("code", r"#code=(\S+)")):
                match = re.search(pattern, line)
                if match:
                    self._found[name].put(match.group(1).rstrip("/"))

    def _wait(self, name):
        try:
            return self._found[name].get(timeout=20)
        except queue.Empty:
            self.stop()
            raise AssertionError(f"serve did not say its {name}:\n" + "\n".join(self.lines)) from None

    def request(self, method, path, body=None, content_type="application/json"):
        """An answer of the API, with the token; fails on any status that is not a success."""
        request = urllib.request.Request(self.url + path, method=method, data=body, headers={
            "Authorization": f"Bearer {self._token}", "Content-Type": content_type})
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def asset(self, name):
        """A file of the page as it is served."""
        with urllib.request.urlopen(f"{self.url}/assets/{name}", timeout=10) as answer:
            return answer.read()

    def labels(self, alert_id):
        """The labels that people gave an alert, from the alerts file itself."""
        with sqlite3.connect(f"file:{self.directory}/alerts.sqlite?mode=ro", uri=True, timeout=5) as alerts:
            return [row[0] for row in alerts.execute(
                "SELECT label FROM triage WHERE alert_id = ? AND label IS NOT NULL ORDER BY triage_id", (alert_id,))]

    def pause(self):
        """The server hangs: connections stay, nothing comes."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    def stop(self):
        """Ends the server as a service manager would; returns its exit code and how many seconds it took."""
        begin = time.monotonic()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        return code, time.monotonic() - begin
