# The arguments of `app`, each with its default. null means that the argument is not given.
{
  # name of the application, and of its objects
  name = null;
  # namespace. Without one, kubectl uses its own
  namespace = null;
  # attribute set of strings, on all objects and Pods
  labels = { };
  # an image: a derivation, a store path, or a reference
  image = null;
  # a package instead of an image: a derivation or a store path. Its program is run
  package = null;
  # "erofs": layers in EROFS, for nodes that mount them. null: those of the library, "tar" by default
  layers = null;
  # list of strings: the program and its first arguments. The program may be the name of another program of the
  # package
  command = null;
  # list of strings: arguments, after those of `command`
  args = null;
  # number of the port that speaks HTTP
  port = null;
  # attribute set: name -> port, 8080 or "53/udp"
  ports = { };
  # name of a host that leads to the application from outside
  host = null;
  # list of several such names
  hosts = [ ];
  # true: the Secret <name>-tls has the certificate of the hosts. A string: the name of another Secret
  tls = null;
  # name of the IngressClass. The default is the cluster's own
  ingressClass = null;
  # path that answers while the application works, such as "/healthz". false: no probes. The default is to test
  # whether the port accepts connections
  health = null;
  # { livenessProbe; readinessProbe; startupProbe; } of Kubernetes. Each replaces a generated probe; null removes it
  probes = { };
  # number of Pods. The default is 1
  replicas = null;
  # { min ? 1; max; cpu ? 80; memory ? null; }: Pods are added and removed so that they use this percentage of what
  # they request
  autoscale = null;
  # attribute set: variable -> string, number, boolean, path, derivation, or { valueFrom = ...; }
  env = { };
  # names of Secrets in the cluster, whose keys all become variables; or an attribute set: variable ->
  # "<Secret>/<key>"
  secrets = [ ];
  # attribute set: path -> text, the path of a file, or a value that becomes JSON
  files = { };
  # attribute set: path -> volume of Kubernetes, or the name of a PersistentVolumeClaim
  volumes = { };
  # attribute set: path -> size, such as "10Gi". Each Pod gets storage of its own. This makes a StatefulSet
  storage = { };
  # "small", "medium" or "large": the requested resources, and the limit of memory
  size = "small";
  # { cpu ? ; memory ? ; } instead of a size, or Kubernetes' { requests; limits; }
  resources = null;
  # schedule of cron, such as "*/10 * * * *". This makes a CronJob
  schedule = null;
  # name of a ServiceAccount that exists. By default the application gets one of its own
  serviceAccount = null;
  # whether the Pods get a token of the API server
  apiToken = false;
  # number of the user and of the group that the application runs as. The default is 65532
  user = null;
  # whether the application runs as the user of the image, which may be root
  runAsRoot = false;
  # whether the application may write to the container's file system. It may always write to /tmp and to volumes
  writableRoot = false;
  # whether programs may gain rights (setuid)
  privilegeEscalation = false;
  # list of capabilities that the application keeps: [ "NET_RAW" ]
  capabilities = [ ];
  # whether the container runtime's filter of system calls is on
  seccomp = true;
  # attribute set: kind -> patch for `extend`: { Deployment.spec.minReadySeconds = 5; }
  extend = { };
  # list of further objects
  extra = [ ];
}
