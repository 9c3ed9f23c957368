// What is done, what is next, and how long the rest takes.

function render({ model, el }) {
  speak({ model, el });
  const title = h("span", { class: "xsfn-title" });
  const headline = h("span", { class: "xsfn-said" });
  const bar = h("progress", { "aria-label": tr("Steps applied") });
  const steps = h("ol", { class: "xsfn-steps", role: "list" });
  const next = h("code", {});
  const left = h("span", {});
  const fault = h("p", { class: "xsfn-fault", role: "alert", hidden: true });
  const news = announcer();
  el.append(
    h("section", { class: "xsfn-live xsfn-status", "aria-label": tr("Where the lab stands") }, h("header", {}, title, headline), fault, bar, steps, h("p", {}, tr("Next: "), next, tr(" · Time left: "), left), news),
  );
  let before = null;

  function update() {
    const state = model.get("state");
    say(title, state.title);
    say(headline, state.headline);
    bar.max = state.steps.length;
    bar.value = state.done;
    steps.replaceChildren(
      ...state.steps.map((step) =>
        h("li", { "data-state": step.applied ? "allowed" : "pending" }, h("span", { class: "xsfn-word" }, step.applied ? tr("✓ applied") : tr("… open")), h("span", {}, step.title), h("small", {}, step.applied ? "" : tr("{minutes} min", step))),
      ),
    );
    say(next, state.next);
    say(left, state.left);
    fault.hidden = !state.fault;
    say(fault, state.fault);
    if (before !== null && before !== state.done) say(news, tr("{headline}. Next: {next}", state));
    before = state.done;
  }

  model.on("change:state", update);
  update();
  return () => model.off("change:state", update);
}

export default { render };
