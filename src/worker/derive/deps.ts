import type { Engine } from '../../engines/engine.ts';
import type { ArtifactStore } from '../../stores/store.ts';

export interface DeriveDeps {
  store: ArtifactStore;
  engine: Engine;
  /** The folder that is shared with a trainer's container; one is made for the time of training when left out. */
  work?: string;
  /** What a trainer prints. */
  onOutput?: (text: string) => void;
}
