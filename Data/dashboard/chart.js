// What the charts share: scales, axes with real times, and a picture that is redrawn when its box changes.

import { s } from "./dom.js";
import { count } from "./format.js";

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const TIME_STEPS = [
    SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE,
    15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY,
];

/** A linear scale. */
export function scale(from, to, low, high) {
    const span = to - from || 1;
    return (value) => low + ((value - from) / span) * (high - low);
}

/** Round values from 0 that reach `most`, about `wanted` of them; whole ones if `whole`. */
export function ticks(most, wanted = 4, whole = true) {
    const raw = Math.max(most, whole ? 1 : Number.MIN_VALUE) / wanted;
    const power = 10 ** Math.floor(Math.log10(raw));
    let step = [1, 2, 5, 10].map((m) => m * power).find((m) => m >= raw - 1e-12);
    if (whole) step = Math.max(1, Math.round(step));
    const values = [];
    for (let value = 0; ; value += step) {
        values.push(value);
        if (value >= most) return values;
    }
}

/** Times on round boundaries in UTC, at most `wanted` of them. */
function timeTicks(from, to, wanted) {
    const step = TIME_STEPS.find((size) => (to - from) / size <= wanted) ?? TIME_STEPS.at(-1);
    const values = [];
    for (let value = Math.ceil(from / step) * step; value <= to; value += step) values.push(value);
    return { step, values };
}

const iso = (value) => new Date(value).toISOString();

/** A time as short as the step allows; the day where it changes. */
function timeLabel(value, step) {
    const text = iso(value);
    if (step >= DAY || text.slice(11, 16) === "00:00" && step >= MINUTE) return text.slice(5, 10);
    return step < MINUTE ? text.slice(11, 19) : text.slice(11, 16);
}

/** The time axis at the bottom, with its labels. */
export function timeAxis(from, to, x, bottom, width) {
    const { step, values } = timeTicks(from, to, Math.max(2, Math.floor(width / 70)));
    // A label at the right end stays within the picture.
    const anchor = (value) => (x(value) > x(to) - 20 ? "end" : "middle");
    return s("g", { class: "axis" }, values.map((value) => [
        s("line", { x1: x(value), x2: x(value), y1: bottom, y2: bottom + 4 }),
        s("text", { x: x(value), y: bottom + 16, "text-anchor": anchor(value) }, timeLabel(value, step)),
    ]));
}

/** Lines across at round counts, with labels at the left. */
export function countAxis(values, y, left, right, label = count) {
    return s("g", { class: "axis" }, values.map((value) => [
        s("line", { class: value === 0 ? "base" : "grid", x1: left, x2: right, y1: y(value), y2: y(value) }),
        s("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, label(value)),
    ]));
}

/** The root of a picture: one image with a description for those who do not see it. */
export function picture(width, height, description, ...children) {
    const viewBox = `0 0 ${width} ${height}`;
    return s("svg", { viewBox, width, height, role: "img", "aria-label": description }, children);
}

/** Calls `draw(width)` now and whenever the box becomes wider or narrower. */
export function fitted(box, draw) {
    let width = 0;
    new ResizeObserver(() => {
        const now = Math.floor(box.clientWidth);
        if (now === width || now === 0) return;
        width = now;
        // Drawing within the observer would change the box that is being observed.
        requestAnimationFrame(() => draw(now));
    }).observe(box);
    return () => { if (width) draw(width); };
}
