"""The API against its own description, by schemathesis.

    python api.py PATTERNALARM WORK-FOLDER [SECONDS [PATHS]]

Starts `serve` on the demo's data and sends what /openapi.json allows, and what it does not: every answer must be one that
the description has, valid requests must be done, others refused. PATHS, a regular expression, leaves out other paths. Also:
each path that the description has is served with the methods it has and no others, and each route in the program's source is
in the description.
"""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

binary, work = (os.path.abspath(path) for path in sys.argv[1:3])
seconds = sys.argv[3] if len(sys.argv) > 3 else "60"
only = re.compile(sys.argv[4] if len(sys.argv) > 4 else "")
here = os.path.dirname(os.path.abspath(__file__))
METHODS = {"get", "post", "put", "patch", "delete"}
SEED = "2026"

# A cursor belongs to the list that it came from, a transaction to the pipeline that runs, and a key to the events that it
# first came with, a pipeline's text has a meaning, and models and activations must be there: what the description allows may
# still be refused as such. One simulation runs at a time, and not for
# any number of events. A method that HTTP does not know is 501, as RFC 9110 has it; those that it knows are asked for in
# check_routes.
CONFIG = """
[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "501"]

[[operations]]
include-operation-id = "listAlerts"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404"]

[[operations]]
include-operation-id = "predict"
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "422"]

[[operations]]
include-operation-id = "sendEvents"
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "422", "503"]

[[operations]]
include-operation-id = "activate"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409", "422"]

[[operations]]
include-operation-id = "startSimulation"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409"]
"""


def start():
    demo = subprocess.run([binary, "demo", "--dir", f"{work}/demo"], capture_output=True, text=True)
    assert demo.returncode == 0, demo.stderr
    data = f"{work}/demo/data"
    server = subprocess.Popen(
        [binary, "serve", "--data-dir", data, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=open(f"{work}/serve.err", "w"),
        text=True,
    )
    line = server.stdout.readline()
    assert line.startswith("listening on http://"), line + open(f"{work}/serve.err").read()
    token = open(f"{data}/token").read().strip() if os.path.exists(f"{data}/token") else None
    return server, line.split()[-1], token


def ask(url, token, method="GET"):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if method != "GET":
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def check_routes(url, token, description):
    """Served is what is described, method by method."""
    paths = {path: set(item) & METHODS for path, item in description["paths"].items() if only.search(path)}
    for path, methods in paths.items():
        asked = re.sub(r"\{[^}]*\}", "x", path)
        status, headers, body = ask(url + asked, token, "PUT")
        assert status == 405, f"PUT {asked}: {status} {body}"
        served = {method.strip().lower() for method in headers["Allow"].split(",")}
        assert served - {"head"} == methods, f"{path}: {served} is served, {methods} is described"
    sources = os.path.join(here, "..", "..", "Sources", "Server")
    found = set()
    for folder, _, files in os.walk(sources):
        for file in files:
            text = open(os.path.join(folder, file)).read()
            found |= set(re.findall(r'\.(get|post|put|patch|delete)\("(/[^"]*)"', text))
    assert found, "the sources have no routes"
    for method, path in sorted(found):
        described = [re.sub(r"\{[^}]*\}", ":", name) for name, item in description["paths"].items() if method in item]
        assert re.sub(r":\w+", ":", path) in described, f"{method} {path} is not described"
    print(f"{len(paths)} paths are served as they are described; {len(found)} routes of the source are described")


def check_answers(url, token):
    with open(f"{work}/schemathesis.toml", "w") as config:
        config.write(CONFIG)
    command = [
        os.path.join(os.path.dirname(sys.executable), "schemathesis"), "--config-file", f"{work}/schemathesis.toml",
        "run", f"{url}/openapi.json", "--phases", "examples,coverage,fuzzing,stateful", "--checks", "all", "--seed", SEED,
        "--max-examples", "30", "--max-time", seconds, "--request-timeout", "20", "--continue-on-failure",
        # A stream has no end; the rest of it is tested elsewhere.
        "--exclude-path", "/stream", "--suppress-health-check", "all", "--warnings", "off",
    ]
    # A simulation that has been stopped stays.
    left_out = ["unsupported_method", "use_after_free"] + ([] if token else ["ignored_auth"])
    command += ["--exclude-checks", ",".join(left_out)]
    if token:
        command += ["--header", f"Authorization: Bearer {token}"]
    if only.pattern:
        command += ["--include-path-regex", only.pattern]
    surroundings = {**os.environ, "SCHEMATHESIS_HOOKS": "api_formats", "PYTHONPATH": here}
    run = subprocess.run(command, capture_output=True, text=True, cwd=work, env=surroundings)
    with open(f"{work}/schemathesis.out", "w") as out:
        out.write(run.stdout + run.stderr)
    assert run.returncode == 0, (run.stdout + run.stderr)[-20000:]
    print("\n".join(line for line in run.stdout.splitlines() if "generated" in line or "passed" in line))


server, url, token = start()
try:
    description = json.loads(ask(f"{url}/openapi.json", None)[2])
    check_routes(url, token, description)
    check_answers(url, token)
finally:
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=30) == 0, open(f"{work}/serve.err").read()
