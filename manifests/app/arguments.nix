# The arguments of an application, each with what it is where nothing is said.
{
  # name of the application, and of its objects
  name = null;
  # namespace; where it is absent, kubectl's own
  namespace = null;
  # attribute set of strings, on all objects and Pods
  labels = { };
  # an image: a derivation, a store path, or a reference
  image = null;
  # a package instead: a derivation or a store path, whose program is run
  package = null;
  # list of strings: the program and its first arguments. Of a package: a program of its own by its name
  command = null;
  # list of strings: (more) arguments
  args = null;
  # number of the port that speaks HTTP
  port = null;
  # attribute set: name -> port, 8080 or "53/udp"
  ports = { };
  # host that leads to it from outside
  host = null;
  # list of several
  hosts = [ ];
  # true: the Secret <name>-tls holds the hosts' certificate; or the name of another
  tls = null;
  # name of the IngressClass; default: the cluster's own
  ingressClass = null;
  # path that answers while all is well: "/healthz"; false: no probes; default: whether the port takes connections
  health = null;
  # { livenessProbe; readinessProbe; startupProbe; } of Kubernetes, each instead of the one made here; null: none
  probes = { };
  # number of Pods; default: 1
  replicas = null;
  # { min ? 1; max; cpu ? 80; memory ? null; }: as many Pods as are needed to use so many percent of what is requested
  autoscale = null;
  # attribute set: variable -> string, number, boolean, path, derivation, or { valueFrom = ...; }
  env = { };
  # names of Secrets in the cluster, all of whose keys become variables; or variable -> "<Secret>/<key>"
  secrets = [ ];
  # attribute set: path -> text, path of a file, or what becomes JSON
  files = { };
  # attribute set: path -> volume of Kubernetes, or the name of a PersistentVolumeClaim
  volumes = { };
  # attribute set: path -> size, such as "10Gi": storage of its own for each Pod. Makes a StatefulSet
  storage = { };
  # "small", "medium" or "large": what is requested, and the limit of memory
  size = "small";
  # { cpu ? ; memory ? ; } instead, or Kubernetes' { requests; limits; }
  resources = null;
  # when it runs, as in cron: "*/10 * * * *". Makes a CronJob
  schedule = null;
  # name of a ServiceAccount that is there; default: one of its own
  serviceAccount = null;
  # whether it has a token of the API server
  apiToken = false;
  # number of the user that it runs as, and of its group; default: 65532
  user = null;
  # whether it runs as the image says, which may be root
  runAsRoot = false;
  # whether it may write to the container's own file system, not to /tmp and volumes alone
  writableRoot = false;
  # whether programs may gain rights (setuid)
  privilegeEscalation = false;
  # list of capabilities that it keeps: [ "NET_RAW" ]
  capabilities = [ ];
  # whether system calls are filtered as the container runtime has it
  seccomp = true;
  # attribute set: kind -> patch as `extend` takes it: { Deployment.spec.minReadySeconds = 5; }
  extend = { };
  # list of more objects
  extra = [ ];
}
