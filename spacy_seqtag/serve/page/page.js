// The page sends its text to the server, and shows what comes back: drawn, and as JSON.
"use strict";

const element = (id) => document.getElementById(id);

async function ask(route, text) {
  const response = await fetch(route, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text }),
  });
  if (!response.ok) {
    const answer = await response.json().catch(() => ({}));
    const detail = answer.detail ?? response.statusText;
    throw new Error(typeof detail === "string" ? detail : JSON.stringify(detail));
  }
  return response;
}

async function annotate(event) {
  event?.preventDefault();
  const text = element("text").value;
  const status = element("status");
  status.className = "";
  status.textContent = "Annotating…";
  try {
    const [drawn, record] = await Promise.all([ask("render", text), ask("annotate", text)]);
    // Made by the server, which escapes words and labels; scripts in it would not run either.
    element("answer").innerHTML = await drawn.text();
    element("json").textContent = JSON.stringify(await record.json(), null, 2);
    status.textContent = "Done";
  } catch (error) {
    status.className = "error";
    status.textContent = error.message;
  }
}

element("question").addEventListener("submit", annotate);
element("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) annotate(event);
});
fetch("health")
  .then((response) => response.json())
  .then((health) => { element("model").textContent = `${health.model} ${health.version}`; });
