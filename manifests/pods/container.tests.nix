# Cases of containers.
{ manifests, hello, ... }:
with manifests;

{
  gives = {
    "a set is in order of names, a list in its own" = {
      expr =
        let
          spec =
            (pod {
              name = "web";
              containers = {
                b.image = "x";
                a.image = "y";
              };
              initContainers = [
                {
                  name = "z";
                  image = "x";
                }
                {
                  name = "i";
                  image = "x";
                }
              ];
            }).spec;
        in
        map (item: item.name) (spec.containers ++ spec.initContainers);
      expected = [
        "a"
        "b"
        "z"
        "i"
      ];
    };
    "null, which says nothing" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            command = null;
            env = null;
            livenessProbe = null;
          };
        }).spec.containers;
      expected = [
        {
          image = "web:1";
          imagePullPolicy = "IfNotPresent";
          name = "web";
        }
      ];
    };
    "ports by name, by number, and as Kubernetes has them" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            ports = {
              http = 80;
              dns = "53/udp";
              raw = {
                containerPort = 9;
                hostPort = 90;
              };
            };
          };
        }).spec.containers;
      expected = [
        {
          image = "web:1";
          imagePullPolicy = "IfNotPresent";
          name = "web";
          ports = [
            {
              containerPort = 53;
              name = "dns";
              protocol = "UDP";
            }
            {
              containerPort = 80;
              name = "http";
            }
            {
              containerPort = 9;
              hostPort = 90;
              name = "raw";
            }
          ];
        }
      ];
    };
    "all variables of an object" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            envFrom = [
              { configMap = "web"; }
              {
                secret = "db";
                prefix = "DB_";
              }
              { secretRef.name = "raw"; }
              (configMap { name = "c"; })
              (secret { name = "s"; })
            ];
          };
        }).spec.containers;
      expected = [
        {
          envFrom = [
            { configMapRef.name = "web"; }
            {
              prefix = "DB_";
              secretRef.name = "db";
            }
            { secretRef.name = "raw"; }
            { configMapRef.name = "c"; }
            { secretRef.name = "s"; }
          ];
          image = "web:1";
          imagePullPolicy = "IfNotPresent";
          name = "web";
        }
      ];
    };
    "a sidecar with its probe" = {
      expr =
        (pod {
          name = "web";
          containers.web.image = "web:1";
          initContainers.log = {
            image = "log:1";
            restartPolicy = "Always";
            readinessProbe.tcpSocket.port = 1;
          };
        }).spec.initContainers;
      expected = [
        {
          image = "log:1";
          imagePullPolicy = "IfNotPresent";
          name = "log";
          readinessProbe.tcpSocket.port = 1;
          restartPolicy = "Always";
        }
      ];
    };
  };
  refuses = {
    "a name with a dot" = {
      expr = pod {
        name = "a";
        containers."a.b".image = "c";
      };
      message =
        "pod \"a\": a name in containers is \"a.b\", "
        + "expected an RFC 1123 label: at most 63 of a-z 0-9 -, "
        + "beginning and ending with a letter or digit";
    };
    "a name of 64 characters" = {
      expr = pod {
        name = "a";
        containers.${(builtins.concatStringsSep "" (builtins.genList (_: "a") 64))}.image = "c";
      };
      message =
        "pod \"a\": a name in containers is "
        + "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", "
        + "expected an RFC 1123 label: at most 63 of a-z 0-9 -, "
        + "beginning and ending with a letter or digit";
    };
    "a container that is a derivation" = {
      expr = pod {
        name = "a";
        containers.b = hello;
      };
      message = "pod \"a\": containers.b is a derivation, expected an attribute set with `image` in it";
    };
    "containers that are a derivation" = {
      expr = pod {
        name = "a";
        containers = hello;
      };
      message = "pod \"a\": containers is a derivation, expected an attribute set by name, or Kubernetes' list";
    };
    "one in a list without a name" = {
      expr = pod {
        name = "a";
        containers = [ { image = "b"; } ];
      };
      message =
        "pod \"a\": an item of containers is an attribute set, "
        + "expected an attribute set with `name` in it";
    };
    "one twice" = {
      expr = pod {
        name = "a";
        containers = [
          {
            name = "b";
            image = "c";
          }
          {
            name = "b";
            image = "d";
          }
        ];
      };
      message = "pod \"a\": containers has \"b\" twice";
    };
    "an init container with the name of another" = {
      expr = pod {
        name = "a";
        containers.b.image = "c";
        initContainers.b.image = "c";
      };
      message = "pod \"a\": containers and initContainers both have \"b\", expected names of their own";
    };
    "no image" = {
      expr = pod {
        name = "a";
        containers.b = { };
      };
      message = "pod \"a\": containers.b.image is missing";
    };
    "an init container without image" = {
      expr = pod {
        name = "a";
        containers.a.image = "b";
        initContainers.b = { };
      };
      message = "pod \"a\": initContainers.b.image is missing";
    };
    "several init containers in no order" = {
      expr = pod {
        name = "a";
        containers.a.image = "b";
        initContainers = {
          b.image = "c";
          d.image = "e";
        };
      };
      message =
        "pod \"a\": initContainers is an attribute set, "
        + "expected a list where there are several, since each waits for the one before: "
        + "[ { name = \"...\"; image = ...; } ]";
    };
    "a command that is a string" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            command = "sh";
          };
        }).spec.containers;
      message = "pod \"web\": containers.web.command is \"sh\", expected a list of strings";
    };
    "an argument that is a number" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            args = [
              "-p"
              80
            ];
          };
        }).spec.containers;
      message = "pod \"web\": an item of containers.web.args is 80, expected a string";
    };
    "a policy that there isn't" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            imagePullPolicy = "Sometimes";
          };
        }).spec.containers;
      message =
        "pod \"web\": containers.web.imagePullPolicy is \"Sometimes\", "
        + "expected \"Always\" or \"IfNotPresent\" or \"Never\"";
    };
    "a port out of range" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            ports = [ 0 ];
          };
        }).spec.containers;
      message =
        "pod \"web\": a port in containers.web.ports is 0, "
        + "expected a port from 1 to 65535, with a protocol if not tcp: 8080, \"53/udp\", \"9000/sctp\"";
    };
    "a port in a set out of range" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            ports = [ { containerPort = 65536; } ];
          };
        }).spec.containers;
      message = "pod \"web\": containerPort in containers.web.ports is 65536, expected a port from 1 to 65535";
    };
    "a port without number" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            ports.http = {
              name = "x";
            };
          };
        }).spec.containers;
      message = "pod \"web\": containerPort in containers.web.ports is null, expected a port from 1 to 65535";
    };
    "a name of a port that is too long" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            ports.the-name-of-a-port = 80;
          };
        }).spec.containers;
      message =
        "pod \"web\": a name in containers.web.ports is \"the-name-of-a-port\", "
        + "expected at most 15 of a-z 0-9 -, with a letter in it, "
        + "no - at either end and no two together";
    };
    "a name of a port in a list with capitals" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            ports = [
              {
                name = "HTTP";
                containerPort = 80;
              }
            ];
          };
        }).spec.containers;
      message =
        "pod \"web\": a name in containers.web.ports is \"HTTP\", "
        + "expected at most 15 of a-z 0-9 -, with a letter in it, "
        + "no - at either end and no two together";
    };
    "a port twice" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            ports = {
              a = 80;
              b = 80;
            };
          };
        }).spec.containers;
      message = "pod \"web\": containers.web.ports has \"80/TCP\" twice";
    };
    "a name of a port twice" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            ports = [
              {
                name = "a";
                containerPort = 80;
              }
              {
                name = "a";
                containerPort = 81;
              }
            ];
          };
        }).spec.containers;
      message = "pod \"web\": containers.web.ports has \"a\" twice";
    };
    "ports that are a number" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            ports = 80;
          };
        }).spec.containers;
      message = "pod \"web\": containers.web.ports is 80, expected an attribute set, name to port, or a list";
    };
    "a port of the node twice" = {
      expr = pod {
        name = "a";
        containers = {
          a = {
            image = "b";
            ports = [
              {
                containerPort = 1;
                hostPort = 80;
              }
            ];
          };
          c = {
            image = "b";
            ports = [
              {
                containerPort = 2;
                hostPort = 80;
              }
            ];
          };
        };
      };
      message = "pod \"a\": hostPort 0.0.0.0:80/TCP is there twice, expected once in a Pod";
    };
    "a mount without its volume" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            volumeMounts."/data" = "data";
          };
        }).spec.containers;
      message =
        "pod \"web\": containers.web.volumeMounts./data is \"data\", "
        + "expected the name of a volume, and volumes has none";
    };
    "a mount of a volume that there isn't" = {
      expr = pod {
        name = "a";
        volumes = {
          x.emptyDir = { };
          y.emptyDir = { };
        };
        containers.b = {
          image = "c";
          volumeMounts."/data" = "data";
        };
      };
      message =
        "pod \"a\": containers.b.volumeMounts./data is \"data\", "
        + "expected the name of a volume, there are: x, y";
    };
    "a path of a mount that is relative" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            volumeMounts."data" = "data";
          };
        }).spec.containers;
      message = "pod \"web\": a path in volumeMounts is \"data\", expected an absolute path";
    };
    "a mount that is a number" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            volumeMounts."/data" = 1;
          };
        }).spec.containers;
      message =
        "pod \"web\": containers.web.volumeMounts./data is 1, "
        + "expected the name of a volume, or an attribute set with `name` in it";
    };
    "sources of variables that are a set" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            envFrom = {
              secret = "a";
            };
          };
        }).spec.containers;
      message =
        "pod \"web\": containers.web.envFrom is an attribute set, "
        + "expected a list of ConfigMaps, Secrets, { configMap = \"...\"; } and { secret = \"...\"; }";
    };
    "a source of variables that is a string" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            envFrom = [ "a" ];
          };
        }).spec.containers;
      message =
        "pod \"web\": an item of containers.web.envFrom is \"a\", "
        + "expected a ConfigMap, a Secret, { configMap = \"...\"; } or { secret = \"...\"; }";
    };
    "a source of variables that is another object" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            envFrom = [ (namespace { name = "a"; }) ];
          };
        }).spec.containers;
      message =
        "pod \"web\": containers.web.envFrom is a Namespace, "
        + "expected the name of a ConfigMap, or a ConfigMap that this library made";
    };
  };
}
