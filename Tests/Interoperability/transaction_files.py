"""Files of transactions as other people's programs write them, made from a seed: the shapes of public data sets, of bank exports
and of servers' logs. In each some keys do what nobody else does, and `planted` names them.

    python transaction_files.py FOLDER [ROWS]
"""

import csv
import datetime
import json
import os
import random
import sys
from dataclasses import dataclass, field

DAY = 86400
START = datetime.datetime(2026, 1, 5, tzinfo=datetime.timezone.utc)


@dataclass
class File:
    """A file, the keys of it that stand out, and what has to be said of it in a pipeline or on the command line."""

    name: str
    rows: int
    planted: set = field(default_factory=set)
    time: str = ""
    entity: str = ""


def clock(seconds):
    return START + datetime.timedelta(seconds=seconds)


def history(random, rows, keys, days, others, mean=50.0):
    """Ordinary payments in the order of time, and bursts of large ones by a few keys: (second, key, other, amount, planted)."""
    habits = {key: mean * random.lognormvariate(0, 0.5) for key in keys}
    friends = {key: random.sample(others, min(6, len(others))) for key in keys}
    events = []
    for _ in range(rows):
        key = random.choice(keys)
        # Fewer at night.
        second = random.randrange(days) * DAY + min(DAY - 1, int(abs(random.gauss(14, 4)) * 3600))
        other = random.choice(friends[key]) if random.random() < 0.97 else random.choice(others)
        amount = round(habits[key] * random.lognormvariate(0, 0.35), 2)
        events.append((second, key, other, amount, False))
    planted = random.sample(keys, max(3, len(keys) // 100))
    for key in planted:
        second = random.randrange(days // 2, days - 1) * DAY + random.randrange(DAY // 2)
        for step in range(6):
            other = random.choice(others)
            amount = round(habits[key] * random.uniform(12, 20), 2)
            events.append((second + step * 40, key, other, amount, True))
    events.sort(key=lambda event: event[0])
    return events, set(planted)


def write_csv(path, header, rows, **options):
    encoding = options.pop("encoding", "utf-8")
    with open(path, "w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, lineterminator=options.pop("lineterminator", "\n"), **options)
        writer.writerow(header)
        writer.writerows(rows)


def write_jsonl(path, events):
    with open(path, "w") as file:
        for event in events:
            file.write(json.dumps(event, separators=(",", ":")) + "\n")


def handbook(path, random, rows):
    """The Fraud Detection Handbook's simulated card transactions."""
    customers, terminals = [str(n) for n in range(rows // 60)], [str(n) for n in range(rows // 30)]
    events, planted = history(random, rows, customers, 60, terminals)
    header = "TRANSACTION_ID TX_DATETIME CUSTOMER_ID TERMINAL_ID TX_AMOUNT TX_TIME_SECONDS TX_TIME_DAYS TX_FRAUD TX_FRAUD_SCENARIO"
    table = [
        (n, f"{clock(at):%Y-%m-%d %H:%M:%S}", who, where, amount, at, at // DAY, int(bad), 3 * bad)
        for n, (at, who, where, amount, bad) in enumerate(events)
    ]
    write_csv(path, header.split(), table)
    return planted, "TX_DATETIME", "CUSTOMER_ID"


def card_stream(path, random, rows):
    """A plain stream of card payments in JSON, somewhat out of order."""
    actors = [f"A{random.randrange(10**6):06}" for _ in range(rows // 50)]
    events, planted = history(random, rows, actors, 20, [f"dev-{n}" for n in range(rows // 20)])
    arrived = sorted(events, key=lambda event: event[0] + (random.random() * 5 if random.random() < 0.05 else 0))
    write_jsonl(path, (
        {"domain": random.choice(["gaming", "fintech", "ecommerce"]), "actor_id": who, "amount": amount,
         "timestamp": clock(at).isoformat(), "country": random.choice(["DE", "FR", "US"]), "device": device}
        for at, who, device, amount, _ in arrived
    ))
    return planted, "timestamp", "actor_id"


def paysim(path, random, rows):
    """PaySim: mobile money, `step` is an hour from an origin that is not said; nearly every sender comes once."""
    receivers = [f"C{random.randrange(10**9)}" for _ in range(rows // 40)]
    events, planted = history(random, rows, receivers, 30, ["PAYMENT", "TRANSFER", "CASH_OUT", "CASH_IN", "DEBIT"], 9000)
    header = "step type amount nameOrig oldbalanceOrg newbalanceOrig nameDest oldbalanceDest newbalanceDest isFraud isFlaggedFraud"
    table = []
    for at, receiver, kind, amount, bad in events:
        old = round(random.expovariate(1 / 30000), 2)
        left = round(max(0, old - amount), 2)
        there = round(random.expovariate(1 / 90000), 2)
        sender = f"C{random.randrange(10**10)}"
        table.append(
            (at // 3600 + 1, kind, amount, sender, old, left, receiver, there, round(there + amount, 2), int(bad), 0)
        )
    write_csv(path, header.split(), table)
    return planted, "step", "nameDest"


def creditcard(path, random, rows):
    """The credit card set of ULB (Kaggle): seconds from the first payment, 28 components, nobody's name."""
    header = ["Time", *[f"V{n}" for n in range(1, 29)], "Amount", "Class"]
    table = []
    at = 0.0
    for _ in range(rows):
        at += random.expovariate(rows / 172792)
        bad = random.random() < 0.0017
        shift = {3: -5, 4: 4, 10: -4, 12: -5, 14: -7, 17: -6} if bad else {}
        values = [round(random.gauss(shift.get(n, 0), 1.0), 9) for n in range(1, 29)]
        table.append((float(int(at)), *values, round(random.lognormvariate(3.1, 1.4), 2), int(bad)))
    with open(path, "w") as file:
        file.write(",".join(f'"{name}"' for name in header) + "\n")
        for row in table:
            file.write(",".join(map(str, row[:-1])) + f',"{row[-1]}"\n')
    return set(), "Time", None


def ieee_cis(path, random, rows):
    """IEEE-CIS: TransactionDT counts seconds from an origin, hundreds of columns, most of them mostly empty."""
    cards = [str(n) for n in random.sample(range(1000, 18397), rows // 40)]
    events, planted = history(random, rows, cards, 60, ["gmail.com", "yahoo.com", "hotmail.com", "anonymous.com", "aol.com"])
    wide = [f"V{n}" for n in range(1, 61)]
    header = (
        "TransactionID isFraud TransactionDT TransactionAmt ProductCD card1 card2 card3 card4 card5 card6 addr1 addr2 dist1 "
        "P_emaildomain R_emaildomain".split()
        + [f"C{n}" for n in range(1, 15)] + [f"D{n}" for n in range(1, 16)] + [f"M{n}" for n in range(1, 10)] + wide
    )

    def some(share, value):
        return value if random.random() < share else ""

    table = []
    for number, (at, card, mail, amount, bad) in enumerate(events):
        table.append((
            2987000 + number, int(bad), 86400 + at, f"{amount:.3f}", random.choice("WCRHS"), card,
            some(0.98, f"{100 + int(card) % 500}.0"), "150.0", random.choice(["visa", "mastercard", "discover"]),
            f"{100 + int(card) % 137}.0", random.choice(["debit", "credit"]), some(0.9, f"{random.randrange(100, 540)}.0"),
            some(0.9, "87.0"), some(0.4, f"{random.randrange(900)}.0"), some(0.84, mail), some(0.23, mail),
            *[f"{random.randrange(30)}.0" for _ in range(14)], *[some(0.3, f"{random.randrange(600)}.0") for _ in range(15)],
            *[some(0.5, random.choice("TF")) for _ in range(9)],
            *[some(0.7 if n < 30 else 0.1, f"{random.randrange(9)}.0") for n in range(len(wide))],
        ))
    write_csv(path, header, table)
    return planted, "TransactionDT", "card1"


def sparkov(path, random, rows):
    """Sparkov's simulated card transactions: an index without a name, card numbers of 16 digits, local times."""
    cards = [str(random.randrange(4 * 10**15, 5 * 10**15)) for _ in range(rows // 50)]
    merchants = [f"fraud_Smith, {n} and Sons" if n % 9 else f'fraud_"Best" {n}' for n in range(300)]
    events, planted = history(random, rows, cards, 45, merchants)
    people = {
        card: (f"First{n % 90}", f"Last{n % 200}", "MF"[n % 2], f"{n} Main Street", f"City {n % 80}", "NY CA TX FL".split()[n % 4],
               f"{10000 + n * 7 % 89999:05}", 40 + n % 7 / 10, -74 - n % 9 / 10, 1000 + n * 37, "Engineer, civil",
               f"19{50 + n % 50}-0{1 + n % 9}-1{n % 9}")
        for n, card in enumerate(cards)
    }
    header = (
        "|trans_date_trans_time|cc_num|merchant|category|amt|first|last|gender|street|city|state|zip|lat|long|city_pop|job|dob|"
        "trans_num|unix_time|merch_lat|merch_long|is_fraud"
    )
    table = [
        (n, f"{clock(at):%Y-%m-%d %H:%M:%S}", card, merchant, random.choice(["grocery_pos", "gas_transport", "misc_net", "home"]),
         amount, *people[card], f"{random.getrandbits(128):032x}", int(clock(at).timestamp()), round(random.gauss(40, 1), 6),
         round(random.gauss(-74, 1), 6), int(bad))
        for n, (at, card, merchant, amount, bad) in enumerate(events)
    ]
    write_csv(path, header.split("|"), table)
    return planted, "trans_date_trans_time", "cc_num"


def bank(path, random, rows):
    """A German bank's export: a byte order mark, semicolons, quotes, decimal commas, days, money out is negative."""
    accounts = [f"DE{random.randrange(10**20):020}" for _ in range(rows // 80)]
    payees = [f"{name} {n}" for n in range(60) for name in ("Bäckerei Müller", "Stadtwerke", "Möbel & Co.")]
    events, planted = history(random, rows, accounts, 120, payees)

    def german(amount):
        whole, cents = f"{amount:.2f}".split(".")
        groups = []
        while len(whole) > 3:
            groups.insert(0, whole[-3:])
            whole = whole[:-3]
        return ".".join([whole, *groups]) + "," + cents

    table = [
        (account, f"{clock(at):%d.%m.%Y}", f"{clock(at + DAY):%d.%m.%Y}",
         "LASTSCHRIFT" if random.random() < 0.7 else "ÜBERWEISUNG", f"RE {random.randrange(10**6)} vom; {clock(at):%d.%m.}",
         payee, f"DE{abs(hash_of(payee)):020}", ("" if random.random() < 0.05 else "-") + german(amount), "EUR")
        for at, account, payee, amount, _ in events
    ]
    header = [
        "Auftragskonto", "Buchungstag", "Valutadatum", "Buchungstext", "Verwendungszweck",
        "Beguenstigter/Zahlungspflichtiger", "Kontonummer/IBAN", "Betrag", "Waehrung",
    ]
    write_csv(
        path, header, table, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n", encoding="utf-8-sig",
    )
    return planted, "Buchungstag", "Auftragskonto"


def hash_of(text):
    """The same in every run, unlike Python's own."""
    value = 0
    for byte in text.encode():
        value = (value * 1099511628211 + byte) % 10**20
    return value


def web_log(path, random, rows):
    """A web server's log in JSON: one address tries many passwords."""
    addresses = [f"203.0.{n % 250}.{n * 7 % 250}" for n in range(rows // 30)]
    paths = [f"/item/{n}" for n in range(200)] + ["/login"] * 3
    events, planted = history(random, rows, addresses, 3, paths, 4000)
    for address in planted:
        at = random.randrange(DAY)
        events += [(at + n // 4, address, "/login", 300, True) for n in range(40)]
    events.sort(key=lambda event: event[0])
    write_jsonl(path, (
        {"@timestamp": clock(at).isoformat().replace("+00:00", "Z"), "remote_addr": address, "request_method": "GET",
         "request_uri": uri, "status": 401 if bad else random.choice([200, 200, 200, 304, 404]),
         "body_bytes_sent": int(size), "http_user_agent": f"Mozilla/5.0 ({random.randrange(40)})"}
        for at, address, uri, size, bad in events
    ))
    return planted, "@timestamp", "remote_addr"


def nested(path, random, rows):
    """A payment processor's events: nested, milliseconds since 1970, up to an hour late."""
    cards = [f"tok_{random.getrandbits(48):012x}" for _ in range(rows // 50)]
    events, planted = history(random, rows, cards, 20, [f"m{n}" for n in range(150)])
    arrived = sorted(events, key=lambda event: event[0] + (random.random() * 3600 if random.random() < 0.02 else 0))
    write_jsonl(path, (
        {"event": {"id": f"evt_{n:08}", "type": "charge"}, "created": int(clock(at).timestamp() * 1000) + n % 1000,
         "card": {"token": card, "country": random.choice(["DE", "NO", "US"]), "fingerprint": f"fp{hash_of(card) % 10**8}"},
         "merchant": {"id": merchant, "tags": ["a", "b"]}, "amount": {"value": amount, "currency": "EUR"},
         "refunded": False}
        for n, (at, card, merchant, amount, _) in enumerate(arrived)
    ))
    return planted, "created", "card.token"


def tabs(path, random, rows):
    """A warehouse's dump: tabs, epoch seconds, NULL for no value, capital letters in names, CRLF."""
    users = [f"{n:05}" for n in range(1, rows // 50)]
    events, planted = history(random, rows, users, 15, [f"shop-{n}" for n in range(120)])
    table = [
        (f"{n:09}", int(clock(at).timestamp()), user, shop, amount, random.choice(["EUR", "NULL", "USD"]),
         random.choice(["ios", "android", "web"]))
        for n, (at, user, shop, amount, _) in enumerate(events)
    ]
    header = ["Order ID", "Created At", "User ID", "Shop", "Total Price", "Currency", "Channel"]
    write_csv(path, header, table, delimiter="\t", lineterminator="\r\n")
    return planted, "Created At", "User ID"


def statement(path, random, rows):
    """An American statement: the newest first, month/day/year, dollars with commas between thousands, brackets for what goes out."""
    cards = [f"XXXX-{n:04}" for n in range(rows // 100)]
    events, _ = history(random, rows, cards, 90, [f"Store {n}" for n in range(80)], 800)
    table = [
        (f"{clock(at):%m/%d/%Y %I:%M %p}", card, shop, f"(${amount:,.2f})" if random.random() < 0.9 else f"${amount:,.2f}")
        for at, card, shop, amount, _ in reversed(events)
    ]
    write_csv(path, ["Date", "Card No.", "Merchant Name", "Amount"], table)
    return set(), "Date", "Card No."


def spreadsheet(path, random, rows):
    """A spreadsheet's Unicode text: UTF-16, tabs, day/month/year, decimal commas."""
    clients = [f"Client {n}" for n in range(rows // 60)]
    events, planted = history(random, rows, clients, 40, [f"Señor & Cía {n}" for n in range(90)])
    table = [
        (n, f"{clock(at):%d/%m/%Y %H:%M:%S}", client, shop, f"{amount:.2f}".replace(".", ","))
        for n, (at, client, shop, amount, _) in enumerate(events)
    ]
    header = ["Nº", "Fecha", "Cliente", "Comercio", "Importe"]
    write_csv(path, header, table, delimiter="\t", lineterminator="\r\n", encoding="utf-16")
    return planted, "Fecha", "Cliente"


def array(path, random, rows):
    """What an API returned: one JSON array on many lines."""
    users = [f"user-{n}" for n in range(rows // 50)]
    events, planted = history(random, rows, users, 25, [f"shop-{n}" for n in range(100)])
    with open(path, "w") as file:
        json.dump(
            [{"payment_id": n, "created_at": clock(at).isoformat(), "user_id": user, "merchant": shop, "total": str(amount)}
             for n, (at, user, shop, amount, _) in enumerate(events)],
            file, indent=2,
        )
    return planted, "created_at", "user_id"


MAKERS = {
    "handbook.csv": handbook, "card_stream.jsonl": card_stream, "paysim.csv": paysim, "creditcard.csv": creditcard,
    "ieee_cis.csv": ieee_cis, "sparkov.csv": sparkov, "bank.csv": bank, "web_log.jsonl": web_log, "nested.jsonl": nested,
    "tabs.tsv": tabs, "statement.csv": statement, "spreadsheet.txt": spreadsheet, "array.json": array,
}


def make(folder, name, rows=20_000, seed=14):
    path = os.path.join(folder, name)
    planted, time, entity = MAKERS[name](path, random.Random(f"{name} {seed}"), rows)
    if name == "array.json":
        with open(path) as file:
            return File(name, len(json.load(file)), planted, time, entity)
    with open(path, "rb") as file:
        lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    return File(name, lines - (0 if name.endswith("jsonl") else 1), planted, time, entity)


if __name__ == "__main__":
    for name in MAKERS:
        print(make(sys.argv[1], name, *map(int, sys.argv[2:3])))
