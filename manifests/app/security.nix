# What an application may do on its node: as little as it can live with, which is the "restricted" Pod Security Standard
# of Kubernetes and a root file system that can't be written. Each part is given back by an argument of its own.
let
  inherit (builtins)
    elem
    filter
    head
    isBool
    isInt
    isList
    isString
    match
    ;
  inherit (import ../../nix/refuse.nix) refuse;

  # That of "nonroot" in images of others, too: no user of a node, and none of Nix's builders (30001 and up).
  nonRoot = 65532;

  checkSwitch =
    builder: field: value:
    if isBool value then value else refuse builder field value "true or false";

  checkUser =
    builder: user:
    if isInt user && user > 0 && user <= 2147483647 then
      user
    else
      refuse builder "user" user "the number of a user that isn't root; for root: runAsRoot = true";

  checkCapabilities =
    builder: given:
    let
      isName = name: isString name && match "[A-Z][A-Z0-9_]*" name != null && match "CAP_.*" name == null;
      wrong = filter (name: !isName name) given;
    in
    if !isList given then
      refuse builder "capabilities" given ''a list of names, such as [ "NET_BIND_SERVICE" ]''
    else if wrong != [ ] then
      refuse builder "an item of capabilities" (head wrong)
        ''the name of a capability without CAP_, such as "NET_BIND_SERVICE"''
    else
      given;
in
# -> { pod, container: their `securityContext`s; readOnly: whether / is }
{
  # who refuses
  builder,
  # number of the user that it runs as, and of its group; null: `nonRoot`
  user,
  # whether it runs as the image says, which may be root
  runAsRoot,
  # whether it may write to the container's own file system
  writableRoot,
  # whether a program may gain rights that its parent doesn't have (setuid)
  privilegeEscalation,
  # capabilities of Linux that it keeps
  capabilities,
  # whether system calls are filtered as the container runtime has it
  seccomp,
  # what ports.nix found
  ports,
}:
let
  isRoot = checkSwitch builder "runAsRoot" runAsRoot;
  uid = if user == null then nonRoot else checkUser builder user;
  kept = checkCapabilities builder capabilities;
  readOnly = !checkSwitch builder "writableRoot" writableRoot;
  # Without that capability nobody may listen there where the container runtime doesn't allow it to all, and none but
  # root keeps it. Kubernetes takes this for a safe sysctl.
  needsLow =
    filter (port: port.number < 1024) ports != [ ] && !(isRoot && elem "NET_BIND_SERVICE" kept);
in
if isRoot && user != null then
  throw "${builder}: user and runAsRoot are given, expected one of them"
else
  {
    inherit readOnly;
    pod = {
      runAsNonRoot = !isRoot;
      seccompProfile.type =
        if checkSwitch builder "seccomp" seccomp then "RuntimeDefault" else "Unconfined";
    }
    // (
      if isRoot then
        { }
      else
        {
          runAsUser = uid;
          runAsGroup = uid;
          # Storage belongs to the group, or it could only be read.
          fsGroup = uid;
          fsGroupChangePolicy = "OnRootMismatch";
        }
    )
    // (
      if needsLow then
        {
          sysctls = [
            {
              name = "net.ipv4.ip_unprivileged_port_start";
              value = "0";
            }
          ];
        }
      else
        { }
    );
    container = {
      allowPrivilegeEscalation = checkSwitch builder "privilegeEscalation" privilegeEscalation;
      readOnlyRootFilesystem = readOnly;
      capabilities = {
        drop = [ "ALL" ];
      }
      // (if kept == [ ] then { } else { add = kept; });
    };
  }
