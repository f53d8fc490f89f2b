"""Senders that post batches of events at full speed, and repeat under the same key whatever was not acknowledged."""

import http.client
import json
import os
import random
import threading

from abuse.client import Server, check, work


class Batch:
    """Events that are posted together, under one key."""

    def __init__(self, key, lines):
        self.key = key
        self.ids = [json.loads(line)["transaction_id"] for line in lines]
        self.body = b"".join(lines)
        self.receipt = None
        self.posts = 0


def cut(lines, sizes, prefix, spoiled=False):
    """Batches of the sizes, in turn, until all lines are in one. With `spoiled` every other one has a line that is no event
    of the pipeline, and one that is years late."""
    batches, position = [], 0
    while position < len(lines):
        size = sizes[len(batches) % len(sizes)]
        key, part = f"{prefix}-{len(batches)}", lines[position : position + size]
        if spoiled and len(batches) % 2:
            late = {**json.loads(part[0]), "transaction_id": key + "-late", "timestamp": "2020-01-01T00:00:00Z"}
            part = part[:1] + [json.dumps({"transaction_id": key + "-broken"}).encode() + b"\n"] + part[1:]
            part.append(json.dumps(late).encode() + b"\n")
        batches.append(Batch(key, part))
        position += size
    return batches


# What must not change any answer or any alert.
OPTIONS = [
    ("--checkpoint-events", "200", "3000", "100000"),
    ("--checkpoint-seconds", "0.2", "3"),
    ("--state-memory", "1MB", "4MB", "64MB"),
    ("--durability", "fsync", "20ms"),
    ("--no-sandbox",),
]


def drawn(random):
    """Options of `serve`, each with one of its values or left out."""
    chosen = []
    for name, *values in OPTIONS:
        if random.random() < 0.6:
            chosen += [name] + ([random.choice(values)] if values else [])
    return chosen


class Delivery:
    """Batches on their way to a server that is killed or told to stop again and again, on one data directory."""

    # A sender that hears nothing for so long gives up: the run has failed.
    PATIENCE = 60

    def __init__(self, name, batches, senders, seed, under=lambda life: (), options=None):
        self.name = name
        self.batches = batches
        self.waiting = list(reversed(batches))
        self.random = random.Random(seed)
        self.changed = threading.Condition()
        self.acknowledged = 0
        self.refused = 0
        self.failure = None
        self.life = 0
        # The command that runs the server, by the number of its life; and the server that says that its disk has failed.
        self.under = under
        self.broken = None
        # The same ones in every life, if they are not to be drawn.
        self.options = options
        self.data = os.path.join(work, name)
        self.server = self.start()
        self.senders = senders

    def extend(self, batches):
        """More to be posted by the next run."""
        self.batches = self.batches + batches
        self.waiting = list(reversed(batches))

    def start(self):
        while True:
            self.life += 1
            under = self.under(self.life)
            try:
                options = drawn(self.random) if self.options is None else self.options
                return Server(f"{self.name}-{self.life}", *options, data=self.data, under=under)
            except SystemExit:
                # One that is refused a call may not come so far.
                if not under:
                    raise

    def run(self, ends, end):
        """Posts everything, while `end(server)` ends the server so many times, after a random number of answers."""
        threads = [threading.Thread(target=self.send, daemon=True) for _ in range(self.senders)]
        for thread in threads:
            thread.start()
        step = max(1, len(self.batches) // (ends + 1))
        done = 0
        while done < ends and self.failure is None:
            target = self.acknowledged + self.random.randint(0, step)
            with self.changed:
                self.changed.wait_for(
                    lambda: self.acknowledged >= target or self.broken is self.server or self.failure, self.PATIENCE
                )
            end(self.server)
            with self.changed:
                self.server = self.start()
                self.changed.notify_all()
            done += 1
        for thread in threads:
            thread.join(self.PATIENCE)
        check(f"{self.name}: no sender has failed", self.failure is None, self.failure)
        left = sum(batch.receipt is None for batch in self.batches)
        check(f"{self.name}: every batch is acknowledged in the end", left == 0, f"{left} are not")

    def send(self):
        """One sender, with one connection."""
        try:
            while self.failure is None:
                with self.changed:
                    if not self.waiting:
                        return
                    batch = self.waiting.pop()
                self.deliver(batch)
        except Exception as error:  # Told in the end, whatever it is.
            self.fail(f"{type(error).__name__}: {error}")

    def fail(self, words):
        with self.changed:
            self.failure = self.failure or words
            self.changed.notify_all()

    def deliver(self, batch):
        while self.failure is None:
            with self.changed:
                server = self.server
            batch.posts += 1
            try:
                status, headers, body = self.post(server, batch)
            except (OSError, http.client.HTTPException) as error:
                if not self.another(server):
                    raise RuntimeError(f"{error!r}, and nobody has ended the server")
                continue
            if status == 200:
                return self.take(batch, json.loads(body))
            if status not in (503, 409) or not headers["Retry-After"]:
                return self.fail(f"{batch.key}, post {batch.posts}: {status} {body[:300]}")
            with self.changed:
                self.refused += 1
                if b"the disk has failed" in body:
                    self.broken = server
                    self.changed.notify_all()
                self.changed.wait_for(lambda: self.server is not server, 0.05)

    def post(self, server, batch):
        local = threading.current_thread()
        if getattr(local, "server", None) is not server:
            local.server = server
            local.connection = http.client.HTTPConnection(server.address, server.port, timeout=self.PATIENCE)
        headers = {
            "Authorization": f"Bearer {server.token}",
            "Content-Type": "application/x-ndjson",
            "Idempotency-Key": batch.key,
        }
        local.connection.request("POST", "/events", batch.body, headers)
        answer = local.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def another(self, server):
        """Waits for the server that follows one that has gone."""
        with self.changed:
            return self.changed.wait_for(lambda: self.server is not server or self.failure, self.PATIENCE)

    def take(self, batch, receipt):
        count = sum(receipt[name] for name in ("accepted", "rejected", "late", "duplicate"))
        broken = sum(id.endswith("-broken") for id in batch.ids)
        if count != len(batch.ids) or receipt["rejected"] != broken:
            return self.fail(f"{batch.key}: {len(batch.ids)} events, {broken} broken, but the receipt says {receipt}")
        with self.changed:
            batch.receipt = receipt
            self.acknowledged += 1
            self.changed.notify_all()

    def summary(self):
        repeated = sum(batch.posts > 1 for batch in self.batches)
        replayed = sum(bool(batch.receipt and batch.receipt["replayed"]) for batch in self.batches)
        return f"{len(self.batches)} batches, {repeated} sent again, {replayed} of them were in the log already"
