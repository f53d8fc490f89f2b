"""Recordings as other programs write them, read as other programs read them.

1. Local times of zones that change, around every change since 1970 and at random: the instants of Python's `zoneinfo` (`fold=0`), with
   the same release of the IANA data.
2. Times in formats: the instants of Python's `strptime`.
3. Numbers, booleans and words for null in CSV: what DuckDB reads, with the same words.
4. The same rows as pandas writes them: CSV in several encodings, packed, arrays, lines: the same instants and numbers.

  python3 recordings.py BINARY FOLDER
"""

import csv
import datetime
import json
import pathlib
import random
import re
import subprocess
import sys
import zoneinfo

import duckdb
import pandas

BINARY, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
ROOT = pathlib.Path(__file__).resolve().parents[2]
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def features(name, schema, features="a: coalesce(amount, -1)", *options):
    """What `export features` says of a recording: the instants in microseconds, and the feature."""
    pipeline = f"version: 1\nname: r\nschema:\n{schema}\nentities: {{who: payer}}\npartitions: 1\n"
    pipeline += f"time: {{disorder: 90000d, max_ahead: none}}\nfeatures:\n  {features}\n"
    (FOLDER / "p.yaml").write_text(pipeline)
    done = subprocess.run(
        [BINARY, "export", "features", FOLDER / name, "--pipeline", FOLDER / "p.yaml", "--out", "-", *options],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{name}: {done.stderr}"
    return {int(row["event"]): row for row in csv.DictReader(done.stdout.splitlines())}


def table(name, rows, header="at,payer,amount"):
    with open(FOLDER / name, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)


def schema(at="type: time, role: time", amount="type: number", more="", flag="bool"):
    fields = f"at: {{{at}}}\n    payer: text\n    amount: {{{amount}}}\n    flag: {flag}"
    return f"{more}  fields:\n    {fields}"


def compare(name, found, expected):
    wrong = [(row, found.get(row), value) for row, value in expected.items() if found.get(row) != value]
    assert not wrong and len(found) == len(expected), f"{name}: {len(wrong)} differ: {wrong[:3]}"


def zones():
    release = re.search(r"IANA (\S+);", (ROOT / "Data/zones/zones.txt").read_text())[1]
    zoneinfo.reset_tzpath(to=[])
    import tzdata
    if tzdata.IANA_VERSION != release:
        print(f"time zones skipped: tzdata is {tzdata.IANA_VERSION}, ours {release}")
        return
    some = random.Random(1)
    names = ["Europe/Berlin", "Europe/Dublin", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata", "Africa/Casablanca",
             "Asia/Gaza", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "America/St_Johns", "Europe/Istanbul"]
    names += some.sample(sorted(zoneinfo.available_timezones() - {"Factory", "localtime"}), 8)
    count = 0
    for name in names:
        zone = zoneinfo.ZoneInfo(name)
        times, offset = [], None
        # Every change, found by the half-hour, and what is near it.
        for hour in range(0, 24 * 365 * 130, 24):
            instant = EPOCH + datetime.timedelta(hours=hour)
            if zone.utcoffset(instant.astimezone(zone).replace(tzinfo=None)) != offset:
                offset = zone.utcoffset(instant.astimezone(zone).replace(tzinfo=None))
                local = instant.astimezone(zone).replace(tzinfo=None)
                times += [local + datetime.timedelta(minutes=minutes) for minutes in range(-26 * 60, 4 * 60, 15)]
        times += [datetime.datetime(1970, 1, 3) + datetime.timedelta(seconds=some.randrange(229 * 365 * 86400)) for _ in range(300)]
        times = [time for time in times if time.year >= 1970 and time > datetime.datetime(1970, 1, 2)]
        table("zone.csv", [(str(time), "p", 1) for time in times])
        found = features("zone.csv", schema(more=f"  time_zone: {name}\n"))
        expected = {row: round((time.replace(tzinfo=zone) - EPOCH).total_seconds()) * 1_000_000 for row, time in enumerate(times)}
        compare(name, {row: int(values["time_us"]) for row, values in found.items()}, expected)
        count += len(times)
    print(f"{count} local times of {len(names)} zones are Python's")


def formats():
    some = random.Random(2)
    forms = ["%d/%m/%Y %H:%M:%S", "%m/%d/%y %I:%M:%S %p", "%Y%m%d%H%M%S", "%d %b %Y %H:%M", "%A, %B %d, %Y %H:%M:%S.%f",
             "%Y-%j %H", "%d.%m.%Y", "%Y-%m-%dT%H:%M:%S%z", "%b %d %Y %I:%M%p", "%H:%M %d-%m-%Y"]
    for form in forms:
        texts = []
        for _ in range(500):
            time = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=some.randrange(2**31 * 1_000_000))
            zone = datetime.timezone(datetime.timedelta(minutes=some.randrange(-720, 840)))
            texts.append(time.replace(tzinfo=zone).strftime(form))
        table("format.csv", [(text, "p", 1) for text in texts])
        found = features("format.csv", schema(at=f'type: time, role: time, format: "{form}"'))
        expected = {}
        for row, text in enumerate(texts):
            time = datetime.datetime.strptime(text, form)
            time = time if time.tzinfo else time.replace(tzinfo=datetime.timezone.utc)
            expected[row] = (time - EPOCH) // datetime.timedelta(microseconds=1)
        compare(form, {row: int(values["time_us"]) for row, values in found.items()}, expected)
    print(f"{len(forms)} formats are strptime's")


