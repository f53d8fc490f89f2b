"""Runs every command line of every help text and page, as a reader would.

    python examples.py PATTERNALARM FOLDER [--verbose]

FOLDER is empty, and used up. A page's commands run one after another in one folder; each of a help text gets data
directories of its own. The files that they name are made by fixtures.py; where an example is not run as it is written,
deviations.py says what is done, and why. What texts and messages mention between backticks must be there, too: options
and files. Only Python's own library is needed.
"""

import concurrent.futures
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter

import deviations
import texts
from fixtures import Fixtures

binary, folder = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
verbose = "--verbose" in sys.argv
root = pathlib.Path(__file__).resolve().parents[2]
used = set()
LIMIT = 120  # Seconds that an example may take.


def matching(table, command):
    rows = [row for row in table if re.search(row[0], command)]
    used.update(rows)
    return rows


class Reader:
    """Goes through one text."""

    def __init__(self, text, fixtures):
        self.text = text
        self.fixtures = fixtures
        self.folder = folder / re.sub(r"\W+", "-", text.name)
        self.folder.mkdir()
        self.environment = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HOME": str(self.folder), "LANG": "C.UTF-8",
        }
        self.server = None
        self.counts = Counter()
        self.failures = []

    def read(self):
        for command in self.text.commands:
            with self.noting(command):
                self.follow(command)
        with self.noting("(its end)"):
            self.stop()
        return self

    @contextlib.contextmanager
    def noting(self, command):
        try:
            yield
        except (AssertionError, OSError, subprocess.SubprocessError) as failure:
            self.failures.append(f"{self.text.name}: {command}\n{textwrap.indent(str(failure), '    ')}")

    def follow(self, command):
        if matching(deviations.NOT_RUN, command):
            self.counts["not run"] += 1
            if command.startswith("Tools/"):
                assert os.access(root / command.split()[0], os.X_OK), "there is no such program"
            return
        line = command
        for pattern, instead, _ in matching(deviations.LITERAL, line):
            line = re.sub(pattern, instead, line)
        shorter = matching(deviations.SHORTER, line)
        for pattern, instead, _ in shorter:
            line = re.sub(pattern, instead, line)
        self.counts["shortened" if shorter else "run"] += 1
        self.prepare(line)
        self.run(self.completed(line))

    def prepare(self, line):
        """Puts there what the example is about."""
        if not re.match("curl|patternalarm open", line):
            self.stop()
        if not self.text.in_order and not self.server:
            for name in ("work", "patternalarm-data"):
                shutil.rmtree(self.folder / name, ignore_errors=True)
        for name, key in self.fixtures.names_in(line).items():
            if not (self.folder / name).exists():
                self.fixtures.place(key, self.folder / name)
        if "patternalarm open" in line and not self.server:
            self.start("patternalarm serve --port 0 --data-dir work")

    def completed(self, line):
        """An alert, a key, a server's address in the place of those that are written."""
        if "{alert}" in line:
            _, alerts = self.shell("patternalarm alerts list --limit 1 --format csv")
            line = line.replace("{alert}", alerts.splitlines()[1].split(",")[0])
        if "{key}" in line:
            # Whose events are held at the end, or at the time that the example names.
            events = self.fixtures.made("events.jsonl").read_text().splitlines()
            if "2026-03-02T08" in line:
                events = [event for event in events if '"timestamp":"2026-03-02T08:2' in event]
            line = line.replace("{key}", re.search(r'"actor_id":"(\w+)"', events[-1])[1])
        if "{url}" in line:
            assert self.server, "no server has been started"
            line = line.replace("{url}", self.url).replace("curl ", "curl -sS --fail ")
        return line

    def shell(self, line):
        """Status and output of a line. None of its processes stays."""
        process = subprocess.Popen(
            ["bash", "-o", "pipefail", "-c", line], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise AssertionError(f"run as: {line}\ntakes more than {LIMIT} seconds; see deviations.py") from None
        return process.returncode, output

    def run(self, line):
        began = time.monotonic()
        if line.startswith("patternalarm serve"):
            status, said = 0, self.start(line)
        else:
            status, said = self.shell(line)
        if verbose:
            said = textwrap.indent(said[:2000], "    ")
            print(f"{self.text.name}: {line}\n{said}    ({time.monotonic() - began:.1f} s)\n", end="", flush=True)
        expected = next((row[1] for row in matching(deviations.STATUS, line)), 0)
        assert status == expected, f"run as: {line}\nstatus {status}, not {expected}\n{said[:2000]}"

    def start(self, line):
        """A server is up when it says where it listens."""
        self.errors = open(self.folder / "server.err", "w+")
        self.server = subprocess.Popen(
            ["bash", "-c", "exec " + line], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self.errors, text=True,
        )
        said = self.server.stdout.readline()
        if not said.startswith("listening on http://"):
            self.stop()
            raise AssertionError(f"run as: {line}\nit does not say where it listens: {said}")
        self.url = said.split()[-1]
        return said

    def stop(self):
        """A server ends well when it is asked to."""
        if self.server is None:
            return
        server, self.server = self.server, None
        server.send_signal(signal.SIGTERM)
        try:
            status = server.wait(LIMIT)
        except subprocess.TimeoutExpired:
            server.kill()
            raise
        self.errors.seek(0)
        assert status == 0, f"the server ended with {status}: {self.errors.read()}"


def main():
    commands = texts.dumped(binary)
    reading = [*texts.of_pages(root, commands), *texts.of_helps(binary, commands)]
    (folder / "bin").mkdir()
    (folder / "bin/patternalarm").symlink_to(binary)
    (folder / "fixtures").mkdir()
    # The queries that the help of `query` shows are those that its examples ask for.
    shown = re.search(r"(?m)^  queries:\n(?:    .*\n)+", commands["query",]["discussion"])[0]
    fixtures = Fixtures(binary, folder / "fixtures", textwrap.dedent(shown))

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
        jobs = [threads.submit(Reader(text, fixtures).read) for text in reading if text.commands]
        readers = [job.result() for job in jobs]

    failures = sum((reader.failures for reader in readers), [])
    mentions = 0
    for text in [*reading, *texts.of_messages(root)]:
        count, wrong = texts.wrong_mentions(text, commands, root)
        mentions += count
        failures += wrong
    for table in (deviations.LITERAL, deviations.SHORTER, deviations.STATUS, deviations.NOT_RUN):
        failures += [f"deviations.py: no example needs {row}" for row in table if row not in used]
    counts = sum((reader.counts for reader in readers), Counter())
    print(
        f"{counts.total()} command lines of {len(readers)} texts: {counts['run']} run, "
        f"{counts['shortened']} shortened, {counts['not run']} not run; {mentions} mentions; {len(failures)} failures"
    )
    for failure in failures:
        print(f"\n{failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
