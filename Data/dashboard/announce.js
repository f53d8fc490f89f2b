// Says how many alerts came, for a screen reader: a count now and then, not every alert.

import { byId } from "./dom.js";
import { plural } from "./format.js";

const PAUSE = 10000;
let fresh = 0;
let critical = 0;
let timer = null;

function speak() {
    timer = null;
    byId("announcement").textContent =
        `${plural(fresh, "new alert")}${critical ? `, ${critical} critical` : ""}`;
    fresh = 0;
    critical = 0;
}

/** Counts an alert that is new. */
export function say(alert) {
    fresh += 1;
    if (alert.severity === "critical") critical += 1;
    timer ??= setTimeout(speak, PAUSE);
}

/** Says what a person's own action did, at once. */
export function tell(text) {
    byId("announcement").textContent = text;
}
