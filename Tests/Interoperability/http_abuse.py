"""Hostile requests against `patternalarm serve`, over raw sockets: every check has a name, any failure fails the run.

    python http_abuse.py PATTERNALARM [WORK-FOLDER]

Only Python's own library is needed. Slow checks run beside each other; the whole takes less than a minute.
"""

import concurrent.futures
import re
import sys
import time

from abuse.access import access, hosts, sessions
from abuse.client import Server, check, results, skipped
from abuse.content import events, paths, texts
from abuse.crowds import bursts, crowds, idle, rude, slow_body, slow_head, slow_reader
from abuse.framing import framing
from abuse.process import confined, few_descriptors, files, stopping


def main():
    start = time.monotonic()
    # Debug, so that the log has something to hide; the crowd gets a server of its own, to count its descriptors.
    server = Server("main", "--log-level", "debug")
    crowded = Server("crowded")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        jobs = [pool.submit(job, server) for job in (slow_head, slow_body, slow_reader, idle)]
        jobs += [pool.submit(few_descriptors), pool.submit(stopping), pool.submit(confined, server)]
        jobs.append(pool.submit(lambda: (crowds(crowded), rude(crowded))))
        for job in (access, sessions, hosts, framing, paths, bursts, events, texts, files):
            job(server)
        for job in jobs:
            job.result()
    check("health at the end", server.request("GET", "/ready").status in (200, 503))
    check("the log has no control characters at the end", not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", server.log()))
    for each in (server, crowded):
        code, took = each.stop()
        check("SIGTERM: 0 within 5 s", code == 0 and took < 5, f"{code} after {took:.1f} s")
    failed = [name for name, holds, _ in results if not holds]
    print(
        f"{len(results) - len(failed)} of {len(results)} checks hold, {len(skipped)} skipped, "
        f"{time.monotonic() - start:.0f} s"
    )
    sys.exit(1 if failed else 0)


main()
