/** The flags of `pushless operator`, apart from its settings. */
export type OperatorFlags = {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
  readonly healthListen: string
  readonly concurrency: string
  readonly leaseNamespace: string
  readonly leaseSeconds: string
  readonly defaultServiceAccount: string
  readonly registry?: string
  readonly host: readonly string[]
  readonly tokenFile: string
  readonly catalogue?: string
}
