/**
  Returns the ports of a container from { http = 8080; dns = "53/udp"; }, [ 8080 "53/udp" ], or Kubernetes' list.
*/
let
  inherit (builtins)
    attrNames
    concatMap
    head
    isAttrs
    isList
    map
    toJSON
    ;
  protocolOf = import ../objects/port-protocol.nix;
  repeated = import ../../nix/repeated.nix;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/name.nix) checkPortName;
  port = import ../../nix/port.nix;

  # A server-side apply tells ports apart by these fields, and refuses two ports with the same ones.
  once =
    builder: field: ports:
    let
      listed = map (item: "${toString item.containerPort}/${item.protocol or "TCP"}") ports;
      named = concatMap (item: if item ? name then [ item.name ] else [ ]) ports;
      wrong = repeated listed ++ repeated named;
    in
    if wrong == [ ] then ports else throw "${builder}: ${field} has ${toJSON (head wrong)} twice";

  toPort =
    builder: field: value:
    let
      given = port.parse builder "a port in ${field}" value;
    in
    if isAttrs value then
      (
        if port.isNumber (value.containerPort or null) then
          value
          // (if value ? name then { name = checkPortName builder "a name in ${field}" value.name; } else { })
        else
          refuse builder "containerPort in ${field}" (value.containerPort or null) "a port from 1 to 65535"
      )
    else
      {
        containerPort = given.number;
      }
      // protocolOf value given;
in
builder: field: ports:
if isList ports then
  once builder field (map (toPort builder field) ports)
else if isPlainSet ports then
  once builder field (
    map (
      name:
      toPort builder field ports.${name} // { name = checkPortName builder "a name in ${field}" name; }
    ) (attrNames ports)
  )
else
  refuse builder field ports "an attribute set, name to port, or a list"
