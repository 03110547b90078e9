# Cases of daemonSet.
{ manifests, ... }:
with manifests;

{
  gives = {
    "the least" = {
      expr = daemonSet {
        name = "agent";
        containers.agent.image = "agent:1";
      };
      expected = {
        apiVersion = "apps/v1";
        kind = "DaemonSet";
        metadata = {
          labels."app.kubernetes.io/name" = "agent";
          name = "agent";
        };
        spec = {
          selector.matchLabels."app.kubernetes.io/name" = "agent";
          template = {
            metadata.labels."app.kubernetes.io/name" = "agent";
            spec.containers = [
              {
                image = "agent:1";
                imagePullPolicy = "IfNotPresent";
                name = "agent";
              }
            ];
          };
        };
      };
    };
    "all that it has" = {
      expr = daemonSet {
        name = "agent";
        updateStrategy = "OnDelete";
        minReadySeconds = 3;
        revisionHistoryLimit = 1;
        podLabels.colour = "blue";
        tolerations = [ { operator = "Exists"; } ];
        hostNetwork = true;
        dnsPolicy = "ClusterFirstWithHostNet";
        volumes.nix.hostPath = "/nix";
        containers.agent = {
          image = "agent:1";
          volumeMounts."/nix" = {
            name = "nix";
            readOnly = true;
          };
        };
      };
      expected = {
        apiVersion = "apps/v1";
        kind = "DaemonSet";
        metadata = {
          labels."app.kubernetes.io/name" = "agent";
          name = "agent";
        };
        spec = {
          minReadySeconds = 3;
          revisionHistoryLimit = 1;
          selector.matchLabels."app.kubernetes.io/name" = "agent";
          template = {
            metadata.labels = {
              "app.kubernetes.io/name" = "agent";
              colour = "blue";
            };
            spec = {
              containers = [
                {
                  image = "agent:1";
                  imagePullPolicy = "IfNotPresent";
                  name = "agent";
                  volumeMounts = [
                    {
                      mountPath = "/nix";
                      name = "nix";
                      readOnly = true;
                    }
                  ];
                }
              ];
              dnsPolicy = "ClusterFirstWithHostNet";
              hostNetwork = true;
              tolerations = [ { operator = "Exists"; } ];
              volumes = [
                {
                  hostPath.path = "/nix";
                  name = "nix";
                }
              ];
            };
          };
          updateStrategy.type = "OnDelete";
        };
      };
    };
  };
  refuses = {
    "no name" = {
      expr = daemonSet { containers.agent.image = "agent:1"; };
      message = "daemonSet: name is missing";
    };
    "a strategy that is a Deployment's" = {
      expr = daemonSet {
        name = "agent";
        updateStrategy.type = "Recreate";
        containers.agent.image = "agent:1";
      };
      message = "daemonSet \"agent\": updateStrategy.type is \"Recreate\", expected \"RollingUpdate\" or \"OnDelete\"";
    };
    "a restart policy that it hasn't" = {
      expr = daemonSet {
        name = "agent";
        restartPolicy = "Never";
        containers.agent.image = "agent:1";
      };
      message = "daemonSet \"agent\": restartPolicy is \"Never\", expected \"Always\"";
    };
    "a policy of DNS that there isn't" = {
      expr = daemonSet {
        name = "agent";
        dnsPolicy = "Host";
        containers.agent.image = "agent:1";
      };
      message =
        "daemonSet \"agent\": dnsPolicy is \"Host\", "
        + "expected \"ClusterFirst\" or \"ClusterFirstWithHostNet\" or \"Default\" or \"None\"";
    };
    "a selector that doesn't match" = {
      expr = daemonSet {
        name = "agent";
        selector.app = "other";
        containers.agent.image = "agent:1";
      };
      message =
        "daemonSet \"agent\": selector.matchLabels.\"app\" is \"other\", "
        + "expected what the labels of the Pods say: app.kubernetes.io/name=agent";
    };
  };
}
