import { byOf, EVERY_OWNER, type ActedBy } from '../../contracts/access/principal.ts';
import { streamOf } from '../../contracts/account/events.ts';
import type { CommandMessage, CommandResult } from '../../contracts/account/commands.ts';
import type { DecideResult } from '../../contracts/approval/commands.ts';
import { streamOfApproval, type ApprovalState } from '../../contracts/approval/events.ts';
import { streamOfPerson, type BankEvent } from '../../contracts/log/bank-events.ts';
import type { Currency } from '../../domain/currency.ts';
import { TWO_EYES, type FourEyes } from '../../domain/four-eyes.ts';
import { accountId, commandId, personId, type ApprovalId } from '../../domain/ids.ts';
import { minor } from '../../domain/money.ts';
import {
  ACCOUNT,
  deposit,
  losing,
  message,
  open,
  OWNER,
  said,
  testHost,
  testLog,
  virtualClock,
  withdraw,
} from '../host/bank-host-for-tests.ts';
import type { Journal } from '../journal/journal.ts';
import { memoryJournal } from '../journal/memory-journal.ts';

const OTHER = accountId('00000000-0000-8000-8000-000000000002');
const HOUR_MS = 3_600_000;
const FOUR: FourEyes = {
  amounts: new Map([['CZK' as Currency, minor(10_000n)]]),
  acts: new Set(['limits', 'reversals', 'erasure']),
  waitMs: HOUR_MS,
};
const who = (subject: string, more: Partial<ActedBy> = {}): string =>
  byOf({ client: 'desk', subject, roles: ['teller'], strength: 'multi-factor', ...more });
const [ANNA, BEN, CORA] = [who('anna'), who('ben'), who('cora')];
const operator = (subject: string): string => who(subject, { roles: ['operator'] });
const officer = (subject: string): string => who(subject, { roles: ['privacy-officer'] });

async function bank(fourEyes = FOUR, journal: Journal = memoryJournal()) {
  const time = virtualClock();
  const log = testLog();
  const host = await testHost(journal, log, { clock: time.clock, fourEyes });
  const ask = async (
    one: CommandMessage,
    by = ANNA,
    more: { mayWait?: boolean; atomic?: boolean } = { mayWait: true },
  ): Promise<CommandResult> => (await host.execute([one], { by, owner: EVERY_OWNER, ...more }))[0]!;
  await ask(open('open', { initialDeposit: '100.00' }));
  await ask({ ...open('open-2'), accountId: OTHER });
  const state = async (id: string): Promise<ApprovalState | null> => {
    const found = await host.approvals.methods.get('lookup')!(id, { value: {}, size: 2 });
    return (found as { approval: ApprovalState | null }).approval;
  };
  const balance = async (account = ACCOUNT): Promise<string> => {
    const { streams } = await journal.load([streamOf(account)]);
    return (JSON.parse(streams[0]!.state) as { ledger: string }).ledger;
  };
  const approve = (id: ApprovalId, by = BEN): Promise<DecideResult> => host.decide(id, { by });
  const reject = (id: ApprovalId, by = BEN): Promise<DecideResult> =>
    host.decide(id, { by, decision: 'reject', reason: 'no receipt' });
  return { ...host, time, ask, state, balance, approve, reject, log, journal };
}

const idOf = (result: CommandResult): ApprovalId => {
  if (!result.ok && result.refusal.code === 'approval-pending') {
    return result.refusal.approvalId as ApprovalId;
  }
  throw new Error(`it does not wait: ${JSON.stringify(result)}`);
};
const came = (result: DecideResult): string =>
  result.ok ? `${result.approval.status}${result.replayed ? ' again' : ''}` : result.refusal.code;
const BIG = deposit('big', '100.01');

describe('given no four eyes', () => {
  test('then nothing waits', async () => {
    const { ask } = await bank(TWO_EYES);
    expect(said(await ask(deposit('big', '9999999.00')))).toBe('3');
  });
});

