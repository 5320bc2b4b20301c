import type { Principal } from '../../contracts/access/principal.ts';

/** How much of one kind of work may be under way. */
export interface ShareBounds {
  /** Of all together. */
  readonly total: number;
  /** Of one client; a person who comes through it has at most half of that. */
  readonly perClient: number;
  /** About what the path names; without it as many as one client may have. */
  readonly perObject?: number;
}

/** For whom the work is. */
export interface Holder {
  readonly client: string;
  /** Where a person acts through a client that serves many. */
  readonly person?: string;
  readonly object?: string;
}

/** A client that acts by itself is one holder; of a client with persons each is one too. */
export const holderOf = ({ client, subject, strength }: Principal): Holder => ({
  client,
  ...(strength === 'client' ? {} : { person: subject }),
});

/** Which bound was reached. */
export type Reached = keyof ShareBounds | 'perPerson';

interface Bound {
  readonly name: Exclude<Reached, 'total'>;
  readonly most: number;
  readonly held: number;
}
/** A bound, and how much more may be taken until it is reached. */
export interface Room {
  readonly most: number;
  readonly left: number;
}

/** What a client always may have, however much the others have: so nobody is shut out. */
const ASSURED = 1;

/**
 * Counts work under way and keeps everybody's part of it bounded. Clients are those that an issuer
 * knows, so the counts are few; one that is zero again is forgotten.
 */
export function createShares({ total, perClient, perObject = perClient }: ShareBounds) {
  const perPerson = Math.ceil(perClient / 2);
  const [clients, persons, objects] = [counts(), counts(), counts()];
  let all = 0;

  /** The bounds of this holder, apart from that of all together. */
  const boundsOf = ({ client, person, object }: Holder): Bound[] => [
    { name: 'perClient', most: perClient, held: clients.of(client) },
    ...(person === undefined
      ? []
      : [{ name: 'perPerson', most: perPerson, held: persons.of(`${client} ${person}`) } as const]),
    ...(object === undefined
      ? []
      : [{ name: 'perObject', most: perObject, held: objects.of(object) } as const]),
  ];
  const reachedBy = (holder: Holder): Reached | undefined => {
    const own = boundsOf(holder).find(({ held, most }) => held >= most);
    if (own !== undefined) return own.name;
    return all >= total && clients.of(holder.client) >= ASSURED ? 'total' : undefined;
  };
  /** The bound that is the nearest for this holder, and what is left to it. */
  const nearest = (holder: Holder): Room =>
    boundsOf(holder)
      .map(({ most, held }) => ({ most, left: most - held }))
      .reduce((least, one) => (one.left < least.left ? one : least));
  const add = ({ client, person, object }: Holder, one: 1 | -1): void => {
    all += one;
    clients.add(client, one);
    if (person !== undefined) persons.add(`${client} ${person}`, one);
    if (object !== undefined) objects.add(object, one);
  };
  return {
    /** Takes a part, or says which bound was reached. */
    take(holder: Holder): Reached | undefined {
      const reached = reachedBy(holder);
      if (reached === undefined) add(holder, 1);
      return reached;
    },
    /** Gives back a part that was taken for the same holder. */
    give: (holder: Holder): void => add(holder, -1),
    nearest,
    most: { total, perClient, perPerson, perObject } as Readonly<Record<Reached, number>>,
    underWay: (): number => all,
  };
}

function counts() {
  const held = new Map<string, number>();
  return {
    of: (name: string): number => held.get(name) ?? 0,
    add(name: string, more: 1 | -1): void {
      const count = (held.get(name) ?? 0) + more;
      if (count === 0) held.delete(name);
      else held.set(name, count);
    },
  };
}
