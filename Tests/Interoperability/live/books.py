"""What a data directory holds once its server is gone, compared with what was acknowledged."""

import collections
import json
import os
import re
import sqlite3
import subprocess

from abuse.client import binary, check, work

ALERTS = """
    SELECT a.detector, a.type, a.entity, a.entity_key, e.event_id FROM alerts a
    LEFT JOIN alert_events e ON e.alert_id = a.alert_id AND e.partition = a.partition AND e."offset" = a.opened_offset
"""


def run(*arguments):
    result = subprocess.run([binary, *arguments], capture_output=True, cwd=work)
    return result.returncode, result.stdout, result.stderr.decode()


def simulate(name, events, seed, *options):
    """Lines of simulated events, each of its own id."""
    path = os.path.join(work, name + ".jsonl")
    arguments = ["--events", str(events), "--seed", str(seed), "--load", "crisis", "--out", path, *options]
    code, _, err = run("simulate", *arguments)
    if code != 0:
        raise SystemExit(f"simulate: {err}")
    return open(path, "rb").readlines()


def logged(data):
    """How often each event is in the log."""
    code, out, err = run("log", "cat", "--data-dir", data)
    check(f"{data}: the log can be read", code == 0, err)
    return collections.Counter(json.loads(line)["transaction_id"] for line in out.splitlines())


def alerts(data):
    with sqlite3.connect(f"file:{data}/alerts.sqlite?mode=ro", uri=True) as database:
        return collections.Counter(database.execute(ALERTS).fetchall())


# A server knows no lines of a recording, a replay does.
DERIVED = {
    "alerts": "*",
    "alert_events": "*",
    "alert_reasons": "*",
    "alert_features": "*",
    "rejects": 'partition, "offset", field, reason, raw',
    "late_events": "*",
    "duplicates": "*",
    "offsets": "*",
}


def derived(data):
    """Everything that was made from the log, by table."""
    with sqlite3.connect(f"file:{data}/alerts.sqlite?mode=ro", uri=True) as database:
        return {
            table: collections.Counter(database.execute(f"SELECT {columns} FROM {table}").fetchall())
            for table, columns in DERIVED.items()
        }


def audit(name, data, batches, everything=True):
    """Every acknowledged event is in the log once, and the alerts are what the log gives."""
    found = logged(data)
    ids = [id for batch in batches if batch.receipt for id in batch.ids]
    missing = sum(id not in found for id in ids)
    twice = sum(count > 1 for count in found.values())
    check(f"{name}: no acknowledged event is missing", missing == 0, f"{missing} of {len(ids)}")
    check(f"{name}: no event is in the log twice", twice == 0, f"{twice} of {len(found)}")
    sent = {id for batch in batches for id in batch.ids}
    check(f"{name}: nothing is in the log that was not sent", found.keys() <= sent, len(found.keys() - sent))
    if everything:
        check(f"{name}: everything is in the log", len(found) == len(sent), (len(found), len(sent)))
    code, out, err = run("verify", "--deep", "-q", "--data-dir", data)
    check(f"{name}: verify --deep", code == 0 and b"equal, row for row" in out, (code, out, err))
    code, out, err = run("stats", "--data-dir", data, "--format", "json")
    stats = json.loads(out) if code == 0 else {}
    total = sum(stats.get(key, -1) for key in ("ok", "late", "duplicate", "rejected"))
    check(
        f"{name}: events = ok + late + duplicate + rejected",
        total == stats.get("events") == found.total() and stats.get("lag") == 0,
        (stats, found.total(), err),
    )
    if everything:
        told = {name: sum(batch.receipt[name] for batch in batches) for name in ("late", "duplicate", "rejected")}
        check(f"{name}: the receipts say what the ledger says", all(stats[key] == told[key] for key in told), (told, stats))
    return stats


def replayed(name, data, last_words):
    """The log, exported and replayed into a fresh directory, gives the same alerts, row for row, and the same digest."""
    recording, fresh = os.path.join(work, name + "-log.jsonl"), os.path.join(work, name + "-fresh")
    code, _, err = run("log", "export", recording, "--data-dir", data)
    check(f"{name}: log export", code == 0, err)
    code, _, err = run("replay", recording, "-q", "--max-errors", "1000000", "--data-dir", fresh)
    check(f"{name}: replay", code == 0, err)
    here, there = alerts(data), alerts(fresh)
    check(f"{name}: there are alerts", here.total() > 0)
    check(f"{name}: every alert has its opening event", all(row[-1] for row in here))
    check(f"{name}: no alert is there twice", max(here.values(), default=0) <= 1, here.most_common(3))
    check(f"{name}: a replay gives the same alerts", here == there, ((here - there).total(), (there - here).total()))
    mine, other = derived(data), derived(fresh)
    wrong = {table: ((mine[table] - other[table]).total(), (other[table] - mine[table]).total()) for table in DERIVED}
    check(f"{name}: a replay gives the same rows", mine == other, wrong)
    pattern = r"events = .*digest ([0-9a-f]{64})"
    digests = [re.findall(pattern, words) for words in (last_words, err)]
    same = len(digests[0]) == 1 and (digests[0] == digests[1] or mine["rejects"])
    check(f"{name}: a replay gives the same digest", same, digests)
    return here.total()
