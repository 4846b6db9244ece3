// Python WSGI applications in processes of their own: pythonApp('module:attribute') is an application like any other.

export { WorkerError, type WorkerErrorCode } from './errors.ts';
export type { PythonOptions } from './options.ts';
export { type PythonApplication, pythonApp } from './python-app.ts';
export type { Worker, WorkerExit, WorkerState } from './worker.ts';
