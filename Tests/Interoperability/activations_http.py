"""What is in force is changed over HTTP while events flow, and everything that the server says follows.

    python activations_http.py PATTERNALARM [WORK-FOLDER]

A sender posts simulated events without a pause. Meanwhile pipelines and models are put in force, refused with the places of
their mistakes, put in force at the same time as others, and rolled back. No event may be refused, and in the end the alerts
must be those that the log and its activations give. Only Python's own library is needed.
"""

import concurrent.futures
import hashlib
import json
import os
import sys
import threading
import time
import urllib.parse

from abuse.client import Server, check, results, work
from live.books import audit, run, simulate
from live.delivery import cut

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Data")
PIPELINE = open(os.path.join(SOURCE, "pipelines", "patternalarm.yaml"), encoding="utf-8").read()
MODEL = open(os.path.join(SOURCE, "models", "patternalarm.json"), "rb").read()
YAML = ("Content-Type", "application/yaml")
RULE = """  - name: large
    when: amount >= {least}
    score: 0.7
    entity: actor
    session: 5m
"""


def with_rule(least=4000, name="large"):
    return PIPELINE + RULE.format(least=least).replace("large", name)


class Sender:
    """Posts batches one behind the other until it is told to end; what was refused is counted, not repeated."""

    def __init__(self, server, lines):
        self.server = server
        self.batches = cut(lines, [50], "a")
        self.refused = []
        self.sent = 0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        for batch in self.batches:
            if self.ending.is_set():
                return
            headers = [self.server.bearer(), ("Content-Type", "application/x-ndjson"), ("Idempotency-Key", batch.key)]
            answer = self.server.request("POST", "/events", headers, batch.body)
            if answer.status == 200:
                batch.receipt = json.loads(answer.body)
                self.sent += 1
            else:
                self.refused.append(str(answer))

    def more(self):
        """Waits until events have been taken since now."""
        goal = self.sent + 2
        deadline = time.monotonic() + 30
        while self.sent < goal and self.thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        check("events flow", self.sent >= goal, (self.sent, self.refused[:1]))

    def end(self):
        self.ending.set()
        self.thread.join(30)
        self.batches = [batch for batch in self.batches if batch.receipt]


def ask(server, path):
    answer = server.request("GET", path, [server.bearer()])
    check(f"GET {path}: 200", answer.status == 200, answer)
    return json.loads(answer.body)


def post(server, body, query="", token=True):
    """A text is a pipeline's file, anything else a body of JSON."""
    headers = [server.bearer()] if token else []
    if isinstance(body, str):
        return server.request("POST", "/activations" + query, headers + [YAML], body.encode(), timeout=120)
    headers.append(("Content-Type", "application/json"))
    return server.request("POST", "/activations" + query, headers, json.dumps(body).encode(), timeout=120)


def told(name, answer, status):
    check(f"{name}: {status}", answer.status == status, answer)
    kind = "application/json" if status < 400 else "application/problem+json"
    check(f"{name}: {kind}", answer.header("content-type") == kind, answer)
    return json.loads(answer.body) if answer.body else {}


def mistakes(name, answer):
    """The places of a refused request's mistakes."""
    return [(each.get("pointer"), each.get("line"), each.get("column")) for each in told(name, answer, 422)["errors"]]


def numbers(server):
    listed = ask(server, "/activations?limit=1000")
    found = [each["number"] for each in listed["activations"]]
    check("the newest is the last", found == list(range(1, listed["total"] + 1)), found)
    check("one is in force", [each["number"] for each in listed["activations"] if each["in_force"]] == [listed["in_force"]])
    return listed["in_force"]


def model(server):
    """Which model judges a request, and that all who say it say the same."""
    transaction = {
        "transaction_id": "t", "timestamp": "2026-11-21T10:00:00Z", "domain": "gaming", "amount": 20, "currency": "EUR",
    }
    body = json.dumps({"actor_id": "somebody", "transactions": [transaction]}).encode()
    headers = [server.bearer(), ("Content-Type", "application/json")]
    single = told("predict", server.request("POST", "/predict", headers, body), 200)["ml_version"]
    body = b'{"predictions":[' + body + b"]}"
    batch = told("predict/batch", server.request("POST", "/predict/batch", headers, body), 200)["ml_version"]
    health = ask(server, "/predict/health")["ml_version"]
    active = [each["id"] for each in ask(server, "/models")["models"] if each["active"]]
    check("predict, its batch, its health and the models agree", [single] == [batch] == [health] == active, (single, active))
    return single


