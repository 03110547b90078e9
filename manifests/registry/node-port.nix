# The objects that belong to a Deployment of the registry, and not to a DaemonSet: the port that nodes pull from, the
# rule for connections to it, and the claim for its state.
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
  # name of the claim, or null
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
      # The registry opens no connection. The node's daemon fetches whatever is fetched.
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
  # At most one Pod may be away. If there is only one, it may be away too, since the drain of a node must end.
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
