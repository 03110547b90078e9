# A NetworkPolicy: who may talk to some Pods, and whom they may talk to.
let
  inherit (builtins)
    filter
    isList
    removeAttrs
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix) toMetadata withoutMetadata;
  inherit (import ../pods/selector.nix) nameLabel parse;

  builder = "networkPolicy";

  rules =
    field: value:
    if isList value then value else refuse builder field value "a list of rules; [ ] lets nothing through, [ { } ] everything";
in
# name, namespace, labels, annotations, metadata, and the fields of NetworkPolicySpec
{
  # labels of the Pods, or a whole LabelSelector; { } is every Pod of the namespace. Those of the application that has the
  # policy's name where nothing is said
  podSelector ? {
    ${nameLabel} = args.name;
  },
  # list of NetworkPolicyIngressRule; null: not restricted
  ingress ? null,
  # list of NetworkPolicyEgressRule; null: not restricted
  egress ? null,
  ...
}@args:
let
  rest = removeAttrs (withoutMetadata args) [
    "podSelector"
    "ingress"
    "egress"
  ];
in
if ingress == null && egress == null && !(rest ? policyTypes) then
  throw "${builder}: neither ingress nor egress is there, expected at least one: [ ] lets nothing through"
else
  {
    apiVersion = "networking.k8s.io/v1";
    kind = "NetworkPolicy";
    metadata = toMetadata { inherit builder; } args;
    spec = {
      podSelector = if podSelector == { } then { } else parse builder podSelector;
      policyTypes = filter (type: type != null) [
        (if ingress == null then null else "Ingress")
        (if egress == null then null else "Egress")
      ];
    }
    // rest
    // (if ingress == null then { } else { ingress = rules "ingress" ingress; })
    // (if egress == null then { } else { egress = rules "egress" egress; });
  }
