import { times } from "./arithmetic";

self.onmessage = ({ data }: MessageEvent<number>) => {
  self.postMessage(`worker ${times(data, 7)}`);
};
