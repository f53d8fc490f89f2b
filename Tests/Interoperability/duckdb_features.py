"""Our features against DuckDB, which computes them from the SQL that `patternalarm export sql` writes.

    python duckdb_features.py PATTERNALARM WORK-FOLDER [ROUNDS]

Every feature of every accepted event, in three settings:

1. random pipelines over random recordings with disorder, equal times, nulls, repeated and late events, in one and more
   partitions (the seed is printed with a difference);
2. the sample recording with the default pipeline;
3. the Fraud Detection Handbook's transactions with its pipeline, if they are there: $PATTERNALARM_HANDBOOK, or
   ../shared/data/handbook/transactions.csv.lz4 beside the repository.

Whole numbers must be equal, others to 1e-9 of their size: DuckDB adds in another order.
"""

import csv
import os
import random
import subprocess
import sys
import time

import duckdb
import lz4.frame
import numpy

from random_pipelines import random_pipeline, random_recording

binary, work = sys.argv[1:3]
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 60
root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def run(*arguments):
    result = subprocess.run([binary, *arguments], capture_output=True, text=True)
    assert result.returncode == 0, f"{' '.join(arguments)}: {result.stderr}"
    return result.stdout, result.stderr



def unpack(source, target):
    with lz4.frame.open(source) as packed, open(target, "wb") as plain:
        while block := packed.read(1 << 20):
            plain.write(block)


def compare(events, *pipeline):
    """Exports the features of a recording, runs the SQL, and returns (events, features, values that differ at all)."""
    array, table = work + "/features.npy", work + "/features.csv"
    for path in (array, table):
        if os.path.exists(path):
            os.remove(path)
    run("export", "features", events, "-q", "--out", array, *pipeline)
    run("export", "features", events, "-q", "--out", table, *pipeline)
    script, _ = run("export", "sql", "--events", events, "--admitted", table, *pipeline)
    ours = numpy.load(array, mmap_mode="r")
    same_as_csv(ours, table)
    theirs = duckdb.connect().execute(script).fetchnumpy()
    assert list(theirs) == list(ours.dtype.names), (list(theirs), ours.dtype.names)
    assert len(theirs["event"]) == len(ours), (len(theirs["event"]), len(ours))
    rounded = 0
    for name in ours.dtype.names:
        expected = numpy.ma.filled(numpy.ma.asarray(theirs[name]).astype(float), numpy.nan)
        actual = ours[name].astype(float)
        differs = ~((actual == expected) | (numpy.isnan(actual) & numpy.isnan(expected)))
        known = expected[~numpy.isnan(expected)]
        whole = known.size == 0 or bool((known == numpy.floor(known)).all())
        with numpy.errstate(invalid="ignore"):
            close = numpy.abs(actual - expected) <= 1e-9 * numpy.maximum(numpy.abs(actual), numpy.abs(expected))
        wrong = differs if whole else differs & ~close
        if wrong.any():
            at = int(numpy.flatnonzero(wrong)[0])
            raise AssertionError(
                f"{name}: {int(wrong.sum())} of {len(ours)} differ; event {ours['event'][at]}: "
                f"{actual[at]!r}, DuckDB {expected[at]!r}"
            )
        rounded += int(differs.sum())
    return len(ours), len(ours.dtype.names) - 4, rounded


def same_as_csv(ours, table):
    """The CSV says the same as the array, to the last bit (looked at up to 20,000 events)."""
    with open(table, newline="") as file:
        rows = csv.reader(file)
        assert next(rows) == list(ours.dtype.names)
        for number, (row, record) in enumerate(zip(rows, ours)):
            if number == 20_000:
                return
            read = [float(cell) if cell else numpy.nan for cell in row]
            assert numpy.array_equal(read, list(map(float, record)), equal_nan=True), (number, row, record)


def random_rounds():
    events = features = 0
    for seed in range(1, rounds + 1):
        pipeline, recording = work + "/random.yaml", work + "/random.jsonl"
        generator = random.Random(seed)
        with open(pipeline, "w") as file:
            file.write(random_pipeline(generator))
        with open(recording, "w") as file:
            file.write(random_recording(generator))
        try:
            count, width, _ = compare(recording, "--pipeline", pipeline)
        except AssertionError as error:
            print(open(pipeline).read())
            raise AssertionError(f"seed {seed}: {error}") from None
        events += count
        features += count * width
    print(f"{rounds} random pipelines: {features} values of {events} events are DuckDB's")


def sample():
    unpack(root + "/Data/samples/events.jsonl.lz4", work + "/sample.jsonl")
    count, width, rounded = compare(work + "/sample.jsonl")
    print(f"sample: {width} features of {count} events are DuckDB's ({rounded} values differ by rounding)")


def handbook():
    usual = root + "/../shared/data/handbook/transactions.csv.lz4"
    path = os.environ.get("PATTERNALARM_HANDBOOK", usual)
    if not os.path.exists(path):
        print("Handbook: skipped, its transactions are not here (see PATTERNALARM_HANDBOOK)")
        return
    unpack(path, work + "/handbook.csv")
    began = time.process_time()
    count, width, rounded = compare(work + "/handbook.csv", "--pipeline", "handbook")
    spent = time.process_time() - began
    print(
        f"Handbook: {width} features of {count} events are DuckDB's ({rounded} values differ by rounding; "
        f"{spent:.1f} CPU-seconds there)"
    )
    assert count == 1_754_155


random_rounds()
sample()
handbook()