describe('given an amount above which a second person is asked', () => {
  test('when it is not more than that, then it is executed', async () => {
    const { ask } = await bank();
    expect(said(await ask(deposit('small', '100.00')))).toBe('3');
  });
  test('when it is more, then it waits, and the same request finds the same approval', async () => {
    const { ask, balance, state } = await bank();
    const first = await ask(BIG);
    expect(idOf(await ask(BIG))).toBe(idOf(first));
    expect(await balance()).toBe('100.00');
    expect(await state(idOf(first))).toMatchObject({
      status: 'waiting',
      by: ANNA,
      asked: { type: 'deposit', amount: '100.01' },
      expiresAt: new Date(Date.parse('2026-05-01T00:00:00.000Z') + HOUR_MS).toISOString(),
    });
    expect(said(await ask(deposit('big', '200.00')))).toBe('idempotency-key-reused');
  });
  test('when a rule refuses it, then nobody is asked', async () => {
    const { ask } = await bank();
    expect(said(await ask(withdraw('too-much', '101.00')))).toBe('insufficient-funds');
  });
  test('when the money is set aside first, then its capture waits', async () => {
    const { ask } = await bank();
    await ask(deposit('more', '100.00'));
    const held = await ask(message('hold', { type: 'place-hold', amount: '150.00' }));
    const { holdId } = (held as { events: { data: { holdId: string } }[] } & object).events[0]!
      .data;
    idOf(await ask(message('capture', { type: 'capture-hold', holdId })));
  });
  test.each([{ atomic: true }, {}])(
    'when it is not sent alone (%j), then it is refused',
    async (how) => {
      const { ask } = await bank();
      expect(said(await ask(BIG, ANNA, how))).toBe('approval-required');
    },
  );
  test('when it is a dry run, then the answer says so and nothing waits', async () => {
    const { ask, journal } = await bank();
    expect(await ask({ ...BIG, dryRun: true })).toMatchObject({ ok: true, needsApproval: true });
    expect(await journal.waiting(undefined, 10)).toEqual([]);
  });
});

describe('given a deposit that waits', () => {
  test('when another person approves it, then its event names both, once', async () => {
    const { ask, approve, balance, log, time } = await bank();
    const id = idOf(await ask(BIG));
    expect(await approve(id)).toMatchObject({ ok: true, replayed: false });
    expect(await balance()).toBe('200.01');
    expect(said(await ask(BIG))).toBe('3 again');
    expect(came(await approve(id))).toBe('approved again');
    expect(came(await approve(id, CORA))).toBe('approval-ended');
    expect(await balance()).toBe('200.01');
    await time.pass(5_000);
    const [event] = log.eventsOf(ACCOUNT).slice(-1) as [BankEvent];
    expect(event).toMatchObject({ by: ANNA, approvedBy: BEN, approvalId: id, commandId: 'big' });
    const approval = log.streams.get(`approval/${id}` as never)!;
    expect(approval.map(({ type, by, joint }) => [type, by, joint?.id])).toEqual([
      ['approval-requested', ANNA, undefined],
      ['approval-granted', BEN, event.id],
    ]);
  });
  test('when it is rejected, then it is never executed', async () => {
    const { ask, approve, reject, balance, state } = await bank();
    const id = idOf(await ask(BIG));
    expect(came(await reject(id))).toBe('rejected');
    expect(came(await reject(id))).toBe('rejected again');
    expect(came(await approve(id))).toBe('approval-ended');
    expect(await ask(BIG)).toMatchObject({
      refusal: { code: 'approval-ended', approvalId: id, approval: 'rejected' },
    });
    expect(await balance()).toBe('100.00');
    expect(await state(id)).toMatchObject({ status: 'rejected', reason: 'no receipt' });
  });
  test.each([
    ['the same person', ANNA, 'same-person'],
    ['the same through another client', who('anna', { client: 'web' }), 'same-person'],
    ['the same with another role', who('anna', { roles: ['teller', 'operator'] }), 'same-person'],
    ['somebody for the same person', who('zoe', { onBehalfOf: 'anna' }), 'same-person'],
    ['a system', who('batch', { roles: ['service'], strength: 'client' }), 'forbidden'],
    ['a system as a teller', who('batch', { strength: 'client' }), 'forbidden'],
    ['a customer', who('dan', { roles: ['customer'] }), 'forbidden'],
    ['who may do no such thing', operator('olga'), 'forbidden'],
  ])('when %s decides, then nothing happens', async (_who, by, code) => {
    const { ask, approve, reject, state } = await bank();
    const id = idOf(await ask(BIG));
    expect([came(await approve(id, by)), came(await reject(id, by))]).toEqual([code, code]);
    expect(await state(id)).toMatchObject({ status: 'waiting' });
  });
  test('when two approve and one rejects at once, then one of them does it', async () => {
    const { ask, approve, reject, balance } = await bank();
    const id = idOf(await ask(BIG));
    const all = await Promise.all([approve(id, BEN), reject(id, CORA), approve(id, CORA)]);
    expect(all.map(came).sort()).toEqual(['approval-ended', 'approval-ended', 'approved']);
    expect(await balance()).toBe('200.01');
  });
  test('when its time is up, then it has expired, for anyone who looks first', async () => {
    const { ask, approve, time, state, expire, log } = await bank();
    const ids = [idOf(await ask(BIG)), idOf(await ask(deposit('big-2', '500.00')))] as const;
    await time.skip(HOUR_MS - 1);
    expect(await state(ids[0])).toMatchObject({ status: 'waiting' });
    await time.skip(1);
    expect(came(await approve(ids[0]))).toBe('approval-ended');
    expect(await state(ids[0])).toMatchObject({ status: 'expired' });
    await expire();
    expect(await state(ids[1])).toMatchObject({ status: 'expired' });
    expect(await ask(BIG)).toMatchObject({ refusal: { approval: 'expired' } });
    await time.pass(5_000);
    const last = log.streams.get(`approval/${ids[1]}` as never)!.at(-1)!;
    expect([last.commandId, last.by]).toEqual([`expire ${ids[1]}`, undefined]);
  });
  test('when the answer of the commit is lost, then it was executed once', async () => {
    const inner = memoryJournal();
    let loses = false;
    const journal = losing(inner, true, () => loses);
    const { ask, approve, balance } = await bank(FOUR, journal);
    const id = idOf(await ask(BIG));
    loses = true;
    expect(came(await approve(id))).toBe('service-unavailable');
    loses = false;
    expect(came(await approve(id))).toBe('approved again');
    expect(await balance()).toBe('200.01');
  });
  test('when it is approved at another version, then nothing happens', async () => {
    const { ask, decide } = await bank();
    const id = idOf(await ask(BIG));
    expect(came(await decide(id, { by: BEN, ifMatch: [2] }))).toBe('version-mismatch');
    expect(came(await decide(id, { by: BEN, ifMatch: [1], dryRun: true }))).toBe('approved');
    expect(came(await decide(id, { by: BEN, ifMatch: [1] }))).toBe('approved');
  });
});

