# The fields that say what is delivered and how: of DeliveryProfile, and of each profile of a DeliverySet.
let
  inherit (import ./words.nix)
    anything
    choice
    count
    duration
    label
    listOf
    name
    object
    switch
    text
    ;

  hash = "[0-9abcdfghijklmnpqrsvwxyz]{32}";
in
{
  source =
    (object [ ] {
      storePath =
        (text (
          "A store path that has manifests: a file of objects, or a directory of such files. It is "
          + "fetched or built where it is missing."
        ))
        // {
          pattern = "^/nix/store/${hash}-[0-9A-Za-z+._?=-]+$";
          maxLength = 255;
        };
      derivation =
        (text (
          "A derivation whose output has manifests, such as /nix/store/<hash>-web.drv or "
          + "/nix/store/<hash>-web.drv!out."
        ))
        // {
          pattern = "^/nix/store/${hash}-[0-9A-Za-z+._?=-]+[.]drv([!^][A-Za-z0-9_.-]+)?$";
          maxLength = 300;
        };
      app = anything "An application, with the fields of app.yaml. The operator needs Nix for it.";
      catalogue = object [ "name" "version" ] {
        name = name "Name of the entry in the catalogue of the operator, such as ingress-nginx.";
        version = text "Version of the entry, such as 3.15.2.";
        values = anything "Values for the entry, as its own schema has them.";
      } "An entry of the catalogue of the operator.";
    } "What is delivered: exactly one of storePath, derivation, app and catalogue.")
    // {
      minProperties = 1;
      maxProperties = 1;
      x-kubernetes-validations = [
        {
          rule = (
            "[has(self.storePath), has(self.derivation), has(self.app), "
            + "has(self.catalogue)].exists_one(x, x)"
          );
          message = "expected exactly one of storePath, derivation, app and catalogue";
        }
        {
          rule = "!has(self.storePath) || !self.storePath.endsWith('.drv')";
          message = "a derivation is named by derivation, not by storePath";
        }
      ];
    };
  targetNamespace = label (
    "Namespace in the target of objects that name none, and of the record of the delivery. "
    + "Default: the namespace of the profile. It must be there."
  );
  serviceAccountName = name (
    "ServiceAccount on whose behalf the target is changed. In this cluster it is in the "
    + "namespace of the profile, in another one in the target namespace. Default in this "
    + "cluster: that of the operator's flag --default-service-account. Default elsewhere: the "
    + "user of the kubeconfig."
  );
  interval = duration "10m" (
    "How often the target is compared with the source, also where nothing is known to have "
    + "changed."
  );
  retryInterval = duration "1m" "How long the operator waits at most before it tries again what failed.";
  timeout = duration "5m" "How long objects may take to become healthy.";
  prune = switch true "Deletes objects that left the source.";
  drift =
    choice "correct"
      [
        "correct"
        "warn"
        "off"
      ]
      (
        "What is done about changes that others make to delivered objects: correct changes them "
        + "back within seconds, warn reports them, off doesn't look."
      );
  wait = switch false "Ready means that all objects are healthy, and not only that they were applied.";
  ignore = listOf 64 (
    (object [ "paths" ] {
      target = object [ ] {
        group = (text "API group; empty for Kubernetes' first kinds.") // {
          maxLength = 253;
        };
        kind = (text "Kind, such as Deployment.") // {
          maxLength = 63;
        };
        name = (text "Name of the object.") // {
          maxLength = 253;
        };
        namespace = (text "Namespace of the object.") // {
          maxLength = 63;
        };
        labels = {
          type = "object";
          maxProperties = 16;
          additionalProperties = {
            type = "string";
            maxLength = 63;
          };
          description = "Labels that the object has in the source.";
        };
      } "The objects that the paths are ignored in. All that is given must fit. Default: all objects.";
      paths =
        (listOf 64
          {
            type = "string";
            maxLength = 1024;
            pattern = "^/.+";
          }
          "JSON pointers, such as /spec/replicas, /data/* or /spec/template/spec/containers[name=web]/image."
        )
        // {
          minItems = 1;
        };
    } "A rule.")
  ) "Fields that are left to others: not compared, and not applied once the object is there.";
  historyLimit = (count 1 100 "Generations that are kept, and can be gone back to.") // {
    default = 10;
  };
  confirm =
    listOf 256
      {
        type = "string";
        maxLength = 512;
      }
      (
        "Objects that may be deleted although they hold data or other objects, such as "
        + "\"Namespace shop\" or \"PersistentVolumeClaim shop/data\"."
      );
  adopt = switch false "Takes objects over that belong to another set.";
  allowEmpty = switch false "The source may have no objects, and all that it had are deleted.";
  allowShrink = switch false "More than half of the objects may be deleted at once.";
  deletionPolicy =
    choice "prune"
      [
        "prune"
        "orphan"
        "refuse"
      ]
      (
        "What happens to the objects when the profile is deleted or gets another target: prune "
        + "deletes them, orphan leaves them, refuse keeps the profile. They stay in any case where "
        + "the namespace of the profile, or the kind DeliveryProfile, is being removed."
      );
}
