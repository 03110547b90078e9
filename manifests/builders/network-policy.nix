/**
  Returns a NetworkPolicy, which limits the connections from and to some Pods.
*/
let
  inherit (builtins)
    elem
    filter
    isAttrs
    isInt
    isList
    map
    removeAttrs
    trace
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix) named toMetadata withoutMetadata;
  inherit (import ../pods/selector.nix) nameLabel parse;

  rules =
    builder: field: value:
    if !isList value then
      refuse builder field value "a list of rules; [ ] lets nothing through, [ { } ] everything"
    else
      map (
        rule:
        if isPlainSet rule then
          rule
        else
          refuse builder "an item of ${field}" rule
            "an attribute set, such as { from = [ ... ]; ports = [ ... ]; }"
      ) value;

  dnsRule.ports =
    map
      (protocol: {
        inherit protocol;
        port = 53;
      })
      [
        "UDP"
        "TCP"
      ];

  # Tells whether a rule may let requests to the cluster's DNS through. An unclear rule counts as one that does.
  letsDns =
    rule:
    let
      peers = rule.to or [ ];
      ports = rule.ports or [ ];
    in
    if ports != [ ] then
      filter (
        item:
        elem (item.port or 53) [
          53
          "dns"
        ]
        || (isInt (item.endPort or null) && item.port <= 53 && item.endPort >= 53)
      ) ports != [ ]
    else
      peers == [ ] || filter (peer: peer ? namespaceSelector || peer ? ipBlock) peers != [ ];
in
# name, namespace, labels, annotations, metadata, and the fields of NetworkPolicySpec
{
  # labels of the Pods, or a whole LabelSelector; { } selects every Pod of the namespace. The default is the label of
  # the application with the policy's name
  podSelector ? {
    ${nameLabel} = args.name or (throw "networkPolicy: name is missing");
  },
  # list of NetworkPolicyIngressRule; null: not restricted
  ingress ? null,
  # list of NetworkPolicyEgressRule; null: not restricted
  egress ? null,
  # true: adds a rule to egress that lets DNS through. false: adds none, and doesn't warn
  dns ? null,
  ...
}@args:
let
  builder = named "networkPolicy" args;
  checked = rules builder "egress" egress;
  withDns =
    if dns == true then
      checked ++ [ dnsRule ]
    else if dns == null && checked != [ ] && filter letsDns checked == [ ] then
      trace (
        "warning: ${builder}: egress lets no DNS through, so that Pods find no names; "
        + "expected dns = true, or dns = false if that is meant"
      ) checked
    else
      checked;
  rest = removeAttrs (withoutMetadata args) [
    "podSelector"
    "ingress"
    "egress"
    "dns"
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
      podSelector =
        if podSelector == { } then
          { }
        else if isAttrs podSelector then
          parse builder podSelector
        else
          refuse builder "podSelector" podSelector
            "an attribute set: labels, or matchLabels and matchExpressions";
      policyTypes = filter (type: type != null) [
        (if ingress == null then null else "Ingress")
        (if egress == null then null else "Egress")
      ];
    }
    // rest
    // (if ingress == null then { } else { ingress = rules builder "ingress" ingress; })
    // (if egress == null then { } else { egress = withDns; });
  }
