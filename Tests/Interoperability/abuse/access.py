"""Who gets in: tokens, codes, sessions, origins and hosts."""

import concurrent.futures
import json
import re
import time

from .client import CLOSED, JSON, OPEN, check, missing_headers


def access(server):
    for method, target in CLOSED:
        headers = [JSON] if method in ("POST", "PATCH") else []
        answer = server.request(method, target, headers, b"{}" if headers else None)
        check(f"401 without token: {method} {target}", answer.status == 401, answer)
        check(f"headers on 401: {method} {target}", not missing_headers(answer), missing_headers(answer))
        check(
            f"problem on 401: {method} {target}",
            answer.header("content-type") == "application/problem+json"
            and answer.header("www-authenticate") == "Bearer",
            answer,
        )
    for target in OPEN:
        answer = server.request("GET", target)
        check(f"open: GET {target}", answer.status in (200, 404, 503), answer)
        check(f"headers: GET {target}", not missing_headers(answer), missing_headers(answer))
        head = server.request("HEAD", target)
        check(
            f"HEAD has no body: {target}",
            head.status is not None and head.body == b"" and not missing_headers(head),
            head,
        )
    for name, value in [
        ("wrong token", "Bearer " + "0" * 64),
        ("empty token", "Bearer "),
        ("no scheme", server.token),
        ("basic", "Basic " + server.token),
        ("two spaces", "Bearer  " + server.token),
        ("cut", "Bearer " + server.token[:-1]),
        ("longer", "Bearer " + server.token + "0"),
        ("upper case", "Bearer " + server.token.upper()),
        ("two tokens", f"Bearer {server.token}, Bearer {server.token}"),
    ]:
        answer = server.request("GET", "/nothing", [("Authorization", value)])
        wanted = 401 if value != "Bearer " + server.token else 404
        check(f"401: {name}", answer.status == wanted, answer)
    answer = server.request("GET", "/nothing", [server.bearer(), ("Authorization", "Bearer x")])
    check("401: a right and a wrong token", answer.status == 401, answer)
    answer = server.request("GET", f"/nothing?token={server.token}")
    check("no token in URLs", answer.status == 401, answer)
    answer = server.request("GET", "/nothing", [server.bearer()])
    check("404 with token", answer.status == 404 and not missing_headers(answer), answer)
    answer = server.request("GET", "/nothing", [("authorization", "bearer " + server.token)])
    check("the scheme's case does not matter", answer.status == 404, answer)


