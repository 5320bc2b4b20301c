const CURRENT = 'b1e0f0a2-5c6d-8e7f-9a0b-1c2d3e4f5a6b';
const SAVINGS = '0c9d8e7f-6a5b-8c4d-9e3f-2a1b0c9d8e7f';
const address = {
  line1: 'Karlova 12',
  city: 'Praha',
  postalCode: '110 00',
  country: 'CZ',
};
const asked = { reason: 'asked for by the owner' };

/**
 * A body for every operation that takes one, by its id: what the API document shows, and what its
 * page sends when somebody tries it. A test holds them to the contracts.
 */
export const BODY_EXAMPLES: Readonly<Record<string, object>> = {
  openAccount: {
    ownerId: 'jana-novakova',
    currency: 'CZK',
    name: 'Everyday',
    initialDeposit: '1000.00',
  },
  deposit: {
    amount: '125.50',
    currency: 'CZK',
    description: 'Salary for November',
    reference: 'payroll-2026-11',
    valueDate: '2026-11-30',
  },
  withdraw: { amount: '40.00', description: 'Cash at the branch' },
  placeHold: {
    amount: '89.90',
    description: 'Hotel deposit',
    reference: 'auth-4711',
    expiresAt: '2030-01-31T12:00:00Z',
  },
  captureHold: { amount: '62.40', reference: 'invoice-2026-118' },
  voidHold: {},
  setOverdraftLimit: { amount: '5000.00' },
  setLimits: { perWithdrawal: '10000.00', perDay: '20000.00' },
  setDetails: { name: 'Everyday', metadata: { branch: 'Brno' } },
  patchDetails: { name: 'Household', metadata: { branch: null, segment: 'family' } },
  block: { direction: 'debit', reason: 'court order 7 C 112/2026' },
  unblock: { direction: 'debit', reason: 'order lifted' },
  setRefusalRecording: { recordRefusals: true },
  freeze: { reason: 'card reported stolen' },
  unfreeze: { reason: 'card replaced' },
  close: asked,
  reverse: { version: 2, amount: '25.00', reason: 'booked to the wrong account' },
  transfer: {
    fromAccountId: CURRENT,
    toAccountId: SAVINGS,
    amount: '250.00',
    description: 'To savings',
    reference: 'standing-2026-11',
  },
  transact: {
    transfers: [
      { fromAccountId: CURRENT, toAccountId: SAVINGS, amount: '250.00' },
      { fromAccountId: SAVINGS, toAccountId: CURRENT, amount: '1.00', description: 'Fee' },
    ],
    description: 'To savings, with the fee',
    reference: 'order-2026-4711',
  },
  reverseTransaction: asked,
  captureTransfer: { amount: '200.00' },
  voidTransfer: {},
  reverseTransfer: asked,
  executeBatch: {
    commands: [
      { type: 'deposit', accountId: CURRENT, amount: '10.00', idempotencyKey: 'till-7-0001' },
      { type: 'withdraw', accountId: SAVINGS, amount: '5.00', idempotencyKey: 'till-7-0002' },
      { type: 'transfer', fromAccountId: CURRENT, toAccountId: SAVINGS, amount: '2.50' },
    ],
  },
  registerPerson: {
    givenName: 'Jana',
    familyName: 'Nováková',
    email: 'jana@example.org',
    address,
    externalId: 'crm-4711',
  },
  changeAddress: address,
  erasePerson: {},
  approve: {},
  reject: asked,
};
