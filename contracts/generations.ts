import { z } from 'zod';

/** Dropped generations that the registry remembers, so that what was left of them is dropped. */
export const DROPPED_REMEMBERED = 8;

const generationText = z.string().regex(/^\d+-[0-9a-z]{8}$/);
const heldGeneration = z.strictObject({
  generation: generationText,
  /** Milliseconds of UTC. */
  since: z.int().min(0),
});

/**
 * Which generations of a read model there are. A rebuild makes a new one beside the one in use,
 * named by a number and by who builds it. Each change of the registry is a revision that is
 * inserted under the next number, so of two that are made of one revision the second is refused.
 */
export const registryRevision = z.strictObject({
  revision: z.int().min(1),
  /** Missing when what readers used was lost with the registry, until a rebuild is whole. */
  inUse: generationText.optional(),
  /** May become the one in use, as long as they stand here. */
  building: z.array(heldGeneration),
  /** Were in use, and are kept for readers that have not noticed yet. */
  retired: z.array(heldGeneration),
  /** Never come back; newest first. */
  dropped: z.array(generationText).max(DROPPED_REMEMBERED),
});
export type RegistryRevision = z.infer<typeof registryRevision>;

export const generationNumber = (generation: string): number => Number.parseInt(generation, 10);

/**
 * The newest of the revisions that are numbered from 1 on without a hole. A caller that knew one
 * pays for two reads, or for few more where the registry has moved on or was begun anew.
 */
export async function newestRevision(
  read: (revision: number) => Promise<RegistryRevision | undefined>,
  known = 0,
): Promise<RegistryRevision | undefined> {
  let low = known;
  let newest: RegistryRevision | undefined;
  let step = 1;
  for (let next = await read(low + step); next !== undefined; next = await read(low + step)) {
    newest = next;
    low += step;
    step *= 2;
  }
  for (let high = low + step; high - low > 1;) {
    const middle = Math.floor((low + high) / 2);
    const found = await read(middle);
    if (found === undefined) high = middle;
    else [low, newest] = [middle, found];
  }
  if (newest !== undefined || known === 0) return newest;
  return (await read(known)) ?? newestRevision(read);
}
