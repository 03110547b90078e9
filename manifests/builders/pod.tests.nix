# Cases of pod.
{ manifests, some, ... }:
with manifests;

{
  gives = {
    "the least" = {
      expr = pod {
        name = "a";
        containers.b.image = "c";
      };
      expected = {
        apiVersion = "v1";
        kind = "Pod";
        metadata.name = "a";
        spec.containers = [
          {
            image = "c";
            imagePullPolicy = "IfNotPresent";
            name = "b";
          }
        ];
      };
    };
    "all that it has" = {
      expr = pod {
        name = "web.example";
        namespace = "prod";
        labels.app = "web";
        annotations."example.org/why" = "because";
        metadata.ownerReferences = [
          {
            apiVersion = "v1";
            kind = "Node";
            name = "n";
            uid = "1";
          }
        ];
        restartPolicy = "Never";
        serviceAccountName = "web";
        securityContext.runAsNonRoot = true;
        imagePullSecrets = [ "registry" ];
        volumes.data.emptyDir = { };
        initContainers = [
          {
            name = "second";
            image = "example.org/a:1";
          }
          {
            name = "first";
            image = "/nix/store/00000000000000000000000000000000-web";
          }
        ];
        containers = {
          web = {
            image = "/nix/store/00000000000000000000000000000000-web.tar.gz";
            command = [ "/bin/web" ];
            args = [ "-v" ];
            env = {
              B = 2;
              A = "x";
              C = true;
              D.valueFrom.fieldRef.fieldPath = "status.podIP";
            };
            ports = [
              80
              "53/udp"
              {
                containerPort = 9090;
                name = "metrics";
              }
            ];
            resources.limits.memory = "64Mi";
            volumeMounts."/data" = "data";
          };
          aside = {
            image = "example.org/a:1";
            imagePullPolicy = "Always";
            env = [
              {
                name = "Z";
                value = "";
              }
            ];
          };
        };
      };
      expected = {
        apiVersion = "v1";
        kind = "Pod";
        metadata = {
          annotations."example.org/why" = "because";
          labels.app = "web";
          name = "web.example";
          namespace = "prod";
          ownerReferences = [
            {
              apiVersion = "v1";
              kind = "Node";
              name = "n";
              uid = "1";
            }
          ];
        };
        spec = {
          containers = [
            {
              env = [
                {
                  name = "Z";
                  value = "";
                }
              ];
              image = "example.org/a:1";
              imagePullPolicy = "Always";
              name = "aside";
            }
            {
              args = [ "-v" ];
              command = [ "/bin/web" ];
              env = [
                {
                  name = "A";
                  value = "x";
                }
                {
                  name = "B";
                  value = "2";
                }
                {
                  name = "C";
                  value = "true";
                }
                {
                  name = "D";
                  valueFrom.fieldRef.fieldPath = "status.podIP";
                }
              ];
              image = "nix.internal/nix/store/00000000000000000000000000000000-web.tar.gz:nix";
              imagePullPolicy = "IfNotPresent";
              name = "web";
              ports = [
                { containerPort = 80; }
                {
                  containerPort = 53;
                  protocol = "UDP";
                }
                {
                  containerPort = 9090;
                  name = "metrics";
                }
              ];
              resources.limits.memory = "64Mi";
              volumeMounts = [
                {
                  mountPath = "/data";
                  name = "data";
                }
              ];
            }
          ];
          imagePullSecrets = [ { name = "registry"; } ];
          initContainers = [
            {
              image = "example.org/a:1";
              imagePullPolicy = "IfNotPresent";
              name = "second";
            }
            {
              image = "nix.internal/nix/store/00000000000000000000000000000000-web:nix";
              imagePullPolicy = "IfNotPresent";
              name = "first";
            }
          ];
          restartPolicy = "Never";
          securityContext.runAsNonRoot = true;
          serviceAccountName = "web";
          volumes = [
            {
              emptyDir = { };
              name = "data";
            }
          ];
        };
      };
    };
  };
  refuses = {
    "no name" = {
      expr = pod { containers.a.image = "b"; };
      message = "pod: name is missing";
    };
    "a string" = {
      expr = pod "web";
      message = "pod: the argument is \"web\", expected an attribute set with `name` in it";
    };
    "a string for a Deployment" = {
      expr = deployment "web";
      message = "deployment: the argument is \"web\", expected an attribute set with `name` in it";
    };
    "an image" = {
      expr = pod (some { });
      message = "pod: the argument is a derivation, expected an attribute set with `name` in it";
    };
    "a name with capitals" = {
      expr = pod {
        name = "A";
        containers.a.image = "b";
      };
      message =
        "pod \"A\": name is \"A\", expected an RFC 1123 subdomain: at most 253 of a-z 0-9 - ., "
        + "each part beginning and ending with a letter or digit";
    };
    "a name with a dot at its end" = {
      expr = pod {
        name = "a.";
        containers.a.image = "b";
      };
      message =
        "pod \"a.\": name is \"a.\", expected an RFC 1123 subdomain: at most 253 of a-z 0-9 - ., "
        + "each part beginning and ending with a letter or digit";
    };
    "a name of 254 characters" = {
      expr = pod {
        name = (builtins.concatStringsSep "" (builtins.genList (_: "a") 254));
        containers.a.image = "b";
      };
      message =
        "pod: name is "
        + "\"${builtins.concatStringsSep "" (builtins.genList (_: "a") 119)}..., "
        + "expected an RFC 1123 subdomain: at most 253 of a-z 0-9 - ., "
        + "each part beginning and ending with a letter or digit";
    };
    "a name that is a number" = {
      expr = pod {
        name = 1;
        containers.a.image = "b";
      };
      message =
        "pod: name is 1, expected an RFC 1123 subdomain: at most 253 of a-z 0-9 - ., "
        + "each part beginning and ending with a letter or digit";
    };
    "a namespace with a dot" = {
      expr = pod {
        name = "a";
        namespace = "b.c";
        containers.a.image = "b";
      };
      message =
        "pod \"a\": namespace is \"b.c\", expected an RFC 1123 label: at most 63 of a-z 0-9 -, "
        + "beginning and ending with a letter or digit";
    };
    "no containers" = {
      expr = pod { name = "a"; };
      message = "pod \"a\": containers is empty, expected at least one container";
    };
    "an empty list of containers" = {
      expr = pod {
        name = "a";
        containers = [ ];
      };
      message = "pod \"a\": containers is empty, expected at least one container";
    };
    "a restart policy that there isn't" = {
      expr = pod {
        name = "web";
        containers.web.image = "web:1";
        restartPolicy = "Sometimes";
      };
      message = "pod \"web\": restartPolicy is \"Sometimes\", expected \"Always\" or \"OnFailure\" or \"Never\"";
    };
    "containers for debugging" = {
      expr = pod {
        name = "web";
        containers.web.image = "web:1";
        ephemeralContainers = [ ];
      };
      message =
        "pod \"web\": ephemeralContainers isn't an argument, "
        + "expected `kubectl debug` on a Pod that runs";
    };
    "a kind" = {
      expr = pod {
        name = "a";
        kind = "Pod";
        containers.a.image = "b";
      };
      message =
        "pod \"a\": kind isn't an argument, "
        + "expected name, namespace, labels, annotations and the fields of PodSpec";
    };
    "a spec" = {
      expr = pod {
        name = "a";
        spec = { };
      };
      message =
        "pod \"a\": spec isn't an argument, "
        + "expected name, namespace, labels, annotations and the fields of PodSpec";
    };
    "pull secrets that are a string" = {
      expr = pod {
        name = "web";
        containers.web.image = "web:1";
        imagePullSecrets = "registry";
      };
      message = "pod \"web\": imagePullSecrets is \"registry\", expected a list of names";
    };
  };
}
