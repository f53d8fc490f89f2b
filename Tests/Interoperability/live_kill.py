"""What `patternalarm serve` has acknowledged stays, whatever comes: kill -9, SIGTERM under load, too much at once, another
program at the alerts file, calls that the system refuses.

    python live_kill.py PATTERNALARM [WORK-FOLDER [KILLS]]

Senders post batches of simulated events, each under its own Idempotency-Key, and repeat what was not acknowledged. The
server is killed after a random number of acknowledgements, and each one that follows has other options (checkpoints,
memory for state, durability, sandbox), drawn from a seed that is printed (`PATTERNALARM_SEED` sets it). In the end the log
must hold every event once, every sender must have been told what the ledger says, and the alerts must be what the log gives. Only Python's own library is needed.
"""

import collections
import contextlib
import os
import random
import sqlite3
import sys
import time

from abuse.client import check, results
from live.books import audit, replayed, simulate
from live.delivery import Delivery, cut

kills = int(sys.argv[3]) if len(sys.argv) > 3 else 8
seed = int(os.environ.get("PATTERNALARM_SEED", random.randrange(1 << 32)))

# The large ones have more record batches than the log remembers of one producer.
SIZES = [1, 100, 37, 400, 60, 2, 1500, 100, 10, 80, 20, 100, 8000, 5, 50, 100, 30, 70, 90, 3, 64, 100, 50, 25]


def stop(delivery, server):
    """SIGTERM: everything that was taken is done, and the process ends well."""
    code, took = server.stop()
    check(f"{delivery}: SIGTERM: 0 within 5 s", code == 0 and took < 5, f"{code} after {took:.1f} s {server.log()}")
    return server.log()


def kill(server):
    server.process.kill()
    server.process.wait()


def killed():
    """Killed again and again under load."""
    print(f"options drawn from seed {seed}", flush=True)
    batches = cut(simulate("killed", 7500 * kills, 7), SIZES, "k", spoiled=True)
    delivery = Delivery("killed", batches, senders=6, seed=seed)
    delivery.run(kills, kill)
    check("killed: so many times", delivery.life == kills + 1, delivery.life - 1)
    words = stop("killed", delivery.server)
    stats = audit("killed", delivery.data, delivery.batches)
    found = replayed("killed", delivery.data, words)
    print(f"{kills} kills: {delivery.summary()}; {stats.get('events')} events, {found} alerts, once each", flush=True)


def stopped():
    """Told to stop under load, started again, twice."""
    batches = cut(simulate("stopped", 40000, 8), [100, 50, 700, 3000], "s", spoiled=True)
    delivery = Delivery("stopped", batches, senders=6, seed=seed)

    def end(server):
        stop("stopped", server)
        audit("stopped", delivery.data, delivery.batches, everything=False)

    delivery.run(2, end)
    words = stop("stopped", delivery.server)
    audit("stopped", delivery.data, delivery.batches)
    replayed("stopped", delivery.data, words)
    print(f"2 stops under load: {delivery.summary()}", flush=True)


def crowded():
    """More at once than may wait: some are refused, none is lost, and memory stays bounded."""
    # Large events without alerts: what the memory holds is bodies, not the windows of many people.
    padding = b',"padding":"' + b"0123456789abcdef" * 640 + b'"}\n'
    lines = [line.rstrip(b"}\n") + padding for line in simulate("crowded", 24000, 9, "--fraud-share", "0")]
    delivery = Delivery("crowded", cut(lines, [500], "c"), senders=48, seed=1)
    delivery.run(0, kill)
    peak = int((delivery.server.status("VmHWM") or "0").split()[0]) / 1024
    check("crowded: some had to wait", delivery.refused > 0)
    check("crowded: memory below 400 MB", 0 < peak < 400, f"{peak:.0f} MB")
    stop("crowded", delivery.server)
    audit("crowded", delivery.data, delivery.batches)
    size = sum(len(batch.body) for batch in delivery.batches) / 1e6
    print(
        f"{len(delivery.batches)} bodies at once, {size:.0f} MB: refused {delivery.refused} times, {peak:.0f} MB of memory",
        flush=True,
    )


# What the system refuses under strace, which answer it gives, and up to which of a thread's calls of the kind.
FAULTS = [
    ("fdatasync", "EIO", 40),
    ("pwrite64", "EIO", 60),
    ("pwrite64", "ENOSPC", 60),
    ("fsync", "EIO", 3),
    ("pread64", "EIO", 20),
    ("rename", "EIO", 3),
    ("openat", "EMFILE", 12),
]


def faulty():
    """A call that the system refuses, somewhere: what is doubtful is taken by nobody, and the next server has everything."""
    draw = random.Random(seed)
    lives = [(call, f"{call}:error={error}:when={draw.randint(1, most)}") for call, error, most in FAULTS * (1 + kills // 8)]

    def under(life):
        if life > len(lives):
            return ()
        call, fault = lives[life - 1]
        # The tracer stands behind: signals are for the server itself.
        return ("strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={fault}")

    codes = collections.Counter()

    def end(server):
        code, _ = server.stop()
        codes[code] += 1
        fits = code == 5 if delivery.broken is server else code in (0, 5)
        check(f"faulty: {lives[delivery.life - 1 :][:1]}: exit code", fits, (code, server.log()))

    batches = cut(simulate("faulty", 2000 * len(lives), 12), [100, 30, 250], "f", spoiled=True)
    delivery = Delivery("faulty", batches, senders=3, seed=seed, under=under)
    delivery.run(len(lives), end)
    words = stop("faulty", delivery.server)
    audit("faulty", delivery.data, delivery.batches)
    replayed("faulty", delivery.data, words)
    print(f"{len(lives)} faults, exit codes {dict(codes)}: {delivery.summary()}", flush=True)


def locked():
    """Another program holds the alerts file for longer than SQLite waits: events are taken, their alerts follow."""
    batches = cut(simulate("locked", 20000, 10), [200], "l", spoiled=True)
    half = len(batches) // 2
    delivery = Delivery("locked", batches[:half], senders=2, seed=seed)
    other = sqlite3.connect(delivery.data + "/alerts.sqlite", isolation_level=None, timeout=30)
    with contextlib.closing(other):
        other.execute("BEGIN IMMEDIATE")
        free = time.monotonic() + 7
        delivery.run(0, kill)
        health = delivery.server.request("GET", "/health").body.decode()
        check("locked: health says what is waited for", "another program" in health, health)
        # What is held cannot be told from what is slow but by the clock.
        time.sleep(max(0, free - time.monotonic()))
        other.execute("ROLLBACK")
    delivery.extend(batches[half:])
    delivery.run(0, kill)
    words = stop("locked", delivery.server)
    check("locked: it says so", "another program" in words and "can be written again" in words, words)
    audit("locked", delivery.data, delivery.batches)
    replayed("locked", delivery.data, words)
    print(f"the alerts file held for 7 s: {delivery.summary()}", flush=True)


def main():
    start = time.monotonic()
    for part in (killed, stopped, crowded, locked, faulty):
        part()
    failed = [name for name, holds, _ in results if not holds]
    print(f"{len(results) - len(failed)} of {len(results)} checks hold, {time.monotonic() - start:.0f} s")
    sys.exit(1 if failed else 0)


main()
