import { testBuilder } from '../builder-table.ts'

testBuilder('deployment', {
  gives: {
    'the least': [
      'deployment { name = "web"; containers.web.image = "web:1"; }',
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { labels: { 'app.kubernetes.io/name': 'web' }, name: 'web' },
        spec: {
          selector: { matchLabels: { 'app.kubernetes.io/name': 'web' } },
          template: {
            metadata: { labels: { 'app.kubernetes.io/name': 'web' } },
            spec: { containers: [{ image: 'web:1', imagePullPolicy: 'IfNotPresent', name: 'web' }] },
          },
        },
      },
    ],
    'all that it has': [
      `deployment {
        name = "web"; namespace = "prod";
        labels = { tier = "front"; }; annotations."example.org/why" = "because";
        podLabels.colour = "blue"; podAnnotations."prometheus.io/scrape" = "true";
        metadata.finalizers = [ "example.org/last" ];
        replicas = 3; strategy = { type = "RollingUpdate"; rollingUpdate.maxSurge = "50%"; };
        minReadySeconds = 5; progressDeadlineSeconds = 60; revisionHistoryLimit = 2; paused = true;
        serviceAccountName = "web"; nodeSelector."kubernetes.io/arch" = "amd64"; terminationGracePeriodSeconds = 10;
        containers.web = { image = "web:1"; ports.http = 80; };
      }`,
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: {
          annotations: { 'example.org/why': 'because' },
          finalizers: ['example.org/last'],
          labels: { 'app.kubernetes.io/name': 'web', tier: 'front' },
          name: 'web',
          namespace: 'prod',
        },
        spec: {
          minReadySeconds: 5,
          paused: true,
          progressDeadlineSeconds: 60,
          replicas: 3,
          revisionHistoryLimit: 2,
          selector: { matchLabels: { 'app.kubernetes.io/name': 'web' } },
          strategy: { rollingUpdate: { maxSurge: '50%' }, type: 'RollingUpdate' },
          template: {
            metadata: {
              annotations: { 'prometheus.io/scrape': 'true' },
              labels: { 'app.kubernetes.io/name': 'web', colour: 'blue', tier: 'front' },
            },
            spec: {
              containers: [
                {
                  image: 'web:1',
                  imagePullPolicy: 'IfNotPresent',
                  name: 'web',
                  ports: [{ containerPort: 80, name: 'http' }],
                },
              ],
              nodeSelector: { 'kubernetes.io/arch': 'amd64' },
              serviceAccountName: 'web',
              terminationGracePeriodSeconds: 10,
            },
          },
        },
      },
    ],
    'a strategy by its name': [
      '(deployment { name = "web"; strategy = "Recreate"; containers.web.image = "web:1"; }).spec.strategy',
      { type: 'Recreate' },
    ],
    'another name of the application, which the selector follows': [
      'let d = deployment { name = "web"; labels."app.kubernetes.io/name" = "shop"; containers.web.image = "web:1"; }; in { inherit (d.metadata) labels; inherit (d.spec) selector; pods = d.spec.template.metadata.labels; }',
      {
        labels: { 'app.kubernetes.io/name': 'shop' },
        pods: { 'app.kubernetes.io/name': 'shop' },
        selector: { matchLabels: { 'app.kubernetes.io/name': 'shop' } },
      },
    ],
    'a selector of its own': [
      '(deployment { name = "web"; podLabels.app = "x"; selector.app = "x"; containers.web.image = "web:1"; }).spec.selector',
      { matchLabels: { app: 'x' } },
    ],
    'a selector of expressions': [
      '(deployment { name = "web"; podLabels.app = "x"; selector.matchExpressions = [ { key = "app"; operator = "In"; values = [ "x" "y" ]; } { key = "gone"; operator = "DoesNotExist"; } { key = "gone"; operator = "NotIn"; values = [ "z" ]; } { key = "app"; operator = "Exists"; } ]; containers.web.image = "web:1"; }).spec.selector',
      {
        matchExpressions: [
          { key: 'app', operator: 'In', values: ['x', 'y'] },
          { key: 'gone', operator: 'DoesNotExist' },
          { key: 'gone', operator: 'NotIn', values: ['z'] },
          { key: 'app', operator: 'Exists' },
        ],
      },
    ],
    'null, which says nothing': [
      'deployment { name = "web"; namespace = null; replicas = null; strategy = null; labels = null; podLabels = null; nodeSelector = null; selector = null; containers.web = { image = "web:1"; command = null; env = null; }; } == deployment { name = "web"; containers.web.image = "web:1"; }',
      true,
    ],
  },
  refuses: {
    'no name': ['deployment { containers.web.image = "web:1"; }', 'deployment: name is missing'],
    'no containers': [
      'deployment { name = "web"; }',
      'deployment "web": containers is empty, expected at least one container',
    ],
    'a name with capitals': [
      'deployment { name = "Web"; containers.web.image = "web:1"; }',
      'deployment "Web": name is "Web", expected an RFC 1123 subdomain: at most 253 of a-z 0-9 - ., each part beginning and ending with a letter or digit',
    ],
    'a name that is no label value': [
      'deployment { name = (builtins.concatStringsSep "" (builtins.genList (_: "a") 64)); containers.web.image = "web:1"; }',
      'deployment: labels."app.kubernetes.io/name" is "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", expected a string of at most 63 letters, digits, - _ ., beginning and ending with a letter or digit',
    ],
    'labels that are a list': [
      'deployment { name = "web"; labels = [ ]; containers.web.image = "web:1"; }',
      'deployment "web": labels is a list, expected an attribute set of strings',
    ],
    'a label value with a space': [
      'deployment { name = "web"; podLabels.a = "b c"; containers.web.image = "web:1"; }',
      'deployment "web": podLabels."a" is "b c", expected a string of at most 63 letters, digits, - _ ., beginning and ending with a letter or digit',
    ],
    'an annotation that is a number': [
      'deployment { name = "web"; podAnnotations."prometheus.io/port" = 9090; containers.web.image = "web:1"; }',
      'deployment "web": podAnnotations."prometheus.io/port" is 9090, expected a string',
    ],
    'podLabels that are a derivation': [
      'deployment { name = "web"; podLabels = hello; containers.web.image = "web:1"; }',
      'deployment "web": podLabels is a derivation, expected an attribute set of strings',
    ],
    'replicas below 0': [
      'deployment { name = "web"; replicas = -1; containers.web.image = "web:1"; }',
      'deployment "web": replicas is -1, expected a number from 0 on',
    ],
    'replicas in a string': [
      'deployment { name = "web"; replicas = "3"; containers.web.image = "web:1"; }',
      'deployment "web": replicas is "3", expected a number from 0 on',
    ],
    "a strategy that is another kind's": [
      'deployment { name = "web"; strategy = "OnDelete"; containers.web.image = "web:1"; }',
      'deployment "web": strategy is "OnDelete", expected "RollingUpdate" or "Recreate"',
    ],
    "a strategy whose type is another kind's": [
      'deployment { name = "web"; strategy.type = "OnDelete"; containers.web.image = "web:1"; }',
      'deployment "web": strategy.type is "OnDelete", expected "RollingUpdate" or "Recreate"',
    ],
    'a strategy that is a number': [
      'deployment { name = "web"; strategy = 1; containers.web.image = "web:1"; }',
      'deployment "web": strategy is 1, expected "RollingUpdate" or "Recreate", or an attribute set with `type` in it',
    ],
    "a restart policy that Deployments haven't": [
      'deployment { name = "web"; restartPolicy = "Never"; containers.web.image = "web:1"; }',
      'deployment "web": restartPolicy is "Never", expected "Always"',
    ],
    "a deadline for Pods that don't end": [
      'deployment { name = "web"; activeDeadlineSeconds = 5; containers.web.image = "web:1"; }',
      'deployment "web": activeDeadlineSeconds is given, expected it of Pods that end: those of a Job or a CronJob',
    ],
    "a selector that doesn't match": [
      'deployment { name = "web"; selector.app = "other"; containers.web.image = "web:1"; }',
      'deployment "web": selector.matchLabels."app" is "other", expected what the labels of the Pods say: app.kubernetes.io/name=web',
    ],
    "an expression that doesn't hold": [
      'deployment { name = "web"; selector.matchExpressions = [ { key = "app"; operator = "Exists"; } ]; containers.web.image = "web:1"; }',
      `deployment "web": selector.matchExpressions for "app" doesn't hold for the labels of the Pods, which are: app.kubernetes.io/name=web`,
    ],
    "an operator that there isn't": [
      'deployment { name = "web"; selector.matchExpressions = [ { key = "app"; operator = "Is"; } ]; containers.web.image = "web:1"; }',
      'deployment "web": selector.matchExpressions.app.operator is "Is", expected In, NotIn, Exists or DoesNotExist',
    ],
    'a selector that is a string': [
      'deployment { name = "web"; selector = "web"; containers.web.image = "web:1"; }',
      'deployment "web": selector is "web", expected an attribute set: labels, or matchLabels and matchExpressions',
    ],
    'a selector that is empty': [
      'deployment { name = "web"; selector = { }; containers.web.image = "web:1"; }',
      'deployment "web": selector is empty, expected labels of the Pods',
    ],
    'a template': [
      'deployment { name = "web"; template = { }; }',
      `deployment "web": template isn't an argument, expected name, namespace, labels, annotations, the fields of the workload and those of PodSpec`,
    ],
    'a spec': [
      'deployment { name = "web"; spec = { }; }',
      `deployment "web": spec isn't an argument, expected name, namespace, labels, annotations, the fields of the workload and those of PodSpec`,
    ],
    'a name in metadata': [
      'deployment { name = "web"; metadata.labels = { }; containers.web.image = "web:1"; }',
      'deployment "web": metadata.labels is given, expected labels as an argument of its own',
    ],
    'something else in metadata': [
      'deployment { name = "web"; metadata.uid = "1"; containers.web.image = "web:1"; }',
      'deployment "web": metadata "uid" unknown, there are: finalizers, ownerReferences',
    ],
  },
})
