import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '../../core-types.ts';
import type { Cpus } from './cpus.ts';
import { gatesOpen, type Observed, podStatus } from './pod-status.ts';
import { type ContainerProcess, startProcess } from './process.ts';

export interface PodContext {
  /** The command that stands for an image; undefined for an image that is not there. */
  commandOf(image: string): string[] | undefined;
  /** What a process is told in place of its own network and file system. */
  environment(place: { ip: string; terminationLog: string }): Record<string, string>;
  cpus: Cpus;
  folder: string;
  ip: string;
  report(status: NonNullable<Pod['status']>): void;
}

/** As many failures in a row make a pod unready (the default of the API). */
const failureThreshold = 3;
const probeTimeoutMs = 1000;
const longestBackoffMs = 30_000;
const stringQuantity = (text = '') => (text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text));

async function probe(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { headers: { Connection: 'close' }, signal: AbortSignal.timeout(probeTimeoutMs) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

/** One pod on this machine: its process is started, probed, started again and ended as its spec says. */
export class PodWorker {
  #pod: Pod;
  readonly #context: PodContext;
  readonly #startTime = new Date().toISOString();
  readonly #done: Promise<void>;
  #process: ContainerProcess | undefined;
  #stopping = false;
  #ready = false;
  #restarts = 0;
  #deadlineExceeded = false;
  #reported: Observed | undefined;

  constructor(pod: Pod, context: PodContext) {
    this.#pod = pod;
    this.#context = context;
    this.#done = this.#run();
  }

  /** Ends the process within the pod's grace period. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#process?.stop((this.#pod.spec.terminationGracePeriodSeconds ?? 30) * 1000);
    await this.#done;
  }

  /** Takes note of what others wrote into the pod's status; an opened gate is reported at once. */
  see(pod: Pod): void {
    const opened = gatesOpen(pod) !== gatesOpen(this.#pod);
    this.#pod = pod;
    if (opened && this.#reported) this.#context.report(podStatus(pod, this.#reported));
  }

  get #name(): string {
    return this.#pod.metadata.uid ?? this.#pod.metadata.name;
  }

  #report(phase: Observed['phase'], state: Observed['state'], reason?: string): void {
    const { ip, report } = this.#context;
    const observed = {
      phase,
      state,
      reason,
      ready: this.#ready,
      restarts: this.#restarts,
      ip,
      startTime: this.#startTime,
    };
    this.#reported = observed;
    report(podStatus(this.#pod, observed));
  }

  async #run(): Promise<void> {
    const container = this.#pod.spec.containers[0];
    const command = this.#context.commandOf(container?.image ?? '');
    if (!command) {
      const message = `this machine has no image "${container?.image}"`;
      this.#report('Pending', { waiting: { reason: 'ErrImageNeverPull', message } });
      return;
    }
    const { restartPolicy = 'Always', activeDeadlineSeconds } = this.#pod.spec;
    const deadline = activeDeadlineSeconds && setTimeout(() => this.#exceed(), activeDeadlineSeconds * 1000);
    for (;;) {
      const started = new Date().toISOString();
      const { code } = await this.#once(command, started);
      if (this.#stopping && !this.#deadlineExceeded && restartPolicy === 'Always') break;
      const again = restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && code !== 0);
      if (!again || this.#deadlineExceeded) {
        await this.#finish(code, started);
        break;
      }
      this.#report('Running', { waiting: { reason: 'CrashLoopBackOff', message: `it ended with exit code ${code}` } });
      await sleep(Math.min(longestBackoffMs, 1000 * 2 ** this.#restarts));
      if (this.#stopping) break;
      this.#restarts += 1;
    }
    clearTimeout(deadline);
  }

  #exceed(): void {
    this.#deadlineExceeded = true;
    void this.#process?.stop(1000);
  }

  async #once(command: string[], startedAt: string): Promise<{ code: number }> {
    const { cpus, environment, ip } = this.#context;
    const container = this.#pod.spec.containers[0];
    const { requests = {}, limits = {} } = container?.resources ?? {};
    const limit = stringQuantity(limits.cpu) || cpus.total;
    const guaranteed = requests.cpu === limits.cpu && requests.memory === limits.memory && Number.isInteger(limit);
    const own = cpus.take(this.#name, guaranteed && limits.cpu ? limit : 0, limit);
    const declared = Object.fromEntries(container?.env?.map(({ name, value = '' }) => [name, value]) ?? []);
    await rm(this.#terminationLog, { force: true });
    const child = startProcess({
      command: [...command, ...(container?.args ?? [])],
      env: { PATH: process.env.PATH ?? '', ...declared, ...environment({ ip, terminationLog: this.#terminationLog }) },
      cpus: own,
      logFile: this.#logFile,
    });
    this.#process = child;
    cpus.attach(this.#name, child.pid);
    const probing = new AbortController();
    void this.#probe(probing.signal, startedAt);
    const exit = await child.exited;
    probing.abort();
    cpus.release(this.#name);
    this.#ready = false;
    return exit;
  }

  /** Ready without a probe, else as long as the probe is answered. */
  async #probe(signal: AbortSignal, startedAt: string): Promise<void> {
    const { httpGet, periodSeconds = 10 } = this.#pod.spec.containers[0]?.readinessProbe ?? {};
    this.#ready = !httpGet;
    this.#report('Running', { running: { startedAt } });
    let failures = 0;
    while (httpGet && !signal.aborted) {
      const answered = await probe(`http://${this.#context.ip}:${httpGet.port}${httpGet.path}`);
      if (signal.aborted) return;
      failures = answered ? 0 : failures + 1;
      if (this.#ready ? failures >= failureThreshold : answered) {
        this.#ready = !this.#ready;
        this.#report('Running', { running: { startedAt } });
      }
      // Until it is ready for the first time, a tenth of the period: starting is waited for.
      await sleep(this.#ready ? periodSeconds * 1000 : periodSeconds * 100, undefined, { signal }).catch(
        () => undefined,
      );
    }
  }

  async #finish(exitCode: number, startedAt: string): Promise<void> {
    const message = await readFile(this.#terminationLog, 'utf8').catch(async () => {
      const log = await readFile(this.#logFile, 'utf8').catch(() => '');
      return exitCode === 0 ? '' : log.slice(-2000);
    });
    const reason = exitCode === 0 ? 'Completed' : 'Error';
    const terminated = { exitCode, reason, message, startedAt, finishedAt: new Date().toISOString() };
    const phase = exitCode === 0 && !this.#deadlineExceeded ? 'Succeeded' : 'Failed';
    this.#report(phase, { terminated }, this.#deadlineExceeded ? 'DeadlineExceeded' : undefined);
  }

  get #terminationLog(): string {
    return join(this.#context.folder, `${this.#name}.message`);
  }

  get #logFile(): string {
    return join(this.#context.folder, `${this.#pod.metadata.name}.log`);
  }
}