def rules(server, sender):
    """A rule comes, changes, and is refused with mistakes."""
    first = ask(server, "/activations")["activations"][0]
    check("it begins", (first["number"], first["kind"], first["in_force"]) == (1, "begin", True), first)
    check("it has an author", first["author"], first)
    check("it has both detectors", [each["change"] for each in first["detectors"]] == ["started"] * 2, first)
    sender.more()
    note = "?author=ana&note=" + urllib.parse.quote_plus("large amounts, too")
    answer = told("a rule", post(server, with_rule(), note), 201)
    found = answer["activation"]
    check("a rule: who and why", (found["author"], found["note"]) == ("ana", "large amounts, too"), found)
    changes = {each["name"]: each["change"] for each in found["detectors"]}
    check("a rule: what starts", changes == {"fraud_model": "kept", "structuring_burst": "kept", "large": "started"}, changes)
    check("a rule: words", answer["words"] == "activation 2: starts: large; 2 go on as before", answer["words"])
    check("a rule: behind events", sum(each["offset"] for each in found["offsets"]) > 0, found["offsets"])
    check("a rule: its file", found["pipeline_file_sha"] == hashlib.sha256(with_rule().encode()).hexdigest(), found)
    check("a rule: listed", ask(server, "/activations?limit=1")["activations"] == [found])
    again = told("the same again", post(server, {"pipeline": with_rule(), "note": "again"}), 200)
    check("the same again: nothing new", not again["changed"] and again["activation"]["number"] == 2, again)
    sender.more()
    health = json.loads(server.request("GET", "/health").body)
    part = [each for each in health["parts"] if each["name"] == "pipeline"]
    check("health says what is in force", health["activation"] == 2 and "activation 2" in part[0]["detail"], health)


def refused(server):
    """What cannot be in force changes nothing, and every mistake has its place."""
    parts = ("mean(session(actor, 5m), amount)", "user_id)")
    wrong = PIPELINE.replace('"' + parts[0], '"meen' + parts[0].removeprefix("mean")).replace(parts[1], "user_idd)")
    places = []
    for part in parts:
        before = PIPELINE[: PIPELINE.index(('"' if part == parts[0] else "") + part)]
        places.append((before.count("\n") + 1, len(before) - before.rfind("\n") + (part == parts[0])))
    found = mistakes("two mistakes", post(server, wrong))
    check("two mistakes: their places", found == [(None, *place) for place in places], (found, places))
    found = mistakes("two mistakes in JSON", post(server, {"pipeline": wrong}))
    check("two mistakes in JSON: their places", found == [("/pipeline", *place) for place in places], (found, places))
    found = mistakes("no YAML", post(server, "name: [a\n"))
    check("no YAML: its place", found == [(None, 2, 1)], found)
    told("another pipeline", post(server, PIPELINE.replace("name: patternalarm", "name: other")), 422)
    told("other partitions", post(server, PIPELINE.replace("partitions: 2", "partitions: 3")), 422)
    deep = post(server, "name: " + "[" * 200_000)
    check("deep nesting is refused", deep.status == 422, deep)
    laughs = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    start = time.monotonic()
    answer = post(server, laughs)
    check("a file that would grow without end is refused", answer.status == 422, answer)
    check("a file that would grow without end: at once", time.monotonic() - start < 5, time.monotonic() - start)
    check("too large: 413", post(server, PIPELINE + "#" * (1 << 20)).status == 413)
    check("too large in JSON: 413", post(server, {"pipeline": PIPELINE + "#" * (1 << 20)}).status == 413)
    check("without a token: 401", post(server, PIPELINE, token=False).status == 401)
    plain = server.request("POST", "/activations", [server.bearer(), ("Content-Type", "text/plain")], PIPELINE.encode())
    check("plain text: 415", plain.status == 415, plain)
    for body in ({}, {"author": "ana"}, {"pipeline": ""}, {"pipeline": PIPELINE, "rollback": 1}, {"models": {"patternalarm": "x"}}):
        check(f"{str(body)[:60]}: 400", post(server, body).status == 400)
    check("not both bodies and parameters: 400", post(server, {"rollback": 1}, "?note=x").status == 400)
    check("rollback to nothing", mistakes("rollback to nothing", post(server, {"rollback": 999})) == [("/rollback", None, None)])
    for models in ({"patternalarm": "0" * 64}, {"unknown": keep(server, MODEL)}):
        found = mistakes(f"{models}", post(server, {"models": models}))
        check(f"{models}: named", found == [("/models/" + next(iter(models)), None, None)], found)
    found = told("no model", post(server, {"models": {"patternalarm": keep(server, b"{}")}}), 422)
    check("no model: said", "the model patternalarm" in found["detail"], found)
    check("nothing has changed", numbers(server) == 2)


