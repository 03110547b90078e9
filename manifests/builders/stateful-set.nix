/**
  Returns a StatefulSet: Pods with fixed names, and with storage of their own.
*/
settings:
let
  inherit (builtins) removeAttrs;
  inherit (import ../objects/choice.nix) choices;
  inherit (import ../objects/metadata.nix) named;
  inherit (import ../objects/name.nix) checkServiceName checkSubdomain;
  inherit (import ../objects/named-list.nix) namedList;
  inherit (import ../pods/template.nix settings) split;
  inherit (import ../pods/replicas.nix) checkReplicas checkRestart toStrategy;
  toClaimSpec = import ../objects/claim-spec.nix;

  workload =
    claims:
    split {
      inherit claims;
      kind = "statefulSet";
      # The names of its Pods are this name and a number. They are hosts in DNS.
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

  # Returns the name of a Service, which may be given as the object.
  serviceNameOf =
    builder: service:
    checkServiceName builder "serviceName" (
      if builtins.isAttrs service && service.kind or null == "Service" then
        service.metadata.name
      else
        service
    );

  # Converts claims: { data = "10Gi"; } or { data = { storage = "10Gi"; storageClassName = "fast"; }; }.
  toTemplates =
    builder: field: claims:
    listed builder field (
      if builtins.isList claims then
        # The items of Kubernetes' list have their names in `metadata`.
        map (
          claim: if claim ? metadata.name then { inherit (claim.metadata) name; } // claim else claim
        ) claims
      else
        claims
    );

  listed = namedList {
    toItem =
      builder: field: name: claim:
      if builtins.isAttrs claim && claim ? spec then
        removeAttrs claim [ "name" ]
        // {
          metadata = claim.metadata or { } // {
            inherit name;
          };
          spec = toClaimSpec builder "${field}.spec" claim.spec;
        }
      else
        {
          metadata = { inherit name; };
          spec = toClaimSpec builder field (
            if builtins.isAttrs claim then removeAttrs claim [ "name" ] else claim
          );
        };
  };
in
# name, namespace, labels, annotations, metadata; podLabels, podAnnotations, selector; the fields of StatefulSetSpec;
# and the fields of PodSpec. The default of `serviceName` is the name; it may also be the Service itself.
# `volumeClaimTemplates` are mounted by their names
args:
let
  templates = toTemplates (named "statefulSet" args) "volumeClaimTemplates" (
    if args.volumeClaimTemplates or null == null then { } else args.volumeClaimTemplates
  );
  inherit (workload (map (claim: claim.metadata.name) templates) args)
    builder
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
    choices builder
      {
        podManagementPolicy = [
          "OrderedReady"
          "Parallel"
        ];
      }
      (
        toStrategy builder "updateStrategy" [
          "RollingUpdate"
          "OnDelete"
        ] (checkReplicas builder fields)
      )
    // {
      serviceName = serviceNameOf builder (fields.serviceName or metadata.name);
    }
    // (if templates == [ ] then { } else { volumeClaimTemplates = templates; })
    // {
      inherit selector;
      template = checkRestart builder [ "Always" ] template;
    };
}
