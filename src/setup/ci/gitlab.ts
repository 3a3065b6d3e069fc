/**
 * The same for GitLab: jobs to include, with GitLab's reports of tests (JUnit) and load performance (k6's summary export).
 * @see https://docs.gitlab.com/ci/testing/load_performance_testing/
 */
import { stringify } from 'yaml'
import { type CiOptions, quoted, runLine } from './types.js'

export function gitlabPipeline(options: CiOptions): string {
  const artifacts = (name: string): unknown => ({
    when: 'always',
    expire_in: '30 days',
    paths: ['perfwright-out'],
    reports: { junit: 'perfwright-out/junit.xml', load_performance: `perfwright-out/${name}.json` },
  })
  const common = { image: `node:${options.nodeVersion}`, stage: 'test', variables: { START: options.start } }
  const tested = (script: string, name: string): unknown => ({
    ...common,
    script: [options.install, runLine(options, script, name)],
    after_script: [`npx perfwright ci publish perfwright-out/${name} --out perfwright-out`],
    artifacts: artifacts(name),
  })
  const pipeline = {
    'performance:smoke': {
      ...(tested(options.smoke, 'smoke') as object),
      rules: [{ if: '$CI_PIPELINE_SOURCE == "merge_request_event"' }],
    },
    'performance:compare': {
      ...common,
      rules: [{ if: '$CI_PIPELINE_SOURCE == "merge_request_event"' }],
      script: [
        options.install,
        'git fetch origin "$CI_MERGE_REQUEST_TARGET_BRANCH_NAME"',
        'git worktree add perfwright-base FETCH_HEAD',
        `(cd perfwright-base && ${options.install})`,
        'mkdir -p perfwright-out',
        // A pipe would hide the verdict: the shell of a job is not bound to have pipefail.
        `npx perfwright duet --a "cd perfwright-base && $START" --b "$START" ${quoted(options.smoke)} --format md > perfwright-out/duet.md || { code=$?; cat perfwright-out/duet.md; exit $code; }`,
      ],
      after_script: ['npx perfwright ci publish --duet perfwright-out/duet.md --out perfwright-out'],
      artifacts: { when: 'always', expire_in: '30 days', paths: ['perfwright-out'] },
    },
    'performance:load': {
      ...(tested(options.load, 'load') as object),
      rules: [{ if: '$CI_PIPELINE_SOURCE == "schedule"' }, { if: '$CI_PIPELINE_SOURCE == "web"' }],
    },
  }
  return `# Written by perfwright ci init gitlab. Yours to change. In .gitlab-ci.yml: include: { local: perfwright.gitlab-ci.yml }\n${stringify(pipeline, { lineWidth: 0, aliasDuplicateObjects: false })}`
}
