"""Headless Chromium, and waiting for what is to happen in it."""

import base64
import os

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

# Runs before any script of the page: what the page itself would never tell.
WATCH = """
window.seenViolations = [];
document.addEventListener('securitypolicyviolation', (event) => window.seenViolations.push(
    `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
window.addEventListener('error', (event) => window.seenViolations.push(`error: ${event.message}`));
window.addEventListener('unhandledrejection', (event) => window.seenViolations.push(`rejection: ${event.reason}`));
"""


class Browser:
    """One browser with one page."""

    def __init__(self, screenshots):
        options = webdriver.ChromeOptions()
        arguments = ["--headless=new", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
                     "--no-first-run", "--disable-background-networking", "--disable-component-update"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        for argument in arguments:
            options.add_argument(argument)
        options.binary_location = "/usr/bin/chromium"
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        self._screenshots = screenshots
        self._log = []
        os.makedirs(screenshots, exist_ok=True)
        self.size(1280)

    def js(self, script, *arguments):
        """The value of a script in the page."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def count(self, selector):
        """How many such elements there are."""
        return self.js("return document.querySelectorAll(arguments[0]).length", selector)

    def text(self, selector):
        """The text that a person sees there; none if nothing is there or it is hidden."""
        return self.js("const element = document.querySelector(arguments[0]);"
                       "return element?.checkVisibility() ? element.innerText : ''", selector)

    def wait(self, what, condition, seconds=15):
        """Waits until `condition()` is true and returns what it returned."""
        waiting = WebDriverWait(self.driver, seconds, poll_frequency=0.05)
        return waiting.until(lambda _: condition(), f"waited {seconds} s for: {what}")

    def hold(self, pattern, stage="Request"):
        """Requests whose address is like this do not leave the browser, or their answers (stage Response) do not reach
        the page, until `release()`."""
        patterns = [{"urlPattern": pattern, "requestStage": stage}]
        self.driver.execute_cdp_cmd("Fetch.enable", {"patterns": patterns})

    def release(self):
        self.driver.execute_cdp_cmd("Fetch.disable", {})

    def click(self, selector):
        self.find(selector).click()

    def choose(self, selector):
        """Chooses a radio button as a person does: again if the page has moved under the pointer."""
        def chosen():
            self.click(selector)
            return self.find(selector).is_selected()
        self.wait(f"{selector} chosen", chosen)

    def key(self, *keys):
        """Keys pressed where the focus is."""
        for key in keys:
            ActionChains(self.driver, duration=0).send_keys(key).perform()

    def size(self, width, height=900):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def scheme(self, name):
        """light or dark; the wait is for what the page itself computes."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": name}]})
        self.wait(f"scheme {name}", lambda: self.js(
            "return matchMedia(`(prefers-color-scheme: ${arguments[0]})`).matches", name))

    def screenshot(self, name):
        """The whole page, however long."""
        width, height = self.js("return [innerWidth, document.documentElement.scrollHeight]")
        picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": width, "height": min(height, 5000), "scale": 1}})
        with open(f"{self._screenshots}/{name}.png", "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    def log(self):
        """Everything in the browser's log so far."""
        self._log += [f"{entry['level']} {entry['message']}" for entry in self.driver.get_log("browser")]
        return self._log

    def forget_log(self):
        """What comes next is provoked, such as a refused code."""
        self.log()
        self._log = []

    def complaints(self):
        """Log entries, violations of the content security policy and errors of the page that was shown last."""
        return [line for line in self.log() if not line.startswith(("INFO", "DEBUG"))] + self.js(
            "return window.seenViolations ?? ['nobody watched']")

    def quit(self):
        self.driver.quit()
