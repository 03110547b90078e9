# Checks each key of an image's `config` (image-spec config.md, "properties"). Healthcheck, OnBuild and Shell follow
# Docker's image specification 1.2. A checker takes the name of the field and the value, and returns the value,
# normalised.
let
  inherit (builtins)
    all
    attrNames
    isAttrs
    isBool
    isInt
    isList
    isString
    listToAttrs
    mapAttrs
    match
    toJSON
    trace
    ;
  inherit (import ./refuse.nix) refuse onlyKnown;
  environment = import ./environment.nix;
  port = import ./port.nix;

  builder = "image";

  check =
    expected: isFine: field: value:
    if isFine value then value else refuse builder field value expected;

  absolute = check "an absolute path" (value: isString value && match "/.*" value != null);
  boolean = check "true or false" isBool;
  text = check "a string" isString;
  integer = check "a whole number" isInt;
  # Docker's specification writes a duration as a number of nanoseconds.
  natural = check "a whole number, not negative" (value: isInt value && value >= 0);

  strings =
    field: value:
    if !isList value then
      refuse builder field value ''a list of strings, such as [ "/bin/serve" "--all" ]''
    else
      map (check "a string" isString "an item of ${field}") value;

  stringSet =
    field: value:
    if isAttrs value then
      mapAttrs (key: check "a string" isString "${field}.${toJSON key}") value
    else
      refuse builder field value "an attribute set of strings";

  # OCI writes a set as an object whose values are empty objects.
  emptySet =
    toName: field: value:
    if isAttrs value && all (key: value.${key} == { }) (attrNames value) then
      listToAttrs (
        map (key: {
          name = toName "a key of ${field}" key;
          value = { };
        }) (attrNames value)
      )
    else
      refuse builder field value "an attribute set whose values are { }";

  user =
    field: value:
    if isInt value && value >= 0 then
      toString value
    else
      check ''a user name or number, with a group if needed: "nobody", 1000, "1000:1000"'' (
        text: isString text && match "[^:[:space:]]+(:[^:[:space:]]+)?" text != null
      ) field value;

  stopSignal =
    field: value:
    if isInt value && value >= 1 && value <= 64 then
      toString value
    else
      check ''a signal: "SIGTERM", "SIGRTMIN+3" or a number from 1 to 64'' (
        text: isString text && match "SIG[A-Z0-9]+([+-][0-9]+)?|[1-9]|[1-5][0-9]|6[0-4]" text != null
      ) field value;

  assignments =
    field: value:
    if isList value then
      map (item: builtins.seq (environment.nameOf builder "an item of ${field}" item) item) value
    else
      refuse builder field value ''a list of "NAME=value"'';

  # Docker refuses durations below a millisecond. Such a number was mostly meant as seconds or milliseconds.
  duration =
    field: value:
    let
      checked = natural field value;
    in
    if checked > 0 && checked < 1000000 then
      trace (
        "warning: ${builder}: ${field} is ${toString checked} nanoseconds, "
        + "and Docker takes a millisecond at least: ${toString checked} seconds are "
        + "${toString checked}000000000"
      ) checked
    else
      checked;

  healthcheckKeys = {
    Test = strings;
    Interval = duration;
    Timeout = duration;
    StartPeriod = duration;
    StartInterval = duration;
    Retries = natural;
  };
  healthcheck =
    field: value:
    if isAttrs value then
      mapAttrs (key: healthcheckKeys.${key} "${field}.${key}") (
        onlyKnown builder field (attrNames healthcheckKeys) value
      )
    else
      refuse builder field value "an attribute set";
in
rec {
  parse = {
    User = user;
    ExposedPorts = emptySet (port.exposed builder);
    Env = assignments;
    Entrypoint = strings;
    Cmd = strings;
    Volumes = emptySet absolute;
    WorkingDir = absolute;
    Labels = stringSet;
    StopSignal = stopSignal;
    ArgsEscaped = boolean;
    Healthcheck = healthcheck;
    OnBuild = strings;
    Shell = strings;
    # `docker commit` writes these too, from the container (container.Config of Docker's API). Runtimes ignore them.
    AttachStderr = boolean;
    AttachStdin = boolean;
    AttachStdout = boolean;
    CpuShares = natural;
    Domainname = text;
    Hostname = text;
    Image = text;
    MacAddress = text;
    Memory = natural;
    MemorySwap = integer;
    NetworkDisabled = boolean;
    OpenStdin = boolean;
    StdinOnce = boolean;
    StopTimeout = natural;
    Tty = boolean;
  };
  keys = attrNames parse;

  inherit absolute;
}
