"""Events that raise an alert by a rule, with texts that would do harm if a page took them for markup."""

import datetime
import json

IMAGE = "<img src=x onerror=\"window.harmed='image'\">"
SCRIPT = "</td><script>window.harmed='script'</script>"
REVERSED = "\u202egnp.exe"
LONG = "w" * 4000


def transfers(actor, number):
    """Three transfers just below 10,000 within a minute: `structuring_burst`."""
    begin = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=20)
    return [{
        "transaction_id": f"hostile-{number}-{i} {IMAGE}", "timestamp": (begin + datetime.timedelta(seconds=i))
        .isoformat(timespec="milliseconds"), "actor_id": actor, "domain": "fintech", "amount": 9700 + i,
        "currency": SCRIPT, "purpose": IMAGE, "account_to": REVERSED, "country_from": "'; DROP TABLE alerts; --",
        "unknown": {IMAGE: [SCRIPT, {"deep": IMAGE}]},
    } for i in range(3)]


def events():
    """NDJSON of all of them."""
    rows = [event for n, actor in enumerate((IMAGE, SCRIPT, REVERSED, LONG)) for event in transfers(actor, n)]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
