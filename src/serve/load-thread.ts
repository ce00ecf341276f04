/** The thread that sends requests on schedule, whatever the caller's thread is busy with. */
import { Agent, request } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { LoadCommand, LoadCounts, LoadOptions } from './load.ts';

const { url, body, headers, seed, ratePerSecond } = workerData as LoadOptions;
const random = xoroshiro128plus(seed);
const mostInFlight = 4000;
/** A connection each: an old one would tie every request to the pod that it was made to. */
const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });

let rate = ratePerSecond;
let stopped = false;
let inFlight = 0;
let dueMs = performance.now();
let counts: LoadCounts = { sent: 0, completed: 0, failed: 0, failures: {}, latenciesMs: [] };

const gapMs = () => (-Math.log(1 - uniformFloat64(random)) / rate) * 1000;

function failed(why: string): void {
  counts.failed += 1;
  counts.failures[why] = (counts.failures[why] ?? 0) + 1;
}

function send(scheduledMs: number): void {
  counts.sent += 1;
  if (inFlight >= mostInFlight) {
    failed('too many unanswered requests');
    return;
  }
  inFlight += 1;
  let over = false;
  const end = (why?: string) => {
    if (over) return;
    over = true;
    inFlight -= 1;
    if (why) failed(why);
    else {
      counts.completed += 1;
      counts.latenciesMs.push(performance.now() - scheduledMs);
    }
  };
  const outgoing = request(url, { method: 'POST', headers: { ...headers, 'Content-Length': body.length }, agent });
  outgoing.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  outgoing.on('response', (response) => {
    response.on('error', (error) => end(error.message));
    response.on('end', () => end(response.statusCode === 200 ? undefined : `HTTP ${response.statusCode}`));
    response.resume();
  });
  outgoing.end(body);
}

function tick(): void {
  if (stopped) return;
  const now = performance.now();
  // What is overdue is sent now and counts from when it was due: a late sender hides nothing.
  for (; rate > 0 && dueMs <= now; dueMs += gapMs()) send(dueMs);
  if (rate <= 0) dueMs = now;
  setTimeout(tick, Math.max(0, Math.min(50, dueMs - performance.now())));
}

parentPort?.on('message', (command: LoadCommand) => {
  if (command.kind === 'Rate') {
    rate = command.ratePerSecond;
    dueMs = performance.now() + (rate > 0 ? gapMs() : 0);
  } else if (command.kind === 'Take') {
    parentPort?.postMessage({ ...counts, inFlight });
    counts = { sent: 0, completed: 0, failed: 0, failures: {}, latenciesMs: [] };
  } else stopped = true;
});
tick();
