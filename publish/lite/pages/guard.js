// A browser that can't suspend WebAssembly (JSPI) would hang at the first cell: it is shown a page that says so instead.
if (!("Suspending" in WebAssembly)) {
  const here = new URL(document.currentScript.src);
  location.replace(new URL("needs-jspi.html", here));
}
