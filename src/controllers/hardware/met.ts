import type { HardwareFacts } from '../../api/hardware-profile.ts';
import type { Trial } from '../../api/trial.ts';
import { fingerprint } from '../../core/hardware/fingerprint.ts';

/** A machine as a trial met it. */
export interface Met {
  facts: HardwareFacts;
  /** When the trial ended. */
  finished: string;
}

/**
 * The machine that the latest trial on each accelerator ran on. All trials of a cluster are too many to be listed again
 * each time that a profile is looked at, and nothing else of them matters to it.
 */
export class Machines {
  readonly #latest = new Map<string, Met>();

  /** Takes a trial in; whether it met another machine than the one before it. */
  see({ spec: { accelerator }, status }: Trial): boolean {
    const { facts, finished = '' } = status ?? {};
    const before = this.#latest.get(accelerator);
    if (!facts || (before && before.finished >= finished)) return false;
    this.#latest.set(accelerator, { facts, finished });
    return !before || fingerprint(before.facts) !== fingerprint(facts);
  }

  of(accelerator: string): Met | undefined {
    return this.#latest.get(accelerator);
  }
}
