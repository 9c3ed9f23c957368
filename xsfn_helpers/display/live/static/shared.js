// What every live display needs. The parts are joined before they travel, so nothing is fetched.

let words = {}; // the texts below in the reader's language, where that isn't the code's

/** Speaks the language of the kernel from now on. */
function speak({ model, el }) {
  words = model.get("words") ?? {};
  el.lang = model.get("lang") || "en";
}

/** A text in the reader's language, with values put in for its {names}. */
function tr(text, values = {}) {
  return (words[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** An element with attributes and children; texts are texts, never markup. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Changes an attribute only where it differs, so that nothing flickers and no observer wakes for nothing. */
function set(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Changes a text only where it differs. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A long name may break after its punctuation, and before a capital inside it. */
function breakable(text) {
  const parts = text.split(/(?<=[-_:/.])|(?<=[a-z])(?=[A-Z])/);
  return parts.flatMap((part, at) => (at ? [document.createElement("wbr"), part] : [part]));
}

/** An action such as sts:AssumeRole may break after its service only: each half is a word of AWS's. */
function action(text) {
  const [service, ...rest] = text.split(":");
  return rest.length ? [`${service}:`, document.createElement("wbr"), rest.join(":")] : [text];
}

/** A line for screen readers: what has changed, when it has changed. */
function announcer() {
  return h("div", { class: "xsfn-hidden", role: "status", "aria-live": "polite" });
}

/** A list of labelled facts. */
function facts(pairs) {
  return h("dl", { class: "xsfn-facts" }, ...pairs.flatMap(([label, text]) => [h("dt", {}, label), h("dd", {}, ...breakable(text))]));
}
