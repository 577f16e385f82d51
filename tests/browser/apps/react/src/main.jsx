import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createBrowserRouter, Link, Outlet, RouterProvider, useLoaderData, useParams } from "react-router";
import "./style.css";

function Layout() {
  return (
    <>
      <nav>
        <Link to="/">Start</Link> <Link to="/about">About</Link> <Link to="/items/7">Item</Link>
      </nav>
      <Outlet />
    </>
  );
}

function Start() {
  const items = useLoaderData();
  return <h1>{items.join(", ")}</h1>;
}

function Item() {
  return <h1>item {useParams().id}</h1>;
}

const routes = [
  {
    element: <Layout />,
    children: [
      { index: true, element: <Start />, loader: async () => (await fetch("/data/items.json")).json() },
      { path: "about", lazy: () => import("./About.jsx") },
      { path: "items/:id", element: <Item /> },
      { path: "*", element: <h1>no such page</h1> },
    ],
  },
];

// The page says where the application lies; the router has to be told.
const basename = new URL(document.baseURI).pathname;
createRoot(document.querySelector("#root")).render(
  <StrictMode>
    <RouterProvider router={createBrowserRouter(routes, { basename })} />
  </StrictMode>,
);
