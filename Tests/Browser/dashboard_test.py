"""The dashboard as a person uses it: opens it, runs a test, watches alerts come, opens one, decides."""

import json
import os
import sys
import tempfile
import time
import traceback

from selenium.webdriver.common.keys import Keys

import hostile
from browser import Browser
from server import Server

SOURCES = os.path.join(os.path.dirname(__file__), "../../Data/dashboard")
WIDTHS = (1280, 400)
SCHEMES = ("light", "dark")
with open(os.path.join(os.path.dirname(__file__), "accessibility.js"), encoding="utf-8") as source:
    ACCESSIBILITY = source.read()


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def step(name):
    print(f"{time.monotonic() - BEGIN:5.1f} s  {name}", flush=True)


def rows(browser):
    return browser.js("return Array.from(document.querySelectorAll('#feed-rows tr'), (row) => row.dataset.id)")


def texts(browser, column):
    """What the rows of the feed say in a column."""
    return browser.js("return Array.from(document.querySelectorAll(`#feed-rows .${arguments[0]}`),"
                      "(cell) => cell.textContent)", column)


def visible(browser, view):
    return browser.js("return document.getElementById(arguments[0])?.hidden === false", f"view-{view}")


def inspect(browser, name):
    """Widths, colours and accessibility of what is shown now, with screenshots."""
    for width in WIDTHS:
        browser.size(width)
        browser.wait(f"width {width}", lambda: browser.js("return innerWidth") == width)
        wide = browser.js("return [document.documentElement.scrollWidth, document.body.scrollWidth]")
        check(max(wide) <= width, f"{name} is {wide} wide where {width} are there")
        for scheme in SCHEMES:
            browser.scheme(scheme)
            browser.screenshot(f"{name}-{width}-{scheme}")
            wrong = browser.js(ACCESSIBILITY)
            check(not wrong, f"{name} at {width}, {scheme}:\n  " + "\n  ".join(wrong))
    browser.size(WIDTHS[0])
    browser.scheme(SCHEMES[0])


def quiet(browser, where):
    complaints = browser.complaints()
    check(not complaints, f"the browser complains on {where}:\n  " + "\n  ".join(complaints))


def assets(server):
    step("serves every file of the page as it is in the sources")
    for name in sorted(os.listdir(SOURCES)):
        if name.endswith(".html"):
            continue
        with open(os.path.join(SOURCES, name), "rb") as file:
            check(server.asset(name) == file.read(), f"{name} is served otherwise than it is in the sources")


def enter(server, browser):
    step("opens the dashboard with the one-time code")
    browser.driver.get(f"{server.url}/#code={server.code}")
    browser.wait("the overview", lambda: visible(browser, "overview"))
    browser.wait("the stream", lambda: browser.text("#connection") == "Connected")
    check("code" not in browser.driver.current_url, f"the code stayed in {browser.driver.current_url}")
    check(browser.js("return document.cookie") == "", "the session cookie is readable by scripts")
    browser.wait("an empty list said so", lambda: "No alerts" in browser.text("#feed-empty"))
    browser.wait("an empty chart said so", lambda: "No data" in browser.text("#velocity-bars"))
    browser.wait("no test said so", lambda: "No test" in browser.text("#run-current"))
    browser.wait("six parts", lambda: browser.count("#parts tr") == 6)
    # A disk that is almost full makes a part degraded, which is no fault of the page.
    check("failed" not in browser.text("#parts"), f"a part has failed:\n{browser.text('#parts')}")
    browser.js("window.marker = 'not reloaded'; window.spoken = [];"
               "new MutationObserver(() => window.spoken.push(document.getElementById('announcement').textContent))"
               ".observe(document.getElementById('announcement'), {childList: true})")


