"""The figures of `patternalarm train` and `evaluate` against scikit-learn's and the Handbook's own definitions.

    python sklearn_metrics.py PATTERNALARM WORK-FOLDER

On simulated events of two weeks with few different scores (so that many are equal), and on the Handbook's transactions if
they are there (see duckdb_features.py): area under the ROC curve, average precision, card precision as the Handbook's
chapter 4.4 has it, the customers left out as known, recall by kind, and the cost curve, all computed again from the
judged events that --scores writes.
"""

import csv
import json
import os
import random
import sqlite3
import subprocess
import sys

import lz4.frame
import numpy
from sklearn.metrics import average_precision_score, roc_auc_score

binary, work = sys.argv[1:3]
root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DAY = 86_400_000_000
SECONDS = 1_767_225_600

PIPELINE = """
version: 1
name: cards
schema:
  fields:
    id: {type: text, role: id}
    at: {type: time, role: time}
    card: {type: text, required: true}
    amount: {type: number, role: amount}
    fraud: {type: number, role: label, known_after: 2d}
    kind: {type: text, role: label}
time: {disorder: 0s, max_ahead: none}
entities: {holder: card}
labels: {class: fraud, map: {"0": no, "1": yes}, negative: no}
features:
  amount: amount
  day_count: count(holder, 1d)
"""


def run(*arguments):
    result = subprocess.run([binary, *arguments], capture_output=True, text=True)
    assert result.returncode == 0, f"{' '.join(arguments)}: {result.stderr}"
    return result.stdout


def midnight(date):
    return int(numpy.datetime64(date, "us").astype(numpy.int64))


def card_precision(rows, k):
    """The Handbook's, on rows of (day, card, fraud, score)."""
    found, shares = set(), []
    for day in sorted({row[0] for row in rows}):
        cards = {}
        for place, (_, card, fraud, score) in enumerate(row for row in rows if row[0] == day):
            if card not in found:
                worst, any_fraud, first = cards.get(card, (score, 0, place))
                cards[card] = (max(worst, score), max(any_fraud, fraud), first)
        top = sorted(cards.items(), key=lambda item: (-item[1][0], item[1][2]))[:k]
        hits = [card for card, (_, fraud, _) in top if fraud]
        shares.append(len(hits) / k)
        found.update(hits)
    return sum(shares) / len(shares)


def costs(rows, amounts, review, capacity):
    """Cost at every threshold, by its definition: a day's highest scores are looked at, as many as there is room for."""
    order = sorted(range(len(rows)), key=lambda i: (-rows[i][3], i))
    seen, room = [], {}
    for i in order:
        room[rows[i][0]] = room.get(rows[i][0], 0) + 1
        if room[rows[i][0]] <= capacity:
            seen.append(i)
    missed = sum(amounts[i] for i in range(len(rows)) if rows[i][2])
    best = (missed, None)
    total = missed
    for position, i in enumerate(seen):
        total += review - (amounts[i] if rows[i][2] else 0)
        last = position + 1 == len(seen) or rows[seen[position + 1]][3] != rows[i][3]
        if last and total < best[0] - 1e-9:
            best = (total, rows[i][3])
    return best, missed


