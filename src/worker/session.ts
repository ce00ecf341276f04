import { encode, type Model } from '../core/onnx/model.ts';
import type { Engine, Session } from '../engines/engine.ts';

/** One thread and every optimisation: what is not measured must not depend on how serving is tuned. */
const options = { threads: 1, graphOptimization: 'All' } as const;

/** The model, or its bytes, loaded for as long as `use` takes. Throws EngineError like `Engine.load`. */
export async function withSession<T>(
  engine: Engine,
  model: Model | Uint8Array,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await engine.load(model instanceof Uint8Array ? model : encode(model), options);
  try {
    return await use(session);
  } finally {
    await session.release();
  }
}
