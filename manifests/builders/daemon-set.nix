/**
  Returns a DaemonSet: one Pod on every node. `nodeSelector`, `affinity` and `tolerations` select some of the nodes.
*/
settings:
let
  inherit (import ../objects/name.nix) checkSubdomain;
  inherit (import ../pods/template.nix settings) split;
  inherit (import ../pods/replicas.nix) checkRestart toStrategy;

  workload = split {
    kind = "daemonSet";
    checkName = checkSubdomain;
    fields = [
      "updateStrategy"
      "minReadySeconds"
      "revisionHistoryLimit"
    ];
  };
in
# name, namespace, labels, annotations, metadata; podLabels, podAnnotations, selector; the fields of DaemonSetSpec; and
# the fields of PodSpec
args:
let
  inherit (workload args)
    builder
    metadata
    template
    selector
    fields
    ;
in
{
  apiVersion = "apps/v1";
  kind = "DaemonSet";
  inherit metadata;
  spec =
    toStrategy builder "updateStrategy" [
      "RollingUpdate"
      "OnDelete"
    ] fields
    // {
      inherit selector;
      template = checkRestart builder [ "Always" ] template;
    };
}
