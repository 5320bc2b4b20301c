import type { ReadModelName } from '../../contracts/account/read-models.ts';
import { Unavailable, type ReadModels } from './read-models.ts';

/** A new generation is noticed within this time; the old one is followed for longer. */
const NOTICE_MS = 1_000;

/** Which generation of a read model is in use, asked for at most once per NOTICE_MS. */
export function generationInUse(
  models: ReadModels,
  name: ReadModelName,
  now: () => number = () => performance.now(),
): () => Promise<string> {
  let known: string | undefined;
  let askedAt = -Infinity;
  return async () => {
    if (known !== undefined && now() - askedAt <= NOTICE_MS) return known;
    const asked = now();
    known = await models.generation(name);
    askedAt = asked;
    if (known === undefined) throw new Unavailable(`there are no ${name} yet`);
    return known;
  };
}
