import { testBuilder } from '../builder-table.ts'

testBuilder('networkPolicy', {
  gives: {
    'the least: nobody may talk to it': [
      'networkPolicy { name = "web"; ingress = [ ]; }',
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'web' },
        spec: {
          ingress: [],
          podSelector: { matchLabels: { 'app.kubernetes.io/name': 'web' } },
          policyTypes: ['Ingress'],
        },
      },
    ],
    'all that it has': [
      `networkPolicy {
        name = "web"; namespace = "prod"; podSelector.app = "web";
        ingress = [ { from = [ { podSelector.matchLabels.app = "front"; } ]; ports = [ { port = "http"; } ]; } ];
        egress = [ { to = [ { podSelector.matchLabels.app = "db"; } ]; ports = [ { port = 5432; } ]; } ];
        dns = true;
      }`,
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'web', namespace: 'prod' },
        spec: {
          egress: [
            { ports: [{ port: 5432 }], to: [{ podSelector: { matchLabels: { app: 'db' } } }] },
            {
              ports: [
                { port: 53, protocol: 'UDP' },
                { port: 53, protocol: 'TCP' },
              ],
            },
          ],
          ingress: [
            { from: [{ podSelector: { matchLabels: { app: 'front' } } }], ports: [{ port: 'http' }] },
          ],
          podSelector: { matchLabels: { app: 'web' } },
          policyTypes: ['Ingress', 'Egress'],
        },
      },
    ],
    'every Pod of the namespace': [
      '(networkPolicy { name = "none"; podSelector = { }; ingress = [ ]; egress = [ ]; }).spec',
      { egress: [], ingress: [], podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    ],
  },
  refuses: {
    'no name': ['networkPolicy { podSelector = { }; ingress = [ ]; }', 'networkPolicy: name is missing'],
    'nothing that it restricts': [
      'networkPolicy { name = "web"; }',
      'networkPolicy "web": neither ingress nor egress is there, expected at least one: [ ] lets nothing through',
    ],
    'rules that are one rule': [
      'networkPolicy { name = "web"; ingress = { from = [ ]; }; }',
      'networkPolicy "web": ingress is an attribute set, expected a list of rules; [ ] lets nothing through, [ { } ] everything',
    ],
    'a rule that is a string': [
      'networkPolicy { name = "web"; egress = [ "db" ]; }',
      'networkPolicy "web": an item of egress is "db", expected an attribute set, such as { from = [ ... ]; ports = [ ... ]; }',
    ],
    'a selector that is a string': [
      'networkPolicy { name = "web"; podSelector = "web"; ingress = [ ]; }',
      'networkPolicy "web": podSelector is "web", expected an attribute set: labels, or matchLabels and matchExpressions',
    ],
  },
  warns: {
    'no DNS': [
      'networkPolicy { name = "web"; egress = [ { to = [ { podSelector.matchLabels.app = "db"; } ]; } ]; }',
      'warning: networkPolicy "web": egress lets no DNS through, so that Pods find no names; expected dns = true, or dns = false if that is meant',
    ],
    'no DNS, as all ports are others': [
      'networkPolicy { name = "web"; egress = [ { ports = [ { port = 443; } ]; } ]; }',
      'warning: networkPolicy "web": egress lets no DNS through, so that Pods find no names; expected dns = true, or dns = false if that is meant',
    ],
    'nothing, where that is meant': [
      'networkPolicy { name = "web"; dns = false; egress = [ { ports = [ { port = 443; } ]; } ]; }',
    ],
    'nothing, where a rule has DNS': [
      'networkPolicy { name = "web"; egress = [ { ports = [ { port = 53; protocol = "UDP"; } ]; } ]; }',
    ],
    'nothing, where DNS may be in another namespace': [
      'networkPolicy { name = "web"; egress = [ { to = [ { namespaceSelector = { }; } ]; } ]; }',
    ],
    'nothing, where nothing goes out': ['networkPolicy { name = "web"; egress = [ ]; }'],
  },
})
