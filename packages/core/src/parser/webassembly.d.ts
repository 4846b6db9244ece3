// The part of the WebAssembly interface that the parser uses. Node has it; @types/node 20 does not declare it.
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  type Exports = Record<string, unknown>;
  type Imports = Record<string, Exports>;
  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Exports;
  }
}
