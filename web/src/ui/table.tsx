// Tables. On a narrow screen each row becomes a block with the column's name before each value.
import type { ComponentChildren } from "preact";

export interface Column<Row> {
  /** Unique in the table; also the header, unless `isActions`. */
  readonly name: string;
  readonly show: (row: Row) => ComponentChildren;
  /** Buttons: its header is for screen readers only. */
  readonly isActions?: boolean;
}

interface TableProps<Row> {
  /** Names the table for screen readers; shown by the page's own heading. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
}

/** The first column names the row. For no rows at all, show an Empty instead. */
export function Table<Row>({ caption, columns, rows, keyOf }: TableProps<Row>) {
  return (
    <table class="table">
      <caption class="only-read">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ name, isActions }) => (
            <th key={name} scope="col">
              {isActions ? <span class="only-read">{name}</span> : name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map(({ name, show, isActions }, index) =>
              index === 0 ? (
                <th key={name} scope="row">
                  {show(row)}
                </th>
              ) : (
                <td key={name} data-label={isActions ? undefined : name} class={isActions ? "actions" : undefined}>
                  {show(row)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
