"""What `patternalarm serve` has acknowledged stays, whatever ends it: kill -9, SIGTERM under load, and too much at once.

    python live_kill.py PATTERNALARM [WORK-FOLDER [KILLS]]

Senders post batches of simulated events, each under its own Idempotency-Key, and repeat what was not acknowledged. The
server is killed after a random number of acknowledgements. In the end the log must hold every event once, and the alerts
must be what the log gives. Only Python's own library is needed.
"""

import sys
import time

from abuse.client import check, results
from live.books import audit, replayed, simulate
from live.delivery import Delivery, cut

kills = int(sys.argv[3]) if len(sys.argv) > 3 else 8

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
    delivery = Delivery("killed", cut(simulate("killed", 7500 * kills, 7), SIZES, "k"), senders=6, seed=kills)
    delivery.run(kills, kill)
    check("killed: so many times", delivery.life == kills + 1, delivery.life - 1)
    words = stop("killed", delivery.server)
    stats = audit("killed", delivery.data, delivery.batches)
    found = replayed("killed", delivery.data, words)
    print(f"{kills} kills: {delivery.summary()}; {stats.get('events')} events, {found} alerts, once each", flush=True)


def stopped():
    """Told to stop under load, started again, twice."""
    delivery = Delivery("stopped", cut(simulate("stopped", 40000, 8), [100, 50, 700, 3000], "s"), senders=6, seed=1)

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


def main():
    start = time.monotonic()
    for part in (killed, stopped, crowded):
        part()
    failed = [name for name, holds, _ in results if not holds]
    print(f"{len(results) - len(failed)} of {len(results)} checks hold, {time.monotonic() - start:.0f} s")
    sys.exit(1 if failed else 0)


main()
