// The page of one instance: /instances/ID.
import type { SessionInfo } from "./api";
import { Shell } from "./ui/shell";
import { startPage } from "./ui/start";

function InstancePage({ info, id }: { info: SessionInfo; id: string }) {
  return (
    <Shell info={info} current="/dashboard">
      <h1>{id}</h1>
    </Shell>
  );
}

const id = decodeURIComponent(location.pathname.slice("/instances/".length));
void startPage((info) => <InstancePage info={info} id={id} />);
