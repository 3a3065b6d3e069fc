/** How the injector itself fares, second by second. A reading that this system does not offer is undefined, never 0. */

/** One load thread. */
export interface ThreadHealth {
  /** Share of one core that the thread used. */
  readonly cpuRatio: number
  /** Share of the time in which it could have run but had no core: others on this machine were served first. */
  readonly runDelayRatio: number | undefined
  readonly loopLagMsP99: number
  readonly loopLagMsMax: number
  /** Share of the time spent in garbage collection, and its longest pause. */
  readonly gcRatio: number
  readonly gcMaxMs: number
  readonly heapBytes: number
}

/** The whole process and the machine under it. */
export interface ProcessHealth {
  readonly rssBytes: number
  /** Cores that the process used, all threads together. */
  readonly cpuCores: number
  readonly openFds: number | undefined
  readonly fdLimit: number | undefined
  /** Local ports still free for connections to one address and port. */
  readonly portsLeft: number | undefined
  readonly portsTotal: number | undefined
  /** Share of the machine's CPU time that its host gave to others, and that a cgroup's quota withheld. */
  readonly stealRatio: number | undefined
  readonly throttledRatio: number | undefined
}
