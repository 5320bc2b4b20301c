/** A map that drops the least recently used entry beyond `entriesMax` entries. */
export function boundedMap<Key, Value>(entriesMax: number) {
  const entries = new Map<Key, Value>();
  const set = (key: Key, value: Value): void => {
    entries.delete(key);
    entries.set(key, value);
    if (entries.size > entriesMax) entries.delete(entries.keys().next().value as Key);
  };
  return {
    /** Adds or replaces an entry, which becomes the most recently used one. */
    set,
    /** The value, which becomes the most recently used one; undefined when it is not there. */
    get(key: Key): Value | undefined {
      const value = entries.get(key);
      if (value !== undefined) set(key, value);
      return value;
    },
    /** Whether there was such an entry. */
    delete: (key: Key): boolean => entries.delete(key),
    /** Drops every entry. */
    clear: (): void => entries.clear(),
  };
}

export type BoundedMap<Key, Value> = ReturnType<typeof boundedMap<Key, Value>>;
