// berth hub as script/conformance --hub wants a hub: started here, with one line that says where it
// is and how to get in.
import { Scene } from "../e2e/lib/scene.mjs";

const scene = await Scene.start(`conformance-hub-${process.pid}`);
const token = await scene.token("conformance");
const cookie = await scene.signIn();
console.log(JSON.stringify({
  url: `ws://localhost:${scene.port}/ws/connect`, token, cookie, origin: `http://localhost:${scene.port}`,
}));
process.once("SIGTERM", () => void scene.stop().then(() => process.exit(0)));
setInterval(() => {}, 1 << 30);