describe('given a withdrawal that waits', () => {
  const wanted = withdraw('out', '150.00');
  const waiting = async () => {
    const made = await bank();
    await made.ask(deposit('more', '100.00'));
    return { ...made, id: idOf(await made.ask(wanted)) };
  };
  test('when the money is gone, then a retry waits, and its approval refuses', async () => {
    const { ask, approve, id, state, balance } = await waiting();
    expect(said(await ask(withdraw('first', '90.00')))).toBe('4');
    expect(idOf(await ask(wanted))).toBe(id);
    expect(await approve(id)).toMatchObject({
      ok: false,
      ended: true,
      refusal: { code: 'insufficient-funds', shortfall: '40.00' },
    });
    expect(await state(id)).toMatchObject({ status: 'refused', decidedBy: BEN });
    expect(await ask(wanted)).toMatchObject({ refusal: { approval: 'refused' } });
    expect(await balance()).toBe('110.00');
  });
  test('when it was for one version of the account, then it is executed at no other', async () => {
    const { ask, approve, state } = await waiting();
    const at = (ifMatch: number[]) => ({ ...withdraw('at', '120.00'), ifMatch });
    expect(said(await ask(at([2])))).toBe('version-mismatch');
    const id = idOf(await ask(at([3])));
    await ask(deposit('between'));
    expect(idOf(await ask(at([3])))).toBe(id);
    expect(came(await approve(id))).toBe('version-mismatch');
    expect(await state(id)).toMatchObject({ status: 'refused' });
  });
});

test('given a transfer that waits, when it is approved, then both legs say by whom', async () => {
  const { ask, approve, log, time, balance } = await bank();
  await ask(deposit('more', '100.00'));
  const transferId = '00000000-0000-8000-8000-0000000000aa';
  const body = { type: 'send-transfer', transferId, toAccountId: OTHER, amount: '150.00' };
  const sent = message('pay', body);
  const id = idOf(await ask(sent));
  expect(came(await approve(id))).toBe('approved');
  expect([await balance(), await balance(OTHER)]).toEqual(['50.00', '150.00']);
  expect(said(await ask(sent))).toBe('4+2 again');
  await time.pass(5_000);
  const legs = [ACCOUNT, OTHER].map((account) => log.eventsOf(account).at(-1)!);
  for (const leg of legs) expect(leg).toMatchObject({ by: ANNA, approvedBy: BEN, approvalId: id });
  expect(legs.map(({ joint }) => joint?.events)).toEqual([3, 3]);
});

