# The objects of a registry behind a Service: its namespace, its account, its workload, what belongs to the Service, and
# the set-up of nodes. That needs rights that the registry doesn't have, so its objects are in a namespace of their own.
{
  namespace,
  nodeSetup,
  serviceAccount,
  ...
}@builders:
let
  inherit (import ../../nix/refuse.nix) refuse;
  isPlainSet = import ../../nix/is-plain-set.nix;
  port' = import ../../nix/port.nix;
  behindService = import ./node-port.nix builders;

  checkNodePort =
    builder: port:
    if port == null || port'.isNodePort port then
      port
    else
      refuse builder "nodePort" port "a port from 30000 to 32767, or null for none";
in
{
  builder,
  # name and namespace of all objects
  common,
  image,
  imagePullSecret,
  workload,
  # the level of the Pod Security Standards that the Pods keep
  level,
  serviceAccountAnnotations,
  isTls,
  port,
  nodePort,
  networkPolicy,
  clients,
  disruptionBudget,
  nodes,
  # further objects of the registry
  objects ? [ ],
}:
let
  inherit (common) name;
  scheme = if isTls then "https" else "http";
  setup =
    if nodes == null then
      [ ]
    else
      nodeSetup (
        {
          inherit image imagePullSecret;
          namespace = if common.namespace == null then null else "${common.namespace}-node-setup";
          name = "${name}-node-setup";
        }
        // (if nodePort == null then { } else { url = "${scheme}://$(NODE_IP):${toString nodePort}"; })
        // nodes
      );
  namespaceFor =
    level: given:
    if common.namespace == null then
      [ ]
    else
      [
        (namespace {
          name = given;
          labels."pod-security.kubernetes.io/enforce" = level;
        })
      ];
in
if disruptionBudget != null && !isPlainSet disruptionBudget then
  refuse builder "disruptionBudget" disruptionBudget "{ maxUnavailable = 1; }, or null for none"
else if nodes != null && !isPlainSet nodes then
  refuse builder "nodes" nodes "an attribute set, or null for no set-up of nodes"
else
  namespaceFor level common.namespace
  ++ [
    (serviceAccount (
      common
      // {
        automountServiceAccountToken = false;
      }
      // (if serviceAccountAnnotations == { } then { } else { annotations = serviceAccountAnnotations; })
    ))
    workload
  ]
  ++ behindService {
    inherit
      common
      workload
      port
      clients
      disruptionBudget
      ;
    nodePort = checkNodePort builder nodePort;
    isProtected = networkPolicy;
    egress = null;
    claim = null;
    storage = null;
    storageClassName = null;
  }
  ++ objects
  ++ (
    if nodes == null then
      [ ]
    else
      namespaceFor "privileged" "${toString common.namespace}-node-setup" ++ setup
  )
