import { testBuilder } from '../builder-table.ts'

testBuilder('namespace', {
  gives: {
    'the least': [
      'namespace { name = "prod"; }',
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'prod' } },
    ],
    'all that it has': [
      'namespace { name = "prod"; labels."pod-security.kubernetes.io/enforce" = "restricted"; annotations.a = "b"; }',
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: {
          annotations: { a: 'b' },
          labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
          name: 'prod',
        },
      },
    ],
  },
  refuses: {
    'no name': ['namespace { }', 'namespace: name is missing'],
    'a name with a dot': [
      'namespace { name = "a.b"; }',
      'namespace "a.b": name is "a.b", expected an RFC 1123 label: at most 63 of a-z 0-9 -, beginning and ending with a letter or digit',
    ],
    'a namespace': [
      'namespace { name = "a"; namespace = "b"; }',
      `namespace "a": namespace isn't an argument, since this kind belongs to the whole cluster`,
    ],
    'a string': [
      'namespace "prod"',
      'namespace: the argument is "prod", expected an attribute set with `name` in it',
    ],
  },
})
