# Cases of app: which objects it makes, and what it refuses.
{
  manifests,
  some,
  hello,
  ...
}:
with manifests;
let
  # The application that most cases need, and more.
  plain =
    more:
    app (
      {
        name = "a";
        image = "b";
      }
      // more
    );
  kindsOf = more: map (object: object.kind) (plain more);
in

{
  gives = {
    "no port" = {
      expr = kindsOf { };
      expected = [
        "ServiceAccount"
        "Deployment"
      ];
    };
    "a port" = {
      expr = kindsOf { port = 80; };
      expected = [
        "ServiceAccount"
        "Deployment"
        "Service"
      ];
    };
    "a host" = {
      expr = kindsOf {
        port = 80;
        host = "a.example.org";
      };
      expected = [
        "ServiceAccount"
        "Deployment"
        "Service"
        "Ingress"
      ];
    };
    "two Pods" = {
      expr = kindsOf { replicas = 2; };
      expected = [
        "ServiceAccount"
        "Deployment"
        "PodDisruptionBudget"
      ];
    };
    "no Pods" = {
      expr = kindsOf { replicas = 0; };
      expected = [
        "ServiceAccount"
        "Deployment"
      ];
    };
    scaled = {
      expr = kindsOf { autoscale.max = 3; };
      expected = [
        "ServiceAccount"
        "Deployment"
        "HorizontalPodAutoscaler"
      ];
    };
    "scaled from two" = {
      expr = kindsOf {
        autoscale = {
          min = 2;
          max = 3;
        };
      };
      expected = [
        "ServiceAccount"
        "Deployment"
        "PodDisruptionBudget"
        "HorizontalPodAutoscaler"
      ];
    };
    storage = {
      expr = kindsOf { storage."/data" = "1Gi"; };
      expected = [
        "ServiceAccount"
        "StatefulSet"
        "Service"
      ];
    };
    files = {
      expr = kindsOf { files."/etc/a" = "text"; };
      expected = [
        "ServiceAccount"
        "ConfigMap"
        "Deployment"
      ];
    };
    schedule = {
      expr = kindsOf { schedule = "@daily"; };
      expected = [
        "ServiceAccount"
        "CronJob"
      ];
    };
    "an account that is there" = {
      expr = kindsOf { serviceAccount = "c"; };
      expected = [ "Deployment" ];
    };
  };
  refuses = {
    "no name" = {
      expr = app { image = "b"; };
      message = "app: name is missing";
    };
    "a name with capitals" = {
      expr = app {
        name = "A";
        image = "b";
      };
      message =
        "app: name is \"A\", expected an RFC 1035 label: at most 63 of a-z 0-9 -, "
        + "beginning with a letter, ending with a letter or digit";
    };
    "neither image nor package" = {
      expr = app { name = "a"; };
      message = "app: image and package are missing, expected one of them";
    };
    "image and package" = {
      expr = plain { package = hello; };
      message = "app: image and package are given, expected one of them";
    };
    "an image for a package" = {
      expr = app {
        name = "a";
        package = some { };
      };
      message = "app: package is a derivation, expected a package; this is an image: write `image`";
    };
    "a package that is text" = {
      expr = app {
        name = "a";
        package = "hello";
      };
      message = "app: package is \"hello\", expected a derivation or a store path, /nix/store/<hash>-<name>";
    };
    "an unknown argument" = {
      expr = plain { prot = 80; };
      message =
        "app: argument \"prot\" unknown, there are: apiToken, args, autoscale, capabilities, command, "
        + "env, extend, extra, files, health, host, hosts, image, ingressClass, labels, layers, name, "
        + "namespace, package, port, ports, privilegeEscalation, probes, replicas, resources, "
        + "runAsRoot, schedule, seccomp, secrets, serviceAccount, size, storage, tls, user, volumes, "
        + "writableRoot";
    };
    "a port out of range" = {
      expr = plain { port = 0; };
      message =
        "app: port is 0, expected a port from 1 to 65535, with a protocol if not tcp: 8080, "
        + "\"53/udp\", \"9000/sctp\"";
    };
    "port and ports" = {
      expr = plain {
        port = 80;
        ports.dns = 53;
      };
      message = "app: port and ports are given, expected one of them: ports = { http = 80; ... }";
    };
    "a list of ports" = {
      expr = plain { ports = [ 80 ]; };
      message =
        "app: ports is a list, expected an attribute set, name to port: { http = 8080; "
        + "dns = \"53/udp\"; }";
    };
    "a port’s name" = {
      expr = plain { ports.HTTP = 80; };
      message =
        "app: a name in ports is \"HTTP\", "
        + "expected at most 15 of a-z 0-9 -, with a letter in it, "
        + "no - at either end and no two together";
    };
    "health without a port" = {
      expr = plain { health = "/"; };
      message = "app: health is \"/\" and there is no port, expected `port` to ask it at";
    };
    "health that is no path" = {
      expr = plain {
        port = 80;
        health = "up";
      };
      message =
        "app: health is \"up\", expected a path that answers while all is well, such as \"/healthz\"; "
        + "false: no probes";
    };
    "an unknown probe" = {
      expr = plain { probes.liveness = { }; };
      message =
        "app: a name in probes \"liveness\" unknown, there are: livenessProbe, readinessProbe, "
        + "startupProbe";
    };
    "a host without a port" = {
      expr = plain { host = "a.b"; };
      message = "app: host is given and there is no port, expected `port` for it to lead to";
    };
    "host and hosts" = {
      expr = plain {
        port = 1;
        host = "a";
        hosts = [ "b" ];
      };
      message = "app: host and hosts are given, expected one of them";
    };
    "a host that is a number" = {
      expr = plain {
        port = 1;
        host = 1;
      };
      message = "app: host is 1, expected names of hosts, such as \"www.example.org\"";
    };
    "tls without a host" = {
      expr = plain {
        port = 1;
        tls = true;
      };
      message = "app: tls is true and there is no host, expected `host` to be said";
    };
    "a negative number of Pods" = {
      expr = plain { replicas = -1; };
      message = "app: replicas is -1, expected a number from 0 on";
    };
    "replicas beside autoscale" = {
      expr = plain {
        replicas = 2;
        autoscale.max = 3;
      };
      message = "app: replicas is 2 beside autoscale, expected autoscale.min and autoscale.max alone";
    };
    "less at most than at least" = {
      expr = plain {
        autoscale = {
          min = 3;
          max = 2;
        };
      };
      message = "app: autoscale.max is 2, expected a number of Pods from autoscale.min (3) on";
    };
    "an unknown part of autoscale" = {
      expr = plain { autoscale.maximum = 2; };
      message = "app: a name in autoscale \"maximum\" unknown, there are: min, max, cpu, memory";
    };
    "a variable without value" = {
      expr = plain { env.A = null; };
      message = "app: env.A is null, expected a string, a number, a boolean, a path or a derivation";
    };
    "a variable twice" = {
      expr = plain {
        env.A = 1;
        secrets.A = "s/a";
      };
      message = "app: \"A\" is in env and in secrets, expected in one of them";
    };
    "a key without its Secret" = {
      expr = plain { secrets.A = "a"; };
      message = "app: secrets.A is \"a\", expected \"<name of a Secret>/<key in it>\"";
    };
    "a Secret’s name" = {
      expr = plain { secrets = [ "A" ]; };
      message =
        "app: an item of secrets is \"A\", "
        + "expected an RFC 1123 subdomain: at most 253 of a-z 0-9 - ., "
        + "each part beginning and ending with a letter or digit";
    };
    "a relative path" = {
      expr = plain { files."etc/a" = ""; };
      message = "app: a path in files is \"etc/a\", expected an absolute path without / at its end and : in it";
    };
    "a file that is a number" = {
      expr = plain { files."/etc/a" = 1; };
      message =
        "app: files.\"/etc/a\" is 1, expected text, the path of a file, or a list or an attribute set, "
        + "which become JSON";
    };
    "a path twice" = {
      expr = plain {
        files."/a" = "";
        storage."/a" = "1Gi";
      };
      message = "app: \"/a\" is in more than one of storage, volumes and files, expected in one";
    };
    "paths that have one name" = {
      expr = plain {
        volumes = {
          "/a/b" = "c";
          "/a.b" = "d";
        };
      };
      message =
        "app: \"/a.b\" and \"/a/b\" would both be called a-b, "
        + "expected paths that differ in their letters and digits";
    };
    "a size" = {
      expr = plain { storage."/a" = "much"; };
      message = "app: storage.\"/a\".storage is \"much\", expected a size such as \"10Gi\"";
    };
    "a volume" = {
      expr = plain { volumes."/a" = 1; };
      message =
        "app: volumes.\"/a\" is 1, expected the name of a PersistentVolumeClaim, "
        + "or a volume such as { emptyDir = { }; }";
    };
    "size of what it uses" = {
      expr = plain { size = "huge"; };
      message = "app: size is \"huge\", expected \"large\", \"medium\", \"small\"";
    };
    "a quantity" = {
      expr = plain { resources.cpu = "fast"; };
      message = "app: resources.cpu is \"fast\", expected a quantity, such as \"250m\" or \"256Mi\"";
    };
    "a user that is root" = {
      expr = plain { user = 0; };
      message = "app: user is 0, expected the number of a user that isn't root; for root: runAsRoot = true";
    };
    "user and root" = {
      expr = plain {
        user = 1;
        runAsRoot = true;
      };
      message = "app: user and runAsRoot are given, expected one of them";
    };
    "a switch" = {
      expr = plain { writableRoot = "yes"; };
      message = "app: writableRoot is \"yes\", expected true or false";
    };
    "the token" = {
      expr = plain { apiToken = 1; };
      message = "app: apiToken is 1, expected true or false";
    };
    "a capability with its prefix" = {
      expr = plain { capabilities = [ "CAP_NET_RAW" ]; };
      message =
        "app: an item of capabilities is \"CAP_NET_RAW\", "
        + "expected the name of a capability without CAP_, such as \"NET_BIND_SERVICE\"";
    };
    "a command in one string" = {
      expr = plain { command = "sh"; };
      message = "app: command is \"sh\", expected a list of strings: the program and its first arguments";
    };
    "a port of what runs at times" = {
      expr = plain {
        schedule = "@daily";
        port = 80;
      };
      message = "app: port is given beside schedule, expected one of them: what runs at times serves nobody";
    };
    "a schedule" = {
      expr = plain { schedule = "daily"; };
      message =
        "cronJob \"a\": schedule is \"daily\", "
        + "expected five fields of cron, such as \"*/10 * * * *\", or \"@daily\"";
    };
    "a patch of what isn’t there" = {
      expr = plain { extend.Service = { }; };
      message = "app: a kind in extend is \"Service\", expected one of those made: ServiceAccount, Deployment";
    };
    "a patch that is text" = {
      expr = plain { extend.Deployment = "x"; };
      message =
        "app: extend.Deployment is \"x\", "
        + "expected an attribute set, or a function from the object to one";
    };
    "more that is no list" = {
      expr = plain { extra = { }; };
      message = "app: extra is an attribute set, expected a list of objects";
    };
  };
}
