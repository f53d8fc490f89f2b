"""Starting, stopping, files and what the kernel forbids."""

import json
import os
import re
import socket
import subprocess
import time

from .client import Answer, JSON, Server, binary, check, missing_headers, skip, work


def fails(name, code, words, *arguments, data=None, **settings):
    """The server must not start, for a reason that it names."""
    command = [binary, "serve", "--data-dir", data or os.path.join(work, "fails"), "--port", "0", *arguments]
    try:
        result = subprocess.run(command, capture_output=True, timeout=10, cwd=work, **settings)
        seen = (result.returncode, result.stderr.decode())
    except subprocess.TimeoutExpired:
        seen = ("runs", "")
    check(f"does not start: {name}", seen[0] == code and re.search(words, seen[1]), seen)


def files(server):
    mode = lambda name: oct(os.stat(os.path.join(server.data, name)).st_mode & 0o7777)
    check("the token is 0600", mode("token") == "0o600", mode("token"))
    check("the notice is 0600", mode("server.json") == "0o600", mode("server.json"))
    check("the directory is 0700", mode("") == "0o700", mode(""))
    check(
        "no other file is for others",
        all(
            os.stat(os.path.join(folder, name)).st_mode & 0o077 == 0
            for folder, _, names in os.walk(server.data)
            for name in names
        ),
    )
    check("the token is 64 digits", re.fullmatch(r"[0-9a-f]{64}", server.token))
    check(
        "the token is not in the process's arguments or environment",
        all(
            server.token.encode() not in open(f"/proc/{server.process.pid}/{name}", "rb").read()
            for name in ("cmdline", "environ")
        ),
    )
    limits = open(f"/proc/{server.process.pid}/limits").read()
    check("no core files", re.search(r"Max core file size +0 +0 ", limits), limits)
    # Files of a process that may not be dumped belong to root, whoever runs it; the mode tells as root, too.
    sockets = open("/proc/net/tcp").read() + open("/proc/net/tcp6").read()
    mine = [
        line.split()[1]
        for line in sockets.splitlines()
        if line.split()[3:4] == ["0A"] and line.split()[1].endswith(f":{server.port:04X}")
    ]
    check("it listens on 127.0.0.1 only", mine == [f"0100007F:{server.port:04X}"], mine)

    def opened(*arguments):
        result = subprocess.run([binary, "open", *arguments], capture_output=True, timeout=10, cwd=work)
        return result.returncode, result.stdout.decode(), result.stderr.decode()

    code, out, err = opened("--data-dir", server.data)
    match = re.fullmatch(rf"http://127\.0\.0\.1:{server.port}/#code=([a-z0-9]{{24}})\n", out)
    check("open prints a link", code == 0 and match, (code, out, err))
    answer = server.request("POST", "/session", [JSON], json.dumps({"code": match[1] if match else ""}).encode())
    check("open's link opens", answer.status == 204, answer)
    code, out, err = opened("--data-dir", os.path.join(work, "nowhere"))
    check("open without a server says so", code == 5 and out == "" and "no server runs" in err, (code, out, err))
    # What a killed server has left, with the number of a process that lives.
    stale = os.path.join(work, "stale")
    os.makedirs(stale, 0o700)
    for name, text in (
        ("server.json", json.dumps({"address": f"http://127.0.0.1:{server.port}", "pid": os.getpid()})),
        ("token", "0" * 64 + "\n"),
        ("lock", f"{os.getpid()}\n"),
    ):
        with open(os.open(os.path.join(stale, name), os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
    code, out, err = opened("--data-dir", stale)
    check(
        "open is not taken in by a stale notice", code == 5 and out == "" and "no server runs" in err, (code, out, err)
    )

    fails("a second server on the directory", 6, "in use by process", data=server.data)
    fails("the port is in use", 5, f"port {server.port} is in use", "--port", str(server.port))
    fails("an address that is none", 2, "no IP address", "--host", "evil.example")
    fails("an address of others", 2, "--allow-remote", "--host", "0.0.0.0")
    fails("every IPv6 address", 2, "--allow-remote", "--host", "::")
    fails("an address that is not here", 2, "no address of this machine", "--host", "192.0.2.1", "--allow-remote")
    fails("a port that is none", 2, "between 0 and 65535", "--port", "65536")

    def directory(name, make):
        path = os.path.join(work, name)
        os.makedirs(path, 0o700)
        make(path)
        return path

    def token(path, mode=0o600, text="0" * 64 + "\n"):
        with open(os.path.join(path, "token"), "w") as file:
            file.write(text)
        os.chmod(os.path.join(path, "token"), mode)

    victim = os.path.join(work, "victim")
    with open(victim, "w") as file:
        file.write("1" * 64 + "\n")
    os.chmod(victim, 0o600)
    for name, words, make in [
        ("a token others can read", "0644", lambda path: token(path, 0o644)),
        ("a token the group can read", "0640", lambda path: token(path, 0o640)),
        ("a token others can write", "0602", lambda path: token(path, 0o602)),
        ("a token that is a symbolic link", "symbolic link", lambda path: os.symlink(victim, path + "/token")),
        ("a token that is a link to nothing", "symbolic link", lambda path: os.symlink("/nowhere", path + "/token")),
        ("a token with two names", "plain file", lambda path: os.link(victim, path + "/token")),
        ("a token that is a pipe", "plain file", lambda path: os.mkfifo(path + "/token", 0o600)),
        ("a token that is a directory", "plain file", lambda path: os.mkdir(path + "/token", 0o700)),
        ("an empty token", "64 hexadecimal", lambda path: token(path, text="")),
        ("a short token", "64 hexadecimal", lambda path: token(path, text="0" * 63 + "\n")),
        ("a token that is none", "64 hexadecimal", lambda path: token(path, text="x" * 64 + "\n")),
        ("a token without end", "longer than", lambda path: token(path, text="0" * 10000)),
        ("a directory others can write to", "chmod go-w", lambda path: os.chmod(path, 0o777)),
        ("a directory with the sticky bit", "chmod go-w", lambda path: os.chmod(path, 0o1777)),
        ("a directory the group can write to", "chmod go-w", lambda path: os.chmod(path, 0o770)),
    ]:
        fails(name, 5, words, data=directory("d" + str(abs(hash(name))), make))
    check("a linked token is left alone", open(victim).read() == "1" * 64 + "\n")

    # A token that is there is kept, and what a killed start has left is replaced.
    kept = directory("kept", token)
    os.symlink(victim, kept + "/server.json.part")
    with open(kept + "/server.json", "w") as file:
        file.write("stale")
    os.chmod(kept + "/server.json", 0o600)
    again = Server("kept-log", "--host", "::1", "--allowed-host", "Box.lan", data=kept, umask=0)
    check("an existing token is kept", again.token == "0" * 64)
    check("a symbolic link in the notice's place is not followed", open(victim).read() == "1" * 64 + "\n")
    check("IPv6 loopback", again.request("GET", "/ready").status in (200, 503))
    check("an allowed host", again.request("GET", "/ready", host="box.lan").status in (200, 503))
    check("no other host", again.request("GET", "/ready", host="box2.lan").status == 421)
    origin = [("Origin", "https://box.lan"), ("Sec-Fetch-Site", "same-origin")]
    check("an allowed host behind TLS", again.request("GET", "/ready", origin, host="box.lan").status in (200, 503))
    code, took = again.stop()
    check("SIGTERM: 0", code == 0, code)
    check("the notice is gone", not os.path.exists(kept + "/server.json"))
    check("the token stays", os.path.exists(kept + "/token"))
    check("quiet by default", says_only_totals(again), again.log())


def says_only_totals(server):
    """Nothing on standard error but how to get in, and what was done."""
    lines = server.log().splitlines()
    return len(lines) == 2 and lines[0].startswith("open http://") and " events = " in lines[1]


def thread_states(server, pattern):
    """What the kernel says of each thread of the server. Idle ones end at any time."""
    folder = f"/proc/{server.process.pid}/task"
    states = []
    for thread in os.listdir(folder):
        try:
            with open(f"{folder}/{thread}/status") as file:
                states.append(re.search(pattern, file.read())[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return states


def confined(server):
    """What the kernel forbids the process, where it can: Landlock and seccomp."""
    if "no seccomp (" in server.log():
        skip("calls that are refused", re.search(r"no seccomp .*", server.log())[0])
    else:
        modes = thread_states(server, r"Seccomp:\t(\d)")
        check("every thread's calls are filtered", len(modes) > 1 and set(modes) == {"2"}, modes)
    if "Landlock (" in server.log() and "not confined" in server.log():
        return skip("confinement", re.search(r"not confined: .*", server.log())[0])
    check(
        "the process says that it is confined", "confined to the data directory and the port (Landlock" in server.log()
    )
    states = thread_states(server, r"NoNewPrivs:\t(\d)")
    check("no thread can get new privileges", len(states) > 1 and set(states) == {"1"}, states)

    # An alerts file that is a link out of the directory: good, and yet not to be opened.
    def linked(name):
        outside, data = os.path.join(work, name + "-outside"), os.path.join(work, name)
        os.makedirs(outside, 0o700)
        os.makedirs(data, 0o700)
        made = Server(name + "-made", data=data)
        code, _ = made.stop()
        check(f"{name}: made", code == 0, code)
        for file in os.listdir(data):
            if file.startswith("alerts.sqlite"):
                os.rename(os.path.join(data, file), os.path.join(outside, file))
        os.symlink(os.path.join(outside, "alerts.sqlite"), os.path.join(data, "alerts.sqlite"))
        return data, outside

    data, outside = linked("link")
    fails("an alerts file outside", 5, "alerts", data=data)
    free = Server("link-free", "--no-sandbox", data=data)
    check("the same without confinement", free.request("GET", "/ready").status in (200, 503))
    free.stop()
    named = Server("link-named", "--alerts", os.path.join(outside, "alerts.sqlite"), data=data)
    check("an alerts file that is named", named.request("GET", "/ready").status in (200, 503))
    named.stop()
    # A folder of the log that leads outside is neither read nor filled.
    data, outside = linked("log-link")
    os.remove(os.path.join(data, "alerts.sqlite"))
    os.rename(os.path.join(data, "log"), os.path.join(outside, "log"))
    os.symlink(os.path.join(outside, "log"), os.path.join(data, "log"))
    fails("a log outside", 5, "ermission denied", data=data)


def few_descriptors():
    server = Server(
        "few", preexec_fn=lambda: __import__("resource").setrlimit(__import__("resource").RLIMIT_NOFILE, (72, 72))
    )
    held = []
    for _ in range(100):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex((server.address, server.port))
        held.append(connection)
    time.sleep(0.5)
    start = time.monotonic()
    answer = server.request("GET", "/ready", timeout=5)
    check(
        "72 descriptors, 100 connections: health within 1 s",
        answer.status in (200, 503) and time.monotonic() - start < 1,
        (answer, time.monotonic() - start),
    )
    for connection in held:
        connection.close()
    code, took = server.stop()
    check("72 descriptors: SIGTERM: 0", code == 0, code)


def stopping():
    server = Server("stopping")
    held = [server.connect() for _ in range(20)]
    for connection in held[:5]:
        connection.sendall(b"GET /re")
    for connection in held[5:10]:
        connection.sendall(
            (
                f"POST /session HTTP/1.1\r\nHost: {server.host}\r\nContent-Type: application/json\r\n"
                "Content-Length: 10\r\n\r\n{"
            ).encode()
        )
    for connection in held[10:15]:
        connection.sendall(
            (
                f"POST /events HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {server.token}\r\n"
                "Content-Type: application/x-ndjson\r\nContent-Length: 1000\r\n\r\n{"
            ).encode()
        )
    stream = server.connect()
    stream.sendall(
        (f"GET /stream HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {server.token}\r\n\r\n").encode()
    )
    first = stream.recv(1000)
    if b"200" not in first[:20]:
        skip("SIGTERM with an open stream", f"GET /stream says {first[9:12].decode()}")
    else:
        check("the stream has all headers", not missing_headers(Answer(first)), first)
    code, took = server.stop()
    check("SIGTERM with open connections: 0 within 5 s", code == 0 and took < 5, f"{code} after {took:.1f} s")
    check("SIGTERM: the totals are the only word", says_only_totals(server), server.log())
    for connection in held + [stream]:
        connection.close()