def hostile_text(server, browser):
    step("shows hostile texts inertly")
    answer = server.request("POST", "/events", hostile.events(), "application/x-ndjson")
    check(answer["accepted"] == 12 and answer["rejected"] == 0, f"events were not taken: {answer}")
    # The rule raises these for sure; the model may raise some of its own.
    browser.wait("four alerts", lambda: texts(browser, "type").count("structuring burst") == 4)
    actors = texts(browser, "actor")
    check(any(actor.startswith("<img src=x") for actor in actors), f"the text is not shown as it is: {actors}")
    check(any("[U+202E]" in actor for actor in actors), f"a change of direction is not made visible: {actors}")
    for alert_id in rows(browser):
        browser.js("location.hash = `#/alerts/${arguments[0]}`", alert_id)
        browser.wait("the alert", lambda: browser.js("return !document.getElementById('alert-body').hidden"))
        browser.js("for (const node of document.querySelectorAll('#view-alert details')) node.open = true")
        check("onerror" in browser.text("#alert-timeline"), "the payload is not shown")
        check(browser.count("img, iframe, script:not([src])") == 0, "a text became markup")
        check(browser.js("return window.harmed ?? null") is None, "a text became a script")
        width = browser.js("return document.documentElement.scrollWidth")
        check(width <= WIDTHS[0], f"a long text makes the page {width} wide")
        browser.js("location.hash = '#/'")
        browser.wait("the overview", lambda: visible(browser, "overview"))
    quiet(browser, "hostile text")


def run_test(browser):
    step("starts a normal test of gaming for 15 s")
    before = set(rows(browser))
    browser.choose("#run-form input[value=gaming]")
    browser.js("document.getElementById('run-load').value = 'normal'")
    duration = browser.find("#run-duration")
    duration.clear()
    duration.send_keys("15")
    browser.click("#run-start")
    progress = "return document.querySelector('#run-current progress')?.value ?? 0"
    first = browser.wait("progress", lambda: 0 < browser.js(progress) < 100 and browser.js(progress))
    browser.wait("more progress", lambda: first < browser.js(progress) <= 100)
    check(browser.js("return document.getElementById('run-start').disabled"), "a second test could be started")
    step("alerts arrive without a reload")
    browser.wait("new alerts", lambda: len(set(rows(browser)) - before) >= 3)
    browser.wait("the rate", lambda: browser.text("#tile-rate") not in ("", "–", "0"))
    browser.wait("bars", lambda: browser.count("#velocity-bars .column rect:not(.hit)") > 0)
    browser.wait("a trend of gaming", lambda: "gaming" in browser.text("#velocity-trends"))
    check(browser.js("return window.marker") == "not reloaded", "the page was loaded again")


def selected(browser):
    return browser.js("return document.querySelector('#feed-rows tr.selected')?.dataset.id ?? null")


def decide(server, browser):
    step("chooses an alert with the keyboard, opens it, labels it")
    browser.js("document.activeElement.blur()")
    browser.key("j")
    chosen = browser.wait("a chosen row", lambda: selected(browser))
    check(browser.js("return document.activeElement.closest('tr')?.dataset.id") == chosen, "the row has no focus")
    browser.key("j")
    browser.wait("the next row", lambda: selected(browser) != chosen)
    browser.key("k")
    browser.wait("the first row again", lambda: selected(browser) == chosen)
    standing = rows(browser)
    browser.wait("new alerts that wait", lambda: "new alert" in browser.text("#feed-new"))
    check(rows(browser) == standing, "the list moved under the choice")
    browser.key(Keys.ENTER)
    browser.wait("the alert's page", lambda: visible(browser, "alert"))
    browser.wait("the alert", lambda: browser.js("return !document.getElementById('alert-body').hidden"))
    check(browser.js("return location.hash") == f"#/alerts/{chosen}", "the address does not name the alert")
    browser.key("y")
    browser.wait("the label on the page", lambda: browser.find("#label-fraud").get_attribute("aria-pressed") == "true")
    browser.wait("the label in SQLite", lambda: server.labels(chosen) == ["fraud"])
    browser.wait("the history", lambda: "dashboard labelled it" in browser.text("#alert-history"))
    browser.find("#triage-note").send_keys("seen in the test")
    browser.find("#triage-assignee").send_keys("ana")
    browser.js("document.getElementById('triage-status').value = 'investigating'")
    browser.click("#triage-save")
    browser.wait("the note in the history", lambda: "seen in the test" in browser.text("#alert-history"))
    state = server.request("GET", f"/alerts/{chosen}")["alert"]
    saved = (state["status"], state["assignee"], state["label"])
    check(saved == ("investigating", "ana", "fraud"), f"not saved: {state}")
    browser.js("document.activeElement.blur()")
    browser.key(Keys.ESCAPE)
    browser.wait("the overview", lambda: visible(browser, "overview"))
    check(selected(browser) == chosen, "the choice was lost")
    browser.key("j")
    other = browser.wait("another row", lambda: selected(browser) != chosen and selected(browser))
    browser.key("n")
    browser.wait("the second label in SQLite", lambda: server.labels(other) == ["regular"])
    row = f"#feed-rows tr[data-id='{other}'] .state"
    browser.wait("the second label in the list", lambda: "regular" in browser.text(row))
    browser.key("g")
    browser.wait("no choice", lambda: selected(browser) is None)
    server.request("POST", f"/alerts/{other}/label", b'{"label": "fraud", "author": "somebody else"}')
    browser.wait("somebody else's label", lambda: "fraud" in browser.text(row))
    check(selected(browser) is None, "a row was chosen because it changed")
    browser.wait("the new alerts", lambda: browser.text("#feed-mode") == "Live" and rows(browser) != standing)
    return chosen