def values():
    words = ["", "NULL", "null", "\\N", "NaN", "nan", "N/A", "NA", "None", "-"]
    numbers = ["0.5", ".5", "-.5", "5.", "007", "1e3", "-0", "1E-5", " 10", "10 ", "123456789.125", "0.1", "1e22", "4.35", "+5"]
    rows = [("2026-03-02T08:00:00Z", "p", text) for text in words + numbers]
    table("values.csv", rows)
    found = features("values.csv", schema(), "a: if(is_null(amount), -999, amount)")
    nulls = ", ".join("'" + word + "'" for word in words)
    read = duckdb.sql(
        f"SELECT CASE WHEN trim(x) IN ({nulls}) THEN -999 ELSE TRY_CAST(replace(trim(x), '+', '') AS DOUBLE) END FROM "
        f"(SELECT coalesce(amount, '') AS x FROM read_csv('{FOLDER}/values.csv', all_varchar = true, quote = '\"'))"
    ).fetchall()
    compare("values.csv", {row: float(value["a"]) for row, value in found.items()}, {row: value for row, (value,) in enumerate(read)})
    print(f"{len(rows)} numbers and words for null are DuckDB's")


def frames():
    some = random.Random(3)
    rows = pandas.DataFrame({
        "at": pandas.date_range("2026-03-02", periods=3000, freq="431ms", tz="UTC"),
        "payer": [some.choice(["Müller", "Ñandú", "é€", "x,y\"z"]) for _ in range(3000)],
        "amount": [None if index % 10 == 0 else round(some.uniform(-9, 9999), 3) for index in range(3000)],
    })
    expected = {row: (time.value // 1000, -1.0 if pandas.isna(amount) else amount)
                for row, (time, amount) in enumerate(zip(rows["at"], rows["amount"]))}
    instants = rows["at"].map(lambda time: time.value)
    lines = {"orient": "records", "date_format": "iso", "force_ascii": False}
    writers = {
        "plain.csv": lambda path: rows.to_csv(path, index=False),
        "null.csv": lambda path: rows.to_csv(path, index=False, na_rep="NULL"),
        "mark.csv": lambda path: rows.to_csv(path, index=False, encoding="utf-8-sig"),
        "utf16.csv": lambda path: rows.to_csv(path, index=False, encoding="utf-16"),
        "ansi.csv": lambda path: rows.to_csv(path, index=False, encoding="cp1252"),
        "packed.csv.gz": lambda path: rows.to_csv(path, index=False),
        "crlf.csv": lambda path: rows.to_csv(path, index=False, lineterminator="\r\n", quoting=csv.QUOTE_ALL),
        "array.json": lambda path: rows.to_json(path, **lines),
        "pretty.json": lambda path: rows.to_json(path, indent=2, **lines),
        "lines.jsonl": lambda path: rows.to_json(path, lines=True, **lines),
        "numbers.json": lambda path: rows.assign(at=instants // 1000).to_json(path, **lines),
        "nanos.json": lambda path: rows.assign(at=instants).to_json(path, **lines),
    }
    for name, write in writers.items():
        write(FOLDER / name)
        options = ["--encoding", "windows-1252"] if name == "ansi.csv" else []
        found = features(name, schema(), "a: coalesce(amount, -1)", *options)
        pairs = {row: (int(values["time_us"]), float(values["a"])) for row, values in found.items()}
        # pandas writes milliseconds in JSON unless it is told otherwise.
        compare(name, pairs, expected)
    print(f"{len(writers)} files of pandas hold the same")


if __name__ == "__main__":
    zones()
    formats()
    values()
    frames()
