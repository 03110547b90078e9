# Cases of app: the Pods of its workload.
{ manifests, ... }:
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
  # The Deployment, StatefulSet or CronJob among the objects.
  workloadOf =
    more:
    builtins.head (
      builtins.filter (
        object:
        object ? spec
        && builtins.elem object.kind [
          "Deployment"
          "StatefulSet"
          "CronJob"
        ]
      ) (plain more)
    );
  podOf =
    more:
    let
      inherit (workloadOf more) spec;
    in
    (spec.jobTemplate.spec.template or spec.template).spec;
in

{
  gives = {
    "files that change make new Pods" = {
      expr =
        let
          templateOf = text: builtins.toJSON (workloadOf { files."/etc/a" = text; }).spec.template;
        in
        [
          (templateOf "one" == templateOf "two")
          (templateOf "one" == templateOf "one")
        ];
      expected = [
        false
        true
      ];
    };
  };
  has = {
    "safe by default" = {
      expr = podOf { };
      expected = {
        automountServiceAccountToken = false;
        serviceAccountName = "a";
        securityContext = {
          runAsNonRoot = true;
          runAsUser = 65532;
          runAsGroup = 65532;
          fsGroup = 65532;
          seccompProfile.type = "RuntimeDefault";
        };
        containers = [
          {
            securityContext = {
              allowPrivilegeEscalation = false;
              readOnlyRootFilesystem = true;
              capabilities.drop = [ "ALL" ];
            };
            volumeMounts = [
              {
                mountPath = "/tmp";
                name = "tmp";
              }
            ];
          }
        ];
        volumes = [
          {
            name = "tmp";
            emptyDir = { };
          }
        ];
      };
    };
    "another user" = {
      expr = podOf { user = 1000; };
      expected = {
        securityContext = {
          runAsUser = 1000;
          fsGroup = 1000;
        };
      };
    };
    root = {
      expr = podOf { runAsRoot = true; };
      expected = {
        securityContext = {
          runAsNonRoot = false;
          runAsUser = null;
          fsGroup = null;
        };
      };
    };
    "a root that can be written" = {
      expr = podOf { writableRoot = true; };
      expected = {
        volumes = null;
        containers = [
          {
            volumeMounts = null;
            securityContext = {
              allowPrivilegeEscalation = false;
              readOnlyRootFilesystem = false;
              capabilities.drop = [ "ALL" ];
            };
          }
        ];
      };
    };
    "rights, capabilities and system calls" = {
      expr = podOf {
        privilegeEscalation = true;
        capabilities = [ "NET_RAW" ];
        seccomp = false;
      };
      expected = {
        securityContext.seccompProfile.type = "Unconfined";
        containers = [
          {
            securityContext = {
              allowPrivilegeEscalation = true;
              capabilities = {
                drop = [ "ALL" ];
                add = [ "NET_RAW" ];
              };
            };
          }
        ];
      };
    };
    "a token" = {
      expr = podOf { apiToken = true; };
      expected = {
        automountServiceAccountToken = true;
      };
    };
    "a port that was root’s once" = {
      expr = podOf { port = 80; };
      expected = {
        securityContext.sysctls = [
          {
            name = "net.ipv4.ip_unprivileged_port_start";
            value = "0";
          }
        ];
      };
    };
    "a port above" = {
      expr = podOf { port = 1024; };
      expected = {
        securityContext.sysctls = null;
      };
    };
    "a /tmp of one’s own" = {
      expr = podOf { volumes."/tmp".emptyDir.medium = "Memory"; };
      expected = {
        volumes = [
          {
            name = "tmp";
            emptyDir.medium = "Memory";
          }
        ];
      };
    };
    "ready while it takes connections" = {
      expr = podOf { ports.pg = 5432; };
      expected = {
        containers = [
          {
            readinessProbe.tcpSocket.port = "pg";
            livenessProbe = null;
            startupProbe = null;
          }
        ];
      };
    };
    "no probe of UDP" = {
      expr = podOf { ports.dns = "53/udp"; };
      expected = {
        containers = [ { readinessProbe = null; } ];
      };
    };
    "HTTP before others" = {
      expr = podOf {
        ports = {
          admin = 1;
          http = 2;
        };
        health = "/";
      };
      expected = {
        containers = [
          {
            livenessProbe.httpGet = {
              path = "/";
              port = "http";
            };
          }
        ];
      };
    };
    "no probes" = {
      expr = podOf {
        port = 80;
        health = false;
      };
      expected = {
        containers = [ { readinessProbe = null; } ];
      };
    };
    "probes of one’s own" = {
      expr = podOf {
        port = 80;
        health = "/";
        probes = {
          livenessProbe = null;
          readinessProbe.exec.command = [ "ok" ];
        };
      };
      expected = {
        containers = [
          {
            livenessProbe = null;
            readinessProbe.exec.command = [ "ok" ];
          }
        ];
      };
    };
    small = {
      expr = podOf { };
      expected = {
        containers = [
          {
            resources = {
              requests = {
                cpu = "50m";
                memory = "128Mi";
              };
              limits.memory = "256Mi";
            };
          }
        ];
      };
    };
    "large, with less processor time" = {
      expr = podOf {
        size = "large";
        resources.cpu = 0.5;
      };
      expected = {
        containers = [
          {
            resources = {
              requests = {
                cpu = 0.5;
                memory = "2Gi";
              };
              limits.memory = "4Gi";
            };
          }
        ];
      };
    };
    "resources as Kubernetes has them" = {
      expr = podOf { resources.limits.cpu = 1; };
      expected = {
        containers = [
          {
            resources = {
              limits.cpu = 1;
              requests = null;
            };
          }
        ];
      };
    };
    "all keys of a Secret" = {
      expr = podOf { secrets = [ "s" ]; };
      expected = {
        containers = [ { envFrom = [ { secretRef.name = "s"; } ]; } ];
      };
    };
    "a Job that isn’t started again" = {
      expr = podOf {
        schedule = "@daily";
        args = [ "now" ];
      };
      expected = {
        restartPolicy = "Never";
        containers = [ { args = [ "now" ]; } ];
      };
    };
    "storage of each Pod" = {
      expr =
        (workloadOf {
          port = 5432;
          storage = {
            "/var/lib/Db" = "1Gi";
            "/log" = {
              storage = "2Gi";
              storageClassName = "slow";
            };
          };
        }).spec;
      expected = {
        serviceName = "a";
        template.spec.containers = [
          {
            volumeMounts = [
              { name = "log"; }
              { name = "tmp"; }
              {
                mountPath = "/var/lib/Db";
                name = "var-lib-db";
              }
            ];
          }
        ];
        volumeClaimTemplates = [
          {
            metadata.name = "log";
            spec.storageClassName = "slow";
          }
          {
            metadata.name = "var-lib-db";
            spec.resources.requests.storage = "1Gi";
          }
        ];
      };
    };
  };
}
