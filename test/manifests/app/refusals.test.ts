import t from 'tap'
import { withoutNix } from '../../nix/nix-command.ts'
import { appRefusal } from './app-command.ts'

const plain = 'name = "a"; image = "b";'

/** Each in one line: who refuses, which field, what was given, what is expected. */
const refusals: Readonly<Record<string, readonly [args: string, message: RegExp]>> = {
  'no name': ['image = "b";', /^app: name is missing$/],
  'a name with capitals': ['name = "A"; image = "b";', /^app: name is "A", expected an RFC 1035 label/],
  'neither image nor package': ['name = "a";', /^app: image and package are missing, expected one of them$/],
  'image and package': [
    `${plain} package = hello;`,
    /^app: image and package are given, expected one of them$/,
  ],
  'an image for a package': [
    'name = "a"; package = some { };',
    /^app: package is a derivation, expected a package; this is an image/,
  ],
  'a package that is text': [
    'name = "a"; package = "hello";',
    /^app: package is "hello", expected a derivation or a store path/,
  ],
  'an unknown argument': [`${plain} prot = 80;`, /^app: argument "prot" unknown, there are: apiToken, args/],
  'a port out of range': [`${plain} port = 0;`, /^app: port is 0, expected a port from 1 to 65535/],
  'port and ports': [
    `${plain} port = 80; ports.dns = 53;`,
    /^app: port and ports are given, expected one of them: ports = \{ http = 80; \.\.\. \}$/,
  ],
  'a list of ports': [`${plain} ports = [ 80 ];`, /^app: ports is a list, expected an attribute set/],
  'a port’s name': [`${plain} ports.HTTP = 80;`, /^app: a name in ports is "HTTP", expected at most 15/],
  'health without a port': [`${plain} health = "/";`, /^app: health is "\/" and there is no port, expected/],
  'health that is no path': [`${plain} port = 80; health = "up";`, /^app: health is "up", expected a path/],
  'an unknown probe': [
    `${plain} probes.liveness = { };`,
    /^app: a name in probes "liveness" unknown, there are: livenessProbe/,
  ],
  'a host without a port': [`${plain} host = "a.b";`, /^app: host is given and there is no port, expected/],
  'host and hosts': [
    `${plain} port = 1; host = "a"; hosts = [ "b" ];`,
    /^app: host and hosts are given, expected one of them$/,
  ],
  'a host that is a number': [`${plain} port = 1; host = 1;`, /^app: host is 1, expected names of hosts/],
  'tls without a host': [
    `${plain} port = 1; tls = true;`,
    /^app: tls is true and there is no host, expected/,
  ],
  'a negative number of Pods': [
    `${plain} replicas = -1;`,
    /^app: replicas is -1, expected a number from 0 on$/,
  ],
  'replicas beside autoscale': [
    `${plain} replicas = 2; autoscale.max = 3;`,
    /^app: replicas is 2 beside autoscale, expected/,
  ],
  'less at most than at least': [
    `${plain} autoscale = { min = 3; max = 2; };`,
    /^app: autoscale\.max is 2, expected a number of Pods from autoscale\.min \(3\) on$/,
  ],
  'an unknown part of autoscale': [
    `${plain} autoscale.maximum = 2;`,
    /^app: a name in autoscale "maximum" unknown, there are: min, max, cpu, memory$/,
  ],
  'a variable without value': [`${plain} env.A = null;`, /^app: env\.A is null, expected a string/],
  'a variable twice': [
    `${plain} env.A = 1; secrets.A = "s/a";`,
    /^app: "A" is in env and in secrets, expected in one of them$/,
  ],
  'a key without its Secret': [
    `${plain} secrets.A = "a";`,
    /^app: secrets\.A is "a", expected "<name of a Sec/,
  ],
  'a Secret’s name': [`${plain} secrets = [ "A" ];`, /^app: an item of secrets is "A", expected an RFC 1123/],
  'a relative path': [
    `${plain} files."etc/a" = "";`,
    /^app: a path in files is "etc\/a", expected an absolute/,
  ],
  'a file that is a number': [`${plain} files."/etc/a" = 1;`, /^app: files\."\/etc\/a" is 1, expected text/],
  'a path twice': [
    `${plain} files."/a" = ""; storage."/a" = "1Gi";`,
    /^app: "\/a" is in more than one of storage, volumes and files, expected in one$/,
  ],
  'paths that have one name': [
    `${plain} volumes = { "/a/b" = "c"; "/a.b" = "d"; };`,
    /^app: "\/a\.b" and "\/a\/b" would both be called a-b, expected paths that differ/,
  ],
  'a size': [`${plain} storage."/a" = "much";`, /^app: storage\."\/a"\.storage is "much", expected a size/],
  'a volume': [`${plain} volumes."/a" = 1;`, /^app: volumes\."\/a" is 1, expected the name of a Persistent/],
  'size of what it uses': [
    `${plain} size = "huge";`,
    /^app: size is "huge", expected "large", "medium", "small"$/,
  ],
  'a quantity': [`${plain} resources.cpu = "fast";`, /^app: resources\.cpu is "fast", expected a quantity/],
  'a user that is root': [`${plain} user = 0;`, /^app: user is 0, expected .*for root: runAsRoot = true$/],
  'user and root': [
    `${plain} user = 1; runAsRoot = true;`,
    /^app: user and runAsRoot are given, expected one of them$/,
  ],
  'a switch': [`${plain} writableRoot = "yes";`, /^app: writableRoot is "yes", expected true or false$/],
  'the token': [`${plain} apiToken = 1;`, /^app: apiToken is 1, expected true or false$/],
  'a capability with its prefix': [
    `${plain} capabilities = [ "CAP_NET_RAW" ];`,
    /^app: an item of capabilities is "CAP_NET_RAW", expected the name of a capability without CAP_/,
  ],
  'a command in one string': [
    `${plain} command = "sh";`,
    /^app: command is "sh", expected a list of strings/,
  ],
  'a port of what runs at times': [
    `${plain} schedule = "@daily"; port = 80;`,
    /^app: port is given beside schedule, expected one of them/,
  ],
  'a schedule': [`${plain} schedule = "daily";`, /^cronJob "a": schedule is "daily", expected five fields/],
  'a patch of what isn’t there': [
    `${plain} extend.Service = { };`,
    /^app: a kind in extend is "Service", expected one of those made: ServiceAccount, Deployment$/,
  ],
  'a patch that is text': [`${plain} extend.Deployment = "x";`, /^app: extend\.Deployment is "x", expected/],
  'more that is no list': [`${plain} extra = { };`, /^app: extra is an attribute set, expected a list/],
}

void t.test('refused', { skip: withoutNix }, async (t) => {
  const rows = Object.entries(refusals)
  const messages = await Promise.all(rows.map(async ([, [args]]) => appRefusal(`app { ${args} }`)))
  for (const [at, [name, [, expected]]] of rows.entries()) {
    const message = messages[at] ?? 'no refusal'
    t.match(message, expected, name)
    t.notMatch(message, /\n/, `${name}: in one line`)
  }
})