def filters_and_help(browser):
    step("filters by keyboard, and shows the keys")
    browser.key("/")
    browser.wait("focus in the filter", lambda: browser.js("return document.activeElement.id") == "filter-text")
    browser.key("onerror")
    browser.wait("only what matches", lambda: texts(browser, "actor") and all(
        "onerror" in actor for actor in texts(browser, "actor")))
    browser.click("#filter-clear")
    browser.wait("all again", lambda: len(rows(browser)) > 1)
    browser.js("const box = document.getElementById('filter-severity'); box.value = 'high';"
               "box.dispatchEvent(new Event('change'))")
    browser.wait("only high ones", lambda: set(texts(browser, "severity")) == {"high"})
    browser.click("#filter-clear")
    browser.js("document.activeElement.blur()")
    browser.key("?")
    browser.wait("the keys", lambda: browser.js("return document.getElementById('help').open"))
    browser.key(Keys.ESCAPE)
    browser.wait("the keys gone", lambda: not browser.js("return document.getElementById('help').open"))


def finish_test(server, browser):
    step("waits for the results")
    browser.wait("the end of the test", lambda: "finished" in browser.text("#run-current"), 40)
    browser.wait("recall", lambda: "Recall" in browser.text("#run-short"))
    spoken = [text for text in browser.js("return window.spoken") if "new alert" in text]
    check(1 <= len(spoken) <= 5, f"a screen reader heard of new alerts {len(spoken)} times: {spoken}")
    check(browser.js("return window.marker") == "not reloaded", "the page was loaded again")
    browser.click("nav a[data-view=tests]")
    browser.wait("the tests", lambda: visible(browser, "tests"))
    run = server.request("GET", "/simulations")["simulations"][0]
    results = run["results"]
    check(run["status"] == "finished" and run["domain"] == "gaming", f"another test: {run}")
    check(run["events_acknowledged"] == run["events_planned"] > 1000, f"not every event was taken: {run}")
    check(results["fraud_sessions"] > 0 and results["recall"] is not None, f"no recall: {results}")
    text = browser.text("#run-results")
    recall = f"{results['recall'] * 100:.1f}%".replace("100.0%", "100%")
    for wanted in (recall, "p99.9", "alert readable in SQLite", " ms"):
        check(wanted in text, f"{wanted} is not in the results:\n{text}")
    check(browser.count("#run-results tbody tr") == 2 + len(results["per_pattern"]) > 2, "not every pattern is there")
    check("gaming" in browser.text("#runs-list") and "finished" in browser.text("#runs-list"), "the test is not listed")


def stop_test(server, browser):
    step("stops a second test")
    browser.click("nav a[data-view=overview]")
    browser.wait("the overview", lambda: visible(browser, "overview"))
    browser.choose("#run-form input[value=all]")
    browser.click("#run-start")
    browser.wait("a test that runs", lambda: "running" in browser.text("#run-current"))
    browser.wait("a button to stop it", lambda: browser.find("#run-stop").is_enabled())
    # The push that it has ended overtakes the answer that it is stopping.
    answers = ("return performance.getEntriesByType('resource')"
               ".filter((entry) => entry.name.includes('/simulations/')).length")
    before = browser.js(answers)
    browser.hold("*/simulations/*", "Response")
    browser.click("#run-stop")
    browser.wait("the end of it", lambda: "stopped" in browser.text("#run-current"))
    browser.release()
    browser.wait("the late answer", lambda: browser.js(answers) > before)
    browser.wait("a free form", lambda: browser.js("return !document.getElementById('run-start').disabled"))
    check("stopped" in browser.text("#run-current"), "a late answer undid what was known")
    check(server.request("GET", "/simulations")["simulations"][0]["status"] == "stopped", "it goes on")
    check(browser.find("#run-start").is_enabled(), "no further test can be started")


