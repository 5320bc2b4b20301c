/** Counts what lies on pages that are filled in order, in a logarithmic number of reads. */
export async function countByPages(
  size: (page: number) => Promise<number>,
  pageSize: number,
): Promise<number> {
  let low = 0;
  let high = 0;
  let found = await size(high);
  while (found === pageSize) {
    low = high + 1;
    high = 2 * high + 1;
    found = await size(high);
  }
  // Every page below low is full; the first page at or above it that is not holds the rest.
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const there = await size(middle);
    if (there === pageSize) low = middle + 1;
    else [high, found] = [middle, there];
  }
  return high * pageSize + found;
}
