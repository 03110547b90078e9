# The objects that belong to a Deployment of the registry, and not to a DaemonSet: the port that nodes pull from, the
# rule for connections to it, how many Pods may be away, and the claim for its state.
{
  networkPolicy,
  persistentVolumeClaim,
  podDisruptionBudget,
  service,
  ...
}:
let
  inherit (builtins) isList isString filter;
  inherit (import ../../nix/refuse.nix) refuse;

  builder = "registry";

  onlyIf = condition: list: if condition then list else [ ];

  checkClients =
    clients:
    if isList clients && clients != [ ] && filter (cidr: !isString cidr) clients == [ ] then
      clients
    else
      refuse builder "clients" clients ''a list of addresses, such as [ "10.0.0.0/24" ]'';
in
{
  # name and namespace
  common,
  # the Deployment
  workload,
  # name of the claim, or null
  claim,
  port,
  nodePort,
  clients,
  storage,
  storageClassName,
  # rules of the NetworkPolicy. null: connections of the registry are not restricted. The default is that it opens none,
  # since the daemon of the node fetches
  egress ? [ ],
  # whether there is a NetworkPolicy
  isProtected ? true,
  # fields of the PodDisruptionBudget. null: there is none. The default lets one Pod be away, also if it is the only
  # one, since the drain of a node must end
  disruptionBudget ? {
    maxUnavailable = 1;
  },
}:
[
  (service (
    common
    // {
      for = workload;
      type = if nodePort == null then "ClusterIP" else "NodePort";
      ports.http = {
        inherit port;
        targetPort = "http";
      }
      // (if nodePort == null then { } else { inherit nodePort; });
    }
  ))
]
++ onlyIf isProtected [
  (networkPolicy (
    common
    // {
      inherit egress;
      ingress = [
        (
          {
            ports = [
              {
                protocol = "TCP";
                port = "http";
              }
            ];
          }
          // (
            if clients == null then
              { }
            else
              { from = map (cidr: { ipBlock = { inherit cidr; }; }) (checkClients clients); }
          )
        )
      ];
    }
  ))
]
++ onlyIf (disruptionBudget != null) [
  (podDisruptionBudget (common // { for = workload; } // disruptionBudget))
]
++ onlyIf (claim != null) [
  (persistentVolumeClaim (
    common
    // {
      inherit storage;
    }
    // (if storageClassName == null then { } else { inherit storageClassName; })
  ))
]
