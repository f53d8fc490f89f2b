"""Slow clients, and many of them."""

import socket
import threading
import time

from .client import Answer, check, read_answer


def slow_head(server):
    start = time.monotonic()
    with server.connect(20) as connection:
        connection.sendall(f"GET /ready HTTP/1.1\r\nHost: {server.host}\r\n".encode())
        try:
            for _ in range(20):
                connection.sendall(b"X: y\r\n")
                connection.settimeout(0.5)
                try:
                    if data := connection.recv(1000):
                        break
                except TimeoutError:
                    data = b""
        except OSError:
            pass
    took = time.monotonic() - start
    check(
        "a slow head is refused after 5 s", Answer(data).status == 408 and 4 < took < 8, f"{took:.1f} s, {data[:60]!r}"
    )


def slow_body(server):
    start = time.monotonic()
    data = b""
    with server.connect(20) as connection:
        connection.sendall(
            (
                f"POST /session HTTP/1.1\r\nHost: {server.host}\r\nContent-Type: application/json\r\n"
                "Content-Length: 1000\r\n\r\n"
            ).encode()
        )
        try:
            for _ in range(40):
                connection.sendall(b" ")
                connection.settimeout(0.5)
                try:
                    if data := connection.recv(1000):
                        break
                except TimeoutError:
                    pass
        except OSError:
            pass
    took = time.monotonic() - start
    check(
        "a slow body is refused after 10 s",
        Answer(data).status == 408 and 9 < took < 14,
        f"{took:.1f} s, {data[:60]!r}",
    )


def slow_reader(server):
    """Asks again and again and reads nothing: the server must not keep the answers for ever."""
    start = time.monotonic()
    with server.connect(1) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = f"GET /ready HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode() * 100
        sent = 0
        cut = False
        while time.monotonic() - start < 25:
            try:
                sent += connection.send(request)
            except TimeoutError:
                continue
            except OSError:
                cut = True
                break
    took = time.monotonic() - start
    check("a client that does not read is cut off", cut and took < 24, f"{took:.1f} s, {sent} bytes sent")


def idle(server):
    """60 s are too long to wait for; half of them must not be enough."""
    with server.connect(30) as connection:
        time.sleep(12)
        connection.sendall(f"GET /ready HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode())
        check("a silent connection is served after 12 s", read_answer(connection).status in (200, 503))


def health_times(server, until, times):
    while not until.is_set():
        start = time.monotonic()
        try:
            status = server.request("GET", "/ready", timeout=5).status
        except OSError as error:
            status = str(error)
        times.append((time.monotonic() - start, status))
        time.sleep(0.05)


def crowds(server):
    for _ in range(20):
        server.request("GET", "/ready")
    base, memory = server.descriptors(), server.resident()
    done, times = threading.Event(), []
    watch = threading.Thread(target=health_times, args=(server, done, times))
    watch.start()
    half = f"GET /ready HTTP/1.1\r\nHost: {server.host}\r\nX: ".encode()
    slow = []
    for number in range(150):
        connection = server.connect()
        connection.sendall(half[: number % len(half)])
        slow.append(connection)
    time.sleep(1)
    check(
        "150 slow clients: health answers within 1 s",
        times and max(took for took, _ in times) < 1 and all(status in (200, 503) for _, status in times),
        f"max {max(took for took, _ in times):.3f} s, {set(status for _, status in times)}",
    )
    peak = server.descriptors()
    times.clear()
    flood = []
    start = time.monotonic()
    for number in range(600):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex((server.address, server.port))
        flood.append(connection)
        if number % 100 == 99:
            peak = max(peak, server.descriptors())
    time.sleep(2)
    peak = max(peak, server.descriptors())
    check(
        "a flood of 600: health answers within 1 s",
        times and max(took for took, _ in times) < 1 and all(status in (200, 503) for _, status in times),
        f"max {max(took for took, _ in times):.3f} s, {set(status for _, status in times)}",
    )
    check("a flood of 600: at most 256 connections are held, and 16 on their way", peak - base <= 272 + 8, f"{peak} from {base}")
    # Bodies that never end, on the open route.
    bodies = []
    for _ in range(100):
        connection = server.connect()
        connection.sendall(
            (
                f"POST /session HTTP/1.1\r\nHost: {server.host}\r\nContent-Type: application/json\r\n"
                "Content-Length: 4000\r\n\r\n{"
            ).encode()
        )
        bodies.append(connection)
    time.sleep(0.5)
    done.set()
    watch.join()
    check(
        "100 endless bodies: health answers within 1 s",
        max(took for took, _ in times) < 1,
        f"max {max(took for took, _ in times):.3f} s",
    )
    for connection in slow + flood + bodies:
        connection.close()
    deadline = time.monotonic() + 8
    while server.descriptors() > base + 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    check("descriptors are back", server.descriptors() <= base + 2, f"{server.descriptors()} from {base}")
    check(
        "memory is back", server.resident() < memory + (48 << 20), f"{server.resident() >> 20} MiB from {memory >> 20}"
    )
    print(
        f"crowds: {base} to {peak} descriptors, {memory >> 20} to {server.resident() >> 20} MiB, "
        f"{time.monotonic() - start:.1f} s",
        flush=True,
    )


def rude(server):
    """Connections that are reset in the middle of things."""
    base = server.descriptors()
    for number in range(200):
        connection = server.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.sendall(
            (
                f"POST /session HTTP/1.1\r\nHost: {server.host}\r\nContent-Type: application/json\r\n"
                "Content-Length: 100\r\n\r\n"
            ).encode()[: 20 + number]
        )
        connection.close()
    check("200 resets: still there", server.request("GET", "/ready").status in (200, 503))
    deadline = time.monotonic() + 5
    while server.descriptors() > base + 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    check("200 resets: descriptors are back", server.descriptors() <= base + 2, f"{server.descriptors()} from {base}")


def bursts(server):
    """Answers to framing errors are read even when much was sent behind them."""
    whole = 0
    for _ in range(20):
        data = b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 1_000_000
        whole += Answer(server.raw(data)).status == 413
    check("a refusal is not lost behind unread bytes", whole == 20, whole)
