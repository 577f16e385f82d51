// Search, filters and order of the list.
import { sorts, type Choice } from "../choice";
import { doings, stateWords, type Doing } from "../instances";

interface FiltersProps {
  readonly choice: Choice;
  readonly onChoice: (choice: Choice) => void;
  readonly count: Readonly<Record<Doing, number>>;
  readonly labels: readonly string[];
}

export function Filters({ choice, onChoice, count, labels }: FiltersProps) {
  const all = doings.reduce((sum, state) => sum + count[state], 0);
  const chips: (readonly [Doing | "", string, number])[] = [["", "All", all]];
  // One with the focus does not go away under it.
  const focused = document.activeElement?.getAttribute("data-filter");
  for (const state of doings) {
    if (count[state] > 0 || state === choice.state || state === focused) chips.push([state, stateWords[state], count[state]]);
  }
  return (
    <search class="filters">
      <input
        type="search"
        aria-label="Search instances"
        placeholder="Search name, machine, project, label…"
        value={choice.search}
        onInput={(event) => onChoice({ ...choice, search: event.currentTarget.value })}
      />
      {labels.length > 0 && (
        <select
          aria-label="Label"
          value={choice.label}
          onChange={(event) => onChoice({ ...choice, label: event.currentTarget.value })}
        >
          <option value="">Any label</option>
          {labels.map((label) => (
            <option key={label} value={label}>
              {label}
            </option>
          ))}
        </select>
      )}
      <select
        aria-label="Order"
        value={choice.sort}
        onChange={(event) =>
          onChoice({ ...choice, sort: sorts.find(([name]) => name === event.currentTarget.value)?.[0] ?? "attention" })
        }
      >
        {sorts.map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
      <div class="chips" role="group" aria-label="State">
        {chips.map(([state, words, number]) => (
          <button
            key={state}
            type="button"
            data-filter={state}
            class={`chip ${state === "" ? "" : `state-${state}`}`}
            aria-pressed={choice.state === state}
            onClick={() => onChoice({ ...choice, state })}
          >
            {words} <span class="number">{number}</span>
          </button>
        ))}
      </div>
    </search>
  );
}
