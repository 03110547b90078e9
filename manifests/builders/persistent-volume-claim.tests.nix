# Cases of persistentVolumeClaim.
{ manifests, ... }:
with manifests;

{
  gives = {
    "the least" = {
      expr = persistentVolumeClaim {
        name = "data";
        storage = "10Gi";
      };
      expected = {
        apiVersion = "v1";
        kind = "PersistentVolumeClaim";
        metadata.name = "data";
        spec = {
          accessModes = [ "ReadWriteOnce" ];
          resources.requests.storage = "10Gi";
        };
      };
    };
    "all that it has" = {
      expr = persistentVolumeClaim {
        name = "data";
        namespace = "prod";
        storage = "1.5Ti";
        storageClassName = "fast";
        accessModes = [ "ReadOnlyMany" ];
        volumeMode = "Block";
        volumeName = "pv";
        resources.limits.storage = "2Ti";
      };
      expected = {
        apiVersion = "v1";
        kind = "PersistentVolumeClaim";
        metadata = {
          name = "data";
          namespace = "prod";
        };
        spec = {
          accessModes = [ "ReadOnlyMany" ];
          resources = {
            limits.storage = "2Ti";
            requests.storage = "1.5Ti";
          };
          storageClassName = "fast";
          volumeMode = "Block";
          volumeName = "pv";
        };
      };
    };
    "a size where Kubernetes has it" = {
      expr =
        (persistentVolumeClaim {
          name = "data";
          resources.requests.storage = "1Gi";
        }).spec;
      expected = {
        accessModes = [ "ReadWriteOnce" ];
        resources.requests.storage = "1Gi";
      };
    };
  };
  refuses = {
    "no name" = {
      expr = persistentVolumeClaim { storage = "1Gi"; };
      message = "persistentVolumeClaim: name is missing";
    };
    "no size" = {
      expr = persistentVolumeClaim { name = "data"; };
      message = "persistentVolumeClaim \"data\": storage is null, expected a size such as \"10Gi\"";
    };
    "a size with a unit that there isn't" = {
      expr = persistentVolumeClaim {
        name = "data";
        storage = "10GB";
      };
      message = "persistentVolumeClaim \"data\": storage is \"10GB\", expected a size such as \"10Gi\"";
    };
    "an access mode that there isn't" = {
      expr = persistentVolumeClaim {
        name = "data";
        storage = "1Gi";
        accessModes = [ "ReadWrite" ];
      };
      message =
        "persistentVolumeClaim \"data\": an item of accessModes is \"ReadWrite\", "
        + "expected \"ReadWriteOnce\" or \"ReadOnlyMany\" or \"ReadWriteMany\" or \"ReadWriteOncePod\"";
    };
    "an access mode that is no list" = {
      expr = persistentVolumeClaim {
        name = "data";
        storage = "1Gi";
        accessModes = "ReadWriteOnce";
      };
      message =
        "persistentVolumeClaim \"data\": accessModes is \"ReadWriteOnce\", "
        + "expected a list of ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod";
    };
  };
}
