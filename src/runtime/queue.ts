import TinyQueue from 'tinyqueue';

export interface QueueOptions {
  baseDelayMs?: number;
  maxDelayMs?: number;
}

/**
 * A work queue of names. A name that waits is there once, however often it is added; one that is being worked on and
 * is added meanwhile comes back when it is done; delays keep the earliest of several.
 */
export class WorkQueue {
  readonly #waiting = new Set<string>();
  readonly #running = new Set<string>();
  readonly #dirty = new Set<string>();
  readonly #failures = new Map<string, number>();
  /** When a delayed name is due; entries of #order that disagree are stale and skipped. */
  readonly #due = new Map<string, number>();
  readonly #order = new TinyQueue<{ key: string; atMs: number }>([], (a, b) => a.atMs - b.atMs);
  readonly #takers: ((key: string | undefined) => void)[] = [];
  readonly #baseDelayMs: number;
  readonly #maxDelayMs: number;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor({ baseDelayMs = 5, maxDelayMs = 1_000_000 }: QueueOptions = {}) {
    this.#baseDelayMs = baseDelayMs;
    this.#maxDelayMs = maxDelayMs;
  }

  /** How many names wait to be taken. Those that are to come back at their time wait for nobody. */
  get depth(): number {
    return this.#waiting.size;
  }

  add(key: string): void {
    if (this.#stopped) return;
    this.#due.delete(key);
    if (this.#running.has(key)) {
      this.#dirty.add(key);
      return;
    }
    const taker = this.#waiting.has(key) ? undefined : this.#takers.shift();
    if (!taker) {
      this.#waiting.add(key);
      return;
    }
    this.#running.add(key);
    taker(key);
  }

  addAfter(key: string, delayMs: number): void {
    if (this.#stopped) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const atMs = performance.now() + delayMs;
    if (this.#waiting.has(key) || (this.#due.get(key) ?? Number.POSITIVE_INFINITY) <= atMs) return;
    this.#due.set(key, atMs);
    this.#order.push({ key, atMs });
    this.#schedule();
  }

  /** Adds the name after a delay that doubles with each failure since `forget`. */
  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.min(this.#maxDelayMs, this.#baseDelayMs * 2 ** failures));
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next name, as soon as there is one; undefined once the queue is stopped. Call `done` with it afterwards. */
  take(): Promise<string | undefined> {
    if (this.#stopped) return Promise.resolve(undefined);
    const [key] = this.#waiting;
    if (key === undefined) return new Promise((resolve) => this.#takers.push(resolve));
    this.#waiting.delete(key);
    this.#running.add(key);
    return Promise.resolve(key);
  }

  done(key: string): void {
    this.#running.delete(key);
    if (this.#dirty.delete(key)) this.add(key);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const next = this.#order.peek();
    if (!next || this.#stopped) return;
    this.#timer = setTimeout(() => this.#release(), Math.max(0, next.atMs - performance.now()));
  }

  #release(): void {
    const nowMs = performance.now();
    for (let next = this.#order.peek(); next && next.atMs <= nowMs; next = this.#order.peek()) {
      this.#order.pop();
      if (this.#due.get(next.key) === next.atMs) this.add(next.key);
    }
    this.#schedule();
  }
}
