# Checks the probes and hooks of a container: each does one thing, and uses a port of the container.
let
  inherit (builtins)
    concatMap
    concatStringsSep
    elem
    filter
    foldl'
    head
    isAttrs
    isString
    length
    seq
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  port = import ../../nix/port.nix;

  probes = import ./probe-names.nix;
  hooks = [
    "postStart"
    "preStop"
  ];

  handlers = [
    "exec"
    "grpc"
    "httpGet"
    "tcpSocket"
  ];
  list = concatStringsSep ", ";

  # A port is a number, or the name of a port of the container. "8080" is neither.
  checkPort =
    builder: field: names: value:
    if port.isNumber value || (isString value && elem value names) then
      true
    else
      refuse builder field value (
        if names == [ ] then
          "a port from 1 to 65535, or the name of a port of the container, which names none"
        else
          "a port from 1 to 65535, or the name of a port of the container, which has: ${list names}"
      );

  checkHandler =
    builder: field: names: known: action:
    let
      given = if isAttrs action then filter (key: action ? ${key}) known else [ ];
      kind = head given;
      checked = kind == "httpGet" || kind == "tcpSocket" || kind == "grpc";
    in
    if length given != 1 then
      throw (
        "${builder}: ${field} has "
        + (if given == [ ] then "nothing to do" else list given)
        + ", expected one of ${list known}"
      )
    else
      !checked
      || checkPort builder "${field}.${kind}.port" (if kind == "grpc" then [ ] else names) (
        action.${kind}.port or (throw "${builder}: ${field}.${kind}.port is missing")
      );

  # A probe that stops a container must have a success threshold of one.
  checkProbe =
    builder: field: names: container: key:
    let
      probe = container.${key};
      successes = probe.successThreshold or 1;
    in
    seq (checkHandler builder "${field}.${key}" names handlers probe) (
      key == "readinessProbe"
      || successes == 1
      || refuse builder "${field}.${key}.successThreshold" successes "1, or readinessProbe"
    );
in
/**
  Returns the container, or refuses it. `where` is "containers", and `field` is "containers.web".
*/
builder: where: field: container:
let
  names = concatMap (item: if item ? name then [ item.name ] else [ ]) (container.ports or [ ]);
  given = filter (key: container ? ${key}) probes;
  hooked =
    if isAttrs (container.lifecycle or null) then
      filter (key: container.lifecycle ? ${key}) hooks
    else
      [ ];
  ends = where == "initContainers" && container.restartPolicy or null != "Always";
  both = given ++ (if hooked == [ ] then [ ] else [ "lifecycle" ]);
in
if both == [ ] then
  container
else if ends then
  throw (
    "${builder}: ${field}.${head both} is given, "
    + "expected it of containers, or beside restartPolicy = \"Always\", which makes a sidecar"
  )
else
  seq (foldl' (done: key: seq done (checkProbe builder field names container key)) true given) (
    seq (foldl' (
      done: key:
      seq done (
        checkHandler builder "${field}.lifecycle.${key}" names [
          "exec"
          "httpGet"
          "sleep"
          "tcpSocket"
        ] container.lifecycle.${key}
      )
    ) true hooked) container
  )
