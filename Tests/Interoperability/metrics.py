"""What `serve` measures, with Prometheus' own tool: what it says must be readable, complete and true.

    python metrics.py PATTERNALARM PROMTOOL WORK-FOLDER

Starts `serve`, sends simulated events and other requests, and checks that `promtool` accepts /metrics, that every metric
that Tools/grafana names is in it, that the counters are what the alerts file says (also after a restart), that
histograms add up, and that the rules, their tests and the configuration are right. Only Python's own library is needed.
"""

import atexit
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request

binary, promtool, work = (os.path.abspath(path) for path in sys.argv[1:4])
grafana = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Tools", "grafana")
data = f"{work}/data"
# Made by Prometheus itself.
OWN = {"up"}


class Server:
    def __init__(self):
        self.errors = open(f"{work}/serve.err", "w")
        # A checkpoint early on, so that its metrics have something to say.
        self.process = subprocess.Popen(
            [binary, "serve", "--data-dir", data, "--port", "0", "--checkpoint-events", "1000"],
            stdout=subprocess.PIPE, stderr=self.errors, text=True,
        )
        # Whatever fails, it does not stay.
        atexit.register(self.process.kill)
        line = self.process.stdout.readline()
        assert line.startswith("listening on http://"), line + open(f"{work}/serve.err").read()
        self.url = line.split()[-1]
        self.token = open(f"{data}/token").read().strip()

    def ask(self, path, body=None, content="application/json", method=None, token=True):
        headers = {"Authorization": f"Bearer {self.token}"} if token else {}
        if body is not None:
            headers["Content-Type"] = content
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def metrics(self):
        status, headers, text = self.ask("/metrics")
        assert status == 200, f"/metrics: {status} {text}"
        assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", headers["Content-Type"]
        return text

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0, open(f"{work}/serve.err").read()


def prom(*arguments, text=None):
    done = subprocess.run([promtool, *arguments], input=text, capture_output=True, text=True, cwd=grafana)
    assert done.returncode == 0, f"promtool {' '.join(arguments)}: {done.stdout}{done.stderr}"
    # A finding of `check metrics` that is no error is told on standard error, too.
    assert text is None or not done.stderr.strip(), done.stderr


def samples(text):
    """{name: {labels: value}}"""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        match = re.fullmatch(r'([A-Za-z_:][A-Za-z0-9_:]*)(?:\{(.*)\})? (\S+)', line)
        assert match, f"a line that is none: {line!r}"
        labels = frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
        series = found.setdefault(match[1], {})
        assert labels not in series, f"twice: {line}"
        series[labels] = float(match[3])
    return found


def total(found, name, **labels):
    wanted = set(labels.items())
    return sum(value for key, value in found.get(name, {}).items() if wanted <= key)


def named():
    """The metrics that the dashboard and the rules name."""
    def names(expression):
        plain = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\bby \([^)]*\)|\bon \([^)]*\)|label_values', " ", expression)
        return {word for word in re.findall(r"[a-zA-Z_:][\w:]*", plain) if "_" in word or word in OWN} - {
            "histogram_quantile"
        }
    board = json.load(open(f"{grafana}/dashboard.json"))
    expressions = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    expressions += [each["expr"] for each in board["annotations"]["list"] if "expr" in each]
    expressions += [each["query"]["query"] for each in board["templating"]["list"] if each["type"] == "query"]
    for one in expressions:
        asked = one.replace("$__rate_interval", "1m").replace("$instance", ".*")
        if not asked.startswith("label_values"):
            check_expression(asked)
    rules = open(f"{grafana}/rules.yml").read()
    blocks = re.findall(r"expr: (?:\|\n((?:          .*\n)+)|(.*)\n)", rules)
    assert len(blocks) == rules.count("- alert:") and len(expressions) > 30
    expressions += [block or line for block, line in blocks]
    return set().union(*map(names, expressions)) - OWN


checked = []


def check_expression(expression):
    """Collected, and then checked as one file of recording rules."""
    checked.append(expression)


def check_histograms(found):
    count = 0
    for name in [name for name in found if name.endswith("_bucket")]:
        base = name.removesuffix("_bucket")
        series = {}
        for labels, value in found[name].items():
            bound = dict(labels)["le"]
            series.setdefault(frozenset(each for each in labels if each[0] != "le"), []).append((float(bound), value))
        for labels, buckets in series.items():
            values = [value for _, value in sorted(buckets)]
            assert values == sorted(values), f"{name}{dict(labels)}: the buckets are not cumulative: {values}"
            assert sorted(buckets)[-1][0] == float("inf") and values[-1] == found[f"{base}_count"][labels]
            count += 1
    assert count > 8, count
    return count


def ledger(file):
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT ok, late, duplicate, rejected FROM ledger").fetchone())
        alerts = dict(connection.execute("SELECT type, count(*) FROM alerts GROUP BY type").fetchall())
        return row, alerts


