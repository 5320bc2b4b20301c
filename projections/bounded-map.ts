/** A map that forgets what was not used for longest, once it holds more than `entriesMax`. */
export function boundedMap<Key, Value>(entriesMax: number) {
  const entries = new Map<Key, Value>();
  const set = (key: Key, value: Value): void => {
    entries.delete(key);
    entries.set(key, value);
    if (entries.size <= entriesMax) return;
    const { value: oldest } = entries.keys().next();
    if (oldest !== undefined) entries.delete(oldest);
  };
  return {
    set,
    get(key: Key): Value | undefined {
      const value = entries.get(key);
      if (value !== undefined) set(key, value);
      return value;
    },
    delete: (key: Key): boolean => entries.delete(key),
  };
}
