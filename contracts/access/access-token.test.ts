import { principalOfClaims } from './access-token.ts';

const PERSON = '3f2c8a1e-5d47-4b1c-9a6e-0c1d2e3f4a5b';
const claims = {
  sub: 'jana',
  jti: 't-1',
  exp: 1_800_000_000,
  client_id: 'mobile',
  scope: 'accounts:read',
  roles: ['customer'],
};
const found = (more: object = {}, rolesClaim = 'roles') =>
  principalOfClaims({ ...claims, ...more }, rolesClaim);

test('given a customer, then the person whose accounts those are is known', () => {
  expect(found({ person_id: PERSON })).toMatchObject({ roles: ['customer'], personId: PERSON });
});

test('given a delegated token, then who acts and for whom are told apart', () => {
  expect(found({ act: { sub: 'advisor-3' } })).toMatchObject({
    subject: 'advisor-3',
    onBehalfOf: 'jana',
  });
});

test.each<[string, object, string]>([
  ['two factors', { amr: ['pwd', 'otp', 'mfa'] }, 'multi-factor'],
  ['a class of two factors', { acr: 'phrh' }, 'multi-factor'],
  ['a password', { amr: ['pwd'] }, 'single-factor'],
  ['nothing said', {}, 'single-factor'],
  ['a client by itself', { sub: 'mobile' }, 'client'],
  ['a client for somebody', { sub: 'mobile', act: { sub: 'x' } }, 'single-factor'],
])('given %s, then the strength is known', (_name, more, strength) => {
  expect(found(more)).toMatchObject({ strength });
});

test.each<[string, object, string]>([
  ['a list', { groups: ['gardener', 'teller'] }, 'groups'],
  ['words', { groups: 'teller gardener' }, 'groups'],
  ['a member of a member', { realm_access: { roles: ['teller'] } }, 'realm_access.roles'],
  ['a name with dots', { 'https://bank.example/roles': ['teller'] }, 'https://bank.example/roles'],
])('given roles as %s, then ours are found', (_name, more, rolesClaim) => {
  expect(found(more, rolesClaim)).toMatchObject({ roles: ['teller'] });
});

test('given azp and scp instead of client_id and scope, then they count', () => {
  const more = { client_id: undefined, scope: undefined, azp: 'web', scp: ['accounts:read'] };
  expect(found(more)).toMatchObject({ client: 'web', scopes: ['accounts:read'] });
});

test.each<[string, object, string]>([
  ['no role of ours', { roles: ['gardener'] }, 'no-role'],
  ['roles that are inherited by every object', { roles: undefined }, 'no-role'],
  ['no client', { client_id: undefined }, 'no-client'],
  ['a subject with a line end', { sub: 'a\nb' }, 'wrong-claim'],
  ['a person that is none', { person_id: 'x' }, 'wrong-claim'],
  ['a client that is too long', { client_id: 'x'.repeat(65) }, 'wrong-claim'],
])('given %s, then nobody is named', (_name, more, fault) => {
  expect(found(more)).toMatchObject({ fault });
});

test('given a claim of roles that every object has, then it names none', () => {
  expect(found({}, 'constructor.name')).toMatchObject({ fault: 'no-role' });
});