def check_ledger(found):
    outcomes, alerts = ledger(f"{data}/alerts.sqlite")
    counted = {name: total(found, "patternalarm_events_total", outcome=name) for name in outcomes}
    assert counted == outcomes, f"{counted} is counted, the ledger says {outcomes}"
    return outcomes, alerts


def events(seed):
    file = f"{work}/events-{seed}.jsonl"
    command = [binary, "simulate", "--events", "6000", "--seed", str(seed), "--out", file]
    subprocess.run(command, check=True, capture_output=True)
    return open(file, "rb").read()


def once(server, condition, words):
    """/metrics as soon as something is so."""
    deadline = time.monotonic() + 20
    while True:
        text = server.metrics()
        found = samples(text)
        if condition(found):
            return text, found
        assert time.monotonic() < deadline, words
        time.sleep(0.05)


def first_run():
    server = Server()
    body = events(1)
    sent = 0
    for part in (body, body[: body.index(b"\n") + 1], b"{}\n"):
        status, _, text = server.ask("/events", part, "application/x-ndjson")
        assert status == 200, f"/events: {status} {text}"
        sent += sum(json.loads(text)[name] for name in ("accepted", "late", "duplicate", "rejected"))
    assert server.ask("/events", b"[", "application/json")[0] == 400
    transaction = json.loads(body.split(b"\n")[0])
    request = {"actor_id": "someone", "transactions": [transaction]}
    status, _, text = server.ask("/predict", json.dumps(request).encode())
    assert status == 200, f"/predict: {status} {text}"
    for number in range(3):
        assert server.ask(f"/alerts/no-{number}")[0] == 404
        assert server.ask(f"/no-such-{number}")[0] == 404
    assert server.ask("/metrics", token=False)[0] == 401
    text, found = once(server, lambda found: total(found, "kafka_consumer_lag") == 0, "the lag does not end")
    prom("check", "metrics", text=text)
    outcomes, alerts = check_ledger(found)
    assert sum(outcomes.values()) == sent and outcomes["duplicate"] >= 1 and outcomes["rejected"] == 1, outcomes
    counted = {}
    for labels, value in found["patternalarm_alerts_total"].items():
        labels = dict(labels)
        counted[labels["type"]] = counted.get(labels["type"], 0) + value
    counted = {name: value for name, value in counted.items() if value}
    assert counted == alerts and alerts, f"{counted} is counted, the alerts file says {alerts}"
    # What was opened, and the revisions.
    assert total(found, "patternalarm_alert_latency_seconds_count") >= sum(alerts.values())
    assert total(found, "patternalarm_scoring_seconds_count") == sent
    assert total(found, "fraud_predictions_total") == outcomes["ok"]
    assert total(found, "fraud_predictions_total", prediction="1") > 0
    assert total(found, "fraud_prediction_latency_seconds_count") == 1
    assert total(found, "patternalarm_ingest_requests_total", outcome="ok") == 3
    assert total(found, "patternalarm_ingest_requests_total", outcome="400") == 1
    assert total(found, "api_requests_total", method="POST", route="/events", status="200") == 3
    assert total(found, "api_requests_total", route="/alerts/{id}", status="404") == 3
    assert total(found, "api_requests_total", route="unmatched", status="404") == 3
    assert total(found, "patternalarm_part_status", status="ok") == 6
    assert total(found, "patternalarm_activation_number") == 1
    assert found["process_resident_memory_bytes"][frozenset()] > 10 << 20
    assert found["process_cpu_seconds_total"][frozenset()] > 0 and found["process_open_fds"][frozenset()] > 5
    assert abs(found["process_start_time_seconds"][frozenset()] - time.time()) < 120
    histograms = check_histograms(found)
    _, found = once(server, lambda found: "patternalarm_checkpoint_age_seconds" in found, "there is no checkpoint")
    names = named()
    missing = {name for name in names if name not in found}
    assert not missing, f"not in /metrics: {missing}"
    server.stop()
    print(
        f"{len(found)} names, {sum(map(len, found.values()))} lines, {histograms} histograms; all {len(names)} that "
        f"dashboard and rules name are there; {outcomes} as in the ledger"
    )
    return outcomes


def check_files():
    with open(f"{work}/expressions.yml", "w") as file:
        rules = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(checked)]
        json.dump({"groups": [{"name": "panels", "rules": rules}]}, file)
    prom("check", "rules", f"{work}/expressions.yml")
    prom("check", "rules", "rules.yml")
    prom("check", "config", "--syntax-only", "prometheus.yml")
    prom("test", "rules", "rules_test.yml")
    print(f"promtool accepts {len(checked)} expressions of the dashboard, rules and configuration; their tests pass")


def main():
    before = first_run()
    # Counters of events go on where they were.
    server = Server()
    outcomes, _ = check_ledger(samples(server.metrics()))
    assert outcomes == before, f"{outcomes}, {before} before the restart"
    server.stop()
    check_files()


main()