def activations(server, browser):
    step("shows what is in force, follows what others put there, and rolls back")
    browser.click("nav a[data-view=activations]")
    browser.wait("the first activation", lambda: browser.count("#activation-list tbody tr") == 1)
    check(browser.count("#activation-current tbody tr") == 2, "the detectors are not shown")
    check(browser.count("#activation-list button") == 0, "there is nothing to roll back to")
    with open(os.path.join(SOURCES, "../pipelines/patternalarm.yaml"), encoding="utf-8") as file:
        pipeline = file.read()
    rule = "  - {name: large, when: amount >= 4000, score: 0.7, entity: actor, session: 5m}\n"
    hostile_note = "<img src=x onerror=\"window.harmed = 'note'\">\u202etxt"
    body = {"pipeline": pipeline + rule, "author": "<b>ana</b>", "note": hostile_note}
    server.request("POST", "/activations", json.dumps(body).encode())
    browser.wait("the second one, pushed", lambda: browser.count("#activation-list tbody tr") == 2)
    shown = browser.text("#activation-current")
    check("<b>ana</b>" in shown and "<img src=x" in shown and "[U+202E]" in shown, f"the texts are not as they are: {shown}")
    check("large" in shown, f"the new detector is not shown: {shown}")
    check("starts: large" in browser.text("#activation-list tbody tr"), "what changed is not said")
    inspect(browser, "activations")
    browser.click("#activation-list button[data-number='1']")
    browser.wait("the question", lambda: "activation 1" in browser.text("#rollback-title"))
    browser.screenshot("rollback-1280-light")
    browser.click("#rollback-no")
    check(browser.text("#rollback") == "", "the question stays")
    check(len(server.request("GET", "/activations")["activations"]) == 2, "something was put in force without a yes")
    browser.click("#activation-list button[data-number='1']")
    browser.find("#rollback-note").send_keys("too many")
    # Keys that mean something elsewhere are text here.
    browser.find("#rollback-note").send_keys(" /y")
    browser.click("#rollback-yes")
    browser.wait("the third one", lambda: browser.count("#activation-list tbody tr") == 3)
    browser.wait("the question gone", lambda: browser.text("#rollback") == "")
    newest = server.request("GET", "/activations")["activations"][-1]
    check((newest["note"], newest["in_force"]) == ("too many /y", True), f"it is not as it was asked for: {newest}")
    check([each["name"] for each in newest["detectors"] if each["change"] == "ended"] == ["large"], f"{newest}")
    check(browser.js("return window.harmed ?? null") is None, "a text became a script")
    quiet(browser, "the activations")
    # What cannot be: the server has forgotten the one that is asked for.
    browser.click("#activation-list button[data-number='2']")
    os.rename(f"{server.directory}/definitions/pipelines", f"{server.directory}/definitions/away")
    browser.click("#rollback-yes")
    browser.wait("the failure, as text", lambda: "is not there" in browser.text("#rollback-problem"))
    os.rename(f"{server.directory}/definitions/away", f"{server.directory}/definitions/pipelines")
    browser.click("#rollback-no")
    browser.forget_log()
    check(len(server.request("GET", "/activations")["activations"]) == 3, "what was refused is in force")


def pages(server, browser, alert_id):
    step("looks at every page in two widths and two colour schemes")
    browser.click("nav a[data-view=tests]")
    browser.wait("two tests", lambda: browser.count("#runs-list tbody tr") == 2)
    browser.click("#runs-list tbody tr:last-child a")
    browser.wait("the results of the first one", lambda: "Per pattern" in browser.text("#run-results"))
    inspect(browser, "tests")
    browser.click("nav a[data-view=model]")
    browser.wait("the confusion matrix", lambda: browser.count(".confusion td.heat") > 0)
    inspect(browser, "model")
    browser.click("nav a[data-view=overview]")
    browser.wait("the overview", lambda: visible(browser, "overview"))
    inspect(browser, "overview")
    quiet(browser, "the views")
    browser.driver.get(f"{server.url}/#/alerts/{alert_id}")
    browser.driver.refresh()
    browser.wait("the alert after a reload", lambda: visible(browser, "alert")
                 and browser.js("return !document.getElementById('alert-body').hidden"))
    browser.wait("reasons", lambda: browser.text("#alert-reasons"))
    inspect(browser, "alert")
    quiet(browser, "the alert's page")
    browser.driver.get(f"{server.url}/docs")
    spec = server.request("GET", "/openapi.json")
    wanted = sum(len(item.keys() & {"get", "post", "put", "patch", "delete"}) for item in spec["paths"].values())
    check(wanted > 0, "the description has no routes")
    browser.wait(f"{wanted} routes", lambda: browser.count(".route .method") == wanted)
    check("curl" in browser.text("#docs"), "no example")
    inspect(browser, "docs")
    quiet(browser, "the API's page")


