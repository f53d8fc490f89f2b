"""The files and folders that the examples name, made by the product itself where it can make them."""

import json
import pathlib
import re
import shutil
import subprocess
import threading

import files

# Times that the examples are about: 2 March 2026 from before 8 o'clock to after 9.
RECORDINGS = {
    "events.jsonl": "--events 6000 --rate 80 --seed 7 --start 2026-03-02T07:50:00Z",
    "recording.jsonl": "--events 2000 --seed 8",
    "app.log": "--events 500 --seed 14",
    "january.jsonl": "--events 4000 --seed 9",
    "a.jsonl": "--events 4000 --seed 10",
    "b.jsonl": "--events 2000 --seed 11 --start 2026-01-12T08:00:00Z",
    "test.jsonl": "--events 2000 --seed 12",
    "monday.jsonl": "--events 2000 --seed 13",
    "tuesday.jsonl": "--events 2000 --seed 15 --start 2026-01-12T08:00:00Z",
}


class Fixtures:
    """Each is made once, when an example first names it, and copied to where that is run."""

    def __init__(self, binary, folder, queries):
        self.binary = binary
        self.folder = pathlib.Path(folder)
        self.lock = threading.RLock()
        # A name that stands for different things has a word of the example's command line behind it.
        self.makers = {
            "payments.yaml": lambda: files.PAYMENTS + queries,
            "payments.csv": self.payments,
            "my.yaml": lambda: files.PAYMENTS,
            "old.yaml": files.built_in,
            "new.yaml": files.another_rule,
            "pipeline.yaml": lambda: self.run("init -q", self.made("payments.csv")),
            "cards.yaml": lambda: files.CARDS,
            "cards.jsonl": files.cards,
            "tx.csv": files.handbook,
            "monday.csv.lz4": lambda: files.lz4(self.made("tx.csv").read_bytes()),
            "monday-features.csv": lambda: self.run("export features", self.made("monday.jsonl"), "--out -"),
            "models/january": lambda: self.train("january.jsonl", "models/january"),
            "my-model": lambda: self.train("january.jsonl", "my-model"),
            "models/h": lambda: self.train("tx.csv", "models/h", "--pipeline handbook"),
            "models/cards": self.train_cards,
            "cards-labelled.yaml": lambda: files.CARDS_LABELLED,
            "payments-model": lambda: self.train("events.jsonl", "payments-model", "--pipeline payments.yaml"),
            "model.json": lambda: (self.made("payments-model") / "model.json").read_text(),
            "xgboost.json": lambda: self.export("xgboost", "xgboost.json"),
            "forest.onnx": lambda: self.export("onnx", "forest.onnx"),
            "lightgbm.txt": lambda: files.lightgbm(["amount", "count_1h"]),
            "lightgbm.txt (--width 30)": lambda: files.lightgbm([f"f{index}" for index in range(30)]),
            "stopped.json": self.stopped,
            "coded.csv": lambda: files.table(["amount", "count_1h"], files.numbers(2)),
            "rows.csv": self.rows_with_predictions,
            "plain-rows.csv": lambda: files.table(["amount", "count_1h"], files.numbers(2)),
            "rows.npy": lambda: files.npy(files.numbers(2)),
            "rows.f32": lambda: files.floats(files.numbers(30)),
            "disk": lambda: (self.folder / "disk").mkdir(),
            "usb/2026-03-02": self.backup,
            "work": lambda: self.data("work"),
            "patternalarm-data": lambda: self.data("patternalarm-data"),
            "work (payments.yaml)": lambda: self.data("work (payments.yaml)", "--pipeline", self.made("payments.yaml")),
        }
        for name, options in RECORDINGS.items():
            self.makers[name] = lambda options=options: self.run("simulate", options)
            self.makers[name + ".lz4"] = lambda name=name: files.lz4(self.made(name).read_bytes())
        for part, table, rows in (("tr", "train.csv", files.numbers(4, 1)), ("te", "test.csv", files.numbers(4, 2))):
            labelled = [[*row, int(row[0] > 400)] for row in rows]
            self.makers[f"X{part}.npy"] = lambda rows=rows: files.npy(rows)
            self.makers[f"y{part}.npy"] = lambda rows=labelled: files.npy([row[4:] for row in rows])
            self.makers[table] = lambda rows=labelled: files.table(["amount", "a", "b", "c", "is_fraud"], rows)

    def names_in(self, command):
        """The fixtures that a command line reads."""
        written = r"(?:--out|-o|>|log export|backup|--record|patternalarm (?:replay|restore|serve)[^|&;]*--data-dir)\s+"
        found = {}
        for key in self.makers:
            name, _, word = key.rstrip(")").partition(" (")
            if word in command and re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w.-])", command):
                if not re.search(rf"{written}{re.escape(name)}(?![\w.-])", command):
                    found[name] = key
        if re.match(r"patternalarm (alerts|state|log|stats|verify) ", command) and "--data-dir" not in command:
            found["patternalarm-data"] = "patternalarm-data"
        return found

    def place(self, key, target):
        with self.lock:
            source = self.made(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)

    def made(self, key):
        path = self.folder / key
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            content = self.makers[key]()
            if isinstance(content, bytes):
                path.write_bytes(content)
            elif not path.exists():
                path.write_text(content)
        return path

    def run(self, *words):
        """A command of the product: words of several options, and paths."""
        arguments = [part for word in words for part in ([word] if isinstance(word, pathlib.Path) else word.split())]
        done = subprocess.run([self.binary, *arguments], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, f"a fixture cannot be made: {arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def data(self, name, *options):
        self.run("replay -q", self.made("events.jsonl"), "--data-dir", self.folder / name, *options)
        self.run("log cat --consumer reports --limit 10 --data-dir", self.folder / name)

    def train(self, recording, name, options=""):
        if options.endswith(".yaml"):
            self.made(options.split()[-1])
        self.run("train", self.made(recording), "--trees 10 --depth 4 --out", name, options)

    def train_cards(self):
        self.train("cards.jsonl", "models/cards", "--algorithm boosting --pipeline cards-labelled.yaml")

    def backup(self):
        self.run("backup", self.folder / "usb/2026-03-02", "--data-dir", self.made("work"))

    def export(self, form, name):
        self.run("models export", self.made("models/cards"), "--format", form, "-o", name)

    def stopped(self):
        model = json.loads(self.made("xgboost.json").read_text())
        model["learner"]["attributes"] = {"best_iteration": "0"}
        return json.dumps(model)

    def rows_with_predictions(self):
        rows = self.made("plain-rows.csv")
        predictions = self.run("models score", self.made("forest.onnx"), rows)
        return "".join(f"{a},{b}\n" for a, b in zip(rows.read_text().splitlines(), predictions.splitlines()))

    def payments(self):
        names = ["transaction_id", "timestamp", "actor_id", "amount", "device_id", "pattern"]
        events = [json.loads(line) for line in self.made("events.jsonl").read_text().splitlines()]
        return files.table(names, [[event.get(name) for name in names] for event in events])
