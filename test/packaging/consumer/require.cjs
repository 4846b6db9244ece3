// A CommonJS user: every package given on the command line can be required, and is the module that import() gives.

(async () => {
  for (const name of process.argv.slice(2)) {
    const required = require(name);
    if (required !== (await import(name))) throw new Error(`${name} is loaded twice`);
    console.log(name, Object.keys(required).length > 0 ? 'has exports' : 'is empty');
  }
})();
