# The rights of an application on its node. They are as few as possible: the "restricted" Pod Security Standard of
# Kubernetes, and a read-only root file system. Each right has an argument that gives it back.
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

  # Other images use this number for "nonroot", too. No user of a node has it, and none of Nix's builders (30001 and
  # up).
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
/**
  Returns { pod; container; readOnly; }: two `securityContext`s, and whether / is read-only.
*/
{
  # the builder that refuses
  builder,
  # number of the user and of the group; null means `nonRoot`
  user,
  # whether the application runs as the user of the image, which may be root
  runAsRoot,
  # whether the application may write to the container's file system
  writableRoot,
  # whether a program may gain rights that its parent doesn't have (setuid)
  privilegeEscalation,
  # capabilities of Linux that the application keeps
  capabilities,
  # whether the container runtime's filter of system calls is on
  seccomp,
  # the result of ports.nix
  ports,
}:
let
  isRoot = checkSwitch builder "runAsRoot" runAsRoot;
  uid = if user == null then nonRoot else checkUser builder user;
  kept = checkCapabilities builder capabilities;
  readOnly = !checkSwitch builder "writableRoot" writableRoot;
  # Only root keeps the capability for these ports, and some container runtimes don't open the ports to all.
  # Kubernetes counts this sysctl as safe.
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
          # The group owns storage. Otherwise the application could only read it.
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
