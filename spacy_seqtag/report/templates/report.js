// Filters for lists of errors. Without it everything can be read; nothing is loaded from elsewhere.
"use strict";

for (const form of document.querySelectorAll("form.filters")) {
  const section = form.closest("section");
  const items = [...section.querySelectorAll("ol.errors > li")];
  const folds = [...section.querySelectorAll("details.more")];
  const lists = items.map((item) => item.parentElement);
  const [kind, label, text, order] = ["kind", "label", "text", "order"].map((name) => form.elements[name]);
  const output = form.querySelector("output");
  const compare = {
    sure: (a, b) => (b.dataset.sure ?? -1) - (a.dataset.sure ?? -1),
    unsure: (a, b) => (a.dataset.sure ?? 2) - (b.dataset.sure ?? 2),
    place: (a, b) => a.dataset.place - b.dataset.place,
  };

  function update() {
    const wanted = text.value.toLowerCase();
    let shown = 0;
    for (const item of items) {
      const { kind: itsKind, gold, found } = item.dataset;
      const fits = (!kind.value || itsKind === kind.value)
        && (!label.value || gold === label.value || found === label.value)
        && (!wanted || item.textContent.toLowerCase().includes(wanted));
      item.hidden = !fits;
      shown += fits;
    }
    // Items keep their order in the lists, of which all but the first are folded.
    const fitting = items.filter((item) => !item.hidden).sort(compare[order.value]);
    const others = items.filter((item) => item.hidden);
    [...fitting, ...others].forEach((item, i) => lists[i].append(item));
    const narrowed = shown < items.length;
    folds.forEach((fold) => {
      fold.hidden = narrowed && !fold.querySelector("li:not([hidden])");
      if (narrowed) fold.querySelector("summary").textContent = "more that fit";
      else fold.querySelector("summary").textContent = fold.dataset.said;
    });
    output.textContent = `${shown.toLocaleString("en")} of ${items.length.toLocaleString("en")} shown`;
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const kind of ["input", "change"]) form.addEventListener(kind, update);
  form.addEventListener("reset", () => setTimeout(update));
  update();
}

// A link to the errors of a label, or of a kind.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-task]");
  const form = link && document.querySelector(`#errors-${link.dataset.task} form.filters`);
  if (!form) return;
  form.reset();
  form.elements.label.value = link.dataset.label ?? "";
  form.elements.kind.value = link.dataset.kind ?? "";
  form.dispatchEvent(new Event("input"));
});
