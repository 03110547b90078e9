# A StatefulSet: Pods with names that last, and storage of their own.
{ imageRef }:
let
  inherit (builtins) removeAttrs;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/name.nix) checkServiceName checkSubdomain;
  inherit (import ../objects/named-list.nix) namedList;
  inherit (import ../pods/template.nix { inherit imageRef; }) split;
  inherit (import ../pods/replicas.nix) checkReplicas checkRestart;
  toClaimSpec = import ../objects/claim-spec.nix;

  builder = "statefulSet";

  workload = claims: split {
    inherit builder claims;
    # The names of its Pods are this and a number, and hosts in DNS.
    checkName = checkSubdomain;
    fields = [
      "replicas"
      "serviceName"
      "volumeClaimTemplates"
      "persistentVolumeClaimRetentionPolicy"
      "podManagementPolicy"
      "updateStrategy"
      "minReadySeconds"
      "ordinals"
      "revisionHistoryLimit"
    ];
  };

  # { data = "10Gi"; } or { data = { storage = "10Gi"; storageClassName = "fast"; }; }
  toTemplates = namedList {
    toItem =
      builder: field: name: claim:
      if builtins.isAttrs claim && claim ? spec then
        claim // { metadata = claim.metadata or { } // { inherit name; }; }
      else
        {
          metadata = { inherit name; };
          spec = toClaimSpec builder field (
            if builtins.isAttrs claim then removeAttrs claim [ "name" ] else claim
          );
        };
  };
in
# name, namespace, labels, annotations, metadata; podLabels, podAnnotations, selector; the fields of StatefulSetSpec,
# where `serviceName` is the name unless said, and `volumeClaimTemplates` are mounted by their names; and the fields of PodSpec
args:
let
  templates = toTemplates builder "volumeClaimTemplates" (args.volumeClaimTemplates or { });
  inherit (workload (map (claim: claim.metadata.name) templates) args)
    metadata
    template
    selector
    fields
    ;
in
{
  apiVersion = "apps/v1";
  kind = "StatefulSet";
  inherit metadata;
  spec =
    {
      serviceName = checkServiceName builder "serviceName" metadata.name;
    }
    // checkReplicas builder fields
    // (if templates == [ ] then { } else { volumeClaimTemplates = templates; })
    // {
      inherit selector;
      template = checkRestart builder [ "Always" ] template;
    };
}
