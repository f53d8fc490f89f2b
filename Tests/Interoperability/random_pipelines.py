"""Random pipelines and recordings that fit one another, for tests that compare two readings of the same plan.

Numbers are quarters, so that sums are exact in any order and a comparison never hangs on rounding; what divides by a
root (std, zscore) stands alone as a feature and is never compared. Prices are tenths, often equal ones: only std and
zscore see them, which must not take what a sum was rounded by for a deviation.
"""

import json
import time

DURATIONS = ["1s", "2500ms", "10s", "40s", "3m"]
TEXTS = ["aa", "b", "ccc", "a longer text of more than fifteen bytes"]
START = 1_767_225_600_000_000


def random_pipeline(r):
    disorder = r.choice(["0s", "0s", "2s", "5s", "30s"])
    # The first two are used by others: no roots.
    features = [number(r, 3, windows=True) for _ in range(2)] + [feature(r) for _ in range(10)]
    lines = [
        "version: 1",
        "name: random",
        "schema:",
        f"  time_zone: {r.choice(['UTC', '+05:30'])}",
        "  fields:",
        "    id: {type: text, role: id}",
        "    at: {type: time, role: time}",
        "    left: text",
        "    right: {type: text, path: where.right}",
        "    x: {type: number, role: amount}",
        "    y: number",
        "    price: number",
        "    flag: bool",
        "    word: text",
        "    place: {type: json, path: where}",
        "    tags: {type: text, path: 'items[].tag'}",
        "    sizes: {type: number, path: 'items[].size'}",
        "    truth: {type: number, role: label, known_after: 4s}",
        f"time: {{disorder: {disorder}, max_ahead: {r.choice(['none', '1m'])}}}",
        "duplicates: {within: 10s}",
        "lists: {some: [aa, ccc]}",
        "entities:",
        "  one: left",
        "  two: right",
        "  both: [left, right]",
        "  either: coalesce(left, right)",
        f"partition_by: {r.choice(['one', 'two', 'both'])}",
        f"partitions: {r.choice([1, 1, 2, 3])}",
        "features:",
    ]
    for place, text in enumerate(features):
        lines.append(f"  f{place}: {json.dumps(text)}")
    # Features of features, in an order of their own.
    lines.append("  total: f0 + f1 * 2")
    lines.insert(-1, "  ahead: coalesce(total, 0) - 1")
    return "\n".join(lines) + "\n"


def feature(r):
    kind = r.randrange(10)
    if kind == 0:
        return f"std({window(r)}, {r.choice(['price', number(r, 1)])}){excluding(r)}"
    if kind == 1:
        return f"zscore({window(r)}, {r.choice(['x', 'price'])})"
    if kind == 2:
        return condition(r, 3)
    if kind == 3:
        size = r.choice(DURATIONS)
        return f"coalesce(mean(one, {size}, truth delay 4s), 0) + count(two, {size}, truth == 1 delay 5s)"
    return number(r, 3, windows=True)


def window(r):
    entity = r.choice(["one", "two", "both", "either"])
    kind = r.randrange(3)
    if kind == 0:
        return f"session({entity}, {r.choice(DURATIONS)})"
    if kind == 1:
        return f"tumbling({entity}, {r.choice(DURATIONS)})"
    return f"{entity}, {r.choice(DURATIONS)}"


def excluding(r):
    return r.choice(["", "", " excluding current"])


def aggregate(r):
    place = window(r)
    delay = f" delay {r.choice(DURATIONS)}" if "(" not in place and r.random() < 0.4 else ""
    function = r.choice(
        ["count", "count_if", "sum", "mean", "min", "max", "distinct", "distinct_text", "share", "first", "last",
         "since_previous", "avg"]
    )
    if function == "count":
        return f"count({place}{delay}){excluding(r)}"
    if function == "count_if":
        return f"count({place}, {condition(r, 1)}{delay}){excluding(r)}"
    if function == "distinct_text":
        return f"distinct({place}, {text(r)}{delay}){excluding(r)}"
    if function == "share":
        return f"share({place}, {condition(r, 1)}{delay}){excluding(r)}"
    if function == "since_previous":
        return f"since_previous({place}{delay}){excluding(r)}"
    return f"{function}({place}, {number(r, 1)}{delay}){excluding(r)}"


