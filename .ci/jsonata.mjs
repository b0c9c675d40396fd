// JSONata against the official package: every expression of statemachine/tests/jsonata/expressions.txt is evaluated by both,
// and result or error code must agree. Differences that are known stand in gaps.json beside it, each with its reason: one
// that is not listed fails, and so does one that is listed and gone.
//
//   node .ci/jsonata.mjs FOLDER COMMAND [ARGUMENT...]
//
// FOLDER holds node_modules with `jsonata`, in version 2.0.6: the one that Step Functions speaks. COMMAND is our example, which
// answers a line of JSON for each it reads.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [folder, command, ...args] = process.argv.slice(2);
if (!command) {
  console.error('usage: node .ci/jsonata.mjs FOLDER COMMAND [ARGUMENT...]');
  process.exit(2);
}
const jsonata = createRequire(resolve(folder, 'package.json'))('jsonata');
const tables = fileURLToPath(new URL('../statemachine/tests/jsonata/', import.meta.url));

function cases() {
  let input = {};
  const found = [];
  for (const line of readFileSync(`${tables}expressions.txt`, 'utf8').split('\n')) {
    if (line.startsWith('@ ')) input = JSON.parse(line.slice(2));
    else if (line && !line.startsWith('# ')) found.push({ expression: line, input });
  }
  return found;
}

// A value as Step Functions would hand it on: what JSON cannot write as a number is its name.
function plain(value) {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : String(value);
  if (Array.isArray(value)) return value.filter((item) => item !== undefined).map(plain);
  if (typeof value === 'function' || value?._jsonata_function || value?._jsonata_lambda) throw { code: 'function' };
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined).map(([name, member]) => [name, plain(member)]));
  }
  return value;
}

async function official({ expression, input }) {
  try {
    const value = await jsonata(expression).evaluate(undefined, structuredClone(input));
    return value === undefined ? {} : { value: plain(value) };
  } catch (error) {
    return { error: error.code ?? 'uncoded', message: error.message };
  }
}

// Text of a value whose members are in one order: JSON objects have none.
function text(answer) {
  const ordered = (_, value) =>
    value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return JSON.stringify('error' in answer ? { error: answer.error } : answer, ordered);
}

const all = cases();
const lines = all.map((one) => JSON.stringify(one)).join('\n');
const ours = execFileSync(command, args, { input: `${lines}\n`, encoding: 'utf8', maxBuffer: 1 << 30 }).trim().split('\n').map((line) => JSON.parse(line));
const gaps = new Map(Object.entries(JSON.parse(readFileSync(`${tables}gaps.json`, 'utf8'))));
let failures = 0;
for (const [place, one] of all.entries()) {
  const want = await official(one);
  const got = ours[place];
  const agree = text(want) === text(got);
  const listed = gaps.delete(one.expression);
  if (agree === listed) {
    failures += 1;
    const what = agree ? 'agrees, though gaps.json lists it' : `official ${text(want).slice(0, 300)} ${want.message ?? ''}\n  ours     ${text(got).slice(0, 300)} ${got.message ?? ''}`;
    console.log(`${one.expression}\n  ${what}`);
  }
}
for (const left of gaps.keys()) {
  failures += 1;
  console.log(`${left}\n  stands in gaps.json, but not in expressions.txt`);
}
console.log(`${all.length} expressions, ${failures} unexpected`);
process.exit(failures ? 1 : 0);
