"""Where an example is not run as it is written: what is put in its place, and why. Nothing else deviates.

Each row must be needed by some example, so what is here is what there is.
"""

# What a reader would put there, too: their own folder, key, program.
LITERAL = [
    (r"^Tools/patternalarm", "patternalarm", "builds it first; this is the executable that it would start"),
    (r"/media/usb/", "usb/", "a reader's own disk"),
    (r"/mnt/disk", "disk", "a reader's own disk"),
    (r"/tmp/demo", "demo", "nothing is left in /tmp"),
    (r"\b3fa9\b", "{alert}", "an alert that there is"),
    (r"\bA482913\b", "{key}", "a key that there is"),
    (r"\./report", "cat >/dev/null", "a reader's own program"),
    (r"--model FILE", "--model xgboost.json", "a reader's own model"),
    (r"xdg-open", "curl -sS --fail", "there is no browser here"),
    (r"patternalarm serve", "patternalarm serve --port 0", "the port may be taken; ended when the text has moved on"),
    (r"http://127\.0\.0\.1:8420", "{url}", "where the server that was started listens"),
]

# What takes long as it is written. The options stay those of the example; numbers are smaller, or given.
SHORTER = [
    (r"tail -f", "timeout 2 tail -f", "waits for more until it is ended"),
    (r"--speed 60x", "--speed 3600x", "an hour in a second, not in a minute"),
    (r"--duration 1h --paced", "--events 200 --paced", "an hour"),
    (r"--load peak --duration 5m", "--load peak --duration 20s", "250,000 events"),
    (r"simulate --events 100000", "simulate --events 10000", "events"),
    (r"simulate --events 120000", "simulate --events 6000", "events to train on"),
    (r"simulate --events 60000", "simulate --events 10000", "events"),
    (r"patternalarm demo --events 200000", "patternalarm demo --events 20000", "events"),
    (r"patternalarm demo$", "patternalarm demo --events 20000", "60,000 events; Tools/test runs it as it is"),
    (r"--trees (100|150|300)\b", "--trees 20", "trees"),
    (r"--depth 64", "--depth 12", "depth"),
    (r"--algorithm boosting", "--algorithm boosting --trees 40", "500 rounds"),
    (r"bench pipeline (\S+) --runs 5", r"bench pipeline \1 --runs 1", "runs"),
    (r"bench windows$", "bench windows --events 10000", "2,000,000 events a row"),
    (r"bench windows --events 500000", "bench windows --events 10000", "events"),
    (r"bench log$", "bench log --seconds 0.01", "a second for each row"),
    (r"bench log --seconds [\d.]+", "bench log --seconds 0.01", "time for each row"),
    (r"--only ack$", "--only ack --seconds 0.01", "a second for each row"),
    (r"bench recovery$", "bench recovery --gib 0.01 --events 10000", "gigabytes, and 400,000 events"),
    (r"--gib 1 --gib 5 --gib 10", "--gib 0.01 --gib 0.02 --events 10000", "gigabytes, and 400,000 events"),
    (r"bench latency .*", "bench latency --rate 1000 --rate 2000 --seconds 3 --runs 1", "minutes, and a quiet machine"),
    (r"bench predict .*", "bench predict --rate 200 --seconds 3", "time, and a quiet machine"),
]

# Examples that rightly end with another status than 0.
STATUS = [
    (r"^diff ", 1, "there is a difference, and it is shown"),
    (r"timeout 2 tail -f", 124, "`timeout`'s own, of the whole pipe"),
    (r"grep -v '\"fault\":null'", 1, "a sound log has no fault"),
]

# Programs of others, and what would run itself.
NOT_RUN = [
    (r"^Tools/test\b", "it is what runs this"),
    (r"^duckdb\b", "needs DuckDB; Tests/Interoperability/duckdb_features.py runs such scripts with it"),
]
