"""What `patternalarm inspect --json` says of files, against DuckDB.

    python duckdb_survey.py PATTERNALARM WORK-FOLDER

Of every column of the CSV files of transaction_files.py: values, different values (exact there), least and largest number,
quantiles within 1 %; and how many events are earlier than one before them, by how much at most, overall and by key.
"""

import json
import os
import subprocess
import sys

import duckdb

import transaction_files

binary, work = os.path.abspath(sys.argv[1]), sys.argv[2]
connection = duckdb.connect()
compared = 0
QUANTILES = {"p01": 0.01, "median": 0.5, "p99": 0.99}


def same(name, ours, theirs, share=0.0):
    global compared
    compared += 1
    assert abs(ours - theirs) <= share * abs(theirs) + 1e-12, f"{name}: {ours}, DuckDB {theirs}"


def columns(path, found):
    separator = {"\t": "\\t"}.get(found["separator"], found["separator"])
    connection.execute(
        f"CREATE OR REPLACE TABLE t AS SELECT * FROM read_csv('{path}', all_varchar=true, delim='{separator}', header=true, "
        "quote='\"', escape='\"')"
    )
    names = [row[0] for row in connection.execute("DESCRIBE t").fetchall()]
    for name, column in zip(names, found["columns"]):
        # Words for null are no values here and there.
        value = f"nullif(\"{name}\", 'NULL')"
        number = f"replace(replace({value}, '.', ''), ',', '.')" if found["decimal"] == "," else value
        count, distinct = connection.execute(f"SELECT count({value}), count(DISTINCT {value}) FROM t").fetchone()
        what = f"{os.path.basename(path)}: {column['name']}"
        same(what + ": values", column["values"], count)
        assert column["distinct_exact"], what
        same(what + ": distinct", column["distinct"], distinct)
        if column["type"] != "number":
            continue
        # A rank more or less is a matter of definition.
        near = ", ".join(f"quantile_disc(n, {share} - 1.5 / {count}), quantile_disc(n, {share} + 1.5 / {count})"
                         for share in QUANTILES.values())
        least, largest, *bounds = connection.execute(
            f"SELECT min(n), max(n), {near} FROM (SELECT CAST({number} AS DOUBLE) n FROM t WHERE {value} IS NOT NULL)"
        ).fetchone()
        same(what + ": min", column["min"], least)
        same(what + ": max", column["max"], largest)
        for quantile, low, high in zip(QUANTILES, bounds[::2], bounds[1::2]):
            ours = column[quantile]
            assert low - 0.01 * abs(low) <= ours <= high + 0.01 * abs(high), f"{what}: {quantile}: {ours}, {low} to {high}"


def order(path, found, time, key):
    """Lateness behind the newest event so far."""
    connection.execute(
        f"CREATE OR REPLACE TABLE e AS SELECT row_number() OVER () i, {time} t, {key} k "
        f"FROM read_json('{path}', format='newline_delimited')"
    )
    for partition, ours in (("", found["time"]), ("PARTITION BY k ", found["entities"][0])):
        late, lateness = connection.execute(
            f"SELECT count(*) FILTER (t < newest), max(newest - t) FROM (SELECT t, max(t) OVER ({partition}ORDER BY i ROWS "
            "BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) newest FROM e)"
        ).fetchone()
        same(f"{path}: late {partition}", ours["late"], late)
        same(f"{path}: lateness {partition}", ours["lateness_seconds"] * 1000, lateness)


for name in transaction_files.MAKERS:
    transaction_files.make(work, name, 5000, seed=15)
    path = os.path.join(work, name)
    done = subprocess.run([binary, "inspect", "-q", "--json", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)[0]
    # DuckDB reads no UTF-16, and would need to be told how the statement spells its amounts.
    if found["format"] == "csv" and name not in ("spreadsheet.txt", "statement.csv"):
        columns(path, found)
    elif name == "nested.jsonl":
        order(path, found, "created", "card.token")
print(f"{compared} figures are DuckDB's")