def keep(server, model):
    """Puts a model's file where the directory keeps it; returns its hash."""
    digest = hashlib.sha256(model).hexdigest()
    folder = os.path.join(server.data, "definitions", "models")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, digest + ".json"), "wb") as file:
        file.write(model)
    return digest


def trained():
    """Another model of the same features."""
    simulate("training", 3000, 22, "--fraud-share", "0.3")
    code, _, err = run("train", "training.jsonl", "--out", "second", "--trees", "5", "-q")
    check("a second model is trained", code == 0, err)
    with open(os.path.join(work, "second", "model.json"), "rb") as file:
        return file.read()


def models(server, sender):
    """Another model judges, and the first one again."""
    before = model(server)
    digest = keep(server, trained())
    found = told("a model", post(server, {"models": {"patternalarm": digest}, "author": "bo"}), 201)["activation"]
    check("a model: the pipeline stays", any(each["name"] == "large" for each in found["detectors"]), found)
    check("a model: its hash", found["models"] == {"patternalarm": digest}, found)
    after = model(server)
    check("the model in force predicts", after == "patternalarm@" + digest[:12] != before, (before, after))
    sender.more()
    found = told("rollback", post(server, {"rollback": 1, "author": "cy"}), 201)["activation"]
    check("rollback: who and why", (found["author"], found["note"]) == ("cy", "rollback to 1"), found)
    ended = [each["name"] for each in found["detectors"] if each["change"] == "ended"]
    check("rollback: what ends", ended == ["large"], found)
    check("the first model predicts", model(server) == before)
    sender.more()


def together(server, sender):
    """Several at the same time: one is put in force, the others are told to come again; nothing is in between."""
    taken, busy = 0, 0
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for turn in range(20):
            pipelines = [with_rule(1000 + 10 * turn + each) for each in range(8)]
            answers = list(pool.map(lambda pipeline: post(server, pipeline), pipelines))
            codes = [answer.status for answer in answers]
            check("at once: in force or 409", set(codes) <= {201, 409} and 201 in codes, codes)
            taken, busy = taken + codes.count(201), busy + codes.count(409)
            if busy:
                break
    check("at once: some had to come again", busy > 0, (taken, busy))
    sender.more()
    return taken


def counted(server, made):
    text = server.request("GET", "/metrics", [server.bearer()]).body.decode()
    check("metrics: the number", f"\npatternalarm_activation_number {numbers(server)}\n" in text)
    check("metrics: how long they took", f"\npatternalarm_activation_seconds_count {made}\n" in text)


def main():
    lines = simulate("flow", 60_000, 21)
    server = Server("activated")
    # Something for new windows to look back on.
    sender = Sender(server, lines)
    sender.more()
    rules(server, sender)
    refused(server)
    models(server, sender)
    made = 3 + together(server, sender)
    long = PIPELINE.replace("detectors:\n", '  month: {value: "sum(actor, 30d, amount)"}\ndetectors:\n') + RULE.format(least=1)
    told("a feature of 30 days", post(server, long.replace("when: amount >= 1", "when: month >= 20000")), 201)
    made += 1
    sender.more()
    counted(server, made)
    sender.end()
    check("no event was refused", not sender.refused, sender.refused[:3])
    number = numbers(server)
    listed = ask(server, "/activations?limit=1000")["activations"]
    code, took = server.stop()
    check("SIGTERM: 0 within 5 s", code == 0 and took < 5, f"{code} after {took:.1f} s {server.log()}")
    code, out, err = run("activations", "--data-dir", server.data, "--format", "json")
    check("the command lists the same", code == 0 and [each["activation"] for each in json.loads(out)] == [each["number"] for each in listed], (code, err))
    audit("activated", server.data, sender.batches, everything=False)
    again = Server("again", data=server.data)
    check("another server has the same in force", numbers(again) == number)
    check("another server lists the same", ask(again, "/activations?limit=1000")["activations"] == listed)
    page = ask(again, f"/activations?limit=2&before={number}")["activations"]
    check("page by page", [each["number"] for each in page] == [number - 2, number - 1], page)
    code, _ = again.stop()
    check("the other server ends well", code == 0)
    failed = [name for name, holds, _ in results if not holds]
    print(f"{len(results) - len(failed)} of {len(results)} checks hold; {number} activations, {len(sender.batches) * 50} events")
    sys.exit(1 if failed else 0)


main()
