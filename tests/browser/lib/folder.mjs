// The folders of tests, and their end.
import { rmSync } from "node:fs";
import { until } from "./wait.mjs";

/** Removes `folder`, into which a process that is ending may still write. */
export function removeFolder(folder) {
  return until(`the removal of ${folder}`, () => {
    try {
      rmSync(folder, { recursive: true, force: true });
      return true;
    } catch (error) {
      if (error.code !== "ENOTEMPTY" && error.code !== "EBUSY") throw error;
      return false;
    }
  });
}
