// html.mjs CHROMIUM FOLDER: opens the pages of FOLDER and holds each against the JSON report of the same name beside it:
// `page`, of a scan; `empty`, without a finding; `large`, with as many rows as a page has at most.
//
// Drives Chromium by its own protocol over the WebSocket that Node has: nothing else is installed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [chromium, folder] = process.argv.slice(2);
const read = (name) => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
const urlOf = (name) => pathToFileURL(resolve(folder, `${name}.html`)).href;
const report = read("page");

// As root, as in a container, Chromium has no sandbox; the page is our own.
const flags = ["--headless=new", "--remote-debugging-port=0", "--no-first-run", "--disable-gpu",
  "--disable-dev-shm-usage", "--disable-background-networking", `--user-data-dir=${join(folder, "profile")}`];
if (process.getuid() === 0) flags.push("--no-sandbox");
const child = spawn(chromium, [...flags, "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
// Only for what hangs: a slow machine has more than enough time for each step.
let watchdog;
const step = (name) => {
  clearTimeout(watchdog);
  watchdog = setTimeout(() => { child.kill("SIGKILL"); throw new Error(`${name}: no answer in 60 s`); }, 60_000);
};
step("start");

const endpoint = await new Promise((found, failed) => {
  let said = "";
  child.stderr.on("data", (data) => {
    said += data;
    const line = /DevTools listening on (ws:\S+)/.exec(said);
    if (line) found(line[1]);
  });
  child.on("exit", () => failed(new Error(`Chromium ended: ${said}`)));
});

const socket = new WebSocket(endpoint);
await new Promise((open, failed) => { socket.onopen = open; socket.onerror = failed; });
let last = 0;
const answers = new Map();
const listeners = [];
socket.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  if (message.id) {
    const { done, failed } = answers.get(message.id);
    answers.delete(message.id);
    if (message.error) failed(new Error(message.error.message)); else done(message.result);
  } else {
    listeners.forEach((listener) => listener(message));
  }
};
const call = (method, params = {}, sessionId = undefined) => new Promise((done, failed) => {
  answers.set(++last, { done, failed });
  socket.send(JSON.stringify({ id: last, method, params, sessionId }));
});

/** Opens a page in a tab of its own, with JavaScript or without. */
async function open(name, javascript, dark) {
  step(`opening ${name}`);
  const url = urlOf(name);
  const { targetId } = await call("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
  const tab = (method, params) => call(method, params, sessionId);
  const seen = { requests: [], errors: [] };
  const loaded = new Promise((done) => listeners.push((message) => {
    if (message.sessionId !== sessionId) return;
    const { method, params } = message;
    if (method === "Network.requestWillBeSent") seen.requests.push(params.request.url);
    if (method === "Runtime.exceptionThrown") seen.errors.push(params.exceptionDetails.text);
    if (method === "Runtime.consoleAPICalled") seen.errors.push(JSON.stringify(params.args));
    if (method === "Log.entryAdded") seen.errors.push(params.entry.text);
    if (method === "Page.javascriptDialogOpening") seen.errors.push("a dialog");
    if (method === "Page.loadEventFired") done();
  }));
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await tab(`${domain}.enable`);
  await tab("Emulation.setScriptExecutionDisabled", { value: !javascript });
  const scheme = { name: "prefers-color-scheme", value: dark ? "dark" : "light" };
  await tab("Emulation.setEmulatedMedia", { features: [scheme] });
  await tab("Page.navigate", { url });
  await loaded;
  const evaluate = async (expression) => {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await tab("Runtime.evaluate", params);
    assert.equal(exceptionDetails, undefined, exceptionDetails?.exception?.description);
    return result.value;
  };
  assert.deepEqual(seen.requests, [url], "the page asks for nothing");
  return { tab, seen, evaluate };
}

const reported = report.findings.filter((finding) => !finding.suppressed);
const rows = "Array.from(document.querySelectorAll('tbody.secret tr[class]'))";
// Two frames after a change all rows are shown or hidden.
const settle = "await new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 20));";
const visible = `${rows}.filter((row) => row.getClientRects().length > 0).length`;
const choose = (name, value, kind = "reported") => `(async () => {
  const form = document.getElementById("filter");
  form.reset();
  for (const [name, value] of Object.entries(${JSON.stringify({ state: kind, [name]: value })})) form.elements[name].value = value;
  form.dispatchEvent(new Event("input", { bubbles: true }));
  ${settle}
  return ${visible};
})()`;

/** The largest page: the screen has a part of the rows at once, all are counted, found and printed. */
async function large() {
  const { findings } = read("large");
  const secrets = new Set(findings.map((finding) => finding.fingerprint)).size;
  const part = 500;
  const { tab, seen, evaluate } = await open("large", true, false);
  const shown = "document.getElementById('shown').textContent";
  const said = (places, secrets, room) =>
    `${places} places of ${secrets} secrets${places > room ? `, the first ${room} here` : ""}`;
  assert.equal(await evaluate(`${rows}.length`), findings.length);
  assert.equal(await evaluate(shown), said(findings.length, secrets, part));
  assert.equal(await evaluate(visible), part);

  step("more of the largest page");
  assert.equal(await evaluate(`(async () => { document.getElementById("more").click(); ${settle} return ${visible}; })()`), 2 * part);
  assert.equal(await evaluate(shown), said(findings.length, secrets, 2 * part));

  step("filter of the largest page");
  for (const severity of new Set(findings.map((finding) => finding.severity))) {
    const wanted = findings.filter((finding) => finding.severity === severity);
    assert.equal(await evaluate(choose("severity", severity)), Math.min(wanted.length, part), severity);
    assert.equal(await evaluate(shown), said(wanted.length, new Set(wanted.map((finding) => finding.fingerprint)).size, part));
  }
  step("search of the largest page");
  for (const word of ["/n7.env", "/n77", "no-such-word"]) {
    const wanted = findings.filter((finding) => finding.path.includes(word)).length;
    assert.equal(await evaluate(choose("search", word)), Math.min(wanted, part), word);
    assert.ok((await evaluate(shown)).startsWith(`${wanted} places of `), word);
    assert.equal(await evaluate("document.getElementById('more').hidden"), wanted <= part);
  }
  // More than the screen has at once are printed.
  step("print of the largest page");
  const some = findings.filter((finding) => finding.path.includes("/n1")).length;
  assert.ok(some > 2 * part);
  await evaluate(choose("search", "/n1"));
  await tab("Emulation.setEmulatedMedia", { media: "print" });
  assert.equal(await evaluate(visible), some);
  assert.deepEqual(seen.errors, []);

  const plain = await open("large", false, false);
  step("the largest page without JavaScript");
  const { root } = await plain.tab("DOM.getDocument", { depth: 0 });
  const { nodeIds } = await plain.tab("DOM.querySelectorAll", { nodeId: root.nodeId, selector: "tbody.secret tr[class]" });
  assert.equal(nodeIds.length, findings.length);
  // What is not laid out has no box.
  const { model } = await plain.tab("DOM.getBoxModel", { nodeId: nodeIds.at(-1) });
  assert.ok(model.height > 0, "the last row is seen");
  assert.deepEqual(plain.seen.errors, []);
}

try {
  const { tab, seen, evaluate } = await open("page", true, false);
  assert.equal(await evaluate(`${rows}.length`), report.findings.length);
  assert.equal(await evaluate("document.querySelectorAll('img').length"), 0);
  assert.equal(await evaluate("document.getElementById('filter').hidden"), false);
  assert.match(await evaluate("document.querySelector('h1').textContent"), new RegExp(`: ${reported.length} findings`));
  assert.ok(reported.length >= 6 && (await evaluate("document.querySelectorAll('svg').length")) === 4);
  const text = await evaluate("document.body.textContent");
  assert.ok(text.includes("</script><img src=x onerror=alert(1)> 1"), "subjects are text");

  assert.equal(await evaluate(choose("search", "")), reported.length);
  for (const [name, field] of [["severity", "severity"], ["confidence", "confidence"], ["rule", "rule"], ["kind", "kind"]]) {
    for (const value of new Set(reported.map((finding) => finding[field]))) {
      const wanted = reported.filter((finding) => finding[field] === value).length;
      assert.equal(await evaluate(choose(name, value)), wanted, `${name} ${value}`);
    }
  }
  const inDay2 = reported.filter((finding) => finding.path === "day2.py").length;
  assert.ok(inDay2 > 0);
  assert.equal(await evaluate(choose("search", "DAY2.py")), inDay2);
  assert.equal(await evaluate(choose("search", "day2.py no-such-word")), 0);
  assert.equal(await evaluate(choose("state", "", "")), report.findings.length);
  assert.match(await evaluate("document.getElementById('shown').textContent"), /^\d+ places of \d+ secrets$/);

  // A styled page, and one that heeds the dark scheme.
  const back = "getComputedStyle(document.body).backgroundColor";
  const dark = await open("page", true, true);
  assert.notEqual(await evaluate(back), await dark.evaluate(back));
  const shot = Buffer.from((await tab("Page.captureScreenshot")).data, "base64");
  assert.ok(shot.length > 10_000, "the picture is not empty");

  const plain = await open("page", false, false);
  const { root } = await plain.tab("DOM.getDocument", { depth: 0 });
  const { nodeIds } = await plain.tab("DOM.querySelectorAll", { nodeId: root.nodeId, selector: "tbody.secret tr[class]:not([hidden])" });
  assert.equal(nodeIds.length, report.findings.length, "without JavaScript all rows are there");
  const empty = await open("empty", true, false);
  assert.match(await empty.evaluate("document.querySelector('h1').textContent"), /no secrets found/);
  for (const { errors } of [seen, dark.seen, plain.seen, empty.seen]) assert.deepEqual(errors, []);
  await large();
  console.log(`html: ${report.findings.length} rows, picture of ${shot.length} bytes`);
} finally {
  clearTimeout(watchdog);
  socket.close();
  child.removeAllListeners("exit");
  const ended = new Promise((done) => child.once("exit", done));
  child.kill();
  await ended;
}
