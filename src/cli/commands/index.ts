/** Every command, in the order in which `perfwright --help` lists them. A new one is a file beside this and a line here. */
import type { Command } from '../command.js'

export const commands: Readonly<Record<string, { readonly summary: string; load(): Promise<Command> }>> = {
  init: {
    summary: 'set a project up: a first script, types for the editor, records out of the repository',
    load: async () => (await import('./init.js')).initCommand,
  },
  run: {
    summary: 'run a k6 script on the native engine, with a verdict, a summary and a record',
    load: async () => (await import('./run.js')).runCommand,
  },
  plan: {
    summary: 'choose the right test: type, load, objectives and a starter script, in a file that run takes',
    load: async () => (await import('./plan.js')).planCommand,
  },
  inspect: {
    summary: 'print the consolidated options of a script, as k6 does',
    load: async () => (await import('./inspect.js')).inspectCommand,
  },
  report: {
    summary: 'show a run record as json, csv or md',
    load: async () => (await import('./report.js')).reportCommand,
  },
  dashboard: {
    summary: 'show records and running tests in a browser: compare, follow, start',
    load: async () => (await import('./dashboard.js')).dashboardCommand,
  },
  diagnose: {
    summary: 'say what held a run back: findings with evidence, confidence and a fix',
    load: async () => (await import('./diagnose.js')).diagnoseCommand,
  },
  advise: {
    summary: 'what to change in database, cache and API, with the text of the change and how it was tried',
    load: async () => (await import('./advise.js')).adviseCommand,
  },
  slo: {
    summary: 'set objectives from a baseline, judge them on a record or on Prometheus, write alert rules',
    load: async () => (await import('./slo.js')).sloCommand,
  },
  duet: {
    summary: 'run two versions at once on the same requests and say whether the second is better or worse',
    load: async () => (await import('./duet.js')).duetCommand,
  },
  prove: {
    summary: "try a finding's change on a copy and say what it gains and costs, by duet",
    load: async () => (await import('./prove.js')).proveCommand,
  },
  gate: {
    summary: 'let a change pass or not: by duets, or against a baseline, promising no more than this machine can see',
    load: async () => (await import('./gate.js')).gateCommand,
  },
  calibrate: {
    summary: 'measure how often this machine cries wolf and the smallest change that it can see',
    load: async () => (await import('./calibrate.js')).calibrateCommand,
  },
  compare: {
    summary: 'say what changed between runs, with intervals, and what they cannot tell',
    load: async () => (await import('./compare.js')).compareCommand,
  },
  baseline: {
    summary: 'set, list and show the runs that others are compared with',
    load: async () => (await import('./baseline.js')).baselineCommand,
  },
  history: {
    summary: 'say where the level of a metric changed over many runs, and with which commit',
    load: async () => (await import('./history.js')).historyCommand,
  },
  profile: {
    summary: 'profile a running Node, Python or Go program; show and convert profiles',
    load: async () => (await import('./profile/index.js')).profileCommand,
  },
  investigate: {
    summary: 'find out under load why a program is slow, and whether a change helped',
    load: async () => (await import('./investigate.js')).investigateCommand,
  },
  convert: {
    summary: 'turn a HAR, OpenAPI, Postman, curl or access log into a k6 script',
    load: async () => (await import('./convert.js')).convertCommand,
  },
  mock: {
    summary: 'serve stand-ins for services of others, described or recorded, with their latencies',
    load: async () => (await import('./mock.js')).mockCommand,
  },
  cluster: {
    summary: 'share a run among many machines: agents, their state, Kubernetes manifests',
    load: async () => (await import('./cluster/index.js')).clusterCommand,
  },
  status: {
    summary: 'show the state of a run that serves its REST API',
    load: async () => (await import('./status.js')).statusCommand,
  },
  pause: {
    summary: 'hold a run that serves its REST API',
    load: async () => (await import('./pause.js')).pauseCommand,
  },
  resume: {
    summary: 'let a held run go on',
    load: async () => (await import('./resume.js')).resumeCommand,
  },
  scale: {
    summary: 'change the VUs of an externally-controlled run',
    load: async () => (await import('./scale.js')).scaleCommand,
  },
  demo: {
    summary: 'start the bundled shop and run its journey against it',
    load: async () => (await import('./demo.js')).demoCommand,
  },
  ci: {
    summary: 'write a workflow for GitHub or GitLab; publish a run there',
    load: async () => (await import('./ci.js')).ciCommand,
  },
  mcp: {
    summary: 'serve the same verbs to coding agents over the Model Context Protocol',
    load: async () => (await import('./mcp.js')).mcpCommand,
  },
  doctor: {
    summary: 'say what is installed, and what each missing part would add',
    load: async () => (await import('./doctor.js')).doctorCommand,
  },
  completion: {
    summary: 'print completion for a shell: bash, zsh, fish',
    load: async () => (await import('./completion.js')).completionCommand,
  },
}
