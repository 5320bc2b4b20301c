import type { Chance } from './chance.ts';
import type { Judge } from './judge.ts';
import type { Link, Weather } from './link.ts';
import type { PlantedBug } from './planted-bugs.ts';
import type { Timeline } from './timeline.ts';

/** What all parts of one simulation share. */
export interface House {
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly weather: Weather;
  readonly link: Link;
  readonly judge: Judge;
  /** Counts what happened: a simulation that saw too little proves nothing. */
  readonly seen: (what: string, times?: number) => void;
  readonly bug: PlantedBug | undefined;
}
