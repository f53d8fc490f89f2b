// Numbers, times and texts as people read them. A missing value is a dash, never a zero.

const NONE = "–";
const missing = (value) => value === null || value === undefined || Number.isNaN(value);

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const money = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const count = (value) => (missing(value) ? NONE : whole.format(value));
export const amount = (value) => (missing(value) ? NONE : money.format(value));
export const compact = (value) => (missing(value) ? NONE : (value < 1e7 ? whole : short).format(value));
export const score = (value) => (missing(value) ? NONE : value > 0.999 && value < 1 ? ">.999" : value.toFixed(3));

/** Up to four significant digits: for feature values of unknown size. */
export function figure(value) {
    if (missing(value)) return NONE;
    if (typeof value !== "number") return plain(String(value));
    if (Math.abs(value) >= 1000) return whole.format(value);
    return String(Number(value.toPrecision(4)));
}

export function percent(value, digits = 1) {
    return missing(value) ? NONE : `${(value * 100).toFixed(value === 1 || value === 0 ? 0 : digits)}%`;
}

/** One decimal below ten, none above: rates. */
export function rate(value) {
    return missing(value) ? NONE : value > 0 && value < 10 ? value.toFixed(1) : whole.format(value);
}

export function milliseconds(value) {
    if (missing(value)) return NONE;
    if (value >= 10000) return `${(value / 1000).toFixed(1)} s`;
    return `${value < 10 ? value.toFixed(1) : whole.format(value)} ms`;
}

export function bytes(value) {
    if (missing(value)) return NONE;
    const units = ["B", "kB", "MB", "GB", "TB"];
    let power = 0;
    while (value >= 1000 && power < units.length - 1) { value /= 1000; power += 1; }
    return `${power === 0 || value >= 100 ? whole.format(value) : value.toFixed(1)} ${units[power]}`;
}

export function seconds(value) {
    if (missing(value)) return NONE;
    if (value < 1) return `${Math.round(value * 1000)} ms`;
    if (value < 60) return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
    if (value < 3600) return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
    if (value < 86400) return `${Math.floor(value / 3600)} h ${Math.round((value % 3600) / 60)} min`;
    return `${(value / 86400).toFixed(1)} d`;
}

const valid = (text) => typeof text === "string" && !Number.isNaN(Date.parse(text));

/** Times are in UTC, as in the log; the page says so once. */
export const clock = (text) => (valid(text) ? new Date(text).toISOString().slice(11, 19) : NONE);
export const clockMs = (text) => (valid(text) ? new Date(text).toISOString().slice(11, 23) : NONE);
export const day = (text) => (valid(text) ? new Date(text).toISOString().slice(0, 10) : NONE);
export const dayClock = (text) => (valid(text) ? `${day(text)} ${clock(text)}` : NONE);

// Control and direction characters are made visible: in an actor's name they only serve to deceive.
// eslint-disable-next-line no-control-regex
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const reveal = (c) => `[U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`;

/** A text of an event, safe to stand beside others: "(empty)" if it is empty, a dash if there is none. */
export function plain(text) {
    if (missing(text)) return NONE;
    const shown = String(text).replace(HIDDEN, reveal);
    return shown.trim() === "" ? "(empty)" : shown;
}

/** The same, with an ellipsis after so many characters. */
export function brief(text, length = 60) {
    const characters = Array.from(plain(text));
    return characters.length <= length ? characters.join("") : `${characters.slice(0, length - 1).join("")}…`;
}

/** `fraud_card_testing` as words. */
export function words(name) {
    return plain(name).replace(/^fraud_(?=.)/, "").replaceAll("_", " ");
}

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
