// Opens an approval page in Chromium as a person would: looks, decides once, and finds a second decision refused.
//
// usage: node page.mjs SAO DATA SHOP PLAYWRIGHT CHROMIUM
import { execFileSync, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import assert from 'node:assert/strict';

const [sao, data, shop, playwright, chromium] = process.argv.slice(2);
const { chromium: browser } = createRequire(`${playwright}/`)('playwright-core');

const freePort = () => new Promise((found) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => found(port));
  });
});

async function eventually(what, probe) {
  for (let attempt = 0; attempt < 200; attempt++) {
    const found = await probe();
    if (found) return found;
    await new Promise((later) => setTimeout(later, 100));
  }
  throw new Error(`${what}: did not happen`);
}

/** The link of the first mail that asks; soft line breaks of the mail are undone. */
function link() {
  if (!existsSync(`${data}/mailbox`)) return undefined;
  const mail = readdirSync(`${data}/mailbox`).find((name) => name.includes('-ask-'));
  const text = mail && readFileSync(`${data}/mailbox/${mail}`, 'utf8').replace(/=\r?\n/g, '');
  return text?.match(/http:\/\/[^\s<>"]+\/hitl\/[\w-]+/)?.[0];
}

const [port, pages] = [await freePort(), await freePort()];
const endpoint = `http://127.0.0.1:${port}`;
const arguments_ = ['up', '--listen', `127.0.0.1:${port}`, '--public-listen', `127.0.0.1:${pages}`, '--data', data,
  '--state', `${shop}/terraform.tfstate`, '--observations', `${shop}/observations/orders-duration.json`];
const server = spawn(sao, arguments_, { stdio: ['ignore', 'ignore', 'inherit'] });
const show = (id) => JSON.parse(execFileSync(sao, ['incident', 'show', id, '--endpoint', endpoint, '--json']));
let chrome;
try {
  await eventually('listening', () => fetch(`${endpoint}/health`).then((answer) => answer.ok, () => false));
  const event = readFileSync(`${shop}/events/orders-duration.json`);
  const started = await fetch(`${endpoint}/incident`, { method: 'POST', body: event });
  assert.equal(started.status, 202);
  const id = (await started.json()).execution_arn.split(':').pop();
  const address = await eventually('the mail', link);

  chrome = await browser.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
  const page = await chrome.newPage();
  for (let look = 0; look < 3; look++) assert.equal((await page.goto(address)).status(), 200);
  assert.equal(show(id).status, 'RUNNING', 'looking decides nothing');
  const shown = await page.locator('body').innerText();
  for (const part of ['lambda_update_timeout', 'Rules reasoned, not a model', show(id).digest]) {
    assert.ok(shown.includes(part), `the page does not show ${part}`);
  }

  const other = await chrome.newPage();
  await other.goto(address);
  const code = () => execFileSync(sao, ['approver', 'code', 'operator', '--data', data, '--json']).toString();
  const decide = async (tab, verb, value) => {
    await tab.fill('#name', 'operator');
    await tab.fill('#code', value);
    await tab.click(`button[name=verb][value=${verb}]`);
    return tab.locator('body').innerText();
  };
  await decide(page, 'approve', '000000000000');
  assert.equal(show(id).status, 'RUNNING', 'a wrong code decides nothing');
  await page.goto(address);
  await decide(page, 'approve', JSON.parse(code()).code);
  const ended = await eventually('the incident ends', () => { const now = show(id); return now.status !== 'RUNNING' && now; });
  assert.equal(ended.status, 'SUCCEEDED');
  assert.equal(ended.outcome.kind, 'recovered');
  const late = await decide(other, 'reject', '000000');
  assert.match(late, /already|decided|second/i, 'a second decision is told that it came second');
  assert.equal(show(id).outcome.kind, 'recovered');
  console.log('page: looked at, decided once, second decision refused');
} finally {
  await chrome?.close();
  server.kill('SIGTERM');
}
