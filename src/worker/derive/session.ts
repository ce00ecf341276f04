import { encode, type Model } from '../../core/onnx/model.ts';
import type { Engine, Session } from '../../engines/engine.ts';
import type { ArtifactStore } from '../../stores/store.ts';

export interface DeriveDeps {
  store: ArtifactStore;
  engine: Engine;
  /** The folder that is shared with a trainer's container; one is made for the time of training when left out. */
  work?: string;
  /** What a trainer prints. */
  onOutput?: (text: string) => void;
}

/** One thread and every optimisation: deriving is not measured, and must not depend on how serving is tuned. */
const options = { threads: 1, graphOptimization: 'All' } as const;

/** The model loaded for as long as `use` takes. */
export async function withSession<T>(engine: Engine, model: Model, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await engine.load(encode(model), options);
  try {
    return await use(session);
  } finally {
    await session.release();
  }
}
