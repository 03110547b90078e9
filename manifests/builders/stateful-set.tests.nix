# Cases of statefulSet.
{ manifests, ... }:
with manifests;

{
  gives = {
    "the least" = {
      expr = statefulSet {
        name = "db";
        containers.db.image = "db:1";
      };
      expected = {
        apiVersion = "apps/v1";
        kind = "StatefulSet";
        metadata = {
          labels."app.kubernetes.io/name" = "db";
          name = "db";
        };
        spec = {
          selector.matchLabels."app.kubernetes.io/name" = "db";
          serviceName = "db";
          template = {
            metadata.labels."app.kubernetes.io/name" = "db";
            spec.containers = [
              {
                image = "db:1";
                imagePullPolicy = "IfNotPresent";
                name = "db";
              }
            ];
          };
        };
      };
    };
    "all that it has" = {
      expr = statefulSet {
        name = "db";
        replicas = 3;
        serviceName = "db-peers";
        podManagementPolicy = "Parallel";
        updateStrategy = "OnDelete";
        minReadySeconds = 1;
        ordinals.start = 1;
        revisionHistoryLimit = 1;
        persistentVolumeClaimRetentionPolicy.whenDeleted = "Delete";
        volumeClaimTemplates = {
          data = "10Gi";
          log = {
            storage = "1Gi";
            storageClassName = "fast";
            accessModes = [ "ReadWriteMany" ];
          };
        };
        containers.db = {
          image = "db:1";
          volumeMounts = {
            "/data" = "data";
            "/log" = {
              name = "log";
              subPath = "db";
            };
          };
        };
      };
      expected = {
        apiVersion = "apps/v1";
        kind = "StatefulSet";
        metadata = {
          labels."app.kubernetes.io/name" = "db";
          name = "db";
        };
        spec = {
          minReadySeconds = 1;
          ordinals.start = 1;
          persistentVolumeClaimRetentionPolicy.whenDeleted = "Delete";
          podManagementPolicy = "Parallel";
          replicas = 3;
          revisionHistoryLimit = 1;
          selector.matchLabels."app.kubernetes.io/name" = "db";
          serviceName = "db-peers";
          template = {
            metadata.labels."app.kubernetes.io/name" = "db";
            spec.containers = [
              {
                image = "db:1";
                imagePullPolicy = "IfNotPresent";
                name = "db";
                volumeMounts = [
                  {
                    mountPath = "/data";
                    name = "data";
                  }
                  {
                    mountPath = "/log";
                    name = "log";
                    subPath = "db";
                  }
                ];
              }
            ];
          };
          updateStrategy.type = "OnDelete";
          volumeClaimTemplates = [
            {
              metadata.name = "data";
              spec = {
                accessModes = [ "ReadWriteOnce" ];
                resources.requests.storage = "10Gi";
              };
            }
            {
              metadata.name = "log";
              spec = {
                accessModes = [ "ReadWriteMany" ];
                resources.requests.storage = "1Gi";
                storageClassName = "fast";
              };
            }
          ];
        };
      };
    };
    "the Service that names its Pods" = {
      expr =
        (statefulSet {
          name = "db";
          serviceName = service {
            name = "peers";
            clusterIP = "None";
          };
          containers.db.image = "db:1";
        }).spec.serviceName;
      expected = "peers";
    };
    "claims as Kubernetes has them" = {
      expr =
        (statefulSet {
          name = "db";
          volumeClaimTemplates = [
            {
              metadata.name = "data";
              spec.resources.requests.storage = "1Gi";
            }
          ];
          containers.db = {
            image = "db:1";
            volumeMounts."/data" = "data";
          };
        }).spec.volumeClaimTemplates;
      expected = [
        {
          metadata.name = "data";
          spec = {
            accessModes = [ "ReadWriteOnce" ];
            resources.requests.storage = "1Gi";
          };
        }
      ];
    };
  };
  refuses = {
    "no name" = {
      expr = statefulSet { containers.db.image = "db:1"; };
      message = "statefulSet: name is missing";
    };
    "a name that is no name of a Service" = {
      expr = statefulSet {
        name = "1db";
        containers.db.image = "db:1";
      };
      message =
        "statefulSet \"1db\": serviceName is \"1db\", "
        + "expected an RFC 1035 label: at most 63 of a-z 0-9 -, beginning with a letter, "
        + "ending with a letter or digit";
    };
    "a Service's name with a dot" = {
      expr = statefulSet {
        name = "db";
        serviceName = "a.b";
        containers.db.image = "db:1";
      };
      message =
        "statefulSet \"db\": serviceName is \"a.b\", "
        + "expected an RFC 1035 label: at most 63 of a-z 0-9 -, beginning with a letter, "
        + "ending with a letter or digit";
    };
    "a size that is none" = {
      expr = statefulSet {
        name = "db";
        volumeClaimTemplates.data = "10 GB";
        containers.db.image = "db:1";
      };
      message =
        "statefulSet \"db\": volumeClaimTemplates.data.storage is \"10 GB\", "
        + "expected a size such as \"10Gi\"";
    };
    "a size that is a number" = {
      expr = statefulSet {
        name = "db";
        volumeClaimTemplates.data = 10;
        containers.db.image = "db:1";
      };
      message =
        "statefulSet \"db\": volumeClaimTemplates.data is 10, "
        + "expected a size such as \"10Gi\", or an attribute set with `storage` in it";
    };
    "a claim without size" = {
      expr = statefulSet {
        name = "db";
        volumeClaimTemplates.data = { };
        containers.db.image = "db:1";
      };
      message = "statefulSet \"db\": volumeClaimTemplates.data.storage is null, expected a size such as \"10Gi\"";
    };
    "an access mode that there isn't" = {
      expr = statefulSet {
        name = "db";
        volumeClaimTemplates.data = {
          storage = "1Gi";
          accessModes = [ "RWO" ];
        };
        containers.db.image = "db:1";
      };
      message =
        "statefulSet \"db\": an item of volumeClaimTemplates.data.accessModes is \"RWO\", "
        + "expected \"ReadWriteOnce\" or \"ReadOnlyMany\" or \"ReadWriteMany\" or \"ReadWriteOncePod\"";
    };
    "a mount without its claim" = {
      expr = statefulSet {
        name = "db";
        volumeClaimTemplates.data = "1Gi";
        containers.db = {
          image = "db:1";
          volumeMounts."/data" = "dat";
        };
      };
      message =
        "statefulSet \"db\": containers.db.volumeMounts./data is \"dat\", "
        + "expected the name of a volume, there are: data";
    };
    "an order of Pods that there isn't" = {
      expr = statefulSet {
        name = "db";
        podManagementPolicy = "Any";
        containers.db.image = "db:1";
      };
      message = "statefulSet \"db\": podManagementPolicy is \"Any\", expected \"OrderedReady\" or \"Parallel\"";
    };
    "a strategy that is a Deployment's" = {
      expr = statefulSet {
        name = "db";
        updateStrategy = "Recreate";
        containers.db.image = "db:1";
      };
      message = "statefulSet \"db\": updateStrategy is \"Recreate\", expected \"RollingUpdate\" or \"OnDelete\"";
    };
    "a restart policy that it hasn't" = {
      expr = statefulSet {
        name = "db";
        restartPolicy = "OnFailure";
        containers.db.image = "db:1";
      };
      message = "statefulSet \"db\": restartPolicy is \"OnFailure\", expected \"Always\"";
    };
    "replicas below 0" = {
      expr = statefulSet {
        name = "db";
        replicas = -1;
        containers.db.image = "db:1";
      };
      message = "statefulSet \"db\": replicas is -1, expected a number from 0 on";
    };
    "a selector that doesn't match" = {
      expr = statefulSet {
        name = "db";
        selector.app = "other";
        containers.db.image = "db:1";
      };
      message =
        "statefulSet \"db\": selector.matchLabels.\"app\" is \"other\", "
        + "expected what the labels of the Pods say: app.kubernetes.io/name=db";
    };
  };
}
