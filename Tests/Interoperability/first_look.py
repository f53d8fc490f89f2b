"""From a file that nobody has seen to alerts: inspect, init, check and replay, over files of other people's making.

    python first_look.py PATTERNALARM WORK-FOLDER [FILE...]

Each of the files of transaction_files.py, and two of the product's own simulator. Every command must end well, no event may
be lost, the drafted rules must find something and not too much, and the keys that were made to stand out must be among it.
Given FILEs are gone through instead, without what is known of ours. Prints a table.
"""

import csv
import json
import os
import re
import subprocess
import sys
import time

import transaction_files

binary, work = os.path.abspath(sys.argv[1]), sys.argv[2]
os.makedirs(work, exist_ok=True)


def run(*arguments):
    done = subprocess.run([binary, *arguments], capture_output=True, text=True, cwd=work)
    assert done.returncode == 0, f"{' '.join(arguments)}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout, done.stderr


def number(text):
    return int(text.replace(",", ""))


def simulated():
    """The product's own recordings, as JSON and as CSV."""
    events, _ = run("simulate", "--events", "20000", "--seed", "5")
    with open(os.path.join(work, "simulated.jsonl"), "w") as file:
        file.write(events)
    rows = [json.loads(line) for line in events.splitlines()]
    names = sorted({name for row in rows for name, value in row.items() if not isinstance(value, (dict, list))})
    with open(os.path.join(work, "simulated.csv"), "w", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    for name in ("simulated.jsonl", "simulated.csv"):
        yield transaction_files.File(name, len(rows), set(), "timestamp", "actor_id")


def files():
    if len(sys.argv) > 3:
        for path in sys.argv[3:]:
            yield transaction_files.File(os.path.abspath(path), None)
        return
    for name in transaction_files.MAKERS:
        yield transaction_files.make(work, name)
    yield from simulated()


def look(file):
    """Inspects the file as a table and as JSON, and compares what is known of it."""
    table, _ = run("inspect", "-q", file.name)
    # A command to copy is one line, however long.
    wide = [line for line in table.splitlines() if len(line) > 80 and "| tac" not in line]
    assert not wide, wide
    found = json.loads(run("inspect", "-q", "--json", file.name)[0])[0]
    if file.rows is not None:
        assert found["records"] == file.rows and found["refused"] == 0, (found["records"], file.rows)
        assert found["time"]["column"] == file.time, found["time"]
        entity = found["entities"][0]["column"] if found["entities"] else None
        assert entity == file.entity, (entity, file.entity, found["entities"])
    return found


def go(file):
    base = os.path.basename(file.name).replace(".", "-")
    pipeline, data = f"{base}.yaml", f"{base}-data"
    began = time.monotonic()
    look(file)
    draft, _ = run("init", "-q", file.name)
    with open(os.path.join(work, pipeline), "w") as out:
        out.write(draft)
    if file.rows is not None:
        assert run("init", "-q", file.name)[0] == draft, "init is not the same twice"
    # The command lines that the draft tells its reader.
    commands = re.findall(r"(?m)^#   patternalarm (.*)$", draft)
    options = re.search(r"--data-dir work(.*)$", next(c for c in commands if c.startswith("replay")))[1].split()
    options = [option.strip("'") for option in options]
    run("check", "-q", pipeline, file.name, *(o.replace("--format", "--input-format") for o in options))
    seconds = time.monotonic()
    _, said = run("replay", "-q", "--finished", file.name, "--pipeline", pipeline, "--data-dir", data, *options)
    seconds = time.monotonic() - seconds
    events, ok, late, duplicate, rejected, alerts = map(number, re.search(
        r"([\d,]+) events = ([\d,]+) ok \+ ([\d,]+) late \+ ([\d,]+) duplicate \+ ([\d,]+) rejected; ([\d,]+) alerts", said
    ).groups())
    features = len(re.findall(r"(?m)^    value: ", draft))
    found = ""
    if file.planted:
        listed = json.loads(run("alerts", "list", "--data-dir", data, "--limit", "100000", "--format", "json")[0])
        keys = {alert["entity_key"] for alert in listed}
        found = f"{len(file.planted & keys)} of {len(file.planted)}"
        assert len(file.planted & keys) * 5 >= len(file.planted) * 4, f"{file.name}: only {found} planted keys are found"
    print(
        f"| {os.path.basename(file.name):18} | {events:9,} | {ok:9,} | {features:8} | {alerts:6,} | {alerts / events:7.2%} "
        f"| {found:8} | {seconds:7.1f} | {time.monotonic() - began:7.1f} |", flush=True,
    )
    assert file.rows in (None, events) and ok == events, f"{file.name}: events are lost: {said}"
    assert 0.0005 <= alerts / events <= 0.05, f"{file.name}: {alerts} alerts of {events} events"


print("| file               |    events |  accepted | features | alerts |   share | planted  |  replay |   whole |")
print("|--------------------|----------:|----------:|---------:|-------:|--------:|----------|--------:|--------:|")
failures = []
for file in files():
    try:
        go(file)
    except AssertionError as failure:
        failures.append(f"{file.name}: {failure}")
        print(f"| {os.path.basename(file.name):18} | failed", flush=True)
for failure in failures:
    print(f"\n{failure}")
sys.exit(1 if failures else 0)
