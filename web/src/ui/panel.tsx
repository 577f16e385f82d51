// A part of a page with a heading, what it is for, and a word on what was last done in it.
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { Notice } from "./notice";

/**
 * Says what was done, and takes the focus, whose button may be gone, to the panel's heading. To be called
 * last, as the dialog closes.
 */
export type Tell = (done: string) => void;

interface PanelProps {
  readonly id: string;
  readonly title: string;
  readonly about?: ComponentChildren;
  readonly children: (tell: Tell) => ComponentChildren;
}

export function Panel({ id, title, about, children }: PanelProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const [done, setDone] = useState("");
  const tell = (what: string): void => {
    setDone(what);
    // Once the dialog that was confirmed, which gives the focus back to what opened it, has gone.
    setTimeout(() => heading.current?.focus());
  };
  return (
    <section class="panel" aria-labelledby={id}>
      <h2 id={id} ref={heading} tabIndex={-1}>
        {title}
      </h2>
      {about && <p class="quiet">{about}</p>}
      <div role="status">{done && <Notice>{done}</Notice>}</div>
      {children(tell)}
    </section>
  );
}
