"""Pipelines, tables and model files of the kind that a reader would have, made out of nothing."""

import csv
import io
import json
import pathlib
import random
import struct

CARDS = """\
version: 1
name: cards
schema:
  fields:
    id: {type: text, role: id}
    at: {type: time, role: time}
    number: {type: text, required: true}
    amount: {type: number, role: amount}
entities: {card: number}
features:
  amount: amount
  count_1h: "count(card, 1h)"
detectors:
  - {name: card_model, model: cards, threshold: 0.8, entity: card, session: 1h}
"""
# Models of cards are trained with it; who uses them has no labels.
CARDS_LABELLED = CARDS.replace("entities:", "    is_fraud: {type: text, role: label}\nentities:") + """\
labels: {class: is_fraud, map: {"0": "0", "1": "1"}, negative: "0"}
"""
PAYMENTS = """\
version: 1
name: payments
schema:
  fields:
    id: {path: transaction_id, type: text, role: id}
    at: {path: timestamp, type: time, role: time}
    payer: {path: actor_id, type: text, required: true}
    amount: {type: number, role: amount, required: true, min: 0}
    device: {path: device_id, type: text}
    pattern: {type: text, role: label}
time: {disorder: 30s}
entities: {account: payer}
labels: {class: pattern, map: {"regular_*": regular}, negative: regular}
features:
  amount: amount
  burst: {value: "count(account, 5m, amount > 500)", title: "large payments in 5 minutes"}
detectors:
  - {name: large_burst, title: "3 payments over 500 in 5 minutes", when: burst >= 3, score: 0.8, session: 1h}
"""


def built_in():
    """The pipeline that runs when none is named."""
    return (pathlib.Path(__file__).parents[2] / "Data/pipelines/patternalarm.yaml").read_text()


def another_rule():
    """The same with a rule more."""
    return built_in() + "  - {name: large, when: amount >= 4000, score: 0.7, entity: actor, session: 5m}\n"


def lightgbm(features):
    """Two small trees over the first two features."""
    trees = "".join(
        f"Tree={index}\nnum_leaves=3\nnum_cat=0\nsplit_feature=0 1\nsplit_gain=1 1\nthreshold={thresholds}\n"
        "decision_type=2 2\nleft_child=1 -1\nright_child=-2 -3\nleaf_value=-0.5 0.25 0.75\nleaf_weight=1 1 1\n"
        "leaf_count=10 10 10\ninternal_value=0 0\ninternal_weight=3 2\ninternal_count=30 20\nis_linear=0\n"
        "shrinkage=1\n\n\n"
        for index, thresholds in enumerate(["50.5 2.5", "120.25 4.5"])
    )
    return (
        f"tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx={len(features) - 1}\n"
        f"objective=binary sigmoid:1\nfeature_names={' '.join(features)}\n"
        f"feature_infos={' '.join('[0:1000]' for _ in features)}\ntree_sizes=1 1\n\n{trees}end of trees\n"
    )


def floats(rows):
    values = [value for row in rows for value in row]
    return struct.pack(f"<{len(values)}f", *values)


def npy(rows):
    """A NumPy array of 32-bit numbers; of rows of one number a plain list."""
    shape = f"({len(rows)}, {len(rows[0])})" if len(rows[0]) > 1 else f"({len(rows)},)"
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + floats(rows)


def lz4(content):
    """A frame whose blocks are stored as they are."""
    blocks = [content[at : at + (1 << 20)] for at in range(0, len(content), 1 << 20)]
    stored = b"".join(struct.pack("<I", len(block) | 1 << 31) + block for block in blocks)
    return bytes.fromhex("04224d18607073") + stored + bytes(4)


def table(names, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()


def numbers(columns, seed=0, rows=1000):
    """Rows of an amount, small counts and the like."""
    some = random.Random(seed)
    return [
        [round(some.uniform(1, 500), 2), *(some.randrange(10) for _ in range(columns - 1))] for _ in range(rows)
    ]


def cards():
    some = random.Random(3)
    lines = []
    for index in range(4000):
        fraud = some.random() < 0.1
        event = {
            "id": f"t{index}",
            "at": f"2026-03-02T{index // 400:02}:{index % 400 * 3 // 20:02}:{index % 20 * 3:02}Z",
            "number": f"c{some.randrange(3 if fraud else 300)}",
            "amount": round(some.uniform(200, 900) if fraud else some.uniform(1, 300), 2),
            "is_fraud": str(int(fraud)),
        }
        lines.append(json.dumps(event) + "\n")
    return "".join(lines)


def handbook():
    """Columns as in the Handbook's data set; half of July and half of August 2018."""
    some = random.Random(4)
    names = [
        "TRANSACTION_ID", "TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT", "TX_FRAUD", "TX_FRAUD_SCENARIO",
    ]
    rows = []
    for index in range(9000):
        day, second = divmod(index * 288, 86400)
        fraud = some.random() < 0.03
        date = f"2018-{7 + (day + 14) // 31:02}-{(day + 14) % 31 + 1:02}"
        time = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        customer, terminal = some.randrange(500), some.randrange(900)
        amount = some.uniform(200, 400) if fraud else some.uniform(1, 220)
        scenario = some.randrange(1, 4) if fraud else 0
        rows.append([index, f"{date} {time}", customer, terminal, f"{amount:.2f}", int(fraud), scenario])
    return table(names, rows)
