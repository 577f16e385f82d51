// A small chart of the last hour: lines over time, drawn by the browser, with its figures in words.

export interface Line {
  readonly name: string;
  /** Chooses its colour: 1 or 2. */
  readonly tone: 1 | 2;
  /** [when in milliseconds, value], the oldest first; undefined breaks the line. */
  readonly points: readonly (readonly [number, number | undefined])[];
}

const width = 320;
const height = 90;
const hourMs = 3_600_000;

/** The path of a line; pieces of one point are drawn as a dot. */
export function pathOf(points: Line["points"], from: number, most: number): string {
  let path = "";
  let isOpen = false;
  for (const [at, value] of points) {
    if (value === undefined || at < from) {
      isOpen = false;
      continue;
    }
    const x = ((at - from) / hourMs) * width;
    const y = height - 4 - (value / most) * (height - 12);
    path += `${isOpen ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}${isOpen ? "" : "h0.1"}`;
    isOpen = true;
  }
  return path;
}

interface ChartProps {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly now: number;
  /** A value in words. */
  readonly show: (value: number) => string;
}

export function Chart({ title, lines, now, show }: ChartProps) {
  const from = now - hourMs;
  const values = lines.flatMap(({ points }) => points.flatMap(([at, value]) => (value === undefined || at < from ? [] : value)));
  const most = Math.max(1, ...values);
  const figures = lines.map(({ name, points, tone }) => {
    const known = points.flatMap(([, value]) => value ?? []);
    const last = known.at(-1);
    return { name, tone, words: last === undefined ? "no figure yet" : `${show(last)}, at most ${show(Math.max(...known))}` };
  });
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={`${title}, over the last hour`}>
        <path class="axis" d={`M0 ${height - 4}H${width}M0 ${height / 2}H${width}`} />
        {lines.map(({ name, tone, points }) => (
          <path key={name} class={`line tone-${tone}`} d={pathOf(points, from, most)} />
        ))}
      </svg>
      <p class="chart-ends" aria-hidden="true">
        <span>an hour ago</span>
        <span>now</span>
      </p>
      <ul>
        {figures.map(({ name, tone, words }) => (
          <li key={name}>
            <span class={`key tone-${tone}`} aria-hidden="true" /> {name}: {words}
          </li>
        ))}
      </ul>
    </figure>
  );
}