test.each(['source', 'target', 'approval'] as const)(
  'given a host that dies before it publishes, when another finds the %s, then all is logged',
  async (found) => {
    const journal = memoryJournal();
    const time = virtualClock();
    const log = testLog();
    const dead = await testHost(journal, log, { clock: time.clock, delivers: false });
    await dead.execute([open('open', { initialDeposit: '500.00' })]);
    await dead.execute([{ ...open('open-2'), accountId: OTHER }]);
    const host = await testHost(journal, log, {
      clock: time.clock,
      fourEyes: FOUR,
      delivers: false,
    });
    const transferId = '00000000-0000-8000-8000-0000000000aa';
    const body = { type: 'send-transfer', transferId, toAccountId: OTHER, amount: '150.00' };
    const sender = { by: ANNA, owner: EVERY_OWNER, mayWait: true };
    const id = idOf((await host.execute([message('pay', body)], sender))[0]!);
    expect(came(await host.decide(id, { by: BEN }))).toBe('approved');
    const streams = {
      source: streamOf(ACCOUNT),
      target: streamOf(OTHER),
      approval: streamOfApproval(id),
    };
    const claimUnsettled: Journal['claimUnsettled'] = async () =>
      (await journal.load([streams[found]])).streams;
    const messages: (readonly BankEvent[])[] = [];
    const next = await testHost({ ...journal, claimUnsettled }, log, {
      clock: time.clock,
      host: 'host2',
      onPublish: (events) => void messages.push(events),
    });
    next.start();
    await time.pass(8_000);
    next.stop();
    for (const stream of Object.values(streams)) {
      const { version } = (await journal.load([stream])).streams[0]!;
      expect([stream, log.streams.get(stream)?.length]).toEqual([stream, version]);
    }
    const joint = messages.flat().filter((event) => event.joint?.events === 3);
    expect(joint.length % 3).toBe(0);
    expect(joint.length).toBeGreaterThan(0);
  },
);

test('given limits, overdrafts and reversals, then they wait for an operator', async () => {
  const { ask, approve } = await bank();
  const asked = [
    message('limits', { type: 'set-limits', perDay: '1.00' }),
    message('overdraft', { type: 'set-overdraft-limit', amount: '1.00' }),
    message('reverse', { type: 'reverse', version: 2 }),
  ];
  for (const one of asked) {
    const id = idOf(await ask(one, operator('olga')));
    expect(came(await approve(id, BEN))).toBe('forbidden');
    expect(came(await approve(id, operator('oscar')))).toBe('approved');
  }
  const opened = {
    ...open('rich', { overdraftLimit: '5.00' }),
    accountId: accountId(`${ACCOUNT.slice(0, -1)}3`),
  };
  expect(came(await approve(idOf(await ask(opened))))).toBe('approved');
});

describe('given an erasure that waits', () => {
  const owner = personId(OWNER);
  const erasure = {
    commandId: commandId('erase'),
    by: officer('pia'),
    command: { type: 'erase-person' as const },
  };
  const keyOf = async (journal: Journal): Promise<string | undefined> =>
    (await journal.load([streamOfPerson(owner)])).streams[0]?.secret;
  test('then the person is there until another officer approves it', async () => {
    const { executePerson, approve, journal, time, log } = await bank();
    const asked = await executePerson(owner, erasure);
    const id = (asked as unknown as { refusal: { approvalId: ApprovalId } }).refusal.approvalId;
    expect(asked).toMatchObject({ refusal: { code: 'approval-pending' } });
    expect(await executePerson(owner, erasure)).toEqual(asked);
    expect(await keyOf(journal)).toBeDefined();
    expect(came(await approve(id, officer('pia')))).toBe('same-person');
    expect(came(await approve(id, BEN))).toBe('forbidden');
    expect(came(await approve(id, officer('paul')))).toBe('approved');
    expect(await keyOf(journal)).toBeUndefined();
    expect(await executePerson(owner, erasure)).toMatchObject({ ok: true, replayed: true });
    await time.pass(5_000);
    const asOf = log.streams.get(`approval/${id}` as never)!.map(({ data }) => data);
    expect(asOf[0]).toMatchObject({
      asked: { type: 'erase-person' },
      about: streamOfPerson(owner),
    });
  });
});

test('given more than a page, then the list is whole, in order, for the role', async () => {
  const { ask, approvals, reject, time } = await bank();
  const ids: ApprovalId[] = [];
  for (let at = 0; at < 5; at += 1) {
    ids.push(idOf(await ask(deposit(`big-${at}`, '150.00'))));
    await time.skip(1);
  }
  idOf(await ask(message('limits', { type: 'set-limits' }), operator('olga')));
  await reject(ids[1]!);
  const list = (value: object) => approvals.methods.get('list')!('list1', { value, size: 9 });
  const seen: string[] = [];
  for (let after: unknown; ;) {
    const page = (await list({ roles: ['teller'], limit: 2, after })) as {
      approvals: { id: string }[];
      next?: unknown;
    };
    seen.push(...page.approvals.map(({ id }) => id));
    if (page.next === undefined) break;
    after = page.next;
  }
  expect(seen).toEqual(ids.filter((_id, at) => at !== 1));
  expect(await list({ roles: ['auditor'], limit: 9 })).toMatchObject({ approvals: { length: 5 } });
  expect(await list({ roles: ['customer'], limit: 9 })).toEqual({ approvals: [] });
});