def sessions(server):
    def code():
        answer = server.request("POST", "/session/codes", [server.bearer()])
        check("a code for the token", answer.status == 201, answer)
        return json.loads(answer.body)["code"]

    def enter(text, *headers):
        return server.request("POST", "/session", [JSON, *headers], json.dumps({"code": text}).encode())

    printed = re.search(r"/#code=([a-z0-9]+) within 5 minutes", server.log())
    check("the start prints a code", printed, server.log())
    answer = enter(printed[1])
    check("the printed code opens a session", answer.status == 204, answer)
    cookie = answer.header("set-cookie")
    name = f"patternalarm_session_{server.port}"
    check(
        "the cookie is HttpOnly and Strict",
        re.fullmatch(name + r"=[0-9a-f]{64}; HttpOnly; SameSite=Strict; Path=/", cookie),
        cookie,
    )
    session = ("Cookie", cookie.split(";")[0])
    check("a code is good once", enter(printed[1]).status == 401)
    other = ("Cookie", session[1].replace(name, "patternalarm_session_1"))
    check("another port's cookie is not ours", server.request("GET", "/nothing", [other]).status == 401)
    both = ("Cookie", f"patternalarm_session_1={'0' * 64}; {session[1]}")
    check("another port's cookie does no harm", server.request("GET", "/nothing", [both]).status == 404)
    first = code()
    check(
        "a code and a session are not the token",
        server.request("GET", "/nothing", [("Authorization", "Bearer " + first)]).status == 401,
    )
    check(
        "a session is not the token",
        server.request("GET", "/nothing", [("Authorization", "Bearer " + session[1].split("=")[1])]).status == 401,
    )
    check("the session is let in", server.request("GET", "/nothing", [session]).status == 404)
    check(
        "a wrong token is not made good by a session",
        server.request("GET", "/nothing", [session, ("Authorization", "Bearer x")]).status == 401,
    )
    check(
        "a session makes no codes",
        server.request("POST", "/session/codes", [session, ("Sec-Fetch-Site", "same-origin")]).status == 401,
    )
    own = ("Origin", f"http://{server.host}")

    # Pages of other sites, with the owner's cookie.
    for name, headers, wanted in [
        ("own origin", [own], 404),
        ("own origin and site", [own, ("Sec-Fetch-Site", "same-origin")], 404),
        ("same-origin alone", [("Sec-Fetch-Site", "same-origin")], 404),
        ("neither", [], 403),
        ("typed in", [("Sec-Fetch-Site", "none")], 403),
        ("other origin", [("Origin", "http://evil.example")], 403),
        ("null origin", [("Origin", "null")], 403),
        ("other port", [("Origin", "http://127.0.0.1:1")], 403),
        ("other name", [("Origin", f"http://localhost:{server.port}")], 403),
        ("cross-site with own origin", [own, ("Sec-Fetch-Site", "cross-site")], 403),
        ("same-site", [own, ("Sec-Fetch-Site", "same-site")], 403),
        ("two origins", [own, own], 403),
        ("prefix of origin", [("Origin", f"http://{server.host}.evil.example")], 403),
    ]:
        answer = server.request("POST", "/nothing", [session, JSON, *headers], b"{}")
        check(f"CSRF, POST, {name}", answer.status == wanted and not missing_headers(answer), answer)
    for method in ("PATCH", "DELETE", "PUT"):
        answer = server.request(method, "/nothing", [session, ("Sec-Fetch-Site", "cross-site")])
        check(f"CSRF, {method}, cross-site", answer.status == 403, answer)
    for name, headers, wanted in [
        ("cross-site", [("Sec-Fetch-Site", "cross-site")], 403),
        ("same-site", [("Sec-Fetch-Site", "same-site")], 403),
        (
            "navigation to data",
            [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")],
            403,
        ),
        ("same-origin", [("Sec-Fetch-Site", "same-origin")], 404),
    ]:
        check(f"reading with a cookie, {name}", server.request("GET", "/nothing", [session, *headers]).status == wanted)
    navigation = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")]
    for target in ("/", "/docs"):
        answer = server.request("GET", target, navigation + [("Sec-Fetch-Dest", "document")])
        check(f"links to {target} are followed", answer.status in (200, 404), answer)
        answer = server.request("GET", target, navigation + [("Sec-Fetch-Dest", "iframe")])
        check(f"no frame of another site holds {target}", answer.status == 403, answer)
    check(
        "health is not for other sites' pages",
        server.request("GET", "/ready", [("Sec-Fetch-Site", "cross-site")]).status == 403,
    )
    check(
        "login is not for other sites' pages",
        enter(first, ("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site")).status == 403,
    )

    # Types and shapes of the code's request.
    text = json.dumps({"code": first}).encode()
    for type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "application/jsonx",
        "text/plain; application/json",
        "application/x-ndjson",
    ):
        answer = server.request("POST", "/session", [("Content-Type", type)], text)
        check(f"415: {type or 'empty type'}", answer.status == 415, answer)
    check("415: no type", server.request("POST", "/session", [], text).status == 415)
    check(
        "415: two types", server.request("POST", "/session", [JSON, ("Content-Type", "text/plain")], text).status == 415
    )
    check(
        "415: compressed", server.request("POST", "/session", [JSON, ("Content-Encoding", "gzip")], text).status == 415
    )
    for body in (b"", b"{", b"[]", b"null", b'{"code":1}', b'{"code":null}', b"\xff\xfe", b'{"Code":"x"}', b"[" * 4000):
        answer = (
            server.request("POST", "/session", [JSON], body) if body else server.request("POST", "/session", [JSON])
        )
        check(f"400: session with {body[:20]!r}", answer.status == 400 and not missing_headers(answer), answer)
    check("413: a session of 5 KiB", server.request("POST", "/session", [JSON], b" " * 5000).status == 413)
    check("a code survives all that", enter(first).status == 204)

    # Guessing is slow and few may guess at once; the owner gets in all the same.
    start = time.monotonic()
    check("a wrong code is refused", enter("0" * 24).status == 401)
    check("a wrong code takes its time", time.monotonic() - start >= 0.5)
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        guesses = [pool.submit(enter, "0" * 24) for _ in range(40)]
        time.sleep(0.2)
        start = time.monotonic()
        check("the owner gets in among guesses", enter(code()).status == 204)
        check("and does not wait", time.monotonic() - start < 0.5, time.monotonic() - start)
        statuses = sorted(guess.result().status for guess in guesses)
    check("guesses are refused or turned away", set(statuses) == {401, 429}, statuses)
    codes = [code() for _ in range(9)]
    check("at most eight codes: the oldest is gone", enter(codes[0]).status == 401)
    check("at most eight codes: the newest is good", enter(codes[8]).status == 204)

    answer = server.request("DELETE", "/session", [session, own])
    check("a session can be closed", answer.status == 204 and "Max-Age=0" in answer.header("set-cookie"), answer)
    check("a closed session is closed", server.request("GET", "/nothing", [session]).status == 401)
    for text in (f"{name}=", f"{name}=x", name, "=", ";;;", "a=b; " * 500):
        check(f"401: cookie {text[:25]!r}", server.request("GET", "/nothing", [("Cookie", text)]).status == 401)


def hosts(server):
    port = server.port
    for name in (f"127.0.0.1:{port}", f"localhost:{port}", f"LocalHost:{port}", f"[::1]:{port}"):
        check(f"host {name}", server.request("GET", "/ready", host=name).status in (200, 503))
    for name in (
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1",
        "localhost",
        f"127.0.0.1:{port + 1}",
        f"0.0.0.0:{port}",
        f"127.0.0.1:{port}@evil.example",
        f"127.1:{port}",
        f"localhost.:{port}",
        f"127.0.0.1.nip.io:{port}",
        f"127.0.0.1:{port}, evil.example",
        f"[::ffff:127.0.0.1]:{port}",
        "x" * 4000,
    ):
        answer = server.request("GET", "/ready", [server.bearer()], host=name)
        check(f"421: host {name[:40]}", answer.status == 421 and not missing_headers(answer), answer)
