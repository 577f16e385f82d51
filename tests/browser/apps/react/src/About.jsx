import "./About.css";
import picture from "./picture.svg?no-inline";

export function Component() {
  return (
    <>
      <h1 className="about">about</h1>
      <img src={picture} alt="picture" />
    </>
  );
}
