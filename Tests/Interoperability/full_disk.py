"""`patternalarm serve` on a disk that is full for a while: nothing that was acknowledged is lost, senders are told to come again
only when the log has no room, and it goes on by itself.

    unshare --map-root-user --mount python3 full_disk.py PATTERNALARM [WORK-FOLDER]

Disks are small file systems in memory, mounted for this process only. Only Python's own library is needed.
"""

import errno
import json
import os
import subprocess
import sys
import threading
import time

from abuse.client import check, results, work
from live.books import audit, replayed, simulate
from live.delivery import Delivery, cut

seed = int(os.environ.get("PATTERNALARM_SEED", "1"))
PATIENCE = 60


class Disk:
    """A file system of its own at a folder, so large and no larger."""

    def __init__(self, path, megabytes):
        os.makedirs(path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", path], check=True)
        self.filler = path + "/filler"

    def fill(self):
        """Until not a byte is left."""
        with open(self.filler, "ab", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def free(self):
        os.remove(self.filler)


def wait(what, holds, full=None):
    """Until something holds: only the server can tell when. A disk stays full meanwhile, whatever the server gives up."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if full:
            full.fill()
        if time.monotonic() > end:
            raise SystemExit(f"{what}: not within {PATIENCE} s")
        time.sleep(0.01)


def detail(server, part):
    """What `/health` says of a part."""
    parts = json.loads(server.request("GET", "/health").body)["parts"]
    return next(found["detail"] for found in parts if found["name"] == part)


def delivering(delivery):
    """Everything is posted on a thread of its own."""
    thread = threading.Thread(target=delivery.run, args=(0, None))
    thread.start()
    return thread


def ended(delivery, thread):
    """The server has not stopped, and in the end everything is as if nothing had been wrong."""
    thread.join()
    name = delivery.name
    code, _ = delivery.server.stop()
    words = delivery.server.log()
    check(f"{name}: one server all the time, which ends well", code == 0 and delivery.life == 1, (code, words))
    audit(name, delivery.data, delivery.batches)
    replayed(name, delivery.data, words)
    return words


def everything():
    """Log, alerts and checkpoints on one disk that is full again and again."""
    for options in ((), ("--state-memory", "1MB", "--checkpoint-events", "500")):
        name = "full-with-state" if options else "full"
        disk = Disk(os.path.join(work, name), 256)
        delivery = Delivery(name, cut(simulate(name, 120000, 5), [100, 30, 250], "d", spoiled=True), 3, seed, options=options)
        thread = delivering(delivery)
        rounds = 0
        while thread.is_alive() and rounds < 8:
            disk.fill()
            refused = delivery.refused
            wait(f"{name}: refused", lambda: delivery.refused > refused + 3 or not thread.is_alive(), full=disk)
            if thread.is_alive():
                wait(f"{name}: health says so", lambda: "s for room" in detail(delivery.server, "log"), full=disk)
                rounds += 1
            disk.free()
            taken = delivery.acknowledged
            wait(f"{name}: goes on", lambda: delivery.acknowledged > taken or not thread.is_alive())
        check(f"{name}: it was full more than once", rounds > 1, rounds)
        words = ended(delivery, thread)
        check(f"{name}: it says so", "waiting for the log" in words and "can be written again" in words, words)
        print(f"{name}: full {rounds} times, {delivery.summary()}", flush=True)


def alerts_only():
    """The alerts file's disk is full, the log's is not: events are taken, their alerts follow."""
    data = os.path.join(work, "alerts")
    disk = Disk(data, 128)
    os.mkdir(data + "/log")
    Disk(data + "/log", 200)
    batches = cut(simulate("alerts-only", 30000, 6), [200], "a", spoiled=True)
    half = len(batches) // 2
    delivery = Delivery("alerts", batches[:half], 3, seed, options=("--checkpoint-events", "2000"))
    disk.fill()
    delivering(delivery).join()
    check("alerts: nobody was refused", delivery.refused == 0, delivery.refused)
    wait("alerts: health says so", lambda: "the disk is full" in detail(delivery.server, "alerts"), full=disk)
    disk.free()
    wait("alerts: they follow", lambda: detail(delivery.server, "engine") == "0 events behind")
    delivery.extend(batches[half:])
    words = ended(delivery, delivering(delivery))
    check("alerts: it says so", "the disk is full" in words and "can be written again" in words, words)
    print(f"the alerts file's disk: {delivery.summary()}", flush=True)


def main():
    start = time.monotonic()
    for part in (everything, alerts_only):
        part()
    failed = [name for name, holds, _ in results if not holds]
    print(f"{len(results) - len(failed)} of {len(results)} checks hold, {time.monotonic() - start:.0f} s")
    sys.exit(1 if failed else 0)


main()
