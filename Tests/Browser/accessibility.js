// Returns what is wrong with the page for people who do not see it, do not see it well, or have no mouse.
const found = [];
const shown = (node) => node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
const say = (what, node) => found.push(`${what}: ${node.outerHTML.slice(0, 160)}`);
const all = (selector) => Array.from(document.querySelectorAll(selector)).filter(shown);
const referred = (node, attribute) => (node.getAttribute(attribute) ?? '').split(/\s+/).filter(Boolean)
    .map((id) => document.getElementById(id)?.textContent ?? '').join(' ').trim();
const nameOf = (node) => referred(node, 'aria-labelledby') || node.getAttribute('aria-label')?.trim()
    || Array.from(node.labels ?? []).map((label) => label.textContent).join(' ').trim()
    || (['INPUT', 'SELECT', 'TEXTAREA'].includes(node.tagName) ? '' : node.textContent.trim()) || node.title;

const CONTROLS = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
for (const node of all(`${CONTROLS}, progress, [role=img], [role=region], nav, dialog`)) {
    if (!nameOf(node)) say('no name', node);
}
const ids = new Map();
for (const node of document.querySelectorAll('[id]')) {
    if (ids.has(node.id)) say('id used twice', node);
    ids.set(node.id, node);
}
for (const attribute of ['aria-labelledby', 'aria-describedby', 'for']) {
    for (const node of document.querySelectorAll(`[${attribute}]`)) {
        const named = node.getAttribute(attribute).split(/\s+/);
        if (!named.every((id) => ids.has(id))) say(`${attribute} names nothing`, node);
    }
}
let level = 0;
for (const node of all('h1, h2, h3, h4, h5, h6')) {
    const now = Number(node.tagName[1]);
    if (now > level + 1) say(`heading ${now} after ${level}`, node);
    if (!node.textContent.trim()) say('empty heading', node);
    level = now;
}
if (all('h1').length !== 1) found.push(`${all('h1').length} h1 headings`);
for (const landmark of ['header', 'nav', 'main']) if (all(landmark).length < 1) found.push(`no ${landmark}`);
const landmarks = new Set();
for (const node of all('nav, section[aria-labelledby], section[aria-label], [role=region], search')) {
    const name = nameOf(node);
    if (landmarks.has(name)) say('two landmarks of one name', node);
    landmarks.add(name);
}
for (const node of all('*')) {
    if (!['auto', 'scroll'].includes(getComputedStyle(node).overflowY)) continue;
    if (node.scrollHeight <= node.clientHeight + 1) continue;
    if (node.tabIndex < 0 && !node.querySelector('a, button, input')) say('cannot be scrolled by keyboard', node);
}
if (!document.documentElement.lang) found.push('no language');
if (!document.title) found.push('no title');
for (const node of all('img:not([alt])')) say('no alt', node);
for (const node of all('svg:not([role=img]):not([aria-hidden=true])')) say('neither described nor hidden', node);
for (const node of document.querySelectorAll('[tabindex]')) if (node.tabIndex > 0) say('order of focus changed', node);
for (const table of all('table')) {
    if (!table.querySelector('th')) say('table without headings', table);
    if (!table.caption) say('table without caption', table);
}
for (const node of document.querySelectorAll(':is(a, button) :is(a, button)')) say('control in a control', node);

// Contrast (WCAG 1.4.3): each text against what lies behind it.
const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
const paint = (colors) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const color of colors) { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); }
    return Array.from(canvas.getImageData(0, 0, 1, 1).data).slice(0, 3);
};
const luminance = (rgb) => rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const seen = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || seen.has(node) || !shown(node)) continue;
    if (node.closest('.unseen, :disabled, option, svg')) continue;
    seen.add(node);
    const style = getComputedStyle(node);
    const behind = [];
    for (let at = node; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
    behind.unshift(matchMedia('(prefers-color-scheme: dark)').matches ? 'black' : 'white');
    const [light, dark] = [luminance(paint(behind)), luminance(paint([...behind, style.color]))].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) say(`contrast ${ratio.toFixed(2)}`, node);
}
return found;
