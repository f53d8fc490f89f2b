"""Requests that two programs might read differently."""

import concurrent.futures
import re
import socket

from .client import Answer, JSON, check, missing_headers, read_all, read_answer


def framing(server):
    host = f"Host: {server.host}\r\n"
    token = f"Authorization: Bearer {server.token}\r\n"
    start = "POST /nothing HTTP/1.1\r\n" + host + token + "Content-Type: application/json\r\n"
    follow = "GET /ready HTTP/1.1\r\n" + host + "\r\n"
    shapes = [
        ("length and chunked", start + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("chunked and length", start + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400),
        ("two lengths", start + "Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}{}", 400),
        ("the same length twice", start + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
        ("a list of lengths", start + "Content-Length: 2, 2\r\n\r\n{}", 400),
        ("negative length", start + "Content-Length: -1\r\n\r\n{}", 400),
        ("signed length", start + "Content-Length: +2\r\n\r\n{}", 400),
        ("hexadecimal length", start + "Content-Length: 0x2\r\n\r\n{}", 400),
        ("length of 2^64", start + "Content-Length: 18446744073709551616\r\n\r\n{}", 400),
        ("length of 2^63", start + "Content-Length: 9223372036854775808\r\n\r\n{}", 400),
        ("empty length", start + "Content-Length:\r\n\r\n{}", 400),
        ("space before colon", start + "Content-Length : 2\r\n\r\n{}", 400),
        ("tab before colon", start + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400),
        ("folded length", start + "Content-Length:\r\n 2\r\n\r\n{}", 400),
        ("folded coding", start + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
        ("coding with vertical tab", start + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
        ("two codings", start + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        ("chunked twice", start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("coding identity", start + "Transfer-Encoding: identity\r\n\r\n", 400),
        ("quoted coding", start + 'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', 400),
        ("chunk size with sign", start + "Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n", 400),
        ("chunk size with 0x", start + "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", 400),
        ("chunk size too long", start + "Transfer-Encoding: chunked\r\n\r\n000000002\r\n{}\r\n0\r\n\r\n", 400),
        ("chunk size of 2^32", start + "Transfer-Encoding: chunked\r\n\r\n100000000\r\n{}\r\n0\r\n\r\n", 400),
        ("chunk extension", start + "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n", 400),
        ("chunk with bare LF", start + "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n", 400),
        ("chunk longer than said", start + "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", 400),
        ("trailer field", start + "Transfer-Encoding: chunked\r\n\r\n0\r\nHost: evil\r\n\r\n", 400),
        ("body with GET", "GET /ready HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\n{}", 400),
        (
            "chunked body with GET",
            "GET /ready HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        ("body with HEAD", "HEAD /ready HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\n{}", 400),
        ("bare LF", f"GET /ready HTTP/1.1\nHost: {server.host}\n\n", 400),
        ("one bare LF", f"GET /ready HTTP/1.1\r\nHost: {server.host}\nX: y\r\n\r\n", 400),
        ("bare CR", f"GET /ready HTTP/1.1\r\nHost: {server.host}\rX: y\r\n\r\n", 400),
        ("CR at the line's start", f"GET /ready HTTP/1.1\r\n\rHost: {server.host}\r\n\r\n", 400),
        ("folded field", "GET /ready HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n", 400),
        ("field without colon", "GET /ready HTTP/1.1\r\n" + host + "X\r\n\r\n", 400),
        ("field without name", "GET /ready HTTP/1.1\r\n" + host + ": x\r\n\r\n", 400),
        ("name with space", "GET /ready HTTP/1.1\r\n" + host + "X Y: z\r\n\r\n", 400),
        ("name beyond ASCII", "GET /ready HTTP/1.1\r\n" + host + "\xe9: z\r\n\r\n", 400),
        ("NUL in a value", "GET /ready HTTP/1.1\r\n" + host + "X: a\x00b\r\n\r\n", 400),
        ("escape in a value", "GET /ready HTTP/1.1\r\n" + host + "X: \x1b[31m\r\n\r\n", 400),
        ("DEL in a value", "GET /ready HTTP/1.1\r\n" + host + "X: \x7f\r\n\r\n", 400),
        ("NUL in the target", "GET /ready\x00 HTTP/1.1\r\n" + host + "\r\n", 400),
        ("no Host", "GET /ready HTTP/1.1\r\n\r\n", 400),
        ("two Hosts", "GET /ready HTTP/1.1\r\n" + host + host + "\r\n", 400),
        ("two different Hosts", "GET /ready HTTP/1.1\r\n" + host + "Host: evil.example\r\n\r\n", 400),
        ("absolute form", f"GET http://{server.host}/ready HTTP/1.1\r\n" + host + "\r\n", 400),
        ("absolute form of another", "GET http://evil.example/ HTTP/1.1\r\n" + host + "\r\n", 400),
        ("authority form", f"CONNECT {server.host} HTTP/1.1\r\n" + host + "\r\n", 501),
        ("GET of an authority", f"GET {server.host} HTTP/1.1\r\n" + host + "\r\n", 400),
        ("asterisk form", "OPTIONS * HTTP/1.1\r\n" + host + "\r\n", 400),
        ("two slashes", "GET //evil.example/%2f.. HTTP/1.1\r\n" + host + "\r\n", 400),
        ("empty target", "GET  HTTP/1.1\r\n" + host + "\r\n", 400),
        ("fragment", "GET /ready#x HTTP/1.1\r\n" + host + "\r\n", 400),
        ("backslash", "GET /\\evil HTTP/1.1\r\n" + host + "\r\n", 400),
        ("half an escape", "GET /ready%2 HTTP/1.1\r\n" + host + "\r\n", 400),
        ("space in the target", "GET /re ady HTTP/1.1\r\n" + host + "\r\n", 400),
        ("unknown method", "BREW /ready HTTP/1.1\r\n" + host + "\r\n", 501),
        ("lower-case method", "get /ready HTTP/1.1\r\n" + host + "\r\n", 501),
        ("method that is no word", "GE\xdfT /ready HTTP/1.1\r\n" + host + "\r\n", 400),
        ("HTTP/0.9", "GET /ready\r\n", 400),
        ("HTTP/1.0", "GET /ready HTTP/1.0\r\n" + host + "\r\n", 505),
        ("HTTP/1.2", "GET /ready HTTP/1.2\r\n" + host + "\r\n", 505),
        ("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("leading empty line", "\r\n" + follow, 400),
        ("leading space", " " + follow, 400),
        ("TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        ("SSH hello", "SSH-2.0-OpenSSH_9.6\r\n", 400),
        ("noise", "\xff\xfe\xfd\r\n\r\n", 400),
        ("other expectation", start + "Expect: 200-maybe\r\nContent-Length: 2\r\n\r\n{}", 417),
        ("target of 9,000 bytes", "GET /" + "a" * 9000 + " HTTP/1.1\r\n" + host + "\r\n", 414),
        ("first line without end", "GET /" + "a" * 20000, 414),
        ("field of 17 KiB", "GET /ready HTTP/1.1\r\n" + host + "X: " + "a" * 17000 + "\r\n\r\n", 431),
        ("101 fields", "GET /ready HTTP/1.1\r\n" + host + "X: a\r\n" * 100 + "\r\n", 431),
        ("fields without end", "GET /ready HTTP/1.1\r\n" + host + "X: a\r\n" * 5000, 431),
        ("too large by its length", start + "Content-Length: 1048577\r\n\r\n", 413),
        ("too large by far", start + "Content-Length: 999999999999999999\r\n\r\n", 413),
        ("too large by its chunk", start + "Transfer-Encoding: chunked\r\n\r\n100001\r\n", 413),
    ]

    def one(shape):
        name, text, wanted = shape
        # A request that hides behind must not be answered.
        answer = Answer(server.raw((text + follow).encode("latin-1")))
        check(
            f"framing, {name}",
            answer.status == wanted and len(re.findall(rb"HTTP/1\.1 \d{3} ", answer.data)) == 1,
            answer,
        )
        check(
            f"framing, {name}: closes, with all headers",
            answer.header("connection") == "close" and not missing_headers(answer),
            answer,
        )

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(one, shapes))

    def statuses(data, **options):
        return re.findall(rb"HTTP/1\.1 (\d{3}) ", server.raw(data.encode("latin-1"), **options))

    last = "GET /ready HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n"
    ok = statuses(last)
    check(
        "99 fields are taken",
        statuses("GET /ready HTTP/1.1\r\n" + host + "Connection: close\r\n" + "X: a\r\n" * 97 + "\r\n") == ok,
    )
    check("pipelined requests are answered in turn", statuses(follow * 20 + last) == ok * 21)
    check(
        "an error ends a pipeline behind the answers before",
        statuses(follow * 3 + "BAD\r\n\r\n" + follow) == ok * 3 + [b"400"],
    )
    check("a pipeline is answered after a half-close", statuses(follow * 3, half_close=True) == ok * 3)
    check("nothing behind Connection: close is answered", statuses(last + follow) == ok)
    check(
        "chunked bodies are taken",
        statuses(start + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n" + last) == [b"404"] + ok,
    )
    check(
        "an upgrade is not taken up",
        statuses(
            "GET /ready HTTP/1.1\r\n"
            + host
            + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n"
            + last
        )
        == ok * 2,
    )
    check(
        "a web socket is not opened",
        statuses(
            "GET /ready HTTP/1.1\r\n"
            + host
            + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" + last
        )
        == ok * 2,
    )
    check(
        "half a body is no request",
        statuses(start + "Content-Length: 10\r\n\r\n{}", half_close=True)[-1:] in ([b"400"], [b"404"]),
    )
    check("half a head is no request", statuses("GET /ready HTTP/1.1\r\n" + host, half_close=True) == [b"400"])
    check(
        "HEAD does not break a pipeline", statuses("HEAD /nothing HTTP/1.1\r\n" + host + "\r\n" + last) == [b"401"] + ok
    )
    with server.connect() as connection:
        head = start + "Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        seen = connection.recv(1000)
        check("an expected 100 is given", seen.startswith(b"HTTP/1.1 100 Continue\r\n\r\n"), seen)
        connection.sendall(b"{}")
        check("and the answer follows", b"404" in seen + read_all(connection))
    answer = server.request("POST", "/events", [JSON], b"x" * 300_000)
    check("an unauthorised body is not waited for", answer.status == 401, answer)
    # Byte by byte, what is right stays right.
    with server.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in last.encode():
            connection.send(bytes([byte]))
        check("a request in single bytes", read_answer(connection).status in (200, 503))