def without_session(server, browser):
    step("says how to get in without a session")
    browser.driver.get(f"{server.url}/")
    browser.wait("the overview", lambda: visible(browser, "overview"))
    browser.wait("the way out", lambda: browser.find("#leave").is_displayed())
    # A question is on its way when the session ends, and not asked without one: the next `quiet` would see a refusal.
    browser.hold("*/analytics/velocity*")
    browser.js("document.getElementById('velocity-bucket').dispatchEvent(new Event('change'))")
    browser.click("#leave")
    browser.wait("the way in", lambda: visible(browser, "session"))
    browser.release()
    check("patternalarm open" in browser.text("#view-session"), "the command is not said")
    inspect(browser, "session")
    quiet(browser, "the way in")
    browser.find("#session-code").send_keys(server.code, Keys.ENTER)
    browser.wait("a used code refused", lambda: "used" in browser.text("#session-problem"))
    check(visible(browser, "session"), "a used code let somebody in")
    browser.forget_log()
    code = server.request("POST", "/session/codes", b"{}")["code"]
    # The page still knows the first session's connection, which says nothing about the second one's.
    browser.hold("*/stream")
    browser.find("#session-code").send_keys(code, Keys.ENTER)
    browser.wait("the overview", lambda: visible(browser, "overview"))
    browser.wait("no claim", lambda: browser.text("#connection") == "Connecting")
    browser.wait("silence noticed", lambda: browser.text("#connection") == "Not connected")
    check("Not connected to the server" in browser.text("#stale"), "it does not say what is wrong")
    browser.release()
    browser.wait("the stream", lambda: browser.text("#connection") == "Connected")
    check(not browser.find("#stale").is_displayed(), "it still says that there is no connection")
    quiet(browser, "the second session")


def lost_connection(server, browser):
    step("says that the connection is lost, and goes on when it is back")
    browser.wait("the stream", lambda: browser.text("#connection") == "Connected")
    browser.wait("figures", lambda: browser.text("#tile-events") not in ("", "–"))
    server.pause()
    try:
        browser.wait("silence noticed", lambda: browser.text("#connection") == "Not connected")
        check(browser.text("#feed-mode") == "Not live", "the list says that it is live")
    finally:
        server.resume()
    browser.wait("the stream again", lambda: browser.text("#connection") == "Connected")
    check(not browser.find("#stale").is_displayed(), "it still says that the connection is lost")
    code, seconds = server.stop()
    check(code == 0, f"serve ended with {code}")
    check(seconds < 5, f"serve took {seconds:.1f} s to end")
    browser.wait("a warning", lambda: browser.find("#stale").is_displayed())
    check("Connection lost" in browser.text("#stale"), "it does not say what is wrong")
    check(browser.text("#connection") == "Not connected", "it still says connected")
    browser.screenshot("lost-1280-light")


def main(binary, screenshots):
    with tempfile.TemporaryDirectory() as directory:
        server = Server(binary, os.path.join(directory, "data"))
        browser = None
        try:
            browser = Browser(screenshots)
            assets(server)
            enter(server, browser)
            hostile_text(server, browser)
            run_test(browser)
            alert_id = decide(server, browser)
            filters_and_help(browser)
            finish_test(server, browser)
            stop_test(server, browser)
            activations(server, browser)
            pages(server, browser, alert_id)
            without_session(server, browser)
            lost_connection(server, browser)
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc()
            print("\nFAILED", file=sys.stderr)
            if browser:
                print("browser log:", json.dumps(browser.log(), indent=1), file=sys.stderr)
                print("violations:", browser.js("return window.seenViolations ?? null"), file=sys.stderr)
                browser.screenshot("failure")
                print(f"page: {browser.driver.current_url}, see {screenshots}/failure.png", file=sys.stderr)
            print("server:\n  " + "\n  ".join(server.lines[-40:]), file=sys.stderr)
            return 1
        finally:
            if browser:
                browser.quit()
            server.stop()
    step("everything holds")
    return 0


BEGIN = time.monotonic()
if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
