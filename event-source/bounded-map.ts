/** A map that forgets what was not used for the longest time. */
export function boundedMap<Key, Value>(sizeMax: number) {
  const map = new Map<Key, Value>();
  const set = (key: Key, value: Value): void => {
    map.delete(key);
    map.set(key, value);
    if (map.size > sizeMax) map.delete(map.keys().next().value as Key);
  };
  return {
    set,
    get(key: Key): Value | undefined {
      const value = map.get(key);
      if (value !== undefined) set(key, value);
      return value;
    },
    delete: (key: Key): boolean => map.delete(key),
  };
}

export type BoundedMap<Key, Value> = ReturnType<typeof boundedMap<Key, Value>>;
