import { INSTANCE_MAX, resolveInstance } from './instance.ts';

test('every instance has ports of its own', () => {
  const instances = Array.from({ length: INSTANCE_MAX + 1 }, (_, number) => number);
  const ports = instances
    .filter((number) => number !== 3)
    .flatMap((instance) => Object.values(resolveInstance({ instance }).ports));
  expect(new Set(ports).size).toBe(ports.length);
  expect(ports.length).toBeGreaterThan(INSTANCE_MAX);
});

test('instance 3 is refused, because fetch refuses its port', async () => {
  expect(() => resolveInstance({ instance: 3 })).toThrow('port 6000');
  await expect(fetch('http://127.0.0.1:6000/')).rejects.toMatchObject({
    cause: { message: 'bad port' },
  });
});

test.each([-1, INSTANCE_MAX + 1, 1.5])('instance %s is refused', (instance) => {
  expect(() => resolveInstance({ instance })).toThrow('whole number');
});