def check(events, fields, arguments, forest, train, delay, test, folds, k, review, capacity):
    """Trains and judges; `fields` reads (time, card, fraud, kind, amount) from a recording's record."""
    scores, database = work + "/scores.csv", work + "/metrics.sqlite"
    for path in (scores, database):
        if os.path.exists(path):
            os.remove(path)
    subprocess.run(["rm", "-rf", work + "/model"], check=True)
    arguments = arguments + [
        "--train", "..".join(train), "--delay", f"{delay}d", "--test", "..".join(test), "--precision-at", str(k),
        "--review-cost", str(review), "--miss-cost", "amount", "--capacity", f"{capacity}/day", "-q",
    ]
    report = json.loads(run("train", events, "--out", work + "/model", "--folds", str(folds), "--scores", scores,
                            "--alerts", database, "--report", "json", *forest, *arguments))
    records = [fields(record) for record in read(events)]
    first, last = midnight(test[0]), midnight(test[1]) + DAY
    begin, end = midnight(train[0]), midnight(train[1]) + DAY
    with open(scores, newline="") as file:
        judged = list(csv.DictReader(file))
    for number, fold in enumerate(report["folds"]):
        shift = number * (last - first)
        mine = [row for row in judged if row["fold"] == str(number)]
        # Who is left out, by the Handbook's rule.
        expected, known, day = [], set(), first - shift
        known |= {card for time, card, fraud, _, _ in records if fraud and begin - shift <= time < end - shift}
        while day < last - shift:
            known |= {card for time, card, fraud, _, _ in records
                      if fraud and end - shift <= time < day - delay * DAY}
            expected += [i for i, (time, card, *_) in enumerate(records) if day <= time < day + DAY and card not in known]
            day += DAY
        assert [int(row["event"]) for row in mine] == expected
        assert fold["test_rows"] == len(expected)
        learned = [fraud for time, _, fraud, _, _ in records if begin - shift <= time < end - shift]
        assert (fold["train_rows"], fold["train_frauds"]) == (len(learned), sum(learned))
        rows = [(records[i][0] // DAY, records[i][1], records[i][2], float(row["score"])) for i, row in zip(expected, mine)]
        truth, score = [row[2] for row in rows], [row[3] for row in rows]
        assert fold["test_frauds"] == sum(truth)
        close(fold["roc_auc"], roc_auc_score(truth, score))
        close(fold["average_precision"], average_precision_score(truth, score))
        close(fold[f"card_precision_at_{k}"], card_precision(rows, k))
        (best, threshold), missed = costs(rows, [records[i][4] for i in expected], review, capacity)
        close(fold["best_cost"], best)
        close(fold["cost_without_reviews"], missed)
        # A score is a Float; JSON spells it as one.
        assert numpy.float32(fold["best_threshold"]) == numpy.float32(threshold), (fold["best_threshold"], threshold)
        for kind in {records[i][3] for i in expected if records[i][2]}:
            frauds = [i for i, index in enumerate(expected) if records[index][2] and records[index][3] == kind]
            close(fold[f"recall.{kind}"], sum(score[i] >= threshold for i in frauds) / len(frauds))
    aucs = [fold["roc_auc"] for fold in report["folds"]]
    close(report["roc_auc"], numpy.mean(aucs))
    if folds > 1:
        close(report["deviation"]["roc_auc"], numpy.std(aucs, ddof=1))
    stored = dict(sqlite3.connect(database).execute("SELECT name, value FROM metrics").fetchall())
    close(stored["roc_auc"], report["roc_auc"])
    # The written model says the same again.
    again = json.loads(run("evaluate", events, "--model", work + "/model", "--format", "json", *arguments))
    assert again["folds"][0] == report["folds"][0]
    return report


def close(actual, expected):
    assert abs(actual - expected) <= 1e-9 * max(1, abs(expected)), (actual, expected)


def read(path):
    with open(path, newline="") as file:
        yield from csv.DictReader(file) if path.endswith(".csv") else map(json.loads, file)


def simulated():
    r = random.Random(5)
    with open(work + "/cards.yaml", "w") as file:
        file.write(PIPELINE)
    bad = {f"c{r.randrange(300)}": (r.randrange(20), r.choice(["x", "y"])) for _ in range(90)}
    with open(work + "/cards.jsonl", "w") as file:
        for number in range(12_000):
            at = SECONDS + number * 20 * 86_400 // 12_000
            card = f"c{r.randrange(300)}"
            start, kind = bad.get(card, (99, ""))
            fraud = int(start <= (at - SECONDS) // 86_400 <= start + 3 and r.random() < 0.6)
            amount = r.randrange(1, 8) * (3 if fraud and r.random() < 0.5 else 1)
            file.write(json.dumps({"id": f"e{number}", "at": at, "card": card, "amount": amount, "fraud": fraud,
                                   "kind": kind if fraud else "none"}) + "\n")
    report = check(
        work + "/cards.jsonl",
        lambda e: (e["at"] * 1_000_000, e["card"], e["fraud"], e["kind"], e["amount"]),
        ["--pipeline", work + "/cards.yaml", "--exclude-known", "holder", "--recall-by", "kind"],
        ["--trees", "7", "--depth", "3"],
        ("2026-01-08", "2026-01-12"), 2, ("2026-01-15", "2026-01-17"), folds=3, k=9, review=2, capacity=30,
    )
    print(f"simulated cards: 3 folds, AUC {report['roc_auc']:.3f}: every figure is scikit-learn's or the Handbook's")


def handbook():
    path = os.environ.get("PATTERNALARM_HANDBOOK", root + "/../shared/data/handbook/transactions.csv.lz4")
    if not os.path.exists(path):
        print("Handbook: skipped, its transactions are not here (see PATTERNALARM_HANDBOOK)")
        return
    with lz4.frame.open(path) as packed, open(work + "/handbook.csv", "wb") as plain:
        while block := packed.read(1 << 20):
            plain.write(block)
    report = check(
        work + "/handbook.csv",
        lambda e: (midnight(e["TX_DATETIME"]), e["CUSTOMER_ID"], int(e["TX_FRAUD"]), e["TX_FRAUD_SCENARIO"],
                   float(e["TX_AMOUNT"])),
        ["--pipeline", "handbook", "--exclude-known", "customer", "--recall-by", "TX_FRAUD_SCENARIO"],
        ["--trees", "100", "--min-leaf", "1", "--depth", "64"],
        ("2018-07-25", "2018-07-31"), 7, ("2018-08-08", "2018-08-14"), folds=1, k=100, review=5, capacity=100,
    )
    figures = [report[name] for name in ("train_rows", "train_frauds", "test_rows", "test_frauds")]
    assert figures == [67_240, 598, 58_264, 385], figures
    auc, precision, cards = (report[name] for name in ("roc_auc", "average_precision", "card_precision_at_100"))
    print(f"Handbook, 100 trees: AUC {auc:.4f}, average precision {precision:.4f}, card precision@100 {cards:.4f}")
    assert abs(auc - 0.868) <= 0.008 and precision >= 0.650 and cards >= 0.285


simulated()
handbook()
