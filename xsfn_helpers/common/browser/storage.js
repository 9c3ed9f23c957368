// What the browser keeps of a folder: one record for each file, in IndexedDB; for one kernel of the site's at a time.
// Evaluates to a function of the name that it is kept by; that gives what storage.py calls.
(async (name) => {
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onabort = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
  const finished = (transaction) => new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("files");
  const database = await done(opening);
  // Whoever comes later asks, and whoever has it writes what is under way, and gives it away.
  const calls = new BroadcastChannel(name);
  let ours = true;
  let writing = Promise.resolve();
  const given = new Promise((resolve) => {
    calls.onmessage = ({data}) => data === "given" && resolve();
  });
  calls.postMessage("give");
  const soon = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  await Promise.race([given, soon(300)]);
  calls.onmessage = async ({data}) => {
    if (data !== "give" || !ours) return;
    ours = false;
    await writing.catch(() => {});
    calls.postMessage("given");
  };
  return {
    isOurs: () => ours,
    async read() {
      const store = database.transaction("files").objectStore("files");
      const [names, contents] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
      return names.map((file, index) => [file, contents[index]]);
    },
    // Changed files, as [name, content], and the names of those that are gone: all of it or nothing.
    async write(changed, gone) {
      if (!ours) return;
      const transaction = database.transaction("files", "readwrite", {durability: "relaxed"});
      const store = transaction.objectStore("files");
      for (const [file, content] of changed) store.put(content, file);
      for (const file of gone) store.delete(file);
      writing = finished(transaction);
      await writing;
    },
  };
})
