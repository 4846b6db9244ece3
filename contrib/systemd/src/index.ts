// Sockets that systemd hands over, and news for it: ready, stopping, alive.

export { activation } from './activation.ts';
export { ActivationError, type ActivationErrorCode } from './errors.ts';
export { type NotifyOptions, notify, type Service, type ServiceManager } from './notify.ts';
