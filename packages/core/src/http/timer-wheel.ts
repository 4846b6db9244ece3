// One coarse wheel for all timeouts of all connections: setting a deadline is a store, and nothing is allocated.
// It knows no clock; whoever turns it says what time it is.

/** What a wheel can hold. The two links belong to the wheel. */
export interface Timed {
  /** When `expire` is due, in milliseconds; Infinity for never. */
  deadline: number;
  wheelPrevious: Timed | null;
  wheelNext: Timed | null;
  /** The tick at which the wheel looks at it, or -1. */
  wheelTick: number;
  expire(): void;
}

const SLOTS = 256;
const None = -1;

export class TimerWheel {
  /** Milliseconds per slot: the precision of every timeout. */
  readonly tick: number;
  readonly #slots: (Timed | null)[] = new Array(SLOTS).fill(null);
  /** The number of the tick up to which the wheel has turned. */
  #turned: number;

  constructor(tick: number, now: number) {
    this.tick = tick;
    this.#turned = Math.floor(now / tick);
  }

  /**
   * HOT. Sets a deadline. One behind the tick at which the wheel will look is only noted, and found then, so that a busy
   * connection never moves.
   */
  set(timed: Timed, deadline: number): void {
    timed.deadline = deadline;
    if (timed.wheelTick === None) this.#insert(timed);
    else if (deadline < (timed.wheelTick - 1) * this.tick) {
      this.#unlink(timed);
      this.#insert(timed);
    }
  }

  /** Takes back a deadline, also one that is due and has not expired yet. */
  remove(timed: Timed): void {
    timed.deadline = Number.POSITIVE_INFINITY;
    if (timed.wheelTick !== None) this.#unlink(timed);
  }

  #unlink(timed: Timed): void {
    if (timed.wheelPrevious === null) this.#slots[timed.wheelTick % SLOTS] = timed.wheelNext;
    else timed.wheelPrevious.wheelNext = timed.wheelNext;
    if (timed.wheelNext !== null) timed.wheelNext.wheelPrevious = timed.wheelPrevious;
    timed.wheelPrevious = null;
    timed.wheelNext = null;
    timed.wheelTick = None;
  }

  /** Expires what is due at `now`. */
  turn(now: number): void {
    const target = Math.floor(now / this.tick);
    // After a long stall one round visits every slot.
    const first = Math.max(this.#turned + 1, target - SLOTS + 1);
    this.#turned = target;
    // What is due is collected first: an expiry may remove others, or put them off.
    const due: Timed[] = [];
    for (let tick = first; tick <= target; tick += 1) {
      let timed = this.#slots[tick % SLOTS] ?? null;
      while (timed !== null) {
        const following: Timed | null = timed.wheelNext;
        this.#unlink(timed);
        if (timed.deadline <= now) due.push(timed);
        else this.#insert(timed);
        timed = following;
      }
    }
    for (const timed of due) {
      if (timed.deadline > now) continue;
      timed.deadline = Number.POSITIVE_INFINITY;
      timed.expire();
    }
  }

  #insert(timed: Timed): void {
    if (timed.deadline === Number.POSITIVE_INFINITY) return;
    // Rounded up: a timeout may come late by a tick, never early.
    const due = Math.max(Math.ceil(timed.deadline / this.tick), this.#turned + 1);
    // A deadline beyond one round waits in the farthest slot and is looked at again there.
    const tick = Math.min(due, this.#turned + SLOTS - 1);
    const head = this.#slots[tick % SLOTS] ?? null;
    timed.wheelTick = tick;
    timed.wheelNext = head;
    if (head !== null) head.wheelPrevious = timed;
    this.#slots[tick % SLOTS] = timed;
  }
}
