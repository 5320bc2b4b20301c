import { z } from 'zod';

/** How many dropped generations the registry remembers, so that their leftovers can be dropped. */
export const DROPPED_REMEMBERED = 8;

const generationText = z.string().regex(/^\d+-[0-9a-z]{8}$/);
const heldGeneration = z.strictObject({
  generation: generationText,
  /** Milliseconds of UTC. */
  since: z.int().min(0),
});

/**
 * Which generations of a read model exist. A rebuild makes a new one alongside the one in use; its
 * name has a number and a random part. Each change of the registry is a revision, inserted under
 * the next number: of two revisions made from the same one, the second is refused.
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

/** The number in a generation's name. */
export const generationNumber = (generation: string): number => Number.parseInt(generation, 10);

/**
 * The newest of the revisions, which are numbered from 1 without a gap.
 * @param known a revision that was seen before: then it takes two reads, or a few more where the
 *   registry has moved on or was started again from nothing.
 * @returns undefined when there is none yet.
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
