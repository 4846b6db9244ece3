// Several processes of one server program: started, watched, replaced without losing a request.

export { WorkersError, type WorkersErrorCode } from './errors.ts';
export type { RestartReason, WorkersEvent } from './events.ts';
export type { Backoff, SupervisorOptions } from './options.ts';
export { defaultSignals, type SignalAction, type SignalActions } from './signals.ts';
export type { ReplaceOptions, WorkerStatus } from './slot.ts';
export { type SuperviseRunOptions, Supervisor, supervise } from './supervisor.ts';
export { inherited, run, workerId } from './worker.ts';
export { type Served, workers } from './workers.ts';
