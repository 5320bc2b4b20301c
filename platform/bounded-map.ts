/** A map that drops the least recently used entry beyond `entriesMax` entries. */
export function boundedMap<Key, Value>(entriesMax: number) {
  const entries = new Map<Key, Value>();
  const set = (key: Key, value: Value): void => {
    entries.delete(key);
    entries.set(key, value);
    if (entries.size > entriesMax) entries.delete(entries.keys().next().value as Key);
  };
  return {
    set,
    get(key: Key): Value | undefined {
      const value = entries.get(key);
      if (value !== undefined) set(key, value);
      return value;
    },
    delete: (key: Key): boolean => entries.delete(key),
    clear: (): void => entries.clear(),
  };
}

export type BoundedMap<Key, Value> = ReturnType<typeof boundedMap<Key, Value>>;
