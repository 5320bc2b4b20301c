import { accountId } from '../../domain/ids.ts';
import { httpClient } from '../../operations/client/http-client.ts';
import { fill } from '../../operations/demo/fill.ts';
import { demoMonth } from '../../operations/demo/month.ts';
import { tourOf } from '../../operations/demo/tour.ts';
import { commandHouse } from './command-house.ts';

// About a thousand requests, one after the other per account.
jest.setTimeout(120_000);

test('the demo fills a bank as planned, and a second run changes nothing', async () => {
  const house = await commandHouse();
  const client = httpClient({ connectionsMax: 8, patienceMs: 2_000 });
  const month = demoMonth();
  let advanced = 0;
  const advance = (): void => void (advanced += 1);
  const eventsOf = (ids: readonly string[]): number =>
    ids.reduce((sum, id) => sum + house.log.eventsOf(accountId(id)).length, 0);
  try {
    const first = await fill(month, { url: house.url, client, advance });
    expect(first.faults).toEqual([]);
    expect(first.replayed).toBe(0);
    expect(first.executed).toBeGreaterThan(400);
    expect(first.refused).toBeGreaterThanOrEqual(7);
    expect(advanced).toBe(month.steps);
    const events = eventsOf(first.accountIds);
    expect(events).toBeGreaterThan(400);

    const second = await fill(month, { url: house.url, client, advance });
    expect(second.faults).toEqual([]);
    expect(second.accountIds).toEqual(first.accountIds);
    expect([second.executed, second.replayed]).toEqual([0, first.executed]);
    expect(second.refused).toBe(first.refused);
    expect(eventsOf(first.accountIds)).toBe(events);

    const places = { url: house.url, accountIds: first.accountIds };
    expect(tourOf(places).join('\n')).not.toContain('undefined');
    // Zsh takes an unquoted "?" for a pattern, finds no such file and runs nothing.
    const unquoted = tourOf(places).filter((line) => /^curl [^"']*\?/.test(line));
    expect(unquoted).toEqual([]);
  } finally {
    client.close();
    await house.close();
  }
});
