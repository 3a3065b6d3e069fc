/**
 * A workflow for GitHub Actions: smoke and a duet against the base branch on every pull request, load by night.
 * What comes from outside (names of branches) reaches a shell only as a variable.
 * @see https://docs.github.com/actions/reference/workflow-syntax-for-github-actions
 */
import { stringify } from 'yaml'
import { type CiOptions, quoted, runLine } from './types.js'

export function githubWorkflow(options: CiOptions): string {
  const prepare = [
    { uses: 'actions/checkout@v4', with: { 'fetch-depth': 0 } },
    { uses: 'actions/setup-node@v4', with: { 'node-version': options.nodeVersion } },
    { name: 'Install', run: options.install },
  ]
  const keep = (name: string): unknown => ({
    name: 'Keep the record',
    if: 'always()',
    uses: 'actions/upload-artifact@v4',
    with: { name, path: 'perfwright-out', 'include-hidden-files': true, 'retention-days': 30 },
  })
  const publish = (what: string): unknown => ({
    name: 'Summary, annotations and comment',
    if: 'always()',
    env: { GH_TOKEN: '${{ github.token }}' },
    run: `npx perfwright ci publish ${what} --out perfwright-out`,
  })
  const workflow = {
    name: 'performance',
    on: { pull_request: null, schedule: [{ cron: options.nightly }], workflow_dispatch: null },
    permissions: { contents: 'read', 'pull-requests': 'write' },
    concurrency: { group: 'performance-${{ github.ref }}', 'cancel-in-progress': true },
    env: { START: options.start },
    jobs: {
      smoke: {
        if: "github.event_name == 'pull_request'",
        'runs-on': 'ubuntu-latest',
        'timeout-minutes': 20,
        steps: [
          ...prepare,
          { name: 'Smoke test', run: runLine(options, options.smoke, 'smoke') },
          publish('perfwright-out/smoke'),
          keep('performance-smoke'),
        ],
      },
      compare: {
        if: "github.event_name == 'pull_request'",
        'runs-on': 'ubuntu-latest',
        'timeout-minutes': 30,
        steps: [
          ...prepare,
          {
            name: 'The base branch beside it',
            env: { BASE: '${{ github.base_ref }}' },
            run: `git worktree add perfwright-base "origin/$BASE"\n(cd perfwright-base && ${options.install})\n`,
          },
          {
            // Both versions at once on this machine: a run of yesterday on another one decides nothing.
            name: 'Compare with the base branch',
            run: `mkdir -p perfwright-out\nnpx perfwright duet --a "cd perfwright-base && $START" --b "$START" ${quoted(options.smoke)} --format md | tee perfwright-out/duet.md\n`,
          },
          publish('--duet perfwright-out/duet.md'),
          keep('performance-compare'),
        ],
      },
      load: {
        if: "github.event_name != 'pull_request'",
        'runs-on': 'ubuntu-latest',
        'timeout-minutes': 90,
        steps: [
          ...prepare,
          { name: 'Load test', run: runLine(options, options.load, 'load') },
          publish('perfwright-out/load'),
          keep('performance-load'),
        ],
      },
    },
  }
  return `# Written by perfwright ci init github. Yours to change.\n${stringify(workflow, { lineWidth: 0, nullStr: '', aliasDuplicateObjects: false })}`
}
