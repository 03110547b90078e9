import { testBuilder } from '../builder-table.ts'

testBuilder(
  'podDisruptionBudget',
  {
    gives: {
      'the least': [
        'podDisruptionBudget { name = "web"; minAvailable = 1; }',
        {
          apiVersion: 'policy/v1',
          kind: 'PodDisruptionBudget',
          metadata: { name: 'web' },
          spec: { minAvailable: 1, selector: { matchLabels: { 'app.kubernetes.io/name': 'web' } } },
        },
      ],
      'all that it has': [
        'podDisruptionBudget { name = "web"; namespace = "prod"; selector.app = "web"; maxUnavailable = "50%"; unhealthyPodEvictionPolicy = "AlwaysAllow"; }',
        {
          apiVersion: 'policy/v1',
          kind: 'PodDisruptionBudget',
          metadata: { name: 'web', namespace: 'prod' },
          spec: {
            maxUnavailable: '50%',
            selector: { matchLabels: { app: 'web' } },
            unhealthyPodEvictionPolicy: 'AlwaysAllow',
          },
        },
      ],
      'a workload': [
        'podDisruptionBudget { name = "web"; for = web; maxUnavailable = 1; }',
        {
          apiVersion: 'policy/v1',
          kind: 'PodDisruptionBudget',
          metadata: { name: 'web', namespace: 'prod' },
          spec: { maxUnavailable: 1, selector: { matchLabels: { 'app.kubernetes.io/name': 'web' } } },
        },
      ],
    },
    refuses: {
      'no name': [
        'podDisruptionBudget { selector.a = "b"; minAvailable = 1; }',
        'podDisruptionBudget: name is missing',
      ],
      'neither amount': [
        'podDisruptionBudget { name = "web"; }',
        'podDisruptionBudget "web": neither minAvailable nor maxUnavailable is there, expected one of them',
      ],
      'both amounts': [
        'podDisruptionBudget { name = "web"; minAvailable = 1; maxUnavailable = 1; }',
        'podDisruptionBudget "web": minAvailable and maxUnavailable both are there, expected one of them',
      ],
      'an amount below 0': [
        'podDisruptionBudget { name = "web"; minAvailable = -1; }',
        'podDisruptionBudget "web": minAvailable is -1, expected a number of Pods, or a share such as "50%"',
      ],
      'a share above 100%': [
        'podDisruptionBudget { name = "web"; minAvailable = "150%"; }',
        'podDisruptionBudget "web": minAvailable is "150%", expected a number of Pods, or a share such as "50%"',
      ],
      'a number in a string': [
        'podDisruptionBudget { name = "web"; minAvailable = "1"; }',
        'podDisruptionBudget "web": minAvailable is "1", expected a number of Pods, or a share such as "50%"',
      ],
      'for a Pod': [
        'podDisruptionBudget { name = "web"; for = pod { name = "a"; containers.a.image = "b"; }; minAvailable = 1; }',
        'podDisruptionBudget "web": for is a Pod, expected a Deployment, a StatefulSet or another workload with a selector that this library made',
      ],
    },
    warns: {
      "that nodes can't be drained": [
        'podDisruptionBudget { name = "web"; maxUnavailable = 0; }',
        'warning: podDisruptionBudget "web": no Pod may be taken away, so that no node of theirs can be drained; expected maxUnavailable from 1 on',
      ],
      'that all must stay': [
        'podDisruptionBudget { name = "web"; for = extend web { spec.replicas = 2; }; minAvailable = 2; }',
        'warning: podDisruptionBudget "web": no Pod may be taken away, so that no node of theirs can be drained; expected minAvailable below the number of replicas',
      ],
      "nothing, where the number isn't known": [
        'podDisruptionBudget { name = "web"; for = web; minAvailable = 1; }',
      ],
    },
  },
  'let web = deployment { name = "web"; namespace = "prod"; containers.web = { image = "web:1"; ports.http = 8080; }; }; in',
)