def number(r, depth, windows=False):
    if windows and r.random() < 0.5:
        return aggregate(r)
    if depth == 0 or r.random() < 0.2:
        return r.choice(["x", "y", "x", "3", "0.25", "0", "(at - at)", "flag"])
    inner = lambda: number(r, depth - 1, windows)
    kind = r.randrange(15)
    if kind < 5:
        return f"({inner()} {r.choice(['+', '-', '*', '+', '-'])} {inner()})"
    return [
        lambda: f"({inner()} / {r.choice(['2', '4', '0', 'y'])})",
        lambda: f"({inner()} % {r.choice(['2', '0', '-3', '1.5'])})",
        lambda: f"coalesce({inner()}, {inner()})",
        lambda: f"if({condition(r, depth - 1)}, {inner()} + 0, {inner()} + 0)",
        lambda: f"{r.choice(['min', 'max'])}({inner()}, {inner()}, x)",
        lambda: f"{r.choice(['abs', 'floor', 'round'])}({inner()})",
        lambda: f"-({inner()})",
        lambda: r.choice(["hour(at)", "day_of_week(at)", "sqrt(x * x)", "floor(log(y) * 0)"]),
        lambda: r.choice(["length(tags)", "share(tags, 'aa')", "share(sizes, 2)", "length(sizes)"]),
        lambda: f"({condition(r, depth - 1)}) + 0",
    ][kind - 5]()


def text(r):
    return r.choice(["word", "left", "coalesce(word, right)", "if(x > 2, word, left)", "place"])


def condition(r, depth):
    kind = r.randrange(12)
    inner = lambda: condition(r, depth - 1)
    if depth > 0 and kind < 5:
        return [
            lambda: f"({inner()} and {inner()})",
            lambda: f"({inner()} or {inner()})",
            lambda: f"not ({inner()})",
            lambda: f"({inner()}) == ({inner()})",
            lambda: f"({inner()}) != flag",
        ][kind]()
    small = lambda: f"({number(r, 1)} + 0)"
    return r.choice([
        lambda: f"{small()} {r.choice(['<', '<=', '>', '>=', '==', '!='])} {small()}",
        lambda: "flag",
        lambda: f"word {r.choice(['==', '!='])} left",
        lambda: f"word {r.choice(['in', 'not in'])} " + r.choice(["@some", "['b', 'left']"]),
        lambda: f"x {r.choice(['in', 'not in'])} [1, 2.5, -3]",
        lambda: f"{r.choice(['x', 'word', 'tags', 'flag'])} is {r.choice(['null', 'not null'])}",
        lambda: f"{r.choice(['starts_with', 'contains'])}(word, 'a')",
        lambda: r.choice(["has(tags, 'b')", "has(sizes, 1)"]),
        lambda: "coalesce(flag, x > 1)",
        lambda: r.choice(["true", "false"]),
    ])()


def random_recording(r):
    """Events of few keys, with equal times, disorder (some of it late), nulls, missing fields and repeated ids."""
    now, lines = START, []
    spread = r.choice([1, 1000, 500_000, 3_000_000])
    for number in range(r.choice([50, 300, 600])):
        now += r.randrange(4) * r.choice([0, 1, spread])
        at = now - (r.randrange(8_000_000) if r.random() < 0.2 else 0)
        event = {"id": f"e{number - r.randrange(1, 9) if r.random() < 0.05 else number}", "at": moment(at)}
        maybe(r, event, "left", lambda: r.choice(TEXTS))
        maybe(r, event, "x", lambda: r.randrange(-40, 80) / 4)
        maybe(r, event, "y", lambda: r.randrange(0, 4))
        maybe(r, event, "price", lambda: r.choice([0.1, 0.1, 0.1, 0.1, 0.1, 0.7]))
        maybe(r, event, "flag", lambda: r.random() < 0.5)
        maybe(r, event, "word", lambda: r.choice(TEXTS))
        maybe(r, event, "where", lambda: {"right": r.choice(["r1", "r2", None])})
        maybe(r, event, "truth", lambda: r.randrange(2))
        elements = lambda: [{"tag": r.choice(["aa", "b", None]), "size": r.randrange(3)} for _ in range(r.randrange(4))]
        maybe(r, event, "items", elements)
        lines.append(json.dumps(event, separators=(",", ":")))
        if r.random() < 0.01:
            lines.append("{broken")
    return "\n".join(lines) + "\n"


def maybe(r, event, name, make):
    chance = r.random()
    if chance > 0.15:
        event[name] = make()
    elif chance > 0.08:
        event[name] = None


def moment(microseconds):
    """An instant as text without an offset: the pipeline's zone says which it is."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{fraction:06d}"
