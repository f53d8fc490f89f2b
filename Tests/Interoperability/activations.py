#!/usr/bin/env python3
"""Events flow into a server while what is in force changes every second: thresholds, windows, rules, models (C11).

    activations.py PATTERNALARM PIPELINE.yaml MODEL.json [EVENTS_A_SECOND [SECONDS]]

No event may be lost or refused, every activation must be in the list, and in the end the alerts must be what the log with its
activations gives (`verify --deep`), also after a kill and after they are made anew from the log alone.
"""
import http.client
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

binary, pipeline, model = sys.argv[1:4]
rate = int(sys.argv[4]) if len(sys.argv) > 4 else 5000
seconds = int(sys.argv[5]) if len(sys.argv) > 5 else 12
# So many requests a second as one connection can have answered.
BATCH = max(500, rate // 10)


def run(*arguments, code=0):
    done = subprocess.run([binary, *arguments], capture_output=True, text=True)
    assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


class Server:
    def __init__(self, data, *arguments):
        self.data = data
        self.process = subprocess.Popen(
            [binary, "serve", "--data-dir", data, "--port", "0", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), line + self.process.stderr.read()
        self.port = int(line.rsplit(":", 1)[1])
        self.token = pathlib.Path(data, "token").read_text().strip()

    def send(self, connection, body):
        connection.request("POST", "/events", body, {
            "Authorization": "Bearer " + self.token, "Content-Type": "application/x-ndjson"})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, (answer.status, text[:300])
        return json.loads(text)

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        said = self.process.stderr.read()
        self.process.wait()
        return said


def variants(text, models):
    """Pipelines that an analyst may have one after the other, each with the model it is for."""
    rule = "\n  - name: quick_{0}\n    when: session_events >= {0}\n    score: 0.7\n    entity: actor\n    session: 5m\n"
    window = '\n  recent_{0}: {{value: "sum(actor, {0}m, amount)", title: "amount in {0} minutes"}}\n'
    for number in range(1000):
        changed = text
        if number % 2:
            changed = re.sub(r"\nfeatures:\n", "\nfeatures:" + window.format(5 + number % 7), changed, count=1)
        if number % 3:
            changed = re.sub(r"\ndetectors:\n", "\ndetectors:" + rule.format(3 + number % 5), changed, count=1)
        if number % 5 == 4:
            changed = re.sub(r"threshold: [0-9.]+", f"threshold: 0.{50 + number % 40}", changed)
        yield changed, models[number // 4 % len(models)]


def main():
    with tempfile.TemporaryDirectory() as folder:
        data, events = folder + "/data", folder + "/events.jsonl"
        total = rate * seconds // BATCH * BATCH
        run("simulate", "--events", str(total), "--seed", "7", "--out", events)
        lines = pathlib.Path(events).read_bytes().splitlines(keepends=True)
        run("simulate", "--events", "8000", "--seed", "8", "--out", folder + "/training.jsonl")
        other = folder + "/other"
        run("train", folder + "/training.jsonl", "--trees", "20", "--out", other, "--pipeline", pipeline)
        server = Server(data)
        failures, sent, gaps = [], [0], []

        def feed():
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            start = last = time.monotonic()
            try:
                for first in range(0, len(lines), BATCH):
                    due = start + first / rate
                    if due > time.monotonic():
                        time.sleep(due - time.monotonic())
                    answer = server.send(connection, b"".join(lines[first:first + BATCH]))
                    sent[0] += BATCH
                    now = time.monotonic()
                    gaps.append(now - max(last, due))
                    last = now
            except Exception as error:  # told at the end
                failures.append(repr(error))

        feeder = threading.Thread(target=feed)
        feeder.start()
        text = pathlib.Path(pipeline).read_text()
        count, took = 1, []
        for number, (changed, chosen) in enumerate(variants(text, [model, other])):
            if not feeder.is_alive():
                break
            path = f"{folder}/variant.yaml"
            pathlib.Path(path).write_text(changed)
            begin = time.monotonic()
            run("activate", "--data-dir", data, "--pipeline", path, "--model", chosen, "--note", f"variant {number}")
            took.append(time.monotonic() - begin)
            time.sleep(max(0, 1 - took[-1]))
        feeder.join()
        assert not failures, failures
        listed = json.loads(run("activations", "--data-dir", data, "--format", "json").stdout)
        assert len(listed) > 1 and [row["activation"] for row in listed] == list(range(1, len(listed) + 1))
        server.end()
        checked = run("verify", "--deep", "--data-dir", data)
        assert "equal, row for row" in checked.stdout, checked.stdout
        # Killed in the middle of what follows, and made anew.
        server = Server(data)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        more = b"".join(line.replace(b'"transaction_id":"', b'"transaction_id":"again-') for line in lines[:BATCH])
        server.send(connection, more)
        path = f"{folder}/variant.yaml"
        pathlib.Path(path).write_text(text)
        run("activate", "--data-dir", data, "--pipeline", path, "--model", model)
        server.end(signal.SIGKILL)
        run("replay", "--resume", "--data-dir", data, "-q")
        assert "equal, row for row" in run("verify", "--deep", "--data-dir", data).stdout
        before = run("stats", "--data-dir", data, "--format", "json").stdout
        run("alerts", "rebuild", "--data-dir", data, "-q")
        assert run("stats", "--data-dir", data, "--format", "json").stdout == before
        gaps.sort()
        print(f"{sent[0]} events at {rate}/s, {len(listed) - 1} activations in {seconds} s: none lost, none refused; "
              f"activate took {sorted(took)[len(took) // 2] * 1000:.0f} ms (median), {max(took) * 1000:.0f} ms at most; "
              f"answers took {gaps[len(gaps) // 2] * 1000:.1f} ms (median), {gaps[len(gaps) * 99 // 100] * 1000:.0f} ms (p99)")


main()
