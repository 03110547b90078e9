import t from 'tap'
import { withoutNix } from './nix-command.ts'
import { checkRefusals, type RefusalTable } from './refusal-table.ts'

const refusals: RefusalTable = {
  'config not a set': ['some { config = [ ]; }', /^image: config is a list, expected an attribute set$/],
  'unknown key of config': [
    'some { config.Command = [ ]; }',
    /^image: config "Command" unknown, there are: .*\bCmd\b/,
  ],
  'entrypoint a string': [
    'some { entrypoint = "sh"; }',
    /^image: entrypoint is "sh", expected a list of strings/,
  ],
  'entrypoint with a number': [
    'some { entrypoint = [ 1 ]; }',
    /^image: an item of entrypoint is 1, expected a string/,
  ],
  'entrypoint with a derivation': [
    'some { entrypoint = [ hello ]; }',
    /^image: an item of entrypoint is a derivation, expected a string/,
  ],
  'config.Entrypoint a string': ['some { config.Entrypoint = "sh"; }', /^image: config\.Entrypoint is "sh"/],
  'cmd twice': [
    'some { cmd = [ "a" ]; config.Cmd = [ "a" ]; }',
    /^image: config\.Cmd and cmd say the same thing, expected one of them$/,
  ],
  'user twice': ['some { user = 1; config.User = "1"; }', /config\.User and user say the same thing/],
  'user with a space': ['some { user = "a b"; }', /^image: user is "a b", expected a user name or number/],
  'user negative': ['some { user = -1; }', /^image: user is -1, expected/],
  'working directory relative': [
    'some { workingDir = "srv"; }',
    /^image: workingDir is "srv", expected an absolute/,
  ],
  'stop signal': ['some { stopSignal = "TERM"; }', /^image: stopSignal is "TERM", expected a signal/],
  'stop signal out of range': ['some { stopSignal = 65; }', /^image: stopSignal is 65, expected a signal/],
  'volume relative': [
    'some { volumes = [ "data" ]; }',
    /^image: a path in volumes is "data", expected an absolute/,
  ],
  'label not a string': ['some { labels.a = 1; }', /^image: labels\."a" is 1, expected a string$/],
  'label twice': [
    'some { labels.a = "1"; config.Labels.a = "2"; }',
    /^image: "a" given twice, in config\.Labels and in labels$/,
  ],
  'health check with an unknown key': [
    'some { config.Healthcheck.test = [ ]; }',
    /^image: config\.Healthcheck "test" unknown, there are: .*\bTest\b/,
  ],
  'health check with text for a time': [
    'some { config.Healthcheck.Interval = "3s"; }',
    /^image: config\.Healthcheck\.Interval is "3s", expected a whole number/,
  ],

  'a boolean of config': ['some { config.Tty = 1; }', /^image: config\.Tty is 1, expected true or false$/],
  'a number of config': [
    'some { config.Memory = -1; }',
    /^image: config\.Memory is -1, expected a whole number, not/,
  ],

  'env a list': ['some { env = [ "A=1" ]; }', /^image: env is a list, expected an attribute set/],
  'env name empty': ['some { env."" = "x"; }', /^image: a name in env is "", expected one that isn't empty/],
  'env name with =': ['some { env."A=B" = "x"; }', /^image: a name in env is "A=B", expected .* no `=`$/],
  'env value null': ['some { env.A = null; }', /^image: env\."A" is null, expected a string, a number/],
  'env value a list': ['some { env.A = [ ]; }', /^image: env\."A" is a list, expected/],
  'env twice': [
    'some { env.A = 1; config.Env = [ "A=2" ]; }',
    /variable "A" given twice, in config\.Env and in env$/,
  ],
  'config.Env without =': [
    'some { config.Env = [ "A" ]; }',
    /^image: an item of config\.Env is "A", expected/,
  ],
  'port 0': ['some { ports = [ 0 ]; }', /^image: a port in ports is 0, expected a port from 1 to 65535/],
  'port 65536': ['some { ports = [ 65536 ]; }', /^image: a port in ports is 65536/],
  'port with leading zero': ['some { ports = [ "080" ]; }', /^image: a port in ports is "080"/],
  'port of another protocol': ['some { ports = [ "80/http" ]; }', /^image: a port in ports is "80\/http"/],
  'ports a number': ['some { ports = 80; }', /^image: ports is 80, expected a list$/],
  'config.ExposedPorts out of range': [
    'some { config.ExposedPorts."99999/tcp" = { }; }',
    /^image: a key of config\.ExposedPorts is "99999\/tcp"/,
  ],
  'config.ExposedPorts with values': [
    'some { config.ExposedPorts."80/tcp" = true; }',
    /^image: config\.ExposedPorts is an attribute set, expected an attribute set whose values are \{ \}$/,
  ],
}

void t.test(
  'image refuses what no config holds, while evaluating, in one line',
  { skip: withoutNix },
  async (t) => checkRefusals(t, refusals),
)
