// Tabs that are pages: each has a path of its own, so that Back, reload and links work.

export interface Tab {
  readonly path: string;
  readonly label: string;
}

/** `current` is the path that is shown. Without `onGo`, following a tab loads its page. */
export function Tabs({
  label,
  tabs,
  current,
  onGo,
}: {
  label: string;
  tabs: readonly Tab[];
  current: string;
  onGo?: (path: string) => void;
}) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a
          key={tab.path}
          href={tab.path}
          aria-current={tab.path === current ? "page" : undefined}
          onClick={(event) => {
            if (onGo === undefined || event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            onGo(tab.path);
          }}
        >
          {tab.label}
        </a>
      ))}
    </nav>
  );
}
