# Cases of extend and override.
{ manifests, hello, ... }:
with manifests;
let
  web = deployment {
    name = "web";
    labels.a = "b";
    annotations."example.org/x" = "y";
    replicas = 1;
    volumes.data.emptyDir = { };
    containers = {
      web = {
        image = "web:1";
        env = {
          A = 1;
          B = 2;
        };
        ports.http = 80;
        volumeMounts."/data" = "data";
      };
      log.image = "log:1";
    };
  };
  svc = service {
    name = "web";
    for = web;
  };
  widget = object {
    apiVersion = "example.org/v1";
    kind = "Widget";
    name = "w";
    spec.containers = [
      {
        name = "a";
        x = 1;
      }
    ];
  };
  podOf = object: object.spec.template.spec;
  containers = patch: (podOf (extend web { spec.template.spec.containers = patch; })).containers;
  override' = changes: podOf (override web changes);
  stored = "/nix/store/00000000000000000000000000000000-web";
in
{
  gives = {
    nothing = {
      expr = extend web { } == web && override web { } == web;
      expected = true;
    };
    sets = {
      expr =
        (extend web {
          metadata = {
            labels.c = "d";
            namespace = "prod";
          };
          spec.replicas = 3;
        }).metadata;
      expected = {
        annotations."example.org/x" = "y";
        labels = {
          a = "b";
          "app.kubernetes.io/name" = "web";
          c = "d";
        };
        name = "web";
        namespace = "prod";
      };
    };
    "a function of the object" = {
      expr =
        (extend web (old: {
          spec.replicas = old.spec.replicas + 1;
        })).spec.replicas;
      expected = 2;
    };
    "null, which removes" = {
      expr =
        let
          e = extend web {
            spec = {
              replicas = null;
              nope = null;
            };
            metadata.annotations = null;
          };
        in
        [
          (e.spec ? replicas)
          (e.spec ? nope)
          (e.metadata ? annotations)
        ];
      expected = [
        false
        false
        false
      ];
    };
    "containers by name, in their order" = {
      expr = containers {
        web.image = stored;
        log = null;
        side = {
          image = stored;
          env.X = 1;
          volumeMounts."/d" = "data";
          command = null;
        };
        nope = null;
      };
      expected = [
        {
          env = [
            {
              name = "A";
              value = "1";
            }
            {
              name = "B";
              value = "2";
            }
          ];
          image = "nix.internal/nix/store/00000000000000000000000000000000-web:nix";
          imagePullPolicy = "IfNotPresent";
          name = "web";
          ports = [
            {
              containerPort = 80;
              name = "http";
            }
          ];
          volumeMounts = [
            {
              mountPath = "/data";
              name = "data";
            }
          ];
        }
        {
          env = [
            {
              name = "X";
              value = "1";
            }
          ];
          image = "nix.internal/nix/store/00000000000000000000000000000000-web:nix";
          name = "side";
          volumeMounts = [
            {
              mountPath = "/d";
              name = "data";
            }
          ];
        }
      ];
    };
    "containers of a list" = {
      expr = containers [
        {
          name = "log";
          image = stored;
        }
        {
          name = "new";
          image = "new:1";
        }
      ];
      expected = [
        {
          image = "nix.internal/nix/store/00000000000000000000000000000000-web:nix";
          imagePullPolicy = "IfNotPresent";
          name = "log";
        }
        {
          env = [
            {
              name = "A";
              value = "1";
            }
            {
              name = "B";
              value = "2";
            }
          ];
          image = "web:1";
          imagePullPolicy = "IfNotPresent";
          name = "web";
          ports = [
            {
              containerPort = 80;
              name = "http";
            }
          ];
          volumeMounts = [
            {
              mountPath = "/data";
              name = "data";
            }
          ];
        }
        {
          image = "new:1";
          name = "new";
        }
      ];
    };
    "variables and mounts by name" = {
      expr = builtins.elemAt (containers {
        web = {
          env = {
            A = null;
            B = "x";
            C.valueFrom.fieldRef.fieldPath = "y";
          };
          volumeMounts = {
            "/data" = null;
            "/e" = "data";
          };
        };
      }) 1;
      expected = {
        env = [
          {
            name = "B";
            value = "x";
          }
          {
            name = "C";
            valueFrom.fieldRef.fieldPath = "y";
          }
        ];
        image = "web:1";
        imagePullPolicy = "IfNotPresent";
        name = "web";
        ports = [
          {
            containerPort = 80;
            name = "http";
          }
        ];
        volumeMounts = [
          {
            mountPath = "/e";
            name = "data";
          }
        ];
      };
    };
    "ports by name" = {
      expr = (extend svc { spec.ports.http.nodePort = 30080; }).spec.ports;
      expected = [
        {
          name = "http";
          nodePort = 30080;
          port = 80;
          targetPort = "http";
        }
      ];
    };
    "ports of a list, which replace" = {
      expr = (extend svc { spec.ports = [ { port = 1; } ]; }).spec.ports;
      expected = [ { port = 1; } ];
    };
    "a list that isn't by name, which replaces" = {
      expr = (builtins.elemAt (containers { web.command = [ "a" ]; }) 1).command;
      expected = [ "a" ];
    };
    "a list that wasn't there" = {
      expr =
        (podOf (
          extend web {
            spec.template.spec.initContainers = [
              {
                name = "i";
                image = stored;
              }
            ];
          }
        )).initContainers;
      expected = [
        {
          image = "nix.internal/nix/store/00000000000000000000000000000000-web:nix";
          name = "i";
        }
      ];
    };
    "an object of another API" = {
      expr =
        (extend widget {
          spec = {
            containers.a.x = 2;
            env.A = 1;
          };
        }).spec;
      expected = {
        containers = [
          {
            name = "a";
            x = 2;
          }
        ];
        env.A = 1;
      };
    };
    "a path" = {
      expr = (override web { "spec.replicas" = 3; }).spec.replicas;
      expected = 3;
    };
    "a path to an item, and a function of what was there" = {
      expr = override' {
        "spec.template.spec.containers.web.image" = old: "${old}-b";
        "spec.template.spec.containers.log.image" = stored;
        "spec.template.spec.containers.web.env.A" = 5;
      };
      expected = {
        containers = [
          {
            image = "nix.internal/nix/store/00000000000000000000000000000000-web:nix";
            imagePullPolicy = "IfNotPresent";
            name = "log";
          }
          {
            env = [
              {
                name = "A";
                value = "5";
              }
              {
                name = "B";
                value = "2";
              }
            ];
            image = "web:1-b";
            imagePullPolicy = "IfNotPresent";
            name = "web";
            ports = [
              {
                containerPort = 80;
                name = "http";
              }
            ];
            volumeMounts = [
              {
                mountPath = "/data";
                name = "data";
              }
            ];
          }
        ];
        volumes = [
          {
            emptyDir = { };
            name = "data";
          }
        ];
      };
    };
    "a path with a name in quotes" = {
      expr = (override web { "metadata.annotations.\"example.org/x\"" = "z"; }).metadata.annotations;
      expected = {
        "example.org/x" = "z";
      };
    };
    "null, which removes what is at a path" = {
      expr =
        let
          e = override web {
            "spec.replicas" = null;
            "spec.template.spec.containers.log" = null;
          };
        in
        [
          (e.spec ? replicas)
          (builtins.length (podOf e).containers)
        ];
      expected = [
        false
        1
      ];
    };
  };
  refuses = {
    "a string that shall be extended" = {
      expr = extend "web" { };
      message = "extend: the object is \"web\", expected a Kubernetes object";
    };
    "a derivation that shall be extended" = {
      expr = extend hello { };
      message = "extend: the object is a derivation, expected a Kubernetes object";
    };
    "a patch that is a list" = {
      expr = extend web [ ];
      message = "extend: the patch is a list, expected an attribute set, or a function from the object to one";
    };
    "a container that is a string" = {
      expr = containers { web = "x"; };
      message = "extend: containers.web is \"x\", expected an attribute set";
    };
    "an item without its name" = {
      expr = containers [ { image = "x"; } ];
      message =
        "extend: an item of containers is an attribute set, "
        + "expected an attribute set with `name` in it";
    };
    "a port that is a number" = {
      expr = extend svc { spec.ports.http = 80; };
      message = "extend: ports.http is 80, expected an attribute set";
    };
    "a derivation that shall be overridden" = {
      expr = override hello { };
      message = "override: the object is a derivation, expected a Kubernetes object";
    };
    "changes that are a list" = {
      expr = override web [ ];
      message =
        "override: the changes is a list, "
        + "expected an attribute set, path to value, such as { \"spec.replicas\" = 3; }";
    };
    "a field that isn't there" = {
      expr = override web { "spec.replica" = 3; };
      message = "override: spec.replica isn't there: no \"replica\", there are: replicas, selector, template";
    };
    "a container that isn't there" = {
      expr = override web { "spec.template.spec.containers.wbe.image" = "x"; };
      message = "override: spec.template.spec.containers.wbe.image isn't there: no \"wbe\", there are: log, web";
    };
    "a path through a number" = {
      expr = override web { "spec.replicas.x" = 3; };
      message = "override: spec.replicas in spec.replicas.x is 1, expected something with \"x\" in it";
    };
  };
}
