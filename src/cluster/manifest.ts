/**
 * What runs agents in Kubernetes: an Indexed Job, whose pods know their number (JOB_COMPLETION_INDEX) and are not
 * started again by themselves, because a load test must not be retried in silence; or the same as a Helm chart.
 * Source: kubernetes.io/docs, "Indexed Job", "Job" v1 API; helm.sh/docs, "Charts".
 */
import { stringify } from 'yaml'

export interface ManifestOptions {
  readonly agents: number
  readonly image: string
  readonly namespace: string
  readonly url: string
}

/** As YAML, for `kubectl apply -f -`. */
export function jobManifest({ agents, image, namespace, url }: ManifestOptions): string {
  return stringify(job(agents, image, url, { name: 'perfwright-agents', namespace }), { lineWidth: 0 })
}

/** Files of a chart by their path. */
export function helmChart({ agents, image, url, namespace }: ManifestOptions): Readonly<Record<string, string>> {
  const template = stringify(job('{{AGENTS}}', '{{IMAGE}}', '{{URL}}', { name: '{{NAME}}', namespace: '{{SPACE}}' }), {
    lineWidth: 0,
  })
    .replace(/["']?\{\{AGENTS\}\}["']?/g, '{{ .Values.agents }}')
    .replace(/["']?\{\{IMAGE\}\}["']?/, '{{ .Values.image | quote }}')
    .replace(/["']?\{\{URL\}\}["']?/, '{{ .Values.cluster | quote }}')
    .replace(/["']?\{\{NAME\}\}["']?/, '{{ .Release.Name }}-agents')
    .replace(/["']?\{\{SPACE\}\}["']?/, '{{ .Release.Namespace }}')
  return {
    'Chart.yaml': stringify({
      apiVersion: 'v2',
      name: 'perfwright-agents',
      description: 'Agents that take a share of a perfwright run',
      type: 'application',
      version: '0.1.0',
    }),
    'values.yaml': stringify({ agents, image, cluster: url, namespace }),
    'templates/job.yaml': template,
  }
}

function job(
  agents: number | string,
  image: string,
  url: string,
  metadata: { readonly name: string; readonly namespace: string },
): object {
  const labels = { 'app.kubernetes.io/name': 'perfwright-agent' }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...metadata, labels },
    spec: {
      completionMode: 'Indexed',
      completions: agents,
      parallelism: agents,
      backoffLimit: 0,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          // An agent that is told to leave ends its iterations and delivers what it measured.
          terminationGracePeriodSeconds: 60,
          // Two agents on one node would take each other's time, and the run would not be trustworthy.
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: labels },
            },
          ],
          containers: [
            {
              name: 'agent',
              image,
              command: ['perfwright', 'cluster', 'agent'],
              env: [{ name: 'PERFWRIGHT_CLUSTER', value: url }],
              resources: { requests: { cpu: '1', memory: '512Mi' }, limits: { memory: '2Gi' } },
              securityContext: {
                allowPrivilegeEscalation: false,
                runAsNonRoot: true,
                runAsUser: 65_534,
                capabilities: { drop: ['ALL'] },
              },
            },
          ],
        },
      },
    },
  }
}
