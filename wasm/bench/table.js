// Medians and tables.

export const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/**
 * Prints a table. A column is `{ title, unit, of(row) }`; each value is followed by its ratio to the first row.
 * A row with an `error` shows only that.
 */
export function print(rows, columns) {
  const width = Math.max(...rows.map(({ name }) => name.length));
  console.log(`${"".padEnd(width)} ${columns.map(({ title }) => title.padStart(19)).join("  ")}`);
  for (const row of rows) {
    const cells = columns.map(({ unit, of }) => cell(of(row), unit, of(row) / of(rows[0])));
    console.log(`${row.name.padEnd(width)} ${row.error ? `  does not run here: ${row.error}` : cells.join("  ")}`);
  }
}

function cell(value, unit, ratio) {
  const digits = value < 10 ? 2 : value < 1000 ? 1 : 0;
  return `${value.toFixed(digits).padStart(8)} ${unit.padEnd(2)} ${`x${ratio.toFixed(2)}`.padStart(7)}`;
}

/** Prints in one line whether `row` is ahead of each of `peers` in a column. */
export function verdict(row, peers, { title, unit, of }) {
  const best = peers.filter(({ error }) => !error).reduce((left, right) => (of(right) < of(left) ? right : left));
  const ahead = of(row) < of(best) ? "ahead of" : "NOT ahead of";
  console.log(`${title}: ${row.name} is ${ahead} the best peer, ${best.name}: ${of(row).toFixed(2)} and ${of(best).toFixed(2)} ${unit}`);
}
