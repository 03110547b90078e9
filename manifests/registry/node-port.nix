# What belongs to a Deployment of the registry and not to a DaemonSet: the port that nodes pull from, who may come to
# it, and the claim for its state.
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
  # name of the claim, null for none
  claim,
  port,
  nodePort,
  clients,
  storage,
  storageClassName,
}:
[
  (service (
    common
    // {
      for = workload;
      type = "NodePort";
      ports.http = {
        inherit port nodePort;
        targetPort = "http";
      };
    }
  ))
  (networkPolicy (
    common
    // {
      # It opens no connection of its own: what is fetched, the node's daemon fetches.
      egress = [ ];
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
  # One at a time; one alone may go, since a drain must end.
  (podDisruptionBudget (
    common
    // {
      for = workload;
      maxUnavailable = 1;
    }
  ))
]
++ (
  if claim == null then
    [ ]
  else
    [
      (persistentVolumeClaim (
        common
        // {
          inherit storage;
        }
        // (if storageClassName == null then { } else { inherit storageClassName; })
      ))
    ]
)
