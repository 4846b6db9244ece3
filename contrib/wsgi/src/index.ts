// Python WSGI applications in processes of their own: pythonApp('module:attribute') is an application like any other.

export { WorkerError, type WorkerErrorCode } from './errors.ts';
export type {
  EndReason,
  QueueRefusedEvent,
  ReloadEvent,
  WorkerEvent,
  WorkerExitedEvent,
  WorkerFailedEvent,
  WorkerReadyEvent,
  WorkerRetiringEvent,
  WorkerStuckEvent,
} from './events.ts';
export type { DumpSignal, PythonOptions, ReloadOptions, SpoolOptions } from './options.ts';
export { type PythonApplication, pythonApp } from './python-app.ts';
export type { PythonStatus, QueueStatus, RequestStatus, WorkerStatus } from './status.ts';
export type { QueueOptions, SupervisionOptions, WorkersOptions } from './supervision-options.ts';
export type { WorkerState } from './worker.ts';
